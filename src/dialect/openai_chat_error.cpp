// Refusals of OpenAI-shaped providers: their many envelopes and what they mean.
#include <algorithm>
#include <array>

#include "dialect/context_overflow.hpp"
#include "dialect/openai_chat.hpp"
#include "dialect/plain_words.hpp"

namespace tollgate::dialect::openai_chat {
namespace {

using domain::ErrorClass;
using json::Value;

// What an envelope said, before it is understood.
struct Words {
    std::string message, type, code;
    int status = 0;  // stated inside the body, 0 when it is not
    std::int64_t prompt_tokens = 0, context_tokens = 0;  // llama.cpp
    bool flagged = false;  // OpenRouter's moderation
};

std::string lower_case(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 32);
    }
    return out;
}

bool has_any(std::string_view text, std::initializer_list<std::string_view> words) {
    return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
        return text.find(word) != std::string_view::npos;
    });
}

std::string spelled(Value value) {
    if (value.is_string()) return value.text();
    return value.integer() ? std::string(value.raw()) : std::string();
}

void read_object(Value error, Words& words);

// {"detail": [{"loc": [...], "msg": "..."}]} as FastAPI validates.
void read_list(Value list, Words& words) {
    for (Value element : list.elements()) {
        if (element["error"].is_object()) {
            read_object(element["error"], words);
            continue;
        }
        Value text = element["msg"].is_string() ? element["msg"] : element["message"];
        if (!text.is_string()) continue;
        if (!words.message.empty()) words.message += "; ";
        std::string place;
        for (Value step : element["loc"].elements()) {
            if (step.equals("body")) continue;
            if (!place.empty()) place += '.';
            place += spelled(step);
        }
        if (!place.empty()) words.message += place + ": ";
        words.message += text.text();
    }
}

// OpenRouter keeps the inner provider's body in metadata.raw, as text.
void read_metadata(Value metadata, Words& words) {
    if (metadata["reasons"].is_array() || metadata["flagged_input"].is_string()) {
        words.flagged = true;
    }
    if (!metadata["raw"].is_string()) return;
    std::string raw = metadata["raw"].text();
    json::Document document;
    base::Result<Value> inner = document.parse(raw);
    Words inside;
    if (inner.ok() && inner->is_object()) {
        Value error = (*inner)["error"];
        if (error.is_string()) inside.message = error.text();
        else read_object(error.is_object() ? error : *inner, inside);
    } else {
        inside.message = raw;
    }
    if (inside.message.empty()) return;
    if (!words.message.empty()) words.message += ": ";
    words.message += inside.message;
    if (words.type.empty()) words.type = inside.type;
    if (!inside.code.empty()) words.code = inside.code;
}

void read_object(Value error, Words& words) {
    for (std::string_view key : {"message", "msg", "detail", "error", "error_message"}) {
        if (!error[key].is_string() || error[key].string_empty()) continue;
        words.message = error[key].text();
        break;
    }
    if (words.message.empty() && error["message"].is_object()) {
        read_list(error["message"]["detail"], words);  // Mistral
        if (words.message.empty()) words.message = error["message"].raw();
    }
    words.type = spelled(error["type"]);
    words.code = spelled(error["code"]);
    if (words.code.empty()) words.code = error["innererror"]["code"].text();
    if (auto number = error["code"].integer(); number && *number >= 400 && *number < 600) {
        words.status = static_cast<int>(*number);
    } else if (auto status = error["status"].integer(); status && *status >= 400) {
        words.status = static_cast<int>(*status);
    } else if (auto stated = error["status_code"].integer(); stated && *stated >= 400) {
        words.status = static_cast<int>(*stated);
    }
    if (words.type.empty() && error["status"].is_string()) words.type = error["status"].text();
    words.prompt_tokens = error["n_prompt_tokens"].integer().value_or(0);
    words.context_tokens = error["n_ctx"].integer().value_or(0);
    if (error["metadata"].is_object()) read_metadata(error["metadata"], words);
}

// MiniMax: {"base_resp": {"status_code": 1008, "status_msg": "..."}}, under a 200.
void read_base_resp(Value base, Words& words) {
    words.message = base["status_msg"].text();
    words.code = spelled(base["status_code"]);
    switch (base["status_code"].integer().value_or(0)) {
        case 1002: case 1008: case 1039: case 1041: words.status = 429; break;  // 1008: no credit
        case 1004: case 2049: words.status = 401; break;
        case 1001: words.status = 408; break;
        case 1026: case 1027: words.type = "content_filter"; words.status = 400; break;
        case 1013: case 1000: case 1024: case 1033: words.status = 500; break;
        default: words.status = 400; break;
    }
}

