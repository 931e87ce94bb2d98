#include "store/tiers.hpp"

#include "store/limits.hpp"
#include "store/repositories_test.hpp"

namespace tollgate::store {
namespace {

class Tiers : public Repositories {};

TEST_P(Tiers, BuiltInOnesAreThere) {
    const auto tiers = made(in([](Session& s) { return load_tiers(s); }));
    ASSERT_EQ(tiers.size(), 4u);
    const auto trial = made(in([](Session& s) { return tier_by_name(s, "trial"); }));
    EXPECT_TRUE(trial.built_in);
    EXPECT_EQ(trial.limits.requests_per_minute, 10);
    EXPECT_EQ(trial.limits.requests_per_hour, 100);
    EXPECT_EQ(trial.limits.requests_per_day, 500);
    EXPECT_FALSE(trial.monthly_cap.has_value());
    const auto enterprise = made(in([](Session& s) { return tier_by_name(s, "enterprise"); }));
    EXPECT_EQ(enterprise.limits.requests_per_hour, 20'000);
    EXPECT_FALSE(enterprise.limits.requests_per_day.has_value());
}

TEST_P(Tiers, MadeChangedAndRemoved_ByThePlatformAlone) {
    domain::Tier tier;
    tier.name = "gold";
    tier.limits.tokens_per_minute = 5;
    tier.monthly_cap = 50 * domain::nano_per_usd;
    tier.allowed_models = {"gpt-*"};
    const Access tenant = Access::of_tenant("acme");
    const auto refused = in([&](Session& s) { return insert_tier(s, tenant, tier); });
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, base::ErrorCode::permission);
    auto gold = made(in([&](Session& s) { return insert_tier(s, platform, tier); }));
    EXPECT_EQ(gold.monthly_cap, tier.monthly_cap);
    EXPECT_EQ(gold.allowed_models, tier.allowed_models);
    EXPECT_FALSE(gold.built_in);
    const auto twice = in([&](Session& s) { return insert_tier(s, platform, tier); });
    ASSERT_FALSE(twice.ok());
    expect_conflict(twice.error(), "name");
    gold.monthly_cap.reset();
    const auto updated = made(in([&](Session& s) { return update_tier(s, platform, gold); }));
    EXPECT_FALSE(updated.monthly_cap.has_value());
    EXPECT_EQ(updated.etag, 2u);
    const auto lost = in([&](Session& s) { return update_tier(s, platform, gold); });
    ASSERT_FALSE(lost.ok());
    EXPECT_TRUE(is_lost_update(lost.error()));
    EXPECT_FALSE(in([&](Session& s) { return remove_tier(s, tenant, "gold"); }).ok());
    EXPECT_TRUE(in([&](Session& s) { return remove_tier(s, platform, "gold"); }).ok());
    const auto gone = in([&](Session& s) { return tier_by_name(s, "gold"); });
    ASSERT_FALSE(gone.ok());
    expect_not_found(gone.error());
}

TEST_P(Tiers, BuiltInOrInUse_AreNotRemoved) {
    const auto built_in = in([&](Session& s) { return remove_tier(s, platform, "trial"); });
    ASSERT_FALSE(built_in.ok());
    expect_conflict(built_in.error(), "name");
    domain::Tier tier;
    tier.name = "gold";
    made(in([&](Session& s) { return insert_tier(s, platform, tier); }));
    auto tenant = make_tenant("acme");
    tenant.tier = "gold";
    made(in([&](Session& s) { return update_tenant(s, platform, tenant); }));
    const auto used = in([&](Session& s) { return remove_tier(s, platform, "gold"); });
    ASSERT_FALSE(used.ok());
    expect_conflict(used.error(), "name");
    EXPECT_NE(used.error().message.find("acme of tenants"), std::string::npos);
}

TEST_P(Tiers, ListedInPages) {
    const auto first = made(in([](Session& s) { return list_tiers(s, {3, ""}); }));
    ASSERT_EQ(first.items.size(), 3u);
    const auto last = made(in([&](Session& s) { return list_tiers(s, {3, first.next}); }));
    ASSERT_EQ(last.items.size(), 1u);
    EXPECT_EQ(last.items[0].name, "trial");
    EXPECT_EQ(last.next, "");
}

INSTANTIATE_TEST_SUITE_P(Stores, Tiers, both_stores(), store_name);

class LimitRows : public Repositories {
protected:
    static domain::LimitRow of(const std::string& tenant, const std::string& model) {
        domain::LimitRow limit;
        limit.tenant = tenant;
        limit.kind = domain::SubjectKind::model;
        limit.subject = model;
        limit.limits.requests_per_minute = 3;
        return limit;
    }
    base::Result<domain::LimitRow> insert(const Access& access, const domain::LimitRow& limit) {
        return in(access, [&](Session& s) { return insert_limit(s, access, limit); });
    }
};

TEST_P(LimitRows, OneForEachSubjectOfATenant) {
    make_tenant("acme");
    make_tenant("other");
    auto row = made(insert(platform, of("acme", "gpt-4o")));
    made(insert(platform, of("other", "gpt-4o")));
    made(insert(platform, of("", "gpt-4o")));
    EXPECT_EQ(row.kind, domain::SubjectKind::model);
    EXPECT_EQ(row.subject, "gpt-4o");
    EXPECT_EQ(row.limits.requests_per_minute, 3);
    const auto twice = insert(platform, of("acme", "gpt-4o"));
    ASSERT_FALSE(twice.ok());
    expect_conflict(twice.error(), "subject");
    const auto nobody = insert(platform, of("nobody", "gpt-4o"));
    ASSERT_FALSE(nobody.ok());
    expect_conflict(nobody.error(), "tenant");
    EXPECT_TRUE(row.by_admin);
    row.limits = {};
    row.limits.concurrent_requests = 1;
    row.by_admin = false;
    row.subject = "another";
    const auto updated = made(in([&](Session& s) { return update_limit(s, platform, row); }));
    EXPECT_EQ(updated.limits, row.limits);
    EXPECT_FALSE(updated.by_admin);
    EXPECT_EQ(updated.subject, "gpt-4o");
    const auto lost = in([&](Session& s) { return update_limit(s, platform, row); });
    ASSERT_FALSE(lost.ok());
    EXPECT_TRUE(is_lost_update(lost.error()));
}

TEST_P(LimitRows, OfAnotherTenantOrThePlatform_AreNotSeenNorTouched) {
    make_tenant("acme");
    make_tenant("other");
    const Access acme = Access::of_tenant("acme");
    const auto own = made(insert(acme, of("acme", "gpt-4o")));
    for (const char* tenant : {"other", ""}) {
        const auto refused = insert(acme, of(tenant, "o3"));
        ASSERT_FALSE(refused.ok());
        EXPECT_EQ(refused.error().code, base::ErrorCode::permission);
        const auto foreign = made(insert(platform, of(tenant, "o3")));
        for (const auto& error :
             {in(acme, [&](Session& s) { return limit_by_id(s, acme, foreign.id); }).error(),
              in(acme, [&](Session& s) { return update_limit(s, acme, foreign); }).error(),
              in(acme, [&](Session& s) { return remove_limit(s, acme, foreign.id); }).error()}) {
            expect_not_found(error);
        }
    }
    const auto listed = made(in(acme, [&](Session& s) { return list_limits(s, acme, {}, {}); }));
    ASSERT_EQ(listed.items.size(), 1u);
    EXPECT_EQ(listed.items[0].id, own.id);
    LimitFilter filter;
    filter.tenant = "";
    EXPECT_EQ(made(in([&](Session& s) { return list_limits(s, platform, filter, {}); }))
                  .items.size(),
              1u);
    filter = {};
    filter.kind = domain::SubjectKind::model;
    filter.subject = "o3";
    EXPECT_EQ(made(in([&](Session& s) { return list_limits(s, platform, filter, {}); }))
                  .items.size(),
              2u);
    EXPECT_EQ(made(in([](Session& s) { return load_limits(s); })).size(), 3u);
    EXPECT_TRUE(in(acme, [&](Session& s) { return remove_limit(s, acme, own.id); }).ok());
}

INSTANTIATE_TEST_SUITE_P(Stores, LimitRows, both_stores(), store_name);

}  // namespace
}  // namespace tollgate::store
