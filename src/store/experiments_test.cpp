#include "store/experiments.hpp"

#include "store/repositories_test.hpp"

namespace tollgate::store {
namespace {

class ExperimentRows : public Repositories {
protected:
    void SetUp() override {
        Repositories::SetUp();
        if (HasFatalFailure() || IsSkipped()) return;
        make_tenant("acme");
        make_tenant("globex");
    }
    static domain::ExperimentRow sample(const std::string& tenant, const std::string& name) {
        domain::ExperimentRow row;
        row.spec.tenant = tenant;
        row.spec.name = name;
        row.spec.models = {"cheap", "fast-*"};
        row.spec.arms = {{"now", "openai/gpt-4o-mini", 90}, {"new", "groq/llama", 0.5}};
        row.spec.sticky = domain::Sticky::user;
        row.spec.metric = domain::Metric::refusal_rate;
        row.spec.confidence = 0.99;
        row.spec.samples_min = 12;
        row.spec.started = 1'800'000'000;
        row.spec.ends = 1'900'000'000;
        return row;
    }
    domain::ExperimentRow make(const std::string& tenant, const std::string& name) {
        return made(in([&](Session& s) {
            return insert_experiment(s, platform, sample(tenant, name));
        }));
    }
    std::size_t seen(const Access& access) {
        return made(in(access, [&](Session& s) { return readable_experiments(s, access); })).size();
    }
};
INSTANTIATE_TEST_SUITE_P(Stores, ExperimentRows, both_stores(), store_name);

TEST_P(ExperimentRows, ComeBackAsTheyWere) {
    const auto stored = make("acme", "titles");
    auto wanted = sample("acme", "titles");
    wanted.spec.id = stored.spec.id;
    wanted.spec.origin = "database";
    EXPECT_EQ(stored.spec, wanted.spec);
    EXPECT_EQ(stored.etag, 1U);
    EXPECT_EQ(stored.promoted, "");
    EXPECT_GT(stored.created, 0);
    auto changed = stored;
    changed.spec.enabled = false;
    changed.spec.arms.push_back({"third", "c", 1});
    changed.promoted = "new";
    const auto written =
        made(in([&](Session& s) { return update_experiment(s, platform, changed); }));
    EXPECT_EQ(written.spec, changed.spec);
    EXPECT_EQ(written.promoted, "new");
    EXPECT_EQ(written.etag, 2U);
    const auto lost = in([&](Session& s) { return update_experiment(s, platform, changed); });
    ASSERT_FALSE(lost.ok());
    EXPECT_TRUE(is_lost_update(lost.error()));
    ASSERT_TRUE(
        in([&](Session& s) { return remove_experiment(s, platform, stored.spec.id); }).ok());
    const auto gone =
        in([&](Session& s) { return remove_experiment(s, platform, stored.spec.id); });
    ASSERT_FALSE(gone.ok());
    expect_not_found(gone.error());
}

TEST_P(ExperimentRows, TenantsReadThePlatformsAndTheirOwn_AndWriteTheirOwn) {
    const auto shared = make("", "titles");
    const auto theirs = make("globex", "theirs");
    make("acme", "mine");
    const Access acme = Access::of_tenant("acme");
    EXPECT_EQ(seen(acme), 2U);
    EXPECT_EQ(seen(platform), 3U);
    EXPECT_EQ(seen(Access{}), 0U);
    for (const auto& row : {shared, theirs}) {
        const auto removed =
            in(acme, [&](Session& s) { return remove_experiment(s, acme, row.spec.id); });
        EXPECT_FALSE(removed.ok()) << row.spec.name;
        const auto changed = in(acme, [&](Session& s) { return update_experiment(s, acme, row); });
        EXPECT_FALSE(changed.ok()) << row.spec.name;
    }
    const auto planted =
        in(acme, [&](Session& s) { return insert_experiment(s, acme, sample("", "x")); });
    ASSERT_FALSE(planted.ok());
    EXPECT_EQ(planted.error().code, base::ErrorCode::permission);
    EXPECT_EQ(made(in([](Session& s) { return load_experiments(s); })).size(), 3U);
}

TEST_P(ExperimentRows, ANameIsUniqueWithinItsTenant) {
    make("acme", "titles");
    make("globex", "titles");
    make("", "titles");
    const auto again =
        in([&](Session& s) { return insert_experiment(s, platform, sample("acme", "titles")); });
    ASSERT_FALSE(again.ok());
    expect_conflict(again.error(), "name");
    const auto all =
        made(in([](Session& s) { return experiments_named(s, platform, "titles"); }));
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].spec.tenant, "");
    const Access acme = Access::of_tenant("acme");
    EXPECT_EQ(
        made(in(acme, [&](Session& s) { return experiments_named(s, acme, "titles"); })).size(),
        2U);
    const auto nobody =
        in([&](Session& s) { return insert_experiment(s, platform, sample("nobody", "x")); });
    EXPECT_FALSE(nobody.ok());
}

TEST_P(ExperimentRows, AreOnlySoMany) {
    const auto fill = in([&](Session& s) -> base::Result<void> {
        for (std::int64_t i = 0; i < experiments_max; ++i) {
            TRY_VOID(insert_experiment(s, platform, sample("acme", "e" + std::to_string(i))));
        }
        return {};
    });
    ASSERT_TRUE(fill.ok()) << fill.error().message;
    const auto more =
        in([&](Session& s) { return insert_experiment(s, platform, sample("acme", "more")); });
    ASSERT_FALSE(more.ok());
    expect_conflict(more.error(), "name");
    make("globex", "more");
}

TEST_P(ExperimentRows, GoWithTheirTenant) {
    make("acme", "mine");
    make("", "shared");
    ASSERT_TRUE(in([&](Session& s) { return remove_tenant(s, platform, "acme"); }).ok());
    EXPECT_EQ(seen(platform), 1U);
}

}  // namespace
}  // namespace tollgate::store
