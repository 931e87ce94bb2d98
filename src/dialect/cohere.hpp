// Cohere's chat interface, version 2: the answer, streamed or whole, as events.
// dialect::make_cohere() (dialect.hpp) makes the whole dialect.
#pragma once
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/dialect.hpp"

namespace tollgate::dialect {

// One object per answer; one thread. Citations are passed over: no client has a word for them.
class CohereDecoder final : public StreamDecoder {
public:
    // Keeps copies of what it needs of both.
    CohereDecoder(const domain::Deployment& target, const Translation& translation)
        : provider_(target.provider.type), translation_(translation) {}

    base::Result<FrameFacts> feed(std::string_view event, std::string_view data,
                                  std::vector<domain::Event>& events) override;
    bool finish(std::vector<domain::Event>& events) override;
    // A whole answer. Its views borrow the text of `root` and this object.
    base::Result<void> whole(json::Value root, std::vector<domain::Event>& events);

private:
    struct Call {
        std::int64_t provider_index = -1;
        std::string id;
        std::uint32_t block = 0;
        bool open = false;
    };

    void start(json::Value id, std::vector<domain::Event>& events);
    void step(std::string_view type, json::Value root, std::vector<domain::Event>& events);
    void text(domain::BlockKind kind, json::Escaped fragment, std::vector<domain::Event>& events);
    void content_part(json::Value part, std::vector<domain::Event>& events);
    void end_text(std::vector<domain::Event>& events);
    void open_call(json::Value index, json::Value call, std::vector<domain::Event>& events);
    void arguments(json::Value index, json::Value call, std::vector<domain::Event>& events);
    void close_call(Call& call, std::vector<domain::Event>& events);
    Call* call_of(json::Value index);
    void stop(json::Value delta, std::vector<domain::Event>& events);
    void fail(const ProviderFailure& failure, std::vector<domain::Event>& events);

    std::string provider_;
    Translation translation_;
    json::Document document_;
    base::Arena arena_;
    std::deque<Call> calls_;
    std::string_view frame_;  // the text of the frame being read
    std::uint32_t blocks_ = 0, text_block_ = 0;
    bool text_open_ = false;
    domain::BlockKind text_kind_ = domain::BlockKind::text;
    bool started_ = false, ended_ = false;
};

// What {"message": ...} means; `status` 0 for one inside a stream.
ProviderFailure cohere_failure(int status, std::string_view message);
// Billed units where they are stated, which is what is paid for, else tokens.
domain::Usage cohere_usage(json::Value usage);

}  // namespace tollgate::dialect