Words read_words(Value body) {
    Words words;
    Value error = body["error"];
    if (base_resp_failed(body)) {
        read_base_resp(body["base_resp"], words);
    } else if (body.is_array()) {
        read_list(body, words);
    } else if (error.is_object()) {
        read_object(error, words);
    } else if (error.is_string()) {
        read_object(body, words);  // xAI: {"code": "...", "error": "..."}
        words.message = error.text();
    } else if (body["detail"].is_array()) {
        read_list(body["detail"], words);
    } else if (body["detail"].is_object()) {
        read_object(body["detail"], words);
    } else if (body["errors"].is_array()) {
        read_list(body["errors"], words);
    } else if (body.is_object()) {
        read_object(body, words);
    }
    return words;
}

ErrorClass class_of_status(int status) {
    switch (status) {
        case 401: case 403: return ErrorClass::credential;
        case 402: case 429: return ErrorClass::rate_limited;
        case 408: return ErrorClass::timeout;
        case 425: case 498: case 503: case 529: return ErrorClass::overloaded;
        default: break;
    }
    if (status >= 500) return ErrorClass::provider_fault;
    return status >= 400 ? ErrorClass::bad_request : ErrorClass::provider_fault;
}

// The words decide where servers use one status for many things; else the status does.
ErrorClass classify(int status, const Words& words) {
    std::string code = lower_case(words.code + " " + words.type);
    std::string message = lower_case(words.message);
    if (words.flagged || has_any(code, {"content_filter", "content_policy", "responsibleai",
                                        "data_inspection_failed", "moderation"}) ||
        has_any(message, {"content management policy", "content policy", "our safety system",
                          "flagged by moderation", "requires moderation"}) ||
        (has_any(code, {"invalid_prompt"}) && has_any(message, {"policy"}))) {
        return ErrorClass::content_policy;
    }
    if (has_any(code, {"insufficient_quota", "rate_limit", "quota_exceeded", "resource_exhausted",
                       "too_many_requests", "throttl"})) {
        return ErrorClass::rate_limited;
    }
    bool own_fault = status >= 400 && status < 500 && status != 429;
    if (status != 429 &&
        (has_any(code, {"context_length_exceeded", "exceed_context_size", "context_window",
                        "tokens_limit_reached",  // GitHub Models
                        "string_above_max_length_tokens"}) ||
         read_context_overflow(words.message))) {
        return ErrorClass::context_overflow;
    }
    if (own_fault && (has_any(code, {"invalid_api_key", "authentication_error", "api_key_invalid",
                                     "permission_denied"}) ||
                      has_any(message, {"incorrect api key", "invalid api key",
                                        "api key not valid"}))) {
        return ErrorClass::credential;
    }
    // The model wrote a call that cannot be read: the request is sound, another try may do.
    if (has_any(code, {"tool_use_failed", "output_parse_failed"})) {
        return ErrorClass::provider_fault;
    }
    if (status != 429 && has_any(code, {"overloaded", "model_not_ready", "engine_overloaded"})) {
        return ErrorClass::overloaded;
    }
    const bool servers_fault = status >= 500 || status < 400;  // inside a stream none is stated
    if (servers_fault && has_any(message, {"overloaded", "at capacity", "model is loading"})) {
        return ErrorClass::overloaded;
    }
    return class_of_status(status);
}

ProviderFailure understood(int status, Words words) {
    ProviderFailure out;
    // A 200 that is an error states its status inside, or not at all.
    if (status < 400 && words.status > 0) status = words.status;
    out.error_class = classify(status, words);
    bool numeric = words.code.empty() || (words.code[0] >= '0' && words.code[0] <= '9');
    out.type = numeric && !words.type.empty() ? words.type : words.code;
    if (out.type.empty()) out.type = words.type;
    if (out.error_class == ErrorClass::context_overflow) {
        ContextOverflow figures =
            read_context_overflow(words.message).value_or(ContextOverflow{});
        out.prompt_tokens = words.prompt_tokens > 0 ? words.prompt_tokens : figures.prompt_tokens;
        out.context_tokens =
            words.context_tokens > 0 ? words.context_tokens : figures.context_tokens;
        out.max_tokens_fitting = figures.max_tokens_fitting;
    }
    out.message = std::move(words.message);
    return out;
}

}  // namespace

bool base_resp_failed(Value body) {
    return body["base_resp"]["status_code"].integer().value_or(0) != 0;
}

ProviderFailure read_failure(int status, Value body) {
    return understood(status, read_words(body));
}

ProviderFailure decode_error(int status, std::string_view body) {
    json::Document document;
    base::Result<Value> root = document.parse(body);
    if (root.ok() && (root->is_object() || root->is_array())) {
        ProviderFailure failure = read_failure(status, *root);
        if (failure.message.empty()) failure.message = plain_words(body);
        return failure;
    }
    Words words;
    words.message = root.ok() && root->is_string() ? root->text() : plain_words(body);
    return understood(status, std::move(words));
}

}  // namespace tollgate::dialect::openai_chat
