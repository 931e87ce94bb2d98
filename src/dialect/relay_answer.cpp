#include "dialect/anthropic.hpp"
#include "dialect/bedrock_converse.hpp"
#include "dialect/dialect.hpp"
#include "dialect/gemini.hpp"
#include "dialect/openai_chat.hpp"
#include "dialect/openai_responses_answer.hpp"

namespace tollgate::dialect {
namespace {

using domain::Protocol;

// The field that an answer of the protocol must have.
std::string_view content_field(Protocol protocol) {
    switch (protocol) {
        case Protocol::anthropic: return "content";
        case Protocol::openai_responses: case Protocol::bedrock_converse: return "output";
        case Protocol::gemini: return "candidates";
        default: return "choices";
    }
}

std::string_view usage_field(Protocol protocol) {
    return protocol == Protocol::gemini ? "usageMetadata" : "usage";
}

std::string_view model_field(Protocol protocol) {
    return protocol == Protocol::gemini ? "modelVersion" : "model";
}

domain::Usage read_usage(Protocol protocol, json::Value usage) {
    switch (protocol) {
        case Protocol::anthropic: return anthropic::read_usage(usage);
        case Protocol::openai_responses: return responses_usage(usage);
        case Protocol::gemini: return gemini::read_usage(usage);
        case Protocol::bedrock_converse: return converse::read_usage(usage);
        default: return openai_chat::read_usage(usage);
    }
}

}  // namespace

base::Result<AnswerOutline> outline_answer(domain::Protocol protocol, std::string_view body) {
    std::vector<json::TopField> fields;
    fields.reserve(16);
    TRY_VOID(json::scan_top_level(body, fields));
    AnswerOutline outline;
    bool answers = false;
    for (const json::TopField& field : fields) {
        if (json::key_equals(field.key, model_field(protocol))) {
            outline.model_begin = field.offset;
            outline.model_end = field.offset + field.value.size();
        } else if (json::key_equals(field.key, usage_field(protocol))) {
            json::Document document;
            TRY(const json::Value usage, document.parse(field.value));
            outline.usage = read_usage(protocol, usage);
        } else if (json::key_equals(field.key, content_field(protocol))) {
            answers = field.value != "null";  // MiniMax refuses so, under a 200
        } else if (json::key_equals(field.key, "error") && field.value != "null") {
            answers = false;
            break;
        }
    }
    if (!answers) return base::Error{base::ErrorCode::provider, "no answer of this protocol"};
    return outline;
}

}  // namespace tollgate::dialect
