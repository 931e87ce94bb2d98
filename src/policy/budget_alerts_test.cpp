#include "policy/budget_alerts.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "shared_state/in_process.hpp"

namespace tollgate::policy {
namespace {

constexpr domain::NanoUsd usd = domain::nano_per_usd;
constexpr std::int64_t hour = 3600, day = 24 * hour;
constexpr std::int64_t noon = 1'795'262'400;  // 2026-11-21T12:00:00Z

LiveBudgetSpec spec(bool hard = true) {
    LiveBudgetSpec made;
    made.budget.id = "b1";
    made.budget.tenant = "acme";
    made.budget.name = "monthly";
    made.budget.subject = "acme";
    made.budget.limit = 100 * usd;
    made.budget.hard = hard;
    made.subject = "tenant acme";
    return made;
}

TEST(ProjectedSpend, IsTheTrend_OnceEnoughOfThePeriodHasGone) {
    EXPECT_EQ(projected_spend(10 * usd, 0, 30 * day, 3 * day), 100 * usd);
    EXPECT_EQ(projected_spend(10 * usd, 0, 30 * day, 3 * day - 1), std::nullopt);
    EXPECT_EQ(projected_spend(usd, 0, day, hour), std::nullopt);  // an hour is not a tenth
    EXPECT_EQ(projected_spend(usd, 0, 2 * hour, hour - 1), std::nullopt);
    EXPECT_EQ(projected_spend(usd, 0, std::numeric_limits<std::int64_t>::max(), day), std::nullopt);
    EXPECT_EQ(projected_spend(usd, 0, day, day), std::nullopt);
    // Nine billion dollars do not overflow.
    EXPECT_GT(projected_spend(900'000'000 * usd, 0, 30 * day, 10 * day).value_or(0), 0);
}

TEST(Anomaly, IsAnHourAboveMeanAndFourDeviations) {
    std::vector<domain::NanoUsd> before;
    for (int i = 0; i < 48; ++i) before.push_back(i % 2 == 0 ? 9 * usd : 11 * usd);
    // Mean 10, deviation 1.
    EXPECT_FALSE(anomaly_of(before, 14 * usd, usd));
    const auto found = anomaly_of(before, 14 * usd + 1'000, usd);
    ASSERT_TRUE(found);
    EXPECT_DOUBLE_EQ(found->mean, 10e9);
    EXPECT_DOUBLE_EQ(found->deviation, 1e9);
    EXPECT_FALSE(anomaly_of(before, 50 * usd, 60 * usd));
    before.resize(anomaly_hours_min - 1);
    EXPECT_FALSE(anomaly_of(before, 50 * usd, usd));
    const std::vector<domain::NanoUsd> quiet(24, 0);
    EXPECT_FALSE(anomaly_of(quiet, usd / 2, usd));
    EXPECT_TRUE(anomaly_of(quiet, usd, usd));
}

TEST(ThresholdAlert, TellsPeopleAndMachines) {
    shared_state::InProcess state;
    LiveBudget budget(spec(), state);
    const PeriodBounds period = budget.period(noon * 1'000'000).bounds;
    const auto at_80 = threshold_alert(budget, period, {80, domain::BudgetAction::throttle},
                                       80'500'000'000, noon * 1'000'000);
    EXPECT_EQ(at_80.event, "budget.threshold");
    EXPECT_EQ(at_80.tenant, "acme");
    EXPECT_EQ(
        at_80.message,
        "the budget 'monthly' of tenant acme has reached 80 %: 80.5 USD of 100 USD per month; "
        "requests are throttled to a tenth until 2026-12-01T00:00:00Z");
    EXPECT_EQ(at_80.details,
              R"({"budget":"b1","name":"monthly","kind":"tenant","subject":"acme",)"
              R"("period":"monthly","period_start":"2026-11-01T00:00:00Z",)"
              R"("period_end":"2026-12-01T00:00:00Z","limit":100,"spent":80.5,"percent":80,)"
              R"("action":"throttle","stopped":false})");
    EXPECT_EQ(at_80.unique, "budget/b1:m:2026-11-01:80:100");
    const auto at_100 =
        threshold_alert(budget, period, {100, domain::BudgetAction::notify}, 100 * usd, 0);
    EXPECT_NE(at_100.message.find("requests are refused until"), std::string::npos);
    const auto projected = projection_alert(budget, period, 70 * usd, 105 * usd, noon * 1'000'000);
    EXPECT_EQ(projected.message,
              "the budget 'monthly' of tenant acme will not last: at the present rate 105 USD will "
              "be spent of 100 USD by 2026-12-01T00:00:00Z, 70 USD so far");
    EXPECT_NE(projected.unique, at_80.unique);
}

TEST(AnomalyAlert, NamesTheHour) {
    const auto made = anomaly_alert("acme", "key/7", {10e9, 1e9, 14e9}, 20 * usd, noon * 1'000'000,
                                    noon * 1'000'000);
    EXPECT_EQ(
        made.message,
        "key/7 spent 20 USD in the hour from 2026-11-21T12:00:00Z, far above its usual 10 USD "
        "(bound: 14 USD)");
    EXPECT_EQ(made.unique, "anomaly:acme:key/7:2026-11-21T12:00:00Z");
}

TEST(ThresholdAnnouncer, TellsOnceOverAllDirectoriesAndInstances) {
    shared_state::InProcess state;
    std::vector<std::string> raised;
    const auto raise = [&](const domain::Alert& alert) { raised.push_back(alert.unique); };
    const ThresholdAnnouncer one(state, raise), two(state, raise);
    LiveBudget budget(spec(), state), rebuilt(spec(), state);
    const PeriodBounds period = budget.period(noon * 1'000'000).bounds;
    const domain::BudgetThreshold at_50{50, domain::BudgetAction::notify};
    one(budget, period, at_50, 50 * usd);
    one(rebuilt, period, at_50, 51 * usd);
    two(budget, period, at_50, 52 * usd);
    EXPECT_EQ(raised, std::vector<std::string>{"budget/b1:m:2026-11-01:50:100"});
    two(budget, period, {80, domain::BudgetAction::notify}, 80 * usd);
    EXPECT_EQ(raised.size(), 2U);
    LiveBudgetSpec raised_limit = spec();
    raised_limit.budget.limit = 200 * usd;
    LiveBudget larger(raised_limit, state);
    one(larger, period, at_50, 100 * usd);
    EXPECT_EQ(raised.size(), 3U);
}

}  // namespace
}  // namespace tollgate::policy
