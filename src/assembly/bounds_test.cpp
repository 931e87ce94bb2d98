#include "assembly/bounds.hpp"

#include "assembly/build_directory.hpp"
#include "assembly/world_test.hpp"
#include "shared_state/in_process.hpp"

namespace tollgate::assembly {
namespace {

using domain::SubjectKind;
using testing::HasSubstr;

constexpr std::string_view two_models = R"(
model_list:
  - {model_name: gpt, litellm_params: {model: openai/gpt-4o, api_key: sk-a}}
  - {model_name: echo, litellm_params: {model: echo/echo}}
)";

// One tenant with a user of a team, and keys of all kinds.
class Bounds : public World {
protected:
    Bounds() {
        for (const char* id : {"acme", "globex"}) {
            domain::Tenant tenant;
            tenant.id = tenant.name = id;
            rows_.tenants.push_back(tenant);
            rows_.keys.push_back(key(id, std::string("sk-") + id));
        }
        domain::Team team;
        team.id = team.name = "red";
        team.tenant = "acme";
        rows_.teams.push_back(team);
        domain::User user;
        user.id = user.name = "ann";
        user.tenant = "acme";
        user.team = "red";
        rows_.users.push_back(user);
        domain::Key personal = key("acme", "sk-ann");
        personal.user = "ann";
        rows_.keys.push_back(personal);
    }
    static domain::Key key(const std::string& tenant, const std::string& secret) {
        domain::Key made;
        made.id = made.name = secret.substr(3);
        made.tenant = tenant;
        made.hash_kind = "sha256";
        made.secret_hash = crypto::hex(crypto::sha256(secret));
        return made;
    }
    domain::Budget& add_budget(SubjectKind kind, std::string tenant, std::string subject) {
        domain::Budget budget;
        budget.id = budget.name = subject + "-budget-" + std::to_string(rows_.budgets.size());
        budget.kind = kind;
        budget.tenant = std::move(tenant);
        budget.subject = std::move(subject);
        budget.limit = domain::nano_per_usd;
        return rows_.budgets.emplace_back(std::move(budget));
    }
    void add_limit(SubjectKind kind, std::string tenant, std::string subject) {
        domain::LimitRow limit;
        limit.tenant = std::move(tenant);
        limit.kind = kind;
        limit.subject = std::move(subject);
        limit.limits.requests_per_minute = 5;
        rows_.limits.push_back(std::move(limit));
    }
    void build_all(std::string_view yaml = two_models) {
        config_ = load(yaml);
        build(config_);
        DirectoryInput input{.rows = rows_, .config = config_, .snapshot = snapshot()};
        input.state = &state_;
        result_of_build_ = build_directory(input);
        ASSERT_NE(directory(), nullptr);
    }
    const gateway::Directory* directory() const { return result_of_build_.directory.get(); }
    const gateway::KeyPolicy& policy(std::string_view secret) const {
        return directory()->policy_of(*directory()->keys.look_up(secret)->principal);
    }
    policy::KeyState state(std::string_view secret) const {
        return directory()->keys.look_up(secret)->terms.state;
    }

