#include "store/budgets.hpp"

#include <future>

#include "store/repositories_test.hpp"

namespace tollgate::store {
namespace {

class Budgets : public Repositories {
protected:
    static domain::Budget of(const std::string& tenant, const std::string& subject) {
        domain::Budget budget;
        budget.tenant = tenant;
        budget.subject = subject;
        budget.limit = 10 * domain::nano_per_usd;
        return budget;
    }
    base::Result<domain::Budget> insert(const Access& access, const domain::Budget& budget) {
        return in(access, [&](Session& s) { return insert_budget(s, access, budget); });
    }
    static BudgetEvent event(const std::string& budget, std::int64_t percent) {
        BudgetEvent made_event;
        made_event.budget = budget;
        made_event.tenant = "acme";
        made_event.period_start = 1000;
        made_event.percent = percent;
        made_event.action = domain::BudgetAction::throttle;
        made_event.spent = 8;
        made_event.limit = 10;
        made_event.at = 2000 + percent;
        return made_event;
    }
};

TEST_P(Budgets, Inserted_ComesBackWithEveryField) {
    make_tenant("acme");
    domain::Budget budget = of("acme", "key-1");
    budget.name = "night runs";
    budget.kind = domain::SubjectKind::key;
    budget.period = domain::BudgetPeriod::rolling;
    budget.rolling_days = 7;
    budget.time_zone = "Europe/Berlin";
    budget.hard = false;
    budget.by_admin = false;
    budget.thresholds = {{80, domain::BudgetAction::throttle}, {100, domain::BudgetAction::block}};
    const auto id = made(insert(platform, budget)).id;
    const auto row = made(in([&](Session& s) { return budget_by_id(s, platform, id); }));
    EXPECT_EQ(row.tenant, "acme");
    EXPECT_EQ(row.name, budget.name);
    EXPECT_EQ(row.kind, budget.kind);
    EXPECT_EQ(row.subject, "key-1");
    EXPECT_EQ(row.limit, budget.limit);
    EXPECT_EQ(row.period, budget.period);
    EXPECT_EQ(row.rolling_days, 7);
    EXPECT_EQ(row.time_zone, budget.time_zone);
    EXPECT_FALSE(row.hard);
    EXPECT_FALSE(row.by_admin);
    EXPECT_EQ(row.thresholds, budget.thresholds);
    EXPECT_EQ(row.origin, "api");
}

TEST_P(Budgets, UpdatedWithItsEtag_OfTheSameSubject) {
    make_tenant("acme");
    auto budget = made(insert(platform, of("acme", "acme")));
    budget.limit = 7;
    budget.subject = "other";
    const auto updated = made(in([&](Session& s) { return update_budget(s, platform, budget); }));
    EXPECT_EQ(updated.limit, 7);
    EXPECT_EQ(updated.subject, "acme");
    const auto lost = in([&](Session& s) { return update_budget(s, platform, budget); });
    ASSERT_FALSE(lost.ok());
    EXPECT_TRUE(is_lost_update(lost.error()));
}

TEST_P(Budgets, OfAnotherTenantOrThePlatform_AreNotSeenNorTouched) {
    make_tenant("acme");
    make_tenant("other");
    const Access acme = Access::of_tenant("acme");
    made(insert(acme, of("acme", "acme")));
    for (const char* tenant : {"other", ""}) {
        const auto refused = insert(acme, of(tenant, "x"));
        ASSERT_FALSE(refused.ok());
        EXPECT_EQ(refused.error().code, base::ErrorCode::permission);
        const auto foreign = made(insert(platform, of(tenant, "x")));
        for (const auto& error :
             {in(acme, [&](Session& s) { return budget_by_id(s, acme, foreign.id); }).error(),
              in(acme, [&](Session& s) { return update_budget(s, acme, foreign); }).error(),
              in(acme, [&](Session& s) { return remove_budget(s, acme, foreign.id); }).error()}) {
            expect_not_found(error);
        }
    }
    EXPECT_EQ(made(in(acme, [&](Session& s) { return list_budgets(s, acme, {}, {}); }))
                  .items.size(),
              1u);
    BudgetFilter filter;
    filter.tenant = "other";
    EXPECT_TRUE(made(in(acme, [&](Session& s) { return list_budgets(s, acme, filter, {}); }))
                    .items.empty());
    filter.tenant = "";
    filter.kind = domain::SubjectKind::tenant;
    EXPECT_EQ(made(in([&](Session& s) { return list_budgets(s, platform, filter, {}); }))
                  .items.size(),
              1u);
    EXPECT_EQ(made(in([](Session& s) { return load_budgets(s); })).size(), 3u);
}

TEST_P(Budgets, AThresholdIsAnnouncedOnceForEachPeriod) {
    make_tenant("acme");
    const auto budget = made(insert(platform, of("acme", "acme")));
    const auto announce = [&](const BudgetEvent& made_event) {
        return made(in([&](Session& s) { return announce_budget(s, made_event); }));
    };
    EXPECT_TRUE(announce(event(budget.id, 80)));
    EXPECT_FALSE(announce(event(budget.id, 80)));
    EXPECT_TRUE(announce(event(budget.id, 50)));
    auto next = event(budget.id, 80);
    next.period_start = 5000;
    EXPECT_TRUE(announce(next));
    const auto events = made(in([&](Session& s) {
        return budget_events(s, platform, budget.id, 1000);
    }));
    ASSERT_EQ(events.size(), 3u);
    EXPECT_EQ(events[0].percent, 50);
    EXPECT_EQ(events[0].action, domain::BudgetAction::throttle);
    EXPECT_EQ(events[0].spent, 8);
    EXPECT_EQ(events[0].limit, 10);
    EXPECT_EQ(events[0].at, 2050);
    EXPECT_EQ(made(in([&](Session& s) { return budget_events(s, platform, "", 1001); })).size(),
              1u);
    const Access other = Access::of_tenant("other");
    EXPECT_TRUE(
        made(in(other, [&](Session& s) { return budget_events(s, other, "", 0); })).empty());
    EXPECT_TRUE(in([&](Session& s) { return remove_budget(s, platform, budget.id); }).ok());
    EXPECT_EQ(number("SELECT COUNT(*) FROM budget_events"), 0);
}

TEST_P(Budgets, OfManyAtOnce_OneAnnounces) {
    make_tenant("acme");
    std::vector<std::future<bool>> callers;
    for (int caller = 0; caller < 8; ++caller) {
        callers.push_back(std::async(std::launch::async, [&] {
            return made(in([&](Session& s) { return announce_budget(s, event("b", 80)); }));
        }));
    }
    int first = 0;
    for (auto& caller : callers) first += caller.get() ? 1 : 0;
    EXPECT_EQ(first, 1);
}

TEST_P(Budgets, OfAFile_AreKeptInStep) {
    make_tenant("acme");
    auto file = of("acme", "acme");
    file.id = "file/acme/monthly";
    file.origin = "file:acme.yaml";
    const auto upsert = [&](const domain::Budget& budget) {
        return made(in([&](Session& s) { return upsert_budget_from_file(s, budget); })).outcome;
    };
    EXPECT_EQ(upsert(file), FileOutcome::created);
    EXPECT_EQ(upsert(file), FileOutcome::unchanged);
    file.thresholds = {{90, domain::BudgetAction::notify}};
    EXPECT_EQ(upsert(file), FileOutcome::updated);
    const auto api = made(insert(platform, of("acme", "acme")));
    auto same = file;
    same.id = api.id;
    EXPECT_EQ(upsert(same), FileOutcome::conflict);
    const auto remove = [&](const std::vector<std::string>& present) {
        return made(in([&](Session& s) { return remove_vanished_budgets(s, present); }));
    };
    EXPECT_TRUE(remove({file.id}).empty());
    EXPECT_EQ(remove({}), std::vector<std::string>{file.id});
    EXPECT_EQ(number("SELECT COUNT(*) FROM budgets"), 1);
}

INSTANTIATE_TEST_SUITE_P(Stores, Budgets, both_stores(), store_name);

}  // namespace
}  // namespace tollgate::store
