#include "assembly/build_directory.hpp"

#include "assembly/world_test.hpp"
#include "shared_state/in_process.hpp"

namespace tollgate::assembly {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view echo_only = R"(
model_list: [{model_name: echo, litellm_params: {model: echo/echo}}]
)";

config::TenantConfig tenant(std::string id, const std::vector<std::string>& keys) {
    config::TenantConfig made;
    made.id = id;
    made.name = std::move(id);
    made.origin.file = "tenants/" + made.id + ".yaml";
    for (const std::string& key : keys) made.api_keys.push_back({key, "literal"});
    return made;
}

class BuildDirectory : public World {
protected:
    const DirectoryResult& build_from(const config::Config& config) {
        build(config);
        found_.clear();
        rows_ = rows_of_files(config, nullptr, found_);
        add_rows();
        DirectoryInput input{.rows = rows_,
                             .config = config,
                             .snapshot = snapshot(),
                             .master_key = "sk-master-of-these-tests"};
        input.state = state_.get();
        input.spent = [this](const domain::Budget& budget, auto from, auto until) {
            return base::Result<domain::NanoUsd>(from < until ? spent_[budget.id] : 0);
        };
        directory_ = build_directory(input);
        for (const config::Problem& problem : directory_.problems) found_.push_back(problem);
        return directory_;
    }
    void add_rows() {
        for (const domain::Tier& tier : tiers_) rows_.tiers.push_back(tier);
        for (const domain::Budget& budget : budgets_) rows_.budgets.push_back(budget);
        for (const domain::LimitRow& limit : limits_) rows_.limits.push_back(limit);
    }
    std::string told() const {
        std::string text;
        for (const config::Problem& problem : found_) text += problem.text() + "\n";
        return text;
    }
    const gateway::KeyPolicy& policy(std::string_view key) const {
        const domain::Principal* who = directory_.directory->keys.find(key);
        if (who == nullptr) throw std::runtime_error("no such key");
        return directory_.directory->policy_of(*who);
    }

    DirectoryRows rows_;
    std::vector<domain::Tier> tiers_;
    std::vector<domain::Budget> budgets_;
    std::vector<domain::LimitRow> limits_;
    std::map<std::string, domain::NanoUsd> spent_;
    std::vector<config::Problem> found_;
    std::unique_ptr<shared_state::InProcess> state_ = std::make_unique<shared_state::InProcess>();
    DirectoryResult directory_;
};

TEST_F(BuildDirectory, MasterKeyMayDoEverything) {
    build_from(load(echo_only));
    ASSERT_NE(directory_.directory, nullptr) << told();
    const auto* master = directory_.directory->keys.find("sk-master-of-these-tests");
    ASSERT_NE(master, nullptr);
    EXPECT_EQ(master->access_role(), domain::AccessRole::platform_admin);
    EXPECT_EQ(master->key_name, "master");
    EXPECT_TRUE(policy("sk-master-of-these-tests").allowed.empty());
    EXPECT_TRUE(policy("sk-master-of-these-tests").governance.empty());
}

TEST_F(BuildDirectory, KeysOfTenantsStandForTheirTenantAndItsModels) {
    config::Config config = load(echo_only);
    config.tenants = {tenant("acme", {"sk-acme-0123456789", "sk-acme-9876543210"}),
                      tenant("globex", {"sk-globex-0123456789"})};
    config.tenants[0].allowed_models = {"echo"};
    config.tenants[1].models.push_back({"house", "echo", {}});
    build_from(config);
    ASSERT_NE(directory_.directory, nullptr) << told();
    const auto* second = directory_.directory->keys.find("sk-acme-9876543210");
    ASSERT_NE(second, nullptr);
    EXPECT_EQ(second->tenant, "acme");
    EXPECT_EQ(second->key_name, "acme/2");
    EXPECT_EQ(second->access_role(), domain::AccessRole::member);
    EXPECT_TRUE(policy("sk-acme-9876543210").allows("echo", "echo"));
    EXPECT_FALSE(policy("sk-acme-9876543210").allows("gpt", "gpt"));
    EXPECT_TRUE(policy("sk-globex-0123456789").allows("gpt", "gpt"));
    EXPECT_EQ(policy("sk-globex-0123456789").alias_target("house"), "echo");
    EXPECT_EQ(policy("sk-acme-9876543210").alias_target("house"), "house");
}

TEST_F(BuildDirectory, OneKeyForTwoTenantsIsAnErrorThatNamesBoth) {
    config::Config config = load(echo_only);
    config.tenants = {tenant("acme", {"sk-shared-0123456789"}),
                      tenant("globex", {"sk-shared-0123456789"})};
    build_from(config);
    EXPECT_EQ(directory_.directory, nullptr);
    EXPECT_THAT(told(), HasSubstr("acme/1"));
    EXPECT_THAT(told(), HasSubstr("globex/1"));
    EXPECT_THAT(told(), Not(HasSubstr("sk-shared")));
}

TEST_F(BuildDirectory, TenantWithTheMasterKeyIsAnError) {
    config::Config config = load(echo_only);
    config.tenants = {tenant("acme", {"sk-master-of-these-tests"})};
    build_from(config);
    EXPECT_EQ(directory_.directory, nullptr);
    EXPECT_THAT(told(), HasSubstr("acme/1"));
}

