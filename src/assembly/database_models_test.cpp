// What the database has becomes deployments beside the file's.
#include "assembly/database_models.hpp"

#include <algorithm>

#include "assembly/own_keys.hpp"
#include "assembly/provider_probe.hpp"
#include "assembly/world_test.hpp"

namespace tollgate::assembly {
namespace {

class DatabaseModels : public World {
protected:
    domain::ProviderRow provider(const std::string& slug, const std::string& type = "openai",
                                 const std::string& key = "sk-of-the-database") {
        domain::ProviderRow row;
        row.slug = row.name = slug;
        row.type = type;
        row.api_key_token = vault_->seal(owner_of(row), key).token;
        rows_.providers.push_back(row);
        return row;
    }
    domain::ModelRow& model(const std::string& slug, const std::string& name) {
        domain::ModelRow row;
        row.id = slug + "-" + name;
        row.provider = slug;
        row.name = name;
        rows_.models.push_back(row);
        return rows_.models.back();
    }
    void build_with(std::string_view yaml) {
        notes_.clear();
        build(with_rows(load(yaml), rows_, *vault_, notes_));
        ASSERT_NE(result_.snapshot, nullptr) << problems();
    }
    std::string notes() const {
        std::string text;
        for (const auto& note : notes_) text += note.text() + "\n";
        return text;
    }
    std::shared_ptr<const policy::KeyVault> vault_ = std::make_shared<const policy::KeyVault>(
        std::move(policy::KeyVault::of(crypto::FernetKey::make_text())).value());
    ModelRows rows_;
    std::vector<config::Problem> notes_;
};

constexpr auto nothing = "general_settings: {master_key: sk-master-key-of-tests}\n";

TEST_F(DatabaseModels, BecomeDeployments_WithKeyPricesAndLimits) {
    auto row = provider("my-openai");
    rows_.providers[0].api_base_url = "https://llm.example/v1";
    rows_.providers[0].config = R"({"timeout":7,"headers":{"x-team":"a"}})";
    auto& gpt = model("my-openai", "gpt-test");
    gpt.input_price = 2'500'000'000;   // 2.5 USD
    gpt.output_price = 10'000'000'000;
    gpt.prices = R"({"cache_read":0.25})";
    gpt.context_length = 1000;
    gpt.metadata = R"({"supports_vision":false,"max_output_tokens":77})";
    build_with(nothing);
    const domain::Deployment& made = deployment("gpt-test");
    EXPECT_EQ(made.base_url, "https://llm.example/v1");
    EXPECT_EQ(made.api_key, "sk-of-the-database");
    EXPECT_EQ(made.headers_timeout, std::chrono::seconds(7));
    EXPECT_THAT(made.extra_headers, testing::Contains(testing::Pair("x-team", "a")));
    EXPECT_EQ(made.model.prices.input, 2'500'000);
    EXPECT_EQ(made.model.prices.output, 10'000'000);
    EXPECT_EQ(made.model.prices.cache_read, 250'000);
    EXPECT_EQ(made.model.context_tokens, 1000);
    EXPECT_EQ(made.model.output_tokens_max, 77);
    EXPECT_FALSE(made.model.vision);
    // The account by name serves what nobody listed.
    const auto direct = this->made("my-openai/other");
    ASSERT_TRUE(direct.ok()) << direct.error().message;
    EXPECT_EQ((*direct)[0]->deployment.api_key, "sk-of-the-database");
}

TEST_F(DatabaseModels, StandBesideTheFilesOfTheSameName) {
    provider("second", "groq");
    model("second", "shared");
    build_with(R"(
model_list:
- {model_name: shared, litellm_params: {model: openai/gpt-4o, api_key: sk-of-the-file}}
general_settings: {master_key: sk-master-key-of-tests}
)");
    ASSERT_NE(group("shared"), nullptr);
    EXPECT_EQ(group("shared")->endpoints.size(), 2U);
}

TEST_F(DatabaseModels, NamesWithASlash_KeepTheirProviderInFront) {
    provider("openrouter", "openrouter");
    model("openrouter", "openai/gpt-4o");
    build_with(nothing);
    EXPECT_EQ(group("openai/gpt-4o"), nullptr);
    EXPECT_NE(group("openrouter/openai/gpt-4o"), nullptr);
}

TEST_F(DatabaseModels, WhereBothNameAnAccount_TheFileWins_OrTheDatabaseIfSaid) {
    provider("groq", "groq", "sk-of-the-database");
    model("groq", "llama");
    const std::string yaml = std::string(R"(
providers: {groq: {api_key: sk-of-the-file}}
)") + nothing;
    build_with(yaml);
    EXPECT_NE(notes().find("wins (config.precedence: file)"), std::string::npos) << notes();
    EXPECT_EQ(group("llama"), nullptr) << "its provider is not the one it was made for";
    build_with(yaml + "config: {precedence: database}\n");
    EXPECT_NE(notes().find("config.precedence: database"), std::string::npos) << notes();
    EXPECT_EQ(deployment("llama").api_key, "sk-of-the-database");
}

TEST_F(DatabaseModels, WhatIsOff_IsNotServed) {
    provider("one");
    provider("two");
    model("one", "a");
    model("two", "b").enabled = false;
    rows_.providers[0].enabled = false;
    build_with(nothing);
    EXPECT_EQ(group("a"), nullptr);
    EXPECT_EQ(group("b"), nullptr);
}

TEST_F(DatabaseModels, ACopiedCredential_IsLeftOut_WithAWarning) {
    provider("one");
    provider("two");
    rows_.providers[1].api_key_token = rows_.providers[0].api_key_token;
    model("two", "b");
    build_with(nothing);
    EXPECT_EQ(group("b"), nullptr);
    EXPECT_NE(notes().find("provider two: is left out"), std::string::npos) << notes();
    EXPECT_EQ(notes().find("sk-of-the-database"), std::string::npos);
}

TEST_F(DatabaseModels, OfATenant_AreMarkedAsItsOwn) {
    domain::ProviderRow row;
    row.slug = "acme-openai";
    row.tenant = "acme";
    row.type = "openai";
    row.api_key_token = vault_->seal(owner_of(row), "sk-of-acme").token;
    rows_.providers.push_back(row);
    model("acme-openai", "secret-model").tenant = "acme";
    build_with(nothing);
    EXPECT_EQ(group("secret-model"), nullptr) << "others may have a model of that name";
    EXPECT_EQ(deployment("acme-openai/secret-model").tenant, "acme");
    const auto lost = snapshot().names.resolve("acme-openay/secret-model");
    EXPECT_FALSE(lost.found());
    EXPECT_TRUE(std::ranges::find(lost.nearest, "acme-openai/secret-model") == lost.nearest.end());
    EXPECT_EQ((*made("acme-openai/x"))[0]->deployment.tenant, "acme");
    const auto& listed = snapshot().listed;
    const auto found = std::ranges::find_if(
        listed, [](const auto& each) { return each.id == "acme-openai/secret-model"; });
    ASSERT_NE(found, listed.end());
    EXPECT_EQ(found->tenant, "acme");
}

TEST_F(DatabaseModels, RoutingRules_SetAliasesAndAttempts) {
    provider("one");
    model("one", "a");
    domain::RoutingSettings settings;
    settings.aliases = {{"fast", "a"}};
    settings.config = R"({"max_retries":4,"retry_delay_ms":100,"timeout_ms":9000})";
    rows_.routing.push_back(settings);
    domain::RoutingSettings of_tenant = settings;
    of_tenant.tenant = "acme";
    of_tenant.aliases = {{"slow", "a"}};
    rows_.routing.push_back(of_tenant);
    build_with(nothing);
    EXPECT_TRUE(snapshot().names.resolve("fast").found());
    EXPECT_FALSE(snapshot().names.resolve("slow").found()) << "a tenant's is not everybody's";
    EXPECT_EQ(snapshot().attempts.max_attempts, 5);
    EXPECT_EQ(snapshot().attempts.backoff_first, std::chrono::milliseconds(100));
    EXPECT_EQ(snapshot().attempts.headers, std::chrono::milliseconds(9000));
}

TEST_F(DatabaseModels, SettingsThatAreWrong_AreNamed) {
    domain::ProviderRow row;
    row.slug = "x";
    row.type = "openai";
    for (const char* text : {R"({"timeout":"x"})", R"({"timeout":0})", R"({"headers":{"a":1}})",
                             R"({"headers":{"a b":"1"}})", R"({"verify_tls":"no"})",
                             R"({"color":"red"})", R"({"max_retries":99})"}) {
        row.config = text;
        const auto account = account_of(row, "");
        ASSERT_FALSE(account.ok()) << text;
        EXPECT_TRUE(account.error().message.starts_with("config.")) << account.error().message;
    }
    row.config = R"({"timeout":5,"max_retries":2,"api_version":"v1","region":"eu-west-1"})";
    EXPECT_TRUE(account_of(row, "").ok());
}

TEST_F(DatabaseModels, TheFingerprint_ChangesWithWhatIsServed) {
    provider("one");
    model("one", "a");
    const std::string before = rows_.fingerprint();
    rows_.providers[0].health = "unhealthy";
    EXPECT_EQ(rows_.fingerprint(), before);
    rows_.models[0].etag = 2;
    EXPECT_NE(rows_.fingerprint(), before);
}

TEST_F(DatabaseModels, OwnKeys_AreTheUsersWhoWantThem) {
    DirectoryRows rows;
    for (const char* user : {"ann", "bob"}) {
        domain::UserProviderKey key;
        key.tenant = "acme";
        key.user = user;
        key.provider = "openai";
        key.metadata = R"({"preferred_models":["gpt-*"],"max_cost_per_request_nano":5})";
        key.api_key_token = vault_->seal(owner_of(key), std::string("sk-of-") + user).token;
        rows.own_keys.push_back(key);
    }
    domain::UserSettings settings;
    settings.tenant = "acme";
    settings.user = "bob";
    settings.use_byok = false;
    rows.settings.push_back(settings);
    const OwnKeysByUser keys(rows, vault_);
    const auto ann = keys.of("acme", "ann");
    ASSERT_NE(ann, nullptr);
    const policy::OwnKey* key = ann->find("openai");
    ASSERT_NE(key, nullptr);
    EXPECT_EQ(ann->open(*key).value(), "sk-of-ann");
    EXPECT_EQ(key->preferred_models, std::vector<std::string>{"gpt-*"});
    EXPECT_EQ(key->max_cost_per_request, 5);
    EXPECT_EQ(keys.of("acme", "bob"), nullptr);
    EXPECT_EQ(keys.of("globex", "ann"), nullptr);
    EXPECT_EQ(keys.of("acme", ""), nullptr);
    EXPECT_EQ(OwnKeysByUser(rows, nullptr).of("acme", "ann"), nullptr);
}

domain::ExperimentRow experiment(const std::string& tenant, const std::string& name) {
    domain::ExperimentRow row;
    row.spec.id = tenant + "/" + name;
    row.spec.tenant = tenant;
    row.spec.name = name;
    row.spec.models = {"a"};
    row.spec.arms = {{"now", "a", 1}, {"new", "b", 1}};
    row.spec.origin = domain::origin_database;
    return row;
}

std::string names_of(const gateway::Snapshot& snapshot) {
    std::string all;
    for (const domain::ExperimentSpec& spec : snapshot.routing.experiments) {
        all += spec.tenant + "/" + spec.name + "(" + spec.arms.front().model + ") ";
    }
    return all;
}

constexpr auto with_experiment = R"(
general_settings: {master_key: sk-master-key-of-tests}
model_list:
  - {model_name: a, litellm_params: {model: openai/gpt-4o, api_key: sk-a}}
  - {model_name: b, litellm_params: {model: openai/gpt-4o-mini, api_key: sk-a}}
routing:
  experiments:
    - {name: filed, models: [a], arms: [{model: b}, {model: a}]}
)";

TEST_F(DatabaseModels, ExperimentsJoinThoseOfTheFile_ByTenant) {
    rows_.experiments = {experiment("zeta", "z"), experiment("", "all"), experiment("acme", "m"),
                         experiment("", "filed"), experiment("acme", "off")};
    rows_.experiments.back().spec.enabled = false;
    build_with(with_experiment);
    EXPECT_EQ(names_of(*result_.snapshot), "/filed(b) /all(a) acme/m(a) zeta/z(a) ");
    EXPECT_NE(notes().find("experiment filed"), std::string::npos) << notes();
    build_with(std::string("config: {precedence: database}\n") + with_experiment);
    EXPECT_EQ(names_of(*result_.snapshot), "/filed(a) /all(a) acme/m(a) zeta/z(a) ");
}

TEST_F(DatabaseModels, AnExperimentWhoseModelHasGone_StopsNothing) {
    rows_.experiments = {experiment("acme", "m")};
    rows_.experiments[0].spec.arms[1].model = "vanished";
    build_with(with_experiment);
    EXPECT_NE(problems().find("vanished"), std::string::npos);
    EXPECT_EQ(names_of(*result_.snapshot), "/filed(b) acme/m(a) ");
}

TEST_F(DatabaseModels, FingerprintsTellExperimentsApart) {
    const std::string without = rows_.fingerprint();
    rows_.experiments = {experiment("acme", "m")};
    EXPECT_FALSE(rows_.empty());
    const std::string with = rows_.fingerprint();
    EXPECT_NE(with, without);
    ++rows_.experiments[0].etag;
    EXPECT_NE(rows_.fingerprint(), with);
}

TEST_F(DatabaseModels, AliasesWithoutAStrategy_LeaveTheStrategyAsItIs) {
    domain::RoutingSettings shared, own;
    shared.strategy_set = own.strategy_set = false;
    shared.aliases = {{"fast", "b"}};
    own.tenant = "acme";
    own.aliases = {{"a", "b"}};
    rows_.routing = {shared, own};
    build_with(with_experiment);
    const gateway::RoutingTables& tables = result_.snapshot->routing;
    EXPECT_EQ(tables.strategy, domain::Strategy::round_robin);
    EXPECT_FALSE(tables.tenants.at("acme").strategy.has_value());
    EXPECT_EQ(tables.tenants.at("acme").aliases, own.aliases);
    EXPECT_TRUE(result_.snapshot->names.resolve("fast").found());
}

}  // namespace
}  // namespace tollgate::assembly
