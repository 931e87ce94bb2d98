#include "store/user_keys.hpp"

#include "store/repositories_test.hpp"
#include "store/routing_rules.hpp"

namespace tollgate::store {
namespace {

class UserKeys : public Repositories {
protected:
    void SetUp() override {
        Repositories::SetUp();
        if (HasFatalFailure() || IsSkipped()) return;
        make_tenant("acme");
        make_tenant("globex");
    }
    domain::UserProviderKey make(const std::string& tenant, const std::string& user,
                                 const std::string& provider = "openai") {
        domain::UserProviderKey key;
        key.tenant = tenant;
        key.user = user;
        key.provider = provider;
        key.api_key_token = "token of " + user;
        key.masked = "sk-...****";
        key.key_id = "k1";
        key.metadata = R"({"preferred_models":["gpt-*"]})";
        return made(in([&](Session& s) { return insert_user_key(s, platform, key); }));
    }
    std::size_t seen(const Access& access, const std::string& tenant, const std::string& user) {
        return made(in(access, [&](Session& s) { return user_keys_of(s, access, tenant, user); }))
            .size();
    }
    static Access admin() {
        Access access = Access::of_user("acme", "boss");
        access.users_keys = true;
        return access;
    }
};
INSTANTIATE_TEST_SUITE_P(Stores, UserKeys, both_stores(), store_name);

TEST_P(UserKeys, AreSeenByTheirOwner_TheTenantsAdminsAndThePlatform) {
    make("acme", "ann");
    EXPECT_EQ(seen(Access::of_user("acme", "ann"), "acme", "ann"), 1U);
    EXPECT_EQ(seen(Access::of_user("acme", "bob"), "acme", "ann"), 0U);
    EXPECT_EQ(seen(Access::of_tenant("acme"), "acme", "ann"), 0U);
    EXPECT_EQ(seen(Access::of_user("globex", "ann"), "acme", "ann"), 0U);
    EXPECT_EQ(seen(admin(), "acme", "ann"), 1U);
    Access other = admin();
    other.tenant = "globex";
    EXPECT_EQ(seen(other, "acme", "ann"), 0U);
    EXPECT_EQ(seen(platform, "acme", "ann"), 1U);
}

TEST_P(UserKeys, OneForEachProvider) {
    const auto key = make("acme", "ann");
    EXPECT_EQ(key.metadata, R"({"preferred_models":["gpt-*"]})");
    make("acme", "ann", "anthropic");
    const auto twice = in([&](Session& s) {
        domain::UserProviderKey again = key;
        again.id.clear();
        return insert_user_key(s, platform, again);
    });
    ASSERT_FALSE(twice.ok());
    expect_conflict(twice.error(), "provider_type");
    const auto all = made(in([](Session& s) { return user_keys_of(s, platform, "acme", "ann"); }));
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].provider, "anthropic");
}

TEST_P(UserKeys, AreWrittenByTheirOwnerAlone_OrAnAdmin) {
    auto key = make("acme", "ann");
    const Access bob = Access::of_user("acme", "bob");
    key.enabled = false;
    const auto refused = in(bob, [&](Session& s) { return update_user_key(s, bob, key); });
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, base::ErrorCode::permission);
    const auto removed = in(bob, [&](Session& s) { return remove_user_key(s, bob, key); });
    ASSERT_FALSE(removed.ok());
    domain::UserProviderKey planted = key;
    planted.id.clear();
    planted.provider = "groq";
    EXPECT_FALSE(in(bob, [&](Session& s) { return insert_user_key(s, bob, planted); }).ok());
    const auto off =
        made(in(admin(), [&](Session& s) { return update_user_key(s, admin(), key); }));
    EXPECT_FALSE(off.enabled);
    EXPECT_EQ(off.etag, 2U);
    const auto lost = in([&](Session& s) { return update_user_key(s, platform, key); });
    ASSERT_FALSE(lost.ok());
    EXPECT_TRUE(is_lost_update(lost.error()));
    EXPECT_TRUE(made(in([](Session& s) { return load_user_keys(s); })).empty()) << "switched off";
    EXPECT_TRUE(in(admin(), [&](Session& s) { return remove_user_key(s, admin(), key); }).ok());
    EXPECT_EQ(seen(platform, "acme", "ann"), 0U);
}