TEST_F(BuildDirectory, ShortAndEmptyKeysAreNamedByTheirTenant) {
    config::Config config = load(echo_only);
    config.tenants = {tenant("acme", {"sk-short"})};
    build_from(config);
    ASSERT_NE(directory_.directory, nullptr) << told();
    EXPECT_THAT(told(), HasSubstr("the key of acme has only 8 characters"));
    EXPECT_THAT(told(), Not(HasSubstr("sk-short")));
    config.tenants = {tenant("acme", {""})};
    build_from(config);
    EXPECT_THAT(told(), HasSubstr("the key is empty"));
}

TEST_F(BuildDirectory, LimitsOfKeyTierAndTenantHoldTogether) {
    config::Config config = load(echo_only);
    config.tenants = {tenant("acme", {"sk-acme-0123456789"})};
    config.tenants[0].limits.requests_per_minute = 60;
    config.tenants[0].limits.tokens_per_minute = 1000;
    config.tenants[0].tier = "small";
    config.rate_limits.requests_per_day = 500;
    domain::Tier small;
    small.name = "small";
    small.limits.requests_per_minute = 10;
    small.monthly_cap = 5 * domain::nano_per_usd;
    tiers_ = {small};
    build_from(config);
    const policy::Governance& bounds = policy("sk-acme-0123456789").governance;
    std::vector<std::string> told_limits;
    for (const policy::LimitUse& use : bounds.limits) {
        told_limits.push_back(use.subject + " " + std::to_string(use.limit) + " " + use.window);
    }
    EXPECT_THAT(told_limits, testing::UnorderedElementsAre(
                                 "tenant acme (tier small) 10 minute", "key acme/1 500 day",
                                 "tenant acme 60 minute", "tenant acme 1000 minute"));
    EXPECT_TRUE(bounds.counts_tokens);
    ASSERT_EQ(bounds.budgets.size(), 1u);
    EXPECT_EQ(bounds.budgets[0]->budget().limit, 5 * domain::nano_per_usd);
}

TEST_F(BuildDirectory, UnknownTierIsAWarning) {
    config::Config config = load(echo_only);
    config.tenants = {tenant("acme", {"sk-acme-0123456789"})};
    config.tenants[0].tier = "gold";
    build_from(config);
    EXPECT_THAT(told(), HasSubstr("the tier `gold`, which does not exist"));
}

TEST_F(BuildDirectory, BudgetsBeginWhereTheDatabaseLeftThem) {
    config::Config config = load(echo_only);
    config.tenants = {tenant("acme", {"sk-acme-0123456789"})};
    config.tenants[0].budget.monthly_limit = 10;
    spent_["file:acme:monthly"] = 4 * domain::nano_per_usd;
    build_from(config);
    const auto& budgets = policy("sk-acme-0123456789").governance.budgets;
    ASSERT_EQ(budgets.size(), 1u);
    auto& period = budgets[0]->period(store::now_micros());
    EXPECT_EQ(budgets[0]->standing(period).spent, 4 * domain::nano_per_usd);
    // Built again with other figures of the database: what is known is not forgotten.
    spent_["file:acme:monthly"] = 0;
    build_from(config);
    const auto& again = policy("sk-acme-0123456789").governance.budgets[0];
    EXPECT_EQ(again->standing(again->period(store::now_micros())).spent,
              4 * domain::nano_per_usd);
}

TEST_F(BuildDirectory, BudgetsWithoutAnEndBeginThereToo) {
    config::Config config = load(echo_only);
    config.tenants = {tenant("acme", {"sk-acme-0123456789"})};
    config.tenants[0].budget.total_limit = 10;
    spent_["file:acme:total"] = 4 * domain::nano_per_usd;
    build_from(config);
    const auto& budgets = policy("sk-acme-0123456789").governance.budgets;
    ASSERT_EQ(budgets.size(), 1u);
    EXPECT_EQ(budgets[0]->standing(budgets[0]->period(store::now_micros())).spent,
              4 * domain::nano_per_usd);
}

TEST_F(BuildDirectory, CandidatesHaveTheBoundsOfDeploymentModelAndProvider) {
    config::Config config = load(R"(
model_list:
  - {model_name: gpt, litellm_params: {model: openai/gpt-5.4, api_key: sk-x, rpm: 7, tpm: 900}}
  - {model_name: free, litellm_params: {model: echo/echo}}
)");
    domain::Budget budget;
    budget.id = "b";
    budget.kind = domain::SubjectKind::provider;
    budget.subject = "openai";
    budget.limit = domain::nano_per_usd;
    budgets_ = {budget};
    domain::LimitRow limit;
    limit.kind = domain::SubjectKind::model;
    limit.subject = "gpt-5.4";
    limit.limits.concurrent_requests = 3;
    limits_ = {limit};
    build_from(config);
    const policy::Governance* bounds = directory_.directory->bounds_of(endpoint("gpt"));
    ASSERT_NE(bounds, nullptr);
    EXPECT_EQ(bounds->limits.size(), 3u);
    EXPECT_EQ(bounds->budgets.size(), 1u);
    EXPECT_EQ(directory_.directory->bounds_of(endpoint("free")), nullptr);
}

TEST_F(BuildDirectory, DisabledTenantsKeysAreKnownAndRefused) {
    config::Config config = load(echo_only);
    config.tenants = {tenant("acme", {"sk-acme-0123456789"})};
    config.tenants[0].enabled = false;
    build_from(config);
    EXPECT_EQ(directory_.directory->keys.find("sk-acme-0123456789"), nullptr);
    const auto known = directory_.directory->keys.look_up("sk-acme-0123456789");
    ASSERT_TRUE(known.has_value());
    EXPECT_EQ(known->terms.state, policy::KeyState::tenant_disabled);
}

}  // namespace
}  // namespace tollgate::assembly
