// The parts of the Bedrock Converse codec, joined by make_bedrock_converse() in
// bedrock_converse.cpp. Internal to dialect/bedrock_converse*.cpp. Contracts: those of the same
// names in dialect.hpp. Source: the Converse and ConverseStream pages of Bedrock's API reference.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "dialect/bedrock_model.hpp"
#include "dialect/dialect.hpp"

namespace tollgate::dialect::converse {

base::Result<EncodedRequest> encode_request(const domain::Request& request,
                                            const domain::Deployment& target);
base::Result<std::vector<domain::Event>> decode_answer(std::string_view body,
                                                       const domain::Deployment& target,
                                                       const Translation& translation,
                                                       base::Arena& arena);

// inputTokens excludes what came from and went to the cache, as Anthropic's does.
domain::Usage read_usage(json::Value usage);

// Why the model stopped; `malformed`: its answer is none (malformed_tool_use).
struct Stop {
    domain::StopReason reason = domain::StopReason::end_turn;
    bool malformed = false;
};
Stop read_stop_reason(json::Value reason);

// One object per stream; one thread.
class StreamReader final : public StreamDecoder {
public:
    // Keeps copies of what it needs of both.
    StreamReader(const domain::Deployment& target, const Translation& translation)
        : provider_(target.provider.type),
          signed_by_claude_(bedrock_family(target) == BedrockFamily::claude),
          translation_(translation) {}

    base::Result<FrameFacts> feed(std::string_view event, std::string_view data,
                                  std::vector<domain::Event>& events) override;
    bool finish(std::vector<domain::Event>& events) override;

private:
    struct Block {
        domain::BlockKind kind = domain::BlockKind::text;
        bool open = false;     // its start was sent
        bool closed = false;
        bool ignored = false;  // of a kind that no client knows
        bool content = false;
        std::string signature;  // escaped, of a model that is not Claude
    };
    Block& block_of(json::Value root, std::uint32_t& index);
    domain::Event& add(domain::EventKind kind, std::uint32_t index,
                       std::vector<domain::Event>& events);
    void start_block(json::Value root, std::string_view data, std::vector<domain::Event>& events);
    void delta(json::Value root, std::vector<domain::Event>& events);
    void reasoning(json::Value delta, std::uint32_t index, std::vector<domain::Event>& events);
    void open(std::uint32_t index, domain::BlockKind kind, std::vector<domain::Event>& events);
    void end_block(std::uint32_t index, std::vector<domain::Event>& events);
    void message_stop(json::Value root);
    void stop(std::vector<domain::Event>& events);
    void failure(std::string_view type, std::string_view data, std::vector<domain::Event>& events);

    std::string provider_;
    bool signed_by_claude_;  // another model's signatures must not be taken for Anthropic's
    Translation translation_;
    json::Document document_;
    base::Arena arena_;
    std::vector<Block> blocks_;  // by contentBlockIndex
    std::vector<std::string> call_ids_;
    domain::Usage usage_;
    Stop stop_;
    std::string stop_sequence_;  // escaped
    bool started_ = false, stop_seen_ = false, ended_ = false, real_tool_ = false;
};

}  // namespace tollgate::dialect::converse
