#include "store/users.hpp"

#include "store/keys.hpp"
#include "store/limits.hpp"
#include "store/repositories_test.hpp"
#include "store/settings.hpp"

namespace tollgate::store {
namespace {

class Users : public Repositories {
protected:
    domain::User add(const std::string& tenant, const std::string& subject) {
        domain::User user;
        user.tenant = tenant;
        user.external_id = subject;
        user.email = subject + "@example.com";
        return made(in([&](Session& s) { return insert_user(s, platform, user); }));
    }
    base::Result<domain::User> find(const Access& access, const std::string& word) {
        return in(access, [&](Session& s) { return find_user(s, access, word); });
    }
};

TEST_P(Users, Inserted_ComesBackWithEveryField) {
    make_tenant("acme");
    const auto team = make_team("acme", "dev");
    domain::User user;
    user.tenant = "acme";
    user.team = team.id;
    user.name = "build robot";
    user.email = "robot@example.com";
    user.external_id = "sub-1";
    user.role = domain::AccessRole::tenant_auditor;
    user.service = true;
    user.enabled = false;
    user.tier = "trial";
    user.allowed_models = {"gpt-*"};
    user.limits.concurrent_requests = 3;
    user.metadata = R"({"a":[]})";
    const auto id = made(in([&](Session& s) { return insert_user(s, platform, user); })).id;
    const auto row = made(in([&](Session& s) { return user_by_id(s, platform, id); }));
    EXPECT_EQ(row.team, team.id);
    EXPECT_EQ(row.name, user.name);
    EXPECT_EQ(row.email, user.email);
    EXPECT_EQ(row.external_id, "sub-1");
    EXPECT_EQ(row.role, user.role);
    EXPECT_TRUE(row.service);
    EXPECT_FALSE(row.enabled);
    EXPECT_EQ(row.tier, "trial");
    EXPECT_EQ(row.allowed_models, user.allowed_models);
    EXPECT_EQ(row.limits, user.limits);
    EXPECT_EQ(row.metadata, user.metadata);
}

TEST_P(Users, FoundByIdOrSubject_WithinTheAccess) {
    make_tenant("acme");
    make_tenant("other");
    const auto ada = add("acme", "ada");
    const auto twin = add("other", "ada");
    const auto bob = add("other", "bob");
    EXPECT_EQ(made(find(platform, ada.id)).id, ada.id);
    EXPECT_EQ(made(find(platform, "bob")).id, bob.id);
    EXPECT_EQ(made(find(Access::of_tenant("acme"), "ada")).id, ada.id);
    EXPECT_EQ(made(find(Access::of_tenant("other"), "ada")).id, twin.id);
    const auto both = find(platform, "ada");
    ASSERT_FALSE(both.ok());
    expect_conflict(both.error(), "id");
    for (const char* word : {"bob", ""}) {
        const auto none = find(Access::of_tenant("acme"), word);
        ASSERT_FALSE(none.ok());
        expect_not_found(none.error());
    }
    EXPECT_EQ(made(in([&](Session& s) {
                  return user_by_external_id(s, platform, "other", "ada");
              })).id,
              twin.id);
    const Access acme = Access::of_tenant("acme");
    EXPECT_FALSE(in(acme, [&](Session& s) {
                     return user_by_external_id(s, acme, "other", "ada");
                 }).ok());
}

TEST_P(Users, SubjectIsUniqueInItsTenant_ButManyHaveNone) {
    make_tenant("acme");
    make_tenant("other");
    const auto team = make_team("other", "dev");
    add("acme", "ada");
    add("acme", "");
    add("acme", "");
    domain::User user;
    user.tenant = "acme";
    user.external_id = "ada";
    auto second = in([&](Session& s) { return insert_user(s, platform, user); });
    ASSERT_FALSE(second.ok());
    expect_conflict(second.error(), "external_id");
    user.external_id = "eve";
    user.team = team.id;
    second = in([&](Session& s) { return insert_user(s, platform, user); });
    ASSERT_FALSE(second.ok());
    expect_conflict(second.error(), "team");
}

TEST_P(Users, OfAnotherTenant_AreNotSeenNorTouched) {
    make_tenant("acme");
    make_tenant("other");
    const auto ada = add("acme", "ada");
    const Access other = Access::of_tenant("other");
    const auto refused = [&](const auto& call) {
        const auto result = in(other, call);
        ASSERT_FALSE(result.ok());
        expect_not_found(result.error());
    };
    refused([&](Session& s) { return user_by_id(s, other, ada.id); });
    refused([&](Session& s) { return update_user(s, other, ada); });
    refused([&](Session& s) { return remove_user(s, other, ada.id); });
    EXPECT_TRUE(made(in(other, [&](Session& s) { return list_users(s, other, {}, {}); }))
                    .items.empty());
    EXPECT_EQ(made(in([](Session& s) { return load_users(s); })).size(), 1u);
}

TEST_P(Users, UpdatedWithItsEtag_AndATeamOfItsTenant) {
    make_tenant("acme");
    make_tenant("other");
    const auto foreign = make_team("other", "dev");
    const auto own = make_team("acme", "dev");
    auto ada = add("acme", "ada");
    ada.team = foreign.id;
    const auto refused = in([&](Session& s) { return update_user(s, platform, ada); });
    ASSERT_FALSE(refused.ok());
    expect_conflict(refused.error(), "team");
    ada.team = own.id;
    ada.role = domain::AccessRole::tenant_admin;
    const auto updated = made(in([&](Session& s) { return update_user(s, platform, ada); }));
    EXPECT_EQ(updated.team, own.id);
    EXPECT_EQ(updated.role, domain::AccessRole::tenant_admin);
    const auto lost = in([&](Session& s) { return update_user(s, platform, ada); });
    ASSERT_FALSE(lost.ok());
    EXPECT_TRUE(is_lost_update(lost.error()));
}

TEST_P(Users, ListedWithFilters) {
    make_tenant("acme");
    auto ada = add("acme", "ada");
    add("acme", "bob");
    ada.role = domain::AccessRole::tenant_admin;
    ada.enabled = false;
    made(in([&](Session& s) { return update_user(s, platform, ada); }));
    const auto count = [&](const UserFilter& filter) {
        return made(in([&](Session& s) { return list_users(s, platform, filter, {}); }))
            .items.size();
    };
    UserFilter filter;
    EXPECT_EQ(count(filter), 2u);
    filter.text = "BOB@";
    EXPECT_EQ(count(filter), 1u);
    filter.text = "";
    filter.role = domain::AccessRole::tenant_admin;
    EXPECT_EQ(count(filter), 1u);
    filter.enabled = true;
    EXPECT_EQ(count(filter), 0u);
    filter = {};
    filter.service = true;
    EXPECT_EQ(count(filter), 0u);
}

TEST_P(Users, Removed_RevokesTheKeys_AndTakesSettingsAndLimits) {
    make_tenant("acme");
    const auto ada = add("acme", "ada");
    domain::Key key;
    key.tenant = "acme";
    key.user = ada.id;
    key.secret_hash = "h1";
    const auto live = made(in([&](Session& s) { return insert_key(s, platform, key); }));
    domain::LimitRow limit;
    limit.tenant = "acme";
    limit.kind = domain::SubjectKind::user;
    limit.subject = ada.id;
    made(in([&](Session& s) { return insert_limit(s, platform, limit); }));
    domain::UserSettings settings;
    settings.tenant = "acme";
    settings.user = ada.id;
    settings.etag = 0;
    made(in([&](Session& s) { return put_settings(s, platform, settings); }));
    EXPECT_TRUE(in([&](Session& s) { return remove_user(s, platform, ada.id); }).ok());
    EXPECT_GT(made(in([&](Session& s) { return key_by_id(s, platform, live.id); })).revoked, 0);
    for (const char* table : {"users", "limits", "user_llm_settings"}) {
        EXPECT_EQ(number(std::string("SELECT COUNT(*) FROM ") + table), 0) << table;
    }
}

INSTANTIATE_TEST_SUITE_P(Stores, Users, both_stores(), store_name);

}  // namespace
}  // namespace tollgate::store
