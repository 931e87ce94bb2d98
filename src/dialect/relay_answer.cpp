#include "dialect/anthropic.hpp"
#include "dialect/dialect.hpp"
#include "dialect/openai_chat.hpp"

namespace tollgate::dialect {

base::Result<AnswerOutline> outline_answer(domain::Protocol protocol, std::string_view body) {
    std::vector<json::TopField> fields;
    fields.reserve(16);
    TRY_VOID(json::scan_top_level(body, fields));
    const bool anthropic = protocol == domain::Protocol::anthropic;
    AnswerOutline outline;
    bool answers = false;
    for (const json::TopField& field : fields) {
        if (json::key_equals(field.key, "model")) {
            outline.model_begin = field.offset;
            outline.model_end = field.offset + field.value.size();
        } else if (json::key_equals(field.key, "usage")) {
            json::Document document;
            TRY(const json::Value usage, document.parse(field.value));
            outline.usage = anthropic ? anthropic::read_usage(usage)
                                      : openai_chat::read_usage(usage);
        } else if (json::key_equals(field.key, anthropic ? "content" : "choices")) {
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
