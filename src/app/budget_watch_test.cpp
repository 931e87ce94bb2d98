#include "app/budget_watch.hpp"

#include <algorithm>

#include "shared_state/in_process.hpp"
#include "store/alerts.hpp"
#include "store/keys.hpp"
#include "store/usage_fixture_test.hpp"

namespace tollgate::app {
namespace {

using domain::Alert;
using store::usage_hour;

constexpr domain::NanoUsd dollar = 1'000'000'000;

class Anomalies : public store::UsageFixture {
protected:
    // `days` of hours that cost a dollar or so, up to `end`.
    static std::vector<domain::UsageRecord> ordinary(std::int64_t end, int days) {
        std::vector<domain::UsageRecord> records;
        for (int i = days * 24; i > 1; --i) {
            auto record = request_at(end - i * usage_hour + usage_hour / 2);
            record.cost = dollar + (i % 5) * dollar / 10;
            records.push_back(std::move(record));
        }
        return records;
    }
    std::vector<Alert> found(std::int64_t now) {
        return made(in([&](store::Session& s) { return anomalies(s, now); }));
    }
};

INSTANTIATE_TEST_SUITE_P(Stores, Anomalies, store::both_stores(), store::store_name);

TEST_P(Anomalies, AnHourFarAboveTheWeek_IsToldForTenantAndKey) {
    const std::int64_t end = store::usage_start + 6 * 24 * usage_hour;
    auto records = ordinary(end, 3);
    auto burst = request_at(end - usage_hour / 2);
    burst.cost = 9 * dollar;
    records.push_back(burst);
    insert(records);
    const auto alerts = found(end + usage_hour / 10);
    ASSERT_EQ(alerts.size(), 2u);
    EXPECT_EQ(alerts[0].subject, "tenant/acme");
    EXPECT_EQ(alerts[1].subject, "key/key-1");
    EXPECT_EQ(alerts[0].unique, found(end + usage_hour / 2).at(0).unique);
    EXPECT_TRUE(found(end + usage_hour + usage_hour / 10).empty()) << "the next hour is quiet";
}

TEST_P(Anomalies, OrdinaryHours_AndTooShortAHistory_AreNot) {
    const std::int64_t end = store::usage_start + 6 * 24 * usage_hour;
    auto records = ordinary(end, 3);
    auto usual = request_at(end - usage_hour / 2);
    usual.cost = dollar + dollar / 2;
    records.push_back(usual);
    insert(records);
    EXPECT_TRUE(found(end + 1).empty());
    auto young = request_at(end - usage_hour / 2, "globex");
    young.key_id = "key-2";
    young.cost = 50 * dollar;
    auto before = request_at(end - 3 * usage_hour, "globex");
    before.key_id = "key-2";
    insert({young, before});
    EXPECT_TRUE(found(end + 1).empty()) << "three hours say nothing of what is ordinary";
}

class Rotations : public store::UsageFixture {
protected:
    static constexpr domain::UnixMicros day = 24 * usage_hour, now = store::usage_start;
    std::string key_of(const std::string& name, std::int64_t rotation_days, std::int64_t age_days) {
        domain::Key key;
        key.tenant = "acme";
        key.name = name;
        key.secret_hash = std::string(64 - name.size(), 'a') + name;
        key.rotation_days = rotation_days;
        key.created = key.rotated = now - age_days * day;
        return made(in([&](store::Session& s) { return insert_key(s, platform, key); })).id;
    }
    std::vector<Alert> found(domain::UnixMicros at = now) {
        return made(in([&](store::Session& s) { return rotations_due(s, at); }));
    }
};
INSTANTIATE_TEST_SUITE_P(Stores, Rotations, store::both_stores(), store::store_name);

TEST_P(Rotations, KeysAreTold_AWeekAhead_OncePerSecret) {
    make_tenant("acme");
    key_of("none", 0, 900);
    key_of("young", 90, 80);
    key_of("short", 8, 5);  // within a week, but not within a quarter of its period
    const std::string due = key_of("due", 90, 84);
    const std::string late = key_of("late", 8, 30);
    const auto alerts = found();
    ASSERT_EQ(alerts.size(), 2u);
    EXPECT_EQ(alerts[0].subject, "key/" + late);
    EXPECT_EQ(alerts[1].subject, "key/" + due);
    EXPECT_EQ(alerts[1].event, "key.rotation_due");
    EXPECT_EQ(alerts[1].tenant, "acme");
    EXPECT_NE(alerts[1].message.find("the key due is to be rotated by 2026-11-07"),
              std::string::npos)
        << alerts[1].message;
    // The same key in the next hour is the same alert; a new secret begins anew.
    EXPECT_EQ(found(now + usage_hour).at(1).unique, alerts[1].unique);
    for (int again = 0; again < 2; ++again) {
        EXPECT_EQ(made(in([&](store::Session& s) { return raise_alert(s, alerts[1]); })),
                  again == 0);
    }
    made(in([&](store::Session& s) {
        return rotate_key(s, platform, due, {std::string(64, 'b'), "hmac", "sk", "1234"}, now, now);
    }));
    EXPECT_EQ(found().size(), 1u);
    EXPECT_EQ(found(now + 85 * day).back().subject, alerts[1].subject);
    EXPECT_NE(found(now + 85 * day).back().unique, alerts[1].unique);
}

TEST(Projections, BudgetsThatWillNotLast_AreTold) {
    shared_state::InProcess state;
    const auto budget_of = [&](domain::NanoUsd limit) {
        policy::LiveBudgetSpec spec;
        spec.budget.id = "b-" + std::to_string(limit);
        spec.budget.tenant = "acme";
        spec.budget.period = domain::BudgetPeriod::monthly;
        spec.budget.limit = limit;
        spec.subject = "tenant acme";
        return std::make_shared<policy::LiveBudget>(std::move(spec), state);
    };
    const std::int64_t now = store::usage_start + 10 * 24 * usage_hour;  // a third of November
    const std::vector<policy::LiveBudgetPointer> budgets{budget_of(100 * dollar),
                                                         budget_of(200 * dollar)};
    for (const auto& budget : budgets) {
        budget->spent_so_far(budget->period(now).bounds, 50 * dollar, 0);
    }
    const auto alerts = projections(budgets, now);
    ASSERT_EQ(alerts.size(), 1u) << "150 dollars by the end of the month";
    EXPECT_NE(alerts[0].message.find("100"), std::string::npos) << alerts[0].message;
    EXPECT_TRUE(projections(budgets, store::usage_start + usage_hour / 2).empty());
}

}  // namespace
}  // namespace tollgate::app
