#include "routing/rate_limit_headers.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string_view>
#include <utility>

namespace tollgate::routing {
namespace {

using namespace std::chrono_literals;

RateLimits read(std::initializer_list<std::pair<std::string_view, std::string_view>> list) {
    http::Headers headers;
    for (const auto& [name, value] : list) headers.add(name, value);
    // 2026-11-21T05:00:00Z
    return read_rate_limits(headers, std::chrono::system_clock::time_point(1'795'237'200s));
}

TEST(RateLimitHeaders, Anthropic_TheTightestOfItsTokenWindowsCounts) {
    const auto limits = read({{"anthropic-ratelimit-requests-limit", "4000"},
                              {"anthropic-ratelimit-requests-remaining", "3999"},
                              {"anthropic-ratelimit-requests-reset", "2026-11-21T05:00:01Z"},
                              {"anthropic-ratelimit-input-tokens-limit", "2000000"},
                              {"anthropic-ratelimit-input-tokens-remaining", "500000"},
                              {"anthropic-ratelimit-input-tokens-reset", "2026-11-21T05:00:45Z"},
                              {"anthropic-ratelimit-output-tokens-limit", "400000"},
                              {"anthropic-ratelimit-output-tokens-remaining", "390000"},
                              {"anthropic-ratelimit-output-tokens-reset", "2026-11-21T05:00:02Z"}});
    EXPECT_EQ(limits.requests.limit, 4000);
    EXPECT_EQ(limits.requests.remaining, 3999);
    EXPECT_EQ(limits.requests.reset_in, 1s);
    EXPECT_EQ(limits.tokens.limit, 2'000'000);
    EXPECT_NEAR(limits.tokens.use(), 0.75, 1e-9);
    EXPECT_EQ(limits.tokens.reset_in, 45s);
}

TEST(RateLimitHeaders, Anthropic_ASubscriptionStatesShares) {
    const auto limits = read({{"anthropic-ratelimit-unified-5h-utilization", "0.25"},
                              {"anthropic-ratelimit-unified-5h-reset", "1795240800"},
                              {"anthropic-ratelimit-unified-7d-utilization", "0.9"},
                              {"anthropic-ratelimit-unified-7d-reset", "1795323600"}});
    EXPECT_NEAR(limits.requests.use(), 0.9, 1e-9);
    EXPECT_EQ(limits.requests.reset_in, 24h);
}

TEST(RateLimitHeaders, TheAnswersOwnDateIsWhatTimesAreReadAgainst) {
    const auto limits = read({{"Date", "Sat, 21 Nov 2026 06:00:00 GMT"},
                              {"anthropic-ratelimit-requests-limit", "10"},
                              {"anthropic-ratelimit-requests-remaining", "1"},
                              {"anthropic-ratelimit-requests-reset", "2026-11-21T06:00:30Z"}});
    EXPECT_EQ(limits.requests.reset_in, 30s);
}

TEST(RateLimitHeaders, OpenAi_Durations) {
    const auto limits = read({{"x-ratelimit-limit-requests", "5000"},
                              {"x-ratelimit-limit-tokens", "160000"},
                              {"x-ratelimit-remaining-requests", "4999"},
                              {"x-ratelimit-remaining-tokens", "40000"},
                              {"x-ratelimit-reset-requests", "12ms"},
                              {"x-ratelimit-reset-tokens", "6m0s"}});
    EXPECT_EQ(limits.requests.remaining, 4999);
    EXPECT_EQ(limits.requests.reset_in, 12ms);
    EXPECT_NEAR(limits.tokens.use(), 0.75, 1e-9);
    EXPECT_EQ(limits.tokens.reset_in, 6min);
}

TEST(RateLimitHeaders, Groq_FractionsOfSeconds) {
    const auto limits = read({{"x-ratelimit-limit-requests", "14400"},
                              {"x-ratelimit-limit-tokens", "18000"},
                              {"x-ratelimit-remaining-requests", "14370"},
                              {"x-ratelimit-remaining-tokens", "17997"},
                              {"x-ratelimit-reset-requests", "2m59.56s"},
                              {"x-ratelimit-reset-tokens", "7.66s"}});
    EXPECT_EQ(limits.requests.reset_in, 179'560ms);
    EXPECT_EQ(limits.tokens.reset_in, 7'660ms);
}

TEST(RateLimitHeaders, Azure_RemainingAlone_UseIsNotKnown) {
    const auto limits = read({{"x-ratelimit-remaining-requests", "119"},
                              {"x-ratelimit-remaining-tokens", "119000"},
                              {"x-ms-region", "Sweden Central"}});
    EXPECT_TRUE(limits.stated());
    EXPECT_EQ(limits.tokens.remaining, 119'000);
    EXPECT_LT(limits.tokens.use(), 0);
    EXPECT_FALSE(limits.tokens.reset_in.has_value());
}

TEST(RateLimitHeaders, OpenRouter_UnixMilliseconds) {
    const auto limits = read({{"X-RateLimit-Limit", "20"},
                              {"X-RateLimit-Remaining", "0"},
                              {"X-RateLimit-Reset", "1795237260000"}});
    EXPECT_NEAR(limits.requests.use(), 1, 1e-9);
    EXPECT_EQ(limits.requests.reset_in, 60s);
    EXPECT_FALSE(limits.tokens.stated());
}

TEST(RateLimitHeaders, OthersCountByMinuteAndDay_OrInSeconds) {
    auto limits = read({{"x-ratelimit-limit-requests-day", "1000"},
                        {"x-ratelimit-remaining-requests-day", "250"},
                        {"x-ratelimit-reset-requests-day", "33011.3"},
                        {"x-ratelimit-limit-tokens-minute", "60000"},
                        {"x-ratelimit-remaining-tokens-minute", "30000"},
                        {"x-ratelimit-reset-tokens-minute", "11.4"}});
    EXPECT_NEAR(limits.requests.use(), 0.75, 1e-9);
    EXPECT_NEAR(limits.tokens.use(), 0.5, 1e-9);
    EXPECT_EQ(limits.tokens.reset_in, 11'400ms);
    limits = read({{"ratelimit-limit", "10"}, {"ratelimit-remaining", "5"},
                   {"ratelimit-reset", "30"}});
    EXPECT_NEAR(limits.requests.use(), 0.5, 1e-9);
    EXPECT_EQ(limits.requests.reset_in, 30s);
}

TEST(RateLimitHeaders, WhatCannotBeReadIsNotStated) {
    const auto limits = read({{"x-ratelimit-limit-requests", "many"},
                              {"x-ratelimit-remaining-requests", "-5"},
                              {"x-ratelimit-reset-requests", "soon"},
                              {"x-ratelimit-remaining-tokens", ""},
                              {"anthropic-ratelimit-requests-remaining", "1e400"},
                              {"anthropic-ratelimit-tokens-reset", "2026-13-21T05:00:00Z"},
                              {"anthropic-ratelimit-unified-status", "allowed"},
                              {"content-type", "application/json"}});
    EXPECT_FALSE(limits.stated());
    EXPECT_FALSE(read({}).stated());
}

TEST(RateLimitHeaders, TimesInThePastAndOtherZones) {
    auto limits = read({{"anthropic-ratelimit-requests-remaining", "1"},
                        {"anthropic-ratelimit-requests-reset", "2026-11-21T04:59:00Z"}});
    EXPECT_EQ(limits.requests.reset_in, 0s);
    limits = read({{"anthropic-ratelimit-requests-remaining", "1"},
                   {"anthropic-ratelimit-requests-reset", "2026-11-21T07:00:10.250+02:00"}});
    EXPECT_EQ(limits.requests.reset_in, 10'250ms);
}

}  // namespace
}  // namespace tollgate::routing
