// What a decision knows of one candidate: a deployment together with this request. Filled by the
// gateway for every decision, so it holds views and figures only; the views must outlive it.
#pragma once
#include <chrono>
#include <cstdint>
#include <string_view>

namespace tollgate::routing {

enum class CircuitState : std::uint8_t { closed, half_open, open };
std::string_view to_string(CircuitState state);

// Negative figures are unknown, unless stated otherwise.
struct CandidateFacts {
    std::string_view name;           // "provider/model"
    std::string_view provider_type;
    std::string_view account;        // "" : the provider's own
    bool local = false;              // zone local
    bool free = false;               // all its prices are nought
    bool premium = false;            // catalog quality of premium_quality or more
    bool byok = false;               // reached with the user's own key
    bool pinned = false;             // affinity: the conversation is there
    std::string_view excluded;       // why it cannot be used at all, in words; "" : it can

    // USD that THIS request is expected to cost per 1K of its tokens, to cost, and to cost at most;
    // what the provider's prompt cache saves is taken off already, and said in cached_saving.
    double cost_per_1k = -1, cost = -1, worst_cost = -1, cached_saving = 0;
    double latency_ms = -1;          // to the first token, and then to the expected last one
    double quality = -1;             // 0..1
    double error_rate = 0;           // 0..1, never unknown
    double limit_use = -1;           // 0..1 of the provider's own rate limit
    double headroom = -1;            // 0..1 of requests and tokens per minute that are left

    std::int64_t order = 0;          // stage: lower ones are tried before higher ones, always
    std::int64_t priority = 0;       // higher is preferred
    std::int64_t weight = 1;
    std::int64_t in_flight = 0;
    std::int64_t minute_tokens = 0;  // that went through it in the last minute
    CircuitState circuit = CircuitState::closed;
    std::chrono::milliseconds opens_in{0};  // circuit open: until it may be probed
};

constexpr double premium_quality = 0.9;

}  // namespace tollgate::routing
