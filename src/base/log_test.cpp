#include "base/log.hpp"

#include <gtest/gtest.h>

namespace tollgate::base {
namespace {

constexpr std::string_view at = "2026-11-21T05:00:00.123Z";

TEST(Log, JsonLinesEscapeAndKeepTypes) {
    EXPECT_EQ(format_log_line(LogFormat::json, LogLevel::warn, at, "provider_attempt_failed",
                              {{"request", "a\"b\n"}, {"status", 529}, {"ok", false},
                               {"seconds", 0.5}, {"nothing", ""}}),
              R"({"ts":"2026-11-21T05:00:00.123Z","level":"warn",)"
              R"("event":"provider_attempt_failed","request":"a\"b\n","status":529,"ok":false,)"
              R"("seconds":0.500})");
}

TEST(Log, HumanLinesQuoteOnlyWhatNeedsIt) {
    EXPECT_EQ(format_log_line(LogFormat::human, LogLevel::info, at, "started",
                              {{"listen", "127.0.0.1:4000"}, {"mode", "demo mode"}}),
              "05:00:00.123 info  started listen=127.0.0.1:4000 mode=\"demo mode\"");
}

}  // namespace
}  // namespace tollgate::base