    shared_state::InProcess state_;
    DirectoryRows rows_;
    config::Config config_;
    DirectoryResult result_of_build_;
};

TEST_F(Bounds, AUsersKeyWithoutATeam_IsBoundByTheUsersTeam) {
    rows_.teams.front().limits.requests_per_minute = 7;
    rows_.teams.front().allowed_models = {"echo"};
    rows_.teams.front().aliases = {{"fast", "echo"}};
    add_budget(SubjectKind::team, "acme", "red");
    build_all();
    const gateway::KeyPolicy& ann = policy("sk-ann");
    ASSERT_EQ(ann.governance.limits.size(), 1u);
    EXPECT_EQ(ann.governance.limits.front().limit, 7);
    ASSERT_EQ(ann.governance.budgets.size(), 1u);
    EXPECT_FALSE(ann.allows("gpt", "gpt"));
    EXPECT_EQ(ann.alias_target("fast"), "echo");
    EXPECT_TRUE(policy("sk-acme").governance.empty());
    rows_.teams.front().enabled = false;
    build_all();
    EXPECT_EQ(state("sk-ann"), policy::KeyState::team_disabled);
    EXPECT_EQ(state("sk-acme"), policy::KeyState::active);
}

TEST_F(Bounds, WhatATenantBoundsOfAProvider_BindsThatTenantAlone) {
    add_budget(SubjectKind::provider, "acme", "openai");
    add_limit(SubjectKind::model, "acme", "gpt");
    build_all();
    const gateway::Endpoint& gpt = endpoint("gpt");
    const policy::Governance* acme = directory()->bounds_of(gpt, "acme");
    ASSERT_NE(acme, nullptr);
    EXPECT_EQ(acme->budgets.size(), 1u);
    EXPECT_EQ(acme->limits.size(), 1u);
    EXPECT_EQ(directory()->bounds_of(gpt, "globex"), nullptr);
    EXPECT_EQ(directory()->bounds_of(gpt), nullptr);
    EXPECT_EQ(directory()->bounds_of(endpoint("echo"), "acme"), nullptr);
    EXPECT_TRUE(directory()->bounds_candidates());
    // The platform's hold for everybody, beside them.
    add_budget(SubjectKind::provider, "", "openai");
    build_all();
    EXPECT_EQ(directory()->bounds_of(endpoint("gpt"), "acme")->budgets.size(), 2u);
    EXPECT_EQ(directory()->bounds_of(endpoint("gpt"), "globex")->budgets.size(), 1u);
}

TEST_F(Bounds, WhatIsSaidOfAProvider_HoldsBesideWhatIsSaidOfItsModel) {
    add_budget(SubjectKind::provider, "", "openai");
    add_limit(SubjectKind::model, "", "openai/gpt-4.1");
    build_all();
    const auto& bounds = directory()->candidates.at("openai/gpt-4.1");
    EXPECT_EQ(bounds.budgets.size(), 1u);
    EXPECT_EQ(bounds.limits.size(), 1u);
}

// Made on demand, so known by no name of the configuration.
TEST_F(Bounds, ABareModelsLimits_BindWhatIsMadeOnDemand) {
    add_limit(SubjectKind::model, "", "gpt-4.1");
    add_limit(SubjectKind::model, "acme", "meta-llama/llama-4");
    gateway::Endpoint made;
    made.deployment.id = "on-demand";
    const auto limits_of = [&](const char* provider, const char* model, const char* tenant = "") {
        made.deployment.provider.type = provider;
        made.deployment.model_name = model;
        const policy::Governance* bounds = directory()->bounds_of(made, tenant);
        return bounds == nullptr ? 0U : bounds->limits.size() + 10 * bounds->budgets.size();
    };
    build_all();
    EXPECT_EQ(limits_of("openai", "gpt-4.1"), 1u);
    EXPECT_EQ(limits_of("openai", "gpt-4.2"), 0u);
    EXPECT_EQ(limits_of("openrouter", "meta-llama/llama-4", "acme"), 1u);
    EXPECT_EQ(limits_of("openrouter", "meta-llama/llama-4", "globex"), 0u);
    EXPECT_EQ(limits_of("openai", "gpt-4.1", "acme"), 1u);
    // Beside what is said of the provider, and of both together.
    add_budget(SubjectKind::provider, "", "openai");
    add_limit(SubjectKind::model, "", "openai/gpt-4.1");
    build_all();
    EXPECT_EQ(limits_of("openai", "gpt-4.1"), 12u);
    EXPECT_EQ(limits_of("openai", "gpt-4.1", "acme"), 12u);
    EXPECT_EQ(limits_of("azure", "gpt-4.1"), 1u);
    EXPECT_EQ(limits_of("openai", "gpt-4.2"), 10u);
    add_limit(SubjectKind::model, "", "gpt-4.3");
    build_all();
    EXPECT_EQ(limits_of("openai", "gpt-4.3"), 11u);
}

TEST_F(Bounds, ARefusalNamesPeopleAsTheyAreCalled) {
    rows_.users.front().name = "Ann of Acme";
    rows_.credits.push_back({.tenant = "acme", .user = "ann"});
    add_budget(SubjectKind::user, "acme", "ann");
    build_all();
    ASSERT_EQ(result_of_build_.budgets.size(), 2u);
    for (const auto& budget : result_of_build_.budgets) {
        EXPECT_EQ(budget->subject(), "user Ann of Acme");
    }
}

TEST_F(Bounds, AKeyWhoseRulesCannotBeRead_LetsNobodyIn) {
    rows_.keys.front().allowed_addresses = {"10.0.0.0/99"};
    build_all();
    EXPECT_EQ(state("sk-acme"), policy::KeyState::blocked);
    ASSERT_EQ(result_of_build_.problems.size(), 1u);
    EXPECT_THAT(result_of_build_.problems.front().text(), HasSubstr("blocked"));
    EXPECT_EQ(state("sk-globex"), policy::KeyState::active);
}

TEST_F(Bounds, AnAliasOfTheTenantsPeople_LeadsToNoModelThatTheTenantMayNotUse) {
    rows_.tenants.front().allowed_models = {"echo"};
    rows_.keys.front().aliases = {{"echo", "gpt"}, {"mine", "echo"}};
    rows_.teams.front().aliases = {{"echo", "gpt"}};
    build_all();
    EXPECT_EQ(policy("sk-acme").alias_target("echo"), "echo");
    EXPECT_EQ(policy("sk-acme").alias_target("mine"), "echo");
    EXPECT_EQ(policy("sk-ann").alias_target("echo"), "echo");
}

TEST_F(Bounds, AnAliasOfAKey_LeadsToNoModelThatItsTeamMayNotUse) {
    rows_.teams.front().allowed_models = {"echo"};
    rows_.keys.back().aliases = {{"mine", "gpt"}, {"said", "echo"}};
    build_all();
    const gateway::KeyPolicy& of_team = policy("sk-ann");
    EXPECT_EQ(of_team.alias_target("mine"), "mine");
    EXPECT_EQ(of_team.alias_target("said"), "echo");
    EXPECT_EQ(of_team.platform_lists, 0U) << "the team's list is the tenant's business";
}

TEST_F(Bounds, ListsOfTenantAndTier_AreThePlatforms) {
    rows_.keys.front().allowed_models = {"echo", "gpt"};
    rows_.tenants.front().allowed_models = {"echo"};
    build_all();
    EXPECT_EQ(policy("sk-acme").platform_lists, 1U);
    EXPECT_TRUE(policy("sk-acme").platform_allows("echo", "echo"));
    EXPECT_FALSE(policy("sk-acme").platform_allows("gpt", "gpt"));
}

TEST_F(Bounds, CapsOfUsersAndTiers_BeginWithTheTenantsMonth) {
    rows_.tenants.front().time_zone = "Pacific/Kiritimati";
    rows_.tenants.front().tier = "small";
    domain::Tier tier;
    tier.name = "small";
    tier.monthly_cap = domain::nano_per_usd;
    rows_.tiers.push_back(tier);
    domain::UserSettings settings;
    settings.tenant = "acme";
    settings.user = "ann";
    settings.monthly_cap = domain::nano_per_usd;
    rows_.settings.push_back(settings);
    build_all();
    ASSERT_EQ(result_of_build_.budgets.size(), 2u);
    // 14 hours ahead of UTC: the first of December there is still November elsewhere.
    constexpr std::int64_t last_of_november = 1'796'040'000;  // 2026-11-30T12:00:00Z
    for (const auto& budget : result_of_build_.budgets) {
        const auto& period = budget->period(last_of_november * 1'000'000);
        EXPECT_EQ(period.bounds.label, "m:2026-12-01") << budget->budget().name;
    }
}

}  // namespace
}  // namespace tollgate::assembly
