#include "gateway/failure.hpp"

#include <algorithm>

#include "dialect/context_overflow.hpp"

namespace tollgate::gateway {

using base::ErrorCode;
using domain::ErrorClass;

int http_status(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_request: return 400;
        case ErrorCode::authentication: return 401;
        case ErrorCode::billing: return 402;
        case ErrorCode::permission: return 403;
        case ErrorCode::not_found: return 404;
        case ErrorCode::method_not_allowed: return 405;
        case ErrorCode::request_timeout: return 408;
        case ErrorCode::too_large: return 413;
        case ErrorCode::rate_limited: return 429;
        case ErrorCode::internal: return 500;
        case ErrorCode::provider: return 502;
        case ErrorCode::unavailable: return 503;
        case ErrorCode::overloaded: return 529;
        case ErrorCode::timeout: return 504;
        case ErrorCode::cancelled: return 499;
    }
    return 500;
}

bool fails_over(ErrorClass error_class) {
    switch (error_class) {
        case ErrorClass::rate_limited:
        case ErrorClass::overloaded:
        case ErrorClass::provider_fault:
        case ErrorClass::timeout:
        case ErrorClass::credential: return true;
        default: return false;
    }
}

bool retries_here(ErrorClass error_class) {
    // A refused credential stays refused.
    return fails_over(error_class) && error_class != ErrorClass::credential;
}

namespace {

ErrorCode code_of_status(int status) {
    switch (status) {
        case 400: case 422: return ErrorCode::invalid_request;
        case 402: return ErrorCode::billing;
        case 404: return ErrorCode::not_found;
        case 413: return ErrorCode::too_large;
        case 429: return ErrorCode::rate_limited;
        case 503: case 529: return ErrorCode::overloaded;
        case 504: return ErrorCode::timeout;
        default: return status >= 500 ? ErrorCode::internal : ErrorCode::invalid_request;
    }
}

std::string too_long(const AttemptFailure& last) {
    return "prompt is too long: " + std::to_string(last.prompt_tokens) + " tokens > " +
           std::to_string(last.context_tokens) + " maximum";
}

// Pages and plain texts come from what stands before a provider: no client reads them.
bool is_of_a_protocol(std::string_view body) {
    const std::size_t begin = body.find_first_not_of(" \t\r\n");
    return begin != body.npos && (body[begin] == '{' || body[begin] == '[');
}

void unanswered(FinalAnswer& answer, const AttemptFailure& last, const std::string& attempts,
                bool anybody_answered) {
    if (last.error_class == ErrorClass::timeout) {
        answer.status = 504;
        answer.error = {ErrorCode::timeout, "no answer in time: " + attempts};
    } else if (anybody_answered) {
        answer.status = 502;
        answer.error = {ErrorCode::provider, "every candidate failed: " + attempts};
    } else {
        answer.status = 503;
        answer.error = {ErrorCode::unavailable, "no provider could be reached: " + attempts};
    }
}

}  // namespace

FinalAnswer final_answer(const AttemptFailure& last, domain::Protocol client,
                         const std::string& attempts, bool anybody_answered,
                         std::chrono::milliseconds smallest_retry_after) {
    FinalAnswer answer;
    if (last.ours) {
        answer.error = last.own_error;
        answer.status = http_status(last.own_error.code);
        return answer;
    }
    // A model that the account does not have fails over like a refused credential, but says so.
    if (last.error_class == ErrorClass::credential && last.status != 404) {
        // Never 401: the client's key was fine.
        answer.status = 502;
        answer.error = {ErrorCode::provider,
                        "the provider " + last.provider +
                            " refused the gateway's credential (status " +
                            std::to_string(last.status) + ": " + last.message +
                            "); the administrator has to renew it"};
        return answer;
    }
    const bool anthropic = client == domain::Protocol::anthropic;
    if (last.error_class == ErrorClass::context_overflow && anthropic && last.body.empty()) {
        answer.status = 400;
        // The form on which Claude Code compacts its conversation; the words are a contract.
        answer.error = {ErrorCode::invalid_request,
                        too_long(last) + " (capability_rejected: prompt_too_long)"};
    } else if (last.status >= 400) {
        answer.status = last.status;
        answer.relay_body = is_of_a_protocol(last.body);
        answer.error = {code_of_status(last.status),
                        last.provider + " answered " + std::to_string(last.status) + ": " +
                            last.message};
        // Clients know an overflow by its words; this provider has words of its own.
        if (last.error_class == ErrorClass::context_overflow &&
            !dialect::read_context_overflow(last.message)) {
            answer.error.message += ": " + too_long(last);
        }
    } else if (last.error_class == ErrorClass::rate_limited) {
        answer.status = 429;
        answer.error = {ErrorCode::rate_limited, last.provider + ": " + last.message};
    } else if (last.error_class == ErrorClass::overloaded) {
        answer.status = anthropic ? 529 : 503;
        answer.error = {ErrorCode::overloaded, last.provider + ": " + last.message};
    } else if (last.error_class == ErrorClass::bad_request ||
               last.error_class == ErrorClass::content_policy ||
               last.error_class == ErrorClass::context_overflow) {
        answer.status = 400;
        answer.error = {ErrorCode::invalid_request, last.provider + ": " + last.message};
    } else {
        unanswered(answer, last, attempts, anybody_answered);
    }
    const bool hopeful = answer.status == 429 || answer.status == 503 || answer.status == 529;
    if (hopeful && smallest_retry_after.count() >= 0) {
        const auto seconds = std::chrono::ceil<std::chrono::seconds>(smallest_retry_after);
        answer.error.retry_after = std::max(seconds, std::chrono::seconds(1));
    } else if (answer.status == 503) {
        answer.error.retry_after = std::chrono::seconds(5);
    }
    return answer;
}

}  // namespace tollgate::gateway
