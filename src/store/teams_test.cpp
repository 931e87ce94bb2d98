#include "store/teams.hpp"

#include "store/budgets.hpp"
#include "store/keys.hpp"
#include "store/repositories_test.hpp"

namespace tollgate::store {
namespace {

class Teams : public Repositories {};

TEST_P(Teams, Inserted_ComesBackWithEveryField) {
    make_tenant("acme");
    domain::Team team;
    team.tenant = "acme";
    team.name = "dev";
    team.enabled = false;
    team.allowed_models = {"gpt-*"};
    team.aliases = {{"fast", "haiku"}};
    team.limits.requests_per_hour = 9;
    team.metadata = R"({"cost_center":"42"})";
    const auto inserted = made(in([&](Session& s) { return insert_team(s, platform, team); }));
    const auto row = made(in([&](Session& s) { return team_by_name(s, platform, "acme", "dev"); }));
    EXPECT_EQ(row.id, inserted.id);
    EXPECT_EQ(row.tenant, "acme");
    EXPECT_FALSE(row.enabled);
    EXPECT_EQ(row.allowed_models, team.allowed_models);
    EXPECT_EQ(row.aliases, team.aliases);
    EXPECT_EQ(row.limits, team.limits);
    EXPECT_EQ(row.metadata, team.metadata);
    EXPECT_EQ(row.etag, 1u);
}

TEST_P(Teams, NameIsUniqueInItsTenantAlone) {
    make_tenant("acme");
    make_tenant("other");
    make_team("acme", "dev");
    make_team("other", "dev");
    domain::Team again;
    again.tenant = "acme";
    again.name = "dev";
    auto second = in([&](Session& s) { return insert_team(s, platform, again); });
    ASSERT_FALSE(second.ok());
    expect_conflict(second.error(), "name");
    again.tenant = "nobody";
    second = in([&](Session& s) { return insert_team(s, platform, again); });
    ASSERT_FALSE(second.ok());
    expect_conflict(second.error(), "tenant");
}

TEST_P(Teams, OfAnotherTenant_AreNotSeenNorTouched) {
    make_tenant("acme");
    make_tenant("other");
    const auto team = make_team("acme", "dev");
    make_team("other", "dev");
    for (const Access& access : {Access::of_tenant("other"), Access::of_tenant("")}) {
        const auto refused = [&](const auto& call) {
            const auto result = in(access, call);
            ASSERT_FALSE(result.ok());
            expect_not_found(result.error());
        };
        refused([&](Session& s) { return team_by_id(s, access, team.id); });
        refused([&](Session& s) { return team_by_name(s, access, "acme", "dev"); });
        refused([&](Session& s) { return update_team(s, access, team); });
        refused([&](Session& s) { return remove_team(s, access, team.id); });
        EXPECT_TRUE(made(in(access, [&](Session& s) {
                        return list_teams(s, access, {"acme", {}, ""}, {});
                    })).items.empty());
    }
    const Access own = Access::of_tenant("acme");
    const auto listed = made(in(own, [&](Session& s) { return list_teams(s, own, {}, {}); }));
    ASSERT_EQ(listed.items.size(), 1u);
    EXPECT_EQ(listed.items[0].id, team.id);
    EXPECT_EQ(made(in([](Session& s) { return load_teams(s); })).size(), 2u);
}

TEST_P(Teams, UpdatedWithItsEtag_ElseTheUpdateIsLost) {
    make_tenant("acme");
    auto team = make_team("acme", "dev");
    team.name = "research";
    team.tenant = "elsewhere";
    const Access own = Access::of_tenant("acme");
    const auto updated = made(in(own, [&](Session& s) { return update_team(s, own, team); }));
    EXPECT_EQ(updated.name, "research");
    EXPECT_EQ(updated.tenant, "acme");
    EXPECT_EQ(updated.etag, 2u);
    const auto lost = in([&](Session& s) { return update_team(s, platform, team); });
    ASSERT_FALSE(lost.ok());
    EXPECT_TRUE(is_lost_update(lost.error()));
}

TEST_P(Teams, Removed_RevokesItsKeys_AndLeavesItsUsers) {
    make_tenant("acme");
    const auto team = make_team("acme", "dev");
    const auto kept = make_team("acme", "kept");
    auto user = make_user("acme", "ada");
    user.team = team.id;
    made(in([&](Session& s) { return update_user(s, platform, user); }));
    const auto add_key = [&](const std::string& owner, const std::string& hash) {
        domain::Key key;
        key.tenant = "acme";
        key.team = owner;
        key.secret_hash = hash;
        return made(in([&](Session& s) { return insert_key(s, platform, key); }));
    };
    const auto key = add_key(team.id, "h1");
    const auto other = add_key(kept.id, "h2");
    for (const auto& subject : {team.id, kept.id}) {
        domain::Budget budget;
        budget.tenant = "acme";
        budget.kind = domain::SubjectKind::team;
        budget.subject = subject;
        made(in([&](Session& s) { return insert_budget(s, platform, budget); }));
    }
    EXPECT_TRUE(in([&](Session& s) { return remove_team(s, platform, team.id); }).ok());
    EXPECT_EQ(made(in([&](Session& s) { return user_by_id(s, platform, user.id); })).team, "");
    const auto revoked = made(in([&](Session& s) { return key_by_id(s, platform, key.id); }));
    EXPECT_GT(revoked.revoked, 0);
    EXPECT_EQ(revoked.team, "");
    EXPECT_EQ(made(in([&](Session& s) { return key_by_id(s, platform, other.id); })).revoked, 0);
    EXPECT_EQ(number("SELECT COUNT(*) FROM budgets"), 1);
    const auto again = in([&](Session& s) { return remove_team(s, platform, team.id); });
    ASSERT_FALSE(again.ok());
    expect_not_found(again.error());
}

INSTANTIATE_TEST_SUITE_P(Stores, Teams, both_stores(), store_name);

}  // namespace
}  // namespace tollgate::store
