// How an attempt failed and what becomes of it: retried, failed over, or shown to the client.
// Pure.
#pragma once
#include <chrono>
#include <string>

#include "base/result.hpp"
#include "dialect/dialect.hpp"
#include "domain/event.hpp"
#include "gateway/snapshot.hpp"

namespace tollgate::gateway {

struct AttemptFailure {
    domain::ErrorClass error_class = domain::ErrorClass::provider_fault;
    int status = 0;           // of the provider's refusal, 0 when there was none
    bool answered = false;    // a head came: what failed is the answer, not the way to it
    std::string type;         // the provider's
    std::string message;      // in words, never empty
    std::string body;         // the provider's error body when it is of the client's dialect
    std::string content_type;
    std::string should_retry;  // the provider's x-should-retry
    std::chrono::milliseconds retry_after{-1};
    std::int64_t prompt_tokens = 0, context_tokens = 0;
    std::int64_t max_tokens_fitting = 0;
    std::string provider;     // "openai/gpt-5.4"
    bool client_gone = false;
    bool overtaken = false;   // another candidate, asked meanwhile, answered first: nobody's fault
    bool ours = false;        // the request cannot be translated: our own 400
    base::Error own_error;    // when ours
};

int http_status(base::ErrorCode code);

// True when another candidate may do better.
bool fails_over(domain::ErrorClass error_class);
// True when the same candidate may do better after a pause.
bool retries_here(domain::ErrorClass error_class);

// What the client sees when `last` was the end: code and words. `attempts` names every attempt with
// its reason, for the case that nobody answered.
struct FinalAnswer {
    int status = 0;
    base::Error error;
    bool relay_body = false;  // send last.body as it is
};
FinalAnswer final_answer(const AttemptFailure& last, domain::Protocol client,
                         const std::string& attempts, bool anybody_answered,
                         std::chrono::milliseconds smallest_retry_after);

}  // namespace tollgate::gateway
