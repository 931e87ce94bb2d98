// The parts of the Anthropic Messages codec, joined by make_anthropic() in anthropic.cpp.
// Internal to dialect/anthropic*.cpp. Contracts: those of the same names in dialect.hpp.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/dialect.hpp"
#include "dialect/members.hpp"
#include "dialect/place.hpp"

namespace tollgate::dialect::anthropic {

base::Result<domain::Request> decode_request(const json::Document& document, base::Arena& arena);
std::unique_ptr<StreamEncoder> make_stream_encoder(EncoderOptions options);
std::string encode_answer(const std::vector<domain::Event>& events, const EncoderOptions& options);
std::string encode_error(int status, const base::Error& error, std::string_view request_id);

base::Result<EncodedRequest> encode_request(const domain::Request& request,
                                            const domain::Deployment& target);
std::unique_ptr<StreamDecoder> make_stream_decoder(const Translation& translation);
base::Result<std::vector<domain::Event>> decode_answer(std::string_view body,
                                                       const Translation& translation,
                                                       base::Arena& arena);
ProviderFailure decode_error(int status, std::string_view body);

// Of the blocks that make up nearly all of a conversation.
using BlockMembers = Members<"type", "text", "cache_control", "id", "name", "input", "tool_use_id",
                             "content", "is_error", "thinking", "signature", "data">;

// Decodes system, messages and their blocks.
class ContentDecoder {
public:
    explicit ContentDecoder(base::Arena& arena) : arena_(arena) {}
    base::Result<void> system(json::Value value, std::vector<domain::Part>& parts);
    base::Result<void> messages(json::Value value, std::vector<domain::Message>& messages);
    // tool_addition and tool_removal blocks in their order, to be applied to `tools`.
    struct ToolChange {
        json::Value block;
        std::string path;  // of the block in the body
    };
    const std::vector<ToolChange>& tool_changes() const { return tool_changes_; }

private:
    base::Result<void> content(json::Value value, const Place& place,
                               std::vector<domain::Part>& parts);
    base::Result<void> block(json::Value block, const Place& place,
                             std::vector<domain::Part>& parts);
    bool hosted_block(json::Value block, domain::Part& part);
    base::Result<void> tool_call(const BlockMembers& members, const Place& place,
                                 domain::Part& part);
    base::Result<void> tool_result(const BlockMembers& members, const Place& place,
                                   domain::Part& part);
    base::Result<void> media(json::Value block, const Place& place, domain::Part& part);
    base::Result<void> search_result(json::Value block, const Place& place, domain::Part& part);

    base::Arena& arena_;
    std::vector<ToolChange> tool_changes_;
};

// Usage as Anthropic spells it.
domain::Usage read_usage(json::Value usage);
void write_usage(json::Writer& writer, const domain::Usage& usage);
domain::StopReason read_stop_reason(std::string_view reason);
std::string_view stop_reason_name(domain::StopReason reason);
// The class of a failure by Anthropic's error type; none when the type is not known.
domain::ErrorClass class_of_type(std::string_view type);
std::string_view type_of_class(domain::ErrorClass error_class);
// An answer's id: the provider's when it is one of Anthropic's, else made of the request's id.
std::string answer_id(std::string_view provider_id, std::string_view request_id);

}  // namespace tollgate::dialect::anthropic