TEST_P(UserKeys, UseAndRotation_LeaveTheEtag) {
    const auto key = make("acme", "ann");
    ASSERT_TRUE(in([&](Session& s) { return touch_user_key(s, key.id, 50); }).ok());
    ASSERT_TRUE(in([&](Session& s) { return touch_user_key(s, key.id, 20); }).ok());
    EXPECT_FALSE(made(in([&](Session& s) {
        return rewrap_user_key(s, key.id, "another", "new", "k2");
    })));
    EXPECT_TRUE(made(in([&](Session& s) {
        return rewrap_user_key(s, key.id, key.api_key_token, "new", "k2");
    })));
    const auto after =
        made(in([](Session& s) { return user_key(s, platform, "acme", "ann", "openai"); }));
    EXPECT_EQ(after.last_used, 50);
    EXPECT_EQ(after.api_key_token, "new");
    EXPECT_EQ(after.key_id, "k2");
    EXPECT_EQ(after.etag, 1U);
    const auto page = made(in([](Session& s) { return list_user_keys(s, platform, {}); }));
    EXPECT_EQ(page.items.size(), 1U);
}

TEST_P(UserKeys, GoWithTheirUser) {
    const auto user = make_user("acme", "ann");
    make("acme", user.id);
    make("acme", "bob");
    ASSERT_TRUE(in([&](Session& s) { return remove_user(s, admin(), user.id); }).ok());
    EXPECT_EQ(seen(platform, "acme", user.id), 0U);
    EXPECT_EQ(seen(platform, "acme", "bob"), 1U);
}

class RoutingRows : public Repositories {};
INSTANTIATE_TEST_SUITE_P(Stores, RoutingRows, both_stores(), store_name);

TEST_P(RoutingRows, DefaultsUntilSomethingIsStored) {
    make_tenant("acme");
    auto settings =
        made(in([](Session& s) { return routing_settings_of(s, platform, ""); }));
    EXPECT_EQ(settings.etag, 0U);
    EXPECT_EQ(settings.strategy, "balanced");
    settings.strategy = "cost";
    settings.fallback_providers = {"groq", "openai"};
    settings.aliases = {{"fast", "groq/llama"}};
    settings.config = R"({"max_retries":2})";
    const auto stored =
        made(in([&](Session& s) { return put_routing_settings(s, platform, settings); }));
    EXPECT_EQ(stored.etag, 1U);
    EXPECT_NE(stored.id, "");
    EXPECT_EQ(stored.fallback_providers, settings.fallback_providers);
    EXPECT_EQ(stored.aliases, settings.aliases);
    const auto lost =
        in([&](Session& s) { return put_routing_settings(s, platform, settings); });
    ASSERT_FALSE(lost.ok());
    EXPECT_TRUE(is_lost_update(lost.error()));
    auto again = stored;
    again.strategy = "latency";
    EXPECT_EQ(made(in([&](Session& s) { return put_routing_settings(s, platform, again); })).etag,
              2U);
}

TEST_P(RoutingRows, TenantsReadThePlatformsAndWriteTheirOwn) {
    make_tenant("acme");
    const Access acme = Access::of_tenant("acme");
    domain::RoutingSettings settings;
    made(in([&](Session& s) { return put_routing_settings(s, platform, settings); }));
    EXPECT_EQ(made(in(acme, [&](Session& s) { return routing_settings_of(s, acme, ""); })).etag,
              1U);
    EXPECT_EQ(made(in(acme, [&](Session& s) { return routing_settings_of(s, acme, "acme"); })).etag,
              0U);
    const auto refused =
        in(acme, [&](Session& s) { return put_routing_settings(s, acme, settings); });
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, base::ErrorCode::permission);
    settings.tenant = "acme";
    EXPECT_TRUE(in(acme, [&](Session& s) { return put_routing_settings(s, acme, settings); }).ok());
    EXPECT_EQ(made(in([](Session& s) { return load_routing_settings(s); })).size(), 2U);
}

}  // namespace
}  // namespace tollgate::store
