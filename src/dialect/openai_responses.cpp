#include "dialect/openai_responses.hpp"

#include <algorithm>
#include <functional>

#include "dialect/openai_responses_client.hpp"
#include "dialect/openai_responses_request.hpp"

namespace tollgate::dialect {
namespace {

using domain::BlockKind;
using domain::ErrorClass;
using domain::Protocol;

class ResponsesDialect final : public ProviderDialect {
public:
    // `chat` reads errors: the envelope is that of OpenAI's other interfaces.
    explicit ResponsesDialect(std::unique_ptr<ProviderDialect> chat) : chat_(std::move(chat)) {}

    Protocol protocol() const override { return Protocol::openai_responses; }
    Framing framing() const override { return Framing::sse; }

    base::Result<EncodedRequest> encode_request(const domain::Request& request,
                                                const domain::Deployment& target) const override {
        return encode_responses_request(request, target);
    }
    std::unique_ptr<StreamDecoder> stream_decoder(const domain::Deployment& target,
                                                  const Translation& translation) const override {
        return std::make_unique<ResponsesStreamDecoder>(target, translation);
    }
    base::Result<std::vector<domain::Event>> decode_answer(std::string_view body,
                                                           const domain::Deployment& target,
                                                           const Translation& translation,
                                                           base::Arena& arena) const override;
    ProviderFailure decode_error(int status, std::string_view body) const override {
        return chat_->decode_error(status, body);
    }

private:
    std::unique_ptr<ProviderDialect> chat_;
};

}  // namespace

base::Result<FrameFacts> ResponsesStreamDecoder::feed(std::string_view event,
                                                      std::string_view data,
                                                      std::vector<domain::Event>& events) {
    FrameFacts facts;
    answer_.forget_views();
    arena_.reset();
    if (data == "[DONE]") {
        end_mark_ = true;
        facts.end = true;
        answer_.finish_unsaid(events);
        return facts;
    }
    auto root = document_.parse(data);
    if (!root.ok()) {
        return base::Error{base::ErrorCode::provider,
                           "the provider's stream is no valid JSON: " + root.error().message};
    }
    json::Value type = (*root)["type"];
    const std::string_view name = type.is_string() ? type.text(arena_) : event;
    dispatch(name, *root, events);
    facts.end = answer_.ended();
    const json::Value model = (*root)["response"]["model"];
    facts.has_model = model.is_string();
    facts.model = model.raw();
    facts.content = name.starts_with("response.output_item.");
    return facts;
}

void ResponsesStreamDecoder::dispatch(std::string_view type, json::Value frame, Events& events) {
    if (answer_.ended()) return;
    std::int64_t item = frame["output_index"].integer().value_or(0);
    std::int64_t part = frame["content_index"].integer().value_or(0);
    if (type == "response.created" || type == "response.in_progress") {
        answer_.start(frame["response"], events);
    } else if (type == "response.output_item.added") {
        answer_.item_added(item, frame["item"], events);
    } else if (type == "response.output_item.done") {
        answer_.item_done(item, frame["item"], events);
    } else if (type == "response.output_text.delta") {
        answer_.text(item, part, BlockKind::text, frame["delta"].escaped(), events);
    } else if (type == "response.output_text.done") {
        answer_.text_done(item, part, BlockKind::text, frame["text"].escaped(), events);
    } else if (type == "response.output_text.annotation.added") {
        answer_.annotation(item, part, frame["annotation"], events);
    } else if (type == "response.refusal.delta") {
        answer_.text(item, part, BlockKind::refusal, frame["delta"].escaped(), events);
    } else if (type == "response.refusal.done") {
        answer_.text_done(item, part, BlockKind::refusal, frame["refusal"].escaped(), events);
    } else if (type == "response.reasoning_summary_text.delta") {
        part = frame["summary_index"].integer().value_or(0);
        answer_.thought(item, part, true, frame["delta"].escaped(), events);
    } else if (type == "response.reasoning_text.delta") {
        answer_.thought(item, part, false, frame["delta"].escaped(), events);
    } else if (type == "response.function_call_arguments.delta" ||
               type == "response.custom_tool_call_input.delta") {
        answer_.arguments(item, frame["delta"].escaped(), events);
    } else if (type == "response.function_call_arguments.done") {
        answer_.arguments_done(item, frame["arguments"].escaped(), events);
    } else if (type == "response.custom_tool_call_input.done") {
        answer_.arguments_done(item, frame["input"].escaped(), events);
    } else if (type == "response.completed" || type == "response.incomplete" ||
               type == "response.failed" || type == "response.cancelled") {
        answer_.finish(frame["response"], events);
    } else if (type == "error" || frame["error"].is_object()) {
        answer_.fail(frame, events);
    }
    // Others (content_part, *.done of reasoning, hosted tools' progress) say nothing
    // that output_item.done does not repeat.
}

bool ResponsesStreamDecoder::finish(std::vector<domain::Event>& events) {
    answer_.forget_views();
    if (answer_.ended()) return true;
    // Without the closing event or [DONE] nobody can tell an end from a cut.
    return end_mark_ && answer_.finish_unsaid(events);
}

ErrorClass responses_error_class(std::string_view code, std::string_view message) {
    auto says = [&](std::string_view words) { return message.find(words) != message.npos; };
    if (code == "rate_limit_exceeded" || code == "insufficient_quota" ||
        code == "usage_limit_reached") {
        return ErrorClass::rate_limited;
    }
    if (code == "server_overloaded" || code == "overloaded_error" || says("overloaded")) {
        return ErrorClass::overloaded;
    }
    if (code == "context_length_exceeded" || says("context window") || says("context length")) {
        return ErrorClass::context_overflow;
    }
    if (code == "content_filter" || code == "content_policy_violation" ||
        code == "cyber_policy_violation" || code == "bio_policy") {
        return ErrorClass::content_policy;
    }
    if (code == "invalid_prompt") {
        bool policy = says("policy") || says("limited access");
        return policy ? ErrorClass::content_policy : ErrorClass::bad_request;
    }
    if (code == "invalid_api_key") return ErrorClass::credential;
    bool ours = code.starts_with("invalid_") || code == "unsupported_parameter" ||
                code == "unsupported_value" || code == "image_parse_error";
    return ours ? ErrorClass::bad_request : ErrorClass::provider_fault;
}

base::Result<std::vector<domain::Event>> ResponsesDialect::decode_answer(
    std::string_view body, const domain::Deployment& target, const Translation& translation,
    base::Arena& arena) const {
    json::Document document;
    auto parsed = document.parse(body);
    if (!parsed.ok()) {
        return base::Error{base::ErrorCode::provider,
                           "the provider's answer is no valid JSON: " + parsed.error().message};
    }
    json::Value root = *parsed;
    // Some servers wrap the object as the closing stream event does.
    if (root["response"].is_object()) root = root["response"];
    if (!root["output"].is_array() && !root["error"].is_object()) {
        return base::Error{base::ErrorCode::provider,
                           "the provider's answer is no Responses object: `output` is missing"};
    }
    ResponsesAnswer answer(target, translation);
    std::vector<domain::Event> events;
    answer.finish(root, events);
    // Views of what the answer made itself die with it.
    const std::less<> before;
    for (auto& event : events) {
        const char* text = event.text.raw.data();
        const bool in_body = !before(text, body.data()) && before(text, body.data() + body.size());
        if (!in_body) event.text.raw = arena.store(event.text.raw);
        event.id = arena.store(event.id);
        event.name = arena.store(event.name);
        event.model = arena.store(event.model);
        event.error_type = arena.store(event.error_type);
        event.signature.raw = arena.store(event.signature.raw);
    }
    return events;
}

Codec make_openai_responses() {
    return {openai_responses::make_client(),
            std::make_unique<ResponsesDialect>(make_openai_chat().provider)};
}

}  // namespace tollgate::dialect
