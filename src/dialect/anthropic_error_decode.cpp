// What Anthropic says when it refuses, read from status and body.
#include <algorithm>

#include "dialect/anthropic.hpp"
#include "dialect/context_overflow.hpp"
#include "dialect/plain_words.hpp"

namespace tollgate::dialect::anthropic {
namespace {

using domain::ErrorClass;

bool holds(std::string_view text, std::string_view words) {
    return text.find(words) != std::string_view::npos;
}

// The number that begins at or after `at`; moves `at` behind it. 0 when there is none.
std::int64_t next_number(std::string_view text, std::size_t& at) {
    auto digit = [](char c) { return c >= '0' && c <= '9'; };
    while (at < text.size() && !digit(text[at])) ++at;
    std::int64_t value = 0;
    for (; at < text.size() && (digit(text[at]) || text[at] == ','); ++at) {
        if (text[at] == ',') continue;  // 200,000
        if (value > 100'000'000'000) return 0;
        value = value * 10 + (text[at] - '0');
    }
    return value;
}

// "prompt is too long: 210000 tokens > 200000 maximum"
bool prompt_too_long(std::string_view message, ProviderFailure& failure) {
    std::size_t at = message.find("prompt is too long");
    if (at == std::string_view::npos) return false;
    failure.error_class = ErrorClass::context_overflow;
    failure.prompt_tokens = next_number(message, at);
    failure.context_tokens = next_number(message, at);
    return true;
}

// "input length and `max_tokens` exceed context limit: 199000 + 21333 > 200000, decrease ..."
bool output_does_not_fit(std::string_view message, ProviderFailure& failure) {
    std::size_t at = message.find("exceed context limit");
    if (at == std::string_view::npos) return false;
    failure.error_class = ErrorClass::context_overflow;
    failure.prompt_tokens = next_number(message, at);
    next_number(message, at);  // the max_tokens that was asked for
    failure.context_tokens = next_number(message, at);
    failure.max_tokens_fitting =
        std::max<std::int64_t>(0, failure.context_tokens - failure.prompt_tokens);
    return true;
}

ErrorClass class_of_status(int status) {
    switch (status) {
        case 401:
        case 402:
        case 403: return ErrorClass::credential;
        case 408: return ErrorClass::timeout;
        case 429: return ErrorClass::rate_limited;
        case 503:
        case 529: return ErrorClass::overloaded;
        default: return status >= 500 ? ErrorClass::provider_fault : ErrorClass::bad_request;
    }
}

// The words in the envelopes that Anthropic and the proxies in front of it use.
std::string words_of(json::Value root) {
    for (json::Value each :
         {root["error"]["message"], root["message"], root["detail"], root["error"]}) {
        if (each.is_string() && !each.string_empty()) return each.text();
    }
    return {};
}

void classify(int status, ProviderFailure& failure) {
    failure.error_class = class_of_status(status);
    if (failure.type == "overloaded_error") failure.error_class = ErrorClass::overloaded;
    if (failure.error_class == ErrorClass::timeout || status >= 500) return;
    const std::string_view message = failure.message;
    if (prompt_too_long(message, failure) || output_does_not_fit(message, failure)) return;
    if (status != 400 && status != 422) return;
    // Other servers of this protocol have words of their own.
    if (const auto overflow = read_context_overflow(message)) {
        failure.error_class = ErrorClass::context_overflow;
        failure.prompt_tokens = overflow->prompt_tokens;
        failure.context_tokens = overflow->context_tokens;
        failure.max_tokens_fitting = overflow->max_tokens_fitting;
        return;
    }
    if (holds(message, "content filtering policy") || holds(message, "content policy")) {
        failure.error_class = ErrorClass::content_policy;
    }
    // An empty account is the operator's matter, not the client's.
    if (failure.type == "billing_error" || holds(message, "credit balance is too low")) {
        failure.error_class = ErrorClass::credential;
    }
}

}  // namespace

ProviderFailure decode_error(int status, std::string_view body) {
    ProviderFailure failure;
    json::Document document;
    const auto parsed = document.parse(body);
    if (parsed.ok()) {
        failure.type = (*parsed)["error"]["type"].text();
        failure.message = words_of(*parsed);
    } else {
        failure.message = plain_words(body);
    }
    classify(status, failure);
    return failure;
}

}  // namespace tollgate::dialect::anthropic
