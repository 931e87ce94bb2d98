#include "store/settings.hpp"

#include "store/credits.hpp"
#include "store/repositories_test.hpp"

namespace tollgate::store {
namespace {

class Settings : public Repositories {
protected:
    domain::UserSettings of(const std::string& user, const Access& access = platform) {
        return made(in(access, [&](Session& s) { return settings_of(s, access, "acme", user); }));
    }
    base::Result<domain::UserSettings> put(const domain::UserSettings& settings,
                                           const Access& access = platform) {
        return in(access, [&](Session& s) { return put_settings(s, access, settings); });
    }
};

TEST_P(Settings, AreTheDefaultsUntilSomebodySetsThem) {
    make_tenant("acme");
    auto settings = of("ada");
    EXPECT_EQ(settings.etag, 0u);
    EXPECT_EQ(settings.power_level, "balanced");
    EXPECT_TRUE(settings.auto_fallback);
    settings.power_level = "eco";
    settings.preferred_providers = {"groq", "local \"x\""};
    settings.disabled_providers = {"openai"};
    settings.max_cost_per_request = 5'000'000;
    settings.monthly_cap = 0;
    settings.cap_hard = true;
    settings.auto_fallback = false;
    settings.use_byok = false;
    settings.require_local = true;
    EXPECT_EQ(made(put(settings)).etag, 1u);
    const auto row = of("ada");
    EXPECT_EQ(row.power_level, "eco");
    EXPECT_EQ(row.preferred_providers, settings.preferred_providers);
    EXPECT_EQ(row.disabled_providers, settings.disabled_providers);
    EXPECT_EQ(row.max_cost_per_request, 5'000'000);
    EXPECT_EQ(row.monthly_cap, 0);
    EXPECT_TRUE(row.cap_hard);
    EXPECT_FALSE(row.auto_fallback);
    EXPECT_FALSE(row.use_byok);
    EXPECT_TRUE(row.require_local);
    EXPECT_GT(row.updated, 0);
    EXPECT_EQ(made(in([](Session& s) { return load_settings(s); })).size(), 1u);
}

TEST_P(Settings, ChangedWithTheirEtag_ElseTheUpdateIsLost) {
    make_tenant("acme");
    auto settings = of("ada");
    made(put(settings));
    const auto second_first = put(settings);
    ASSERT_FALSE(second_first.ok());
    EXPECT_TRUE(is_lost_update(second_first.error()));
    settings.etag = 1;
    settings.power_level = "";
    const auto changed = made(put(settings));
    EXPECT_EQ(changed.etag, 2u);
    EXPECT_EQ(changed.power_level, "balanced");
    EXPECT_FALSE(changed.monthly_cap.has_value());
    EXPECT_FALSE(put(settings).ok());
    EXPECT_TRUE(in([](Session& s) { return remove_settings(s, platform, "acme", "ada"); }).ok());
    EXPECT_EQ(of("ada").etag, 0u);
    const auto gone = in([](Session& s) { return remove_settings(s, platform, "acme", "ada"); });
    ASSERT_FALSE(gone.ok());
    expect_not_found(gone.error());
}

TEST_P(Settings, OfAnotherTenant_AreNotSeenNorTouched) {
    make_tenant("acme");
    make_tenant("other");
    auto settings = of("ada");
    settings.power_level = "eco";
    made(put(settings));
    const Access other = Access::of_tenant("other");
    EXPECT_EQ(of("ada", other).power_level, "balanced");
    settings.etag = 1;
    const auto put_by_other = put(settings, other);
    ASSERT_FALSE(put_by_other.ok());
    EXPECT_EQ(put_by_other.error().code, base::ErrorCode::permission);
    EXPECT_FALSE(in(other, [&](Session& s) {
                     return remove_settings(s, other, "acme", "ada");
                 }).ok());
    EXPECT_EQ(of("ada").power_level, "eco");
}

TEST_P(Settings, ShowTheCreditsThatTheUserHas) {
    make_tenant("acme");
    domain::CreditMovement grant;
    grant.tenant = "acme";
    grant.user = "ada";
    grant.amount = 2'500'000'000;
    made(in([&](Session& s) { return append_credit(s, platform, grant); }));
    made(put(of("ada")));
    EXPECT_EQ(number("SELECT credit_balance_nano FROM user_llm_settings"), 2'500'000'000);
}

INSTANTIATE_TEST_SUITE_P(Stores, Settings, both_stores(), store_name);

}  // namespace
}  // namespace tollgate::store
