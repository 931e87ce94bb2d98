// One attempt: builds the provider's request, sends it, delivers the answer. The only place where
// provider bytes meet client bytes.
#pragma once
#include <chrono>
#include <memory>
#include <optional>

#include "gateway/continuation.hpp"
#include "gateway/failure.hpp"
#include "gateway/generation.hpp"

namespace tollgate::gateway {

// What the client has seen so far, across the attempts of one request.
struct Delivery {
    bool start_sent = false;    // a stream's opening left at the 15 s mark, but no content
    bool content_sent = false;
    // Where another attempt may go on within the client's message; null: nobody wants that, or it
    // cannot be.
    std::unique_ptr<Continuation> continuation;
};

class Race;

struct AttemptOptions {
    bool last = false;                       // no candidate follows: more patience
    std::int64_t max_tokens_override = 0;    // clamp after an overflow of input + max_tokens
    std::int64_t number = 1;                 // of this attempt, from 1
    net::Instant request_deadline = net::Instant::max();
    Race* race = nullptr;                    // against a second candidate; null: alone
    // The record of one that runs beside the present attempt; null: it is the present one.
    AttemptRecord* beside = nullptr;
};

// Nothing when the client was served (well or, after content, with an error at the end) or has
// left; else why this attempt failed, unseen by the client. Where delivery.continuation is under
// way then, the client waits in the middle of its message.
net::Task<std::optional<AttemptFailure>> attempt(Generation& generation, const Endpoint& endpoint,
                                                 Delivery& delivery, AttemptOptions options);

}  // namespace tollgate::gateway
