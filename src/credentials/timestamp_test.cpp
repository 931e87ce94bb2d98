#include "credentials/timestamp.hpp"

#include <gtest/gtest.h>

namespace tollgate::credentials {
namespace {

std::int64_t unix_of(std::string_view text) {
    const auto time = parse_rfc3339(text);
    if (!time) return -1;
    return std::chrono::duration_cast<std::chrono::seconds>(time->time_since_epoch()).count();
}

TEST(Timestamp, WhatServicesWrite) {
    EXPECT_EQ(unix_of("2026-01-01T00:00:00Z"), 1'767'225'600);
    EXPECT_EQ(unix_of("2015-08-30T12:36:00.123Z"), 1'440'938'160);
    EXPECT_EQ(unix_of("2015-08-30T14:36:00+02:00"), 1'440'938'160);
    EXPECT_EQ(unix_of("2015-08-30T07:06:00-05:30"), 1'440'938'160);
}

TEST(Timestamp, BeyondTheClock_IsItsEnd) {
    EXPECT_EQ(unix_of("9999-12-31T23:59:59Z"), unix_of("2200-01-01T00:00:00Z"));
    EXPECT_EQ(unix_of("0001-01-01T00:00:00Z"), 86'400);
    EXPECT_EQ(unix_of("1013-11-21T05:00:00+23:59"), 86'400);
    EXPECT_LT(unix_of("1970-01-02T00:00:00+23:59"), 86'400);
}

TEST(Timestamp, WhatIsNone) {
    for (const char* text :
         {"", "2026-01-01", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z",
          "2026-01-01T00:00:00", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00Zx",
          "2026-01-01T00:00:00+0200", "20x6-01-01T00:00:00Z", "1767225600000000000000"}) {
        EXPECT_EQ(parse_rfc3339(text), std::nullopt) << text;
    }
}

}  // namespace
}  // namespace tollgate::credentials
