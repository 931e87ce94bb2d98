#include "base/clock.hpp"

#include <gtest/gtest.h>

namespace tollgate::base {
namespace {

TEST(Rfc3339OfMicros, IsRightFarBeyondTheNanosecondsOfTheClock) {
    EXPECT_EQ(rfc3339_of_micros(0), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(rfc3339_of_micros(1'795'262'400'123'999), "2026-11-21T12:00:00.123Z");
    EXPECT_EQ(rfc3339_of_micros(9'223'372'036'854'776), "2262-04-11T23:47:16.854Z");
    EXPECT_EQ(rfc3339_of_micros(253'402'214'400'000'000), "9999-12-31T00:00:00.000Z");
    EXPECT_EQ(rfc3339_of_micros(-1), "1969-12-31T23:59:59.999Z");
}

TEST(Rfc3339, OfTheClock_IsTheSameText) {
    const std::chrono::system_clock::time_point when(std::chrono::milliseconds(1'795'262'400'007));
    EXPECT_EQ(rfc3339(when), "2026-11-21T12:00:00.007Z");
}

}  // namespace
}  // namespace tollgate::base
