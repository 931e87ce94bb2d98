#include "providers/retry_after.hpp"

#include <gtest/gtest.h>

namespace tollgate::providers {
namespace {

using namespace std::chrono_literals;

http::Headers with(std::vector<std::pair<std::string_view, std::string_view>> list) {
    http::Headers headers;
    for (auto [name, value] : list) headers.add(name, value);
    return headers;
}

TEST(RetryAfter, SecondsAndMilliseconds_AreRead) {
    EXPECT_EQ(retry_after(429, with({{"Retry-After", "7"}})), 7s);
    EXPECT_EQ(retry_after(529, with({{"retry-after", " 1.5 "}})), 1500ms);
    EXPECT_EQ(retry_after(429, with({{"retry-after-ms", "250"}, {"retry-after", "7"}})), 250ms);
    EXPECT_EQ(retry_after(429, with({{"retry-after-ms", "0.2"}})), 1ms);
    EXPECT_EQ(retry_after(429, with({{"retry-after", "0"}})), 0ms);
}

TEST(RetryAfter, Date_IsTakenAgainstTheAnswersOwnDate) {
    EXPECT_EQ(retry_after(503, with({{"date", "Sat, 21 Nov 2026 05:00:00 GMT"},
                                     {"retry-after", "Sat, 21 Nov 2026 05:01:30 GMT"}})),
              90s);
    EXPECT_EQ(retry_after(503, with({{"date", "Sat, 21 Nov 2026 05:00:00 GMT"},
                                     {"retry-after", "Sat, 21 Nov 2026 04:00:00 GMT"}})),
              0s);
    EXPECT_EQ(retry_after(503, with({{"retry-after", "Sat, 21 Nov 2026 05:01:30 GMT"}})), -1ms);
}

TEST(RetryAfter, Nonsense_IsNotStated) {
    for (auto text : {"", "soon", "-3", "nan", "inf", "1 2", "Sat, 41 Nov 2026 05:01:30 GMT"}) {
        EXPECT_EQ(retry_after(429, with({{"retry-after", text}, {"date", text}})), -1ms) << text;
    }
    EXPECT_EQ(retry_after(429, with({{"retry-after", "99999999999999999999"}})), retry_after_max);
}

TEST(RetryAfter, RateLimitResets_CountOnlyWhereNothingRemains) {
    auto headers = with({{"x-ratelimit-remaining-requests", "3"},
                         {"x-ratelimit-reset-requests", "1h"},
                         {"x-ratelimit-remaining-tokens", "0"},
                         {"x-ratelimit-reset-tokens", "2m59.56s"}});
    EXPECT_EQ(retry_after(429, headers), 179'560ms);
    EXPECT_EQ(retry_after(500, headers), -1ms);
}

TEST(RetryAfter, HttpDates_InAllThreeForms) {
    auto expected = std::chrono::sys_seconds(784'111'777s);
    EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), expected);
    EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), expected);
    EXPECT_EQ(parse_http_date("Sun Nov  6 08:49:37 1994"), expected);
    EXPECT_FALSE(parse_http_date("Sun, 06 Foo 1994 08:49:37 GMT"));
    EXPECT_FALSE(parse_http_date("Sun, 06 Nov 1994 25:49:37 GMT"));
}

TEST(RetryAfter, Durations_InAllUnits) {
    EXPECT_EQ(parse_duration("120ms"), 120ms);
    EXPECT_EQ(parse_duration("1h2m3s"), 3723s);
    EXPECT_EQ(parse_duration("7"), 7s);
    EXPECT_FALSE(parse_duration("7x"));
    EXPECT_FALSE(parse_duration(""));
}

}  // namespace
}  // namespace tollgate::providers
