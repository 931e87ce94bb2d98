// What a provider's answer says of its own rate limits. Pure.
//   Anthropic   anthropic-ratelimit-{requests,tokens,input-tokens,output-tokens}-{limit,remaining,
//               reset}, RFC 3339 times; subscriptions: -unified-{5h,7d}-{utilization,reset}
//   OpenAI, Groq, Azure and most others
//               x-ratelimit-{limit,remaining,reset}-{requests,tokens}, durations such as 2m59.56s;
//               Azure often without limit or reset; some with `-minute` or `-day` behind
//   OpenRouter  x-ratelimit-{limit,remaining,reset} of requests, Unix milliseconds; others use
//               the same names, or ratelimit-*, with seconds
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>

#include "providers/retry_after.hpp"

namespace tollgate::routing {

struct LimitWindow {
    std::int64_t limit = -1, remaining = -1;      // -1: not stated
    std::optional<std::chrono::milliseconds> reset_in;
    bool stated() const { return remaining >= 0; }
    // 0..1; negative where limit or remaining are not stated.
    double use() const;
};

// Of several windows of a kind the tightest.
struct RateLimits {
    LimitWindow requests, tokens;
    bool stated() const { return requests.stated() || tokens.stated(); }
};

// `now`: what times are read against where the answer has no Date of its own. Figures that cannot
// be read are not stated. Costs one walk over the headers.
RateLimits read_rate_limits(const http::Headers& headers,
                            std::chrono::system_clock::time_point now);

}  // namespace tollgate::routing
