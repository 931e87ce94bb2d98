#include "dialect/anthropic.hpp"
#include "dialect/dialect.hpp"
#include "dialect/openai_chat.hpp"
#include "dialect/openai_responses_answer.hpp"

namespace tollgate::dialect {
namespace {

using domain::Protocol;

// The field that an answer of the protocol must have.
std::string_view content_field(Protocol protocol) {
    if (protocol == Protocol::anthropic) return "content";
    return protocol == Protocol::openai_responses ? "output" : "choices";
}

domain::Usage read_usage(Protocol protocol, json::Value usage) {
    if (protocol == Protocol::anthropic) return anthropic::read_usage(usage);
    return protocol == Protocol::openai_responses ? responses_usage(usage)
                                                  : openai_chat::read_usage(usage);
}

}  // namespace

base::Result<AnswerOutline> outline_answer(domain::Protocol protocol, std::string_view body) {
    std::vector<json::TopField> fields;
    fields.reserve(16);
    TRY_VOID(json::scan_top_level(body, fields));
    AnswerOutline outline;
    bool answers = false;
    for (const json::TopField& field : fields) {
        if (json::key_equals(field.key, "model")) {
            outline.model_begin = field.offset;
            outline.model_end = field.offset + field.value.size();
        } else if (json::key_equals(field.key, "usage")) {
            json::Document document;
            TRY(const json::Value usage, document.parse(field.value));
            outline.usage = read_usage(protocol, usage);
        } else if (json::key_equals(field.key, content_field(protocol))) {
            answers = true;
        } else if (json::key_equals(field.key, "error") && field.value != "null") {
            answers = false;
            break;
        }
    }
    if (!answers) return base::Error{base::ErrorCode::provider, "no answer of this protocol"};
    return outline;
}

}  // namespace tollgate::dialect
