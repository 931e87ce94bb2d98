#include "admin/fields.hpp"

#include <gtest/gtest.h>

#include "admin/times.hpp"

namespace tollgate::admin {
namespace {

TEST(Times, AreReadWithZoneFractionAndAsDates) {
    const std::int64_t midnight = 1'767'225'600LL * micros_per_second;  // 2026-01-01
    EXPECT_EQ(parse_time("2026-01-01"), midnight);
    EXPECT_EQ(parse_time("2026-01-01T00:00:00Z"), midnight);
    EXPECT_EQ(parse_time("2026-01-01T01:00:00+01:00"), midnight);
    EXPECT_EQ(parse_time("2026-01-01T01:00:00 01:00"), midnight);  // a query's "+"
    EXPECT_EQ(parse_time("2025-12-31T19:00:00.5-05:00"), midnight + 500'000);
    for (const char* bad : {"", "2026-13-01", "2026-02-30", "2026-01-01T", "2026-01-01T00:00:00",
                            "2026-01-01T24:00:00Z", "2026-01-01T00:00:00Zx", "tomorrow"}) {
        EXPECT_FALSE(parse_time(bad).has_value()) << bad;
    }
    EXPECT_EQ(rfc3339(midnight), "2026-01-01T00:00:00.000Z");
}

TEST(Times, DurationsHaveOneUnit) {
    EXPECT_EQ(parse_duration("30s")->seconds(), 30);
    EXPECT_EQ(parse_duration("15m")->seconds(), 900);
    EXPECT_EQ(parse_duration("1mo")->seconds(), 30 * 86'400);
    for (const char* bad : {"", "s", "0d", "-1d", "1y", "1.5h", "99999999999d"}) {
        EXPECT_FALSE(parse_duration(bad).has_value()) << bad;
    }
}

TEST(Fields, AbsentLeavesAndNullClears) {
    json::Document document;
    const json::Value root = *document.parse(
        R"({"name":null,"models":null,"cap":null,"limits":{"requests_per_hour":null}})");
    Fields fields(root);
    std::string name = "a", other = "b";
    std::vector<std::string> models = {"m"};
    std::optional<domain::NanoUsd> cap = 5;
    domain::Limits limits;
    limits.requests_per_hour = 3;
    limits.requests_per_day = 4;
    fields.text("name", name);
    fields.text("other", other);
    fields.names("models", models);
    fields.optional_money("cap", cap);
    read_limits(fields, limits);
    ASSERT_TRUE(fields.finish().ok());
    EXPECT_EQ(name, "");
    EXPECT_EQ(other, "b");
    EXPECT_TRUE(models.empty());
    EXPECT_FALSE(cap.has_value());
    EXPECT_FALSE(limits.requests_per_hour.has_value());
    EXPECT_EQ(limits.requests_per_day, 4);
}

TEST(Fields, MoneyIsExact) {
    json::Document document;
    const json::Value root = *document.parse(R"({"a":0.000000001,"b":"12.5","c":1e-3,"d":"x"})");
    Fields fields(root);
    domain::NanoUsd a = 0, b = 0, c = 0, d = 7;
    fields.money("a", a);
    fields.money("b", b);
    fields.money("c", c);
    fields.money("d", d);
    EXPECT_EQ(a, 1);
    EXPECT_EQ(b, 12'500'000'000);
    EXPECT_EQ(c, 1'000'000);
    EXPECT_EQ(d, 7);
    const auto verdict = fields.finish();
    ASSERT_FALSE(verdict.ok());
    const std::string& message = verdict.error().message;
    EXPECT_TRUE(message.starts_with("d must be an amount")) << message;
    EXPECT_EQ(field_of(verdict.error()), "d");
}

TEST(Query, IsDecodedAndStrict) {
    Query query("a=x%20y+z&limit=5&from=2026-01-01&strange=1&a=again");
    EXPECT_EQ(query.text("a"), "x y z");
    EXPECT_EQ(query.integer("limit", 1, 1, 500), 5);
    EXPECT_GT(query.time("from", 0), 0);
    const auto verdict = query.finish();
    ASSERT_FALSE(verdict.ok());
    EXPECT_EQ(verdict.error().message, "a is given twice; unknown query parameter: strange");
    EXPECT_TRUE(is_of_request(verdict.error()));
}

}  // namespace
}  // namespace tollgate::admin
