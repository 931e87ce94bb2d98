#include "config/load.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "base/json.hpp"
#include "config/expand.hpp"
#include "config/scalar.hpp"
#include "config/show.hpp"

namespace tollgate::config {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class ConfigFiles : public ::testing::Test {
protected:
    void SetUp() override {
        std::string name = (fs::temp_directory_path() / "tollgate-XXXXXX").string();
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        folder_ = name;
    }
    void TearDown() override { fs::remove_all(folder_); }
    std::string write(const std::string& name, const std::string& content) {
        const fs::path path = folder_ / name;
        fs::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << content;
        return path.string();
    }
    fs::path folder_;
    Environment environment_;
};

TEST_F(ConfigFiles, IncludesJoinListsAndWinOverSingleValues) {
    write("models/more.yaml",
          "model_list:\n  - model_name: b\n    litellm_params: {model: openai/b}\n"
          "server: {workers: 3}\ninclude: [deep.yaml]\n");
    write("models/deep.yaml", "logging: {level: debug}\n");
    const auto path =
        write("tollgate.yaml",
              "include: [models/more.yaml]\nserver: {workers: 2, listen: '[::1]:1'}\n"
              "model_list:\n  - model_name: a\n    litellm_params: {model: openai/a}\n");
    const LoadResult loaded = load(path, environment_);
    ASSERT_TRUE(loaded.ok()) << loaded.report();
    ASSERT_EQ(loaded.config.model_list.size(), 2u);
    EXPECT_EQ(loaded.config.model_list[1].model_name, "b");
    EXPECT_THAT(loaded.config.model_list[1].origin.text(), HasSubstr("more.yaml:2:5"));
    EXPECT_EQ(loaded.config.server.workers, 3);
    EXPECT_EQ(loaded.config.server.listen, "[::1]:1");
    EXPECT_EQ(loaded.config.logging.level, "debug");
    EXPECT_EQ(loaded.config.files.size(), 3u);
    EXPECT_THAT(loaded.report(), HasSubstr("server.workers: set in two files"));
}

TEST_F(ConfigFiles, IncludeRingsAndMissingFilesAreErrors) {
    write("b.yaml", "include: [tollgate.yaml, missing.yaml]\n");
    const auto path = write("tollgate.yaml", "include: [b.yaml]\n");
    const LoadResult loaded = load(path, environment_);
    EXPECT_FALSE(loaded.ok());
    EXPECT_THAT(loaded.report(), HasSubstr("includes itself"));
    EXPECT_THAT(loaded.report(), HasSubstr("missing.yaml: error: does not exist"));
}

TEST_F(ConfigFiles, DotenvCountsBelowTheEnvironment) {
    write(".env", "# keys\nexport A=from-file\nB=\"quo ted\" \nC=plain # comment\nnonsense\n");
    const auto path = write("tollgate.yaml",
                            "providers:\n  x: {type: openai, headers: {a: \"${A}\", b: \"${B}\", "
                            "c: \"${C}\"}}\n");
    environment_.variables["A"] = "from-environment";
    const LoadResult loaded = load(path, environment_);
    ASSERT_TRUE(loaded.ok()) << loaded.report();
    const StringMap expected{{"a", "from-environment"}, {"b", "quo ted"}, {"c", "plain"}};
    EXPECT_EQ(loaded.config.providers[0].headers, expected);
    EXPECT_THAT(loaded.report(), HasSubstr(".env:5:1: warning"));
}

TEST_F(ConfigFiles, TenantFilesInBothForms) {
    write("tenants/acme.yaml",
          "tenant: {id: acme, name: Acme, api_key: \"${ACME}\"}\nallowed_models: [gpt-4o, "
          "'claude-*']\n"
          "models:\n  - {alias: code, provider: openrouter/qwen/qwen3-coder, max_tokens: 8192}\n"
          "budget: {daily_limit: 5, alert_threshold: 80}\nrate_limits: {requests_per_minute: 60}\n"
          "tier: starter\nsettings: {enabled: true, priority: high}\n");
    write("tenants/beta.yml",
          "tenant: Beta Team!\napi_keys: [sk-beta-0123456789, sk-beta-2-0123456]\n");
    write("tenants/.hidden.yaml", "nonsense: true\n");
    write("tenants/notes.txt", "nothing\n");
    environment_.variables["ACME"] = "sk-acme-0123456789";
    const LoadResult loaded = load(write("tollgate.yaml", "server: {}\n"), environment_);
    ASSERT_TRUE(loaded.ok()) << loaded.report();
    ASSERT_EQ(loaded.config.tenants.size(), 2u);
    const TenantConfig& acme = loaded.config.tenants[0];
    EXPECT_EQ(acme.id, "acme");
    EXPECT_EQ(acme.api_keys[0].value, "sk-acme-0123456789");
    EXPECT_EQ(acme.api_keys[0].reference, "environment ACME");
    EXPECT_THAT(acme.allowed_models, ElementsAre("gpt-4o", "claude-*"));
    EXPECT_EQ(acme.models[0].max_tokens, 8192);
    EXPECT_EQ(acme.budget.daily_limit, 5.0);
    EXPECT_EQ(acme.budget.alert_threshold, 80.0);
    EXPECT_EQ(acme.limits.requests_per_minute, 60);
    EXPECT_EQ(acme.tier, "starter");
    EXPECT_THAT(acme.settings.text, HasSubstr("\"priority\":\"high\""));
    EXPECT_EQ(loaded.config.tenants[1].id, "beta-team");
    EXPECT_EQ(loaded.config.tenants[1].api_keys.size(), 2u);
    EXPECT_EQ(loaded.config.tenants_dir, (folder_ / "tenants").string());
}

TEST_F(ConfigFiles, StoresMoneyAndTiersOfOurOwnAndOfOthers) {
    const LoadResult loaded = load(
        write("tollgate.yaml",
              "tenant_configs:\n  engineering:\n    allowed_models: [codex-mini]\n"
              "    budget: {daily_limit: 100, monthly_limit: 2000.5}\n    priority: high\n"
              "cost_tracking:\n  alert_thresholds:\n    - {threshold: 95, action: throttle}\n"
              "    - {threshold: 80, action: notify}\n"
              "tiers:\n  opus: gpt-4o\n  small: {requests_per_minute: 5, monthly_cap: 20}\n"
              "general_settings: {database_url: 'postgres://u:p@db/x'}\n"
              "router_settings: {redis_host: cache, redis_password: secret}\n"
              "litellm_settings: {max_budget: 100, budget_duration: 30d}\n"),
        environment_);
    ASSERT_TRUE(loaded.ok()) << loaded.report();
    const Config& config = loaded.config;
    ASSERT_EQ(config.tenants.size(), 1u);
    EXPECT_EQ(config.tenants[0].id, "engineering");
    EXPECT_EQ(config.tenants[0].budget.monthly_limit, 2000.5);
    ASSERT_EQ(config.billing.thresholds.size(), 2u);
    EXPECT_EQ(config.billing.thresholds[0].percent, 80);
    EXPECT_EQ(config.billing.thresholds[1].action, domain::BudgetAction::throttle);
    EXPECT_EQ(config.tiers.opus, "gpt-4o");
    ASSERT_EQ(config.limit_tiers.size(), 1u);
    EXPECT_EQ(config.limit_tiers[0].limits.requests_per_minute, 5);
    EXPECT_EQ(config.stores.database.value, "postgres://u:p@db/x");
    EXPECT_EQ(config.stores.redis.value, "redis://:secret@cache:6379");
    EXPECT_EQ(config.max_budget, 100.0);
    EXPECT_EQ(config.budget_duration, "30d");
}

TEST_F(ConfigFiles, AlertsAreUsed_SoNothingIsSaidOfThem) {
    const auto path = write("tollgate.yaml",
                            "alerts: {smtp: {host: mail.acme.example, from: a@b.example}}\n");
    const LoadResult loaded = load(path, environment_);
    EXPECT_TRUE(loaded.ok());
    EXPECT_EQ(loaded.report(), "");
    EXPECT_EQ(loaded.config.alerts.smtp_host, "mail.acme.example");
}

TEST_F(ConfigFiles, TenantsThatShareIdOrKeyAreErrorsWithoutTheKey) {
    write("tenants/a.yaml", "tenant: {id: same, api_key: sk-shared-0123456789}\n");
    write("tenants/b.yaml", "tenant: {id: same, api_key: sk-shared-0123456789}\nmodles: []\n");
    const LoadResult loaded = load(write("tollgate.yaml", "tenants_dir: tenants\n"), environment_);
    EXPECT_FALSE(loaded.ok());
    EXPECT_THAT(loaded.report(), HasSubstr("`same` is already the tenant of"));
    EXPECT_THAT(loaded.report(), HasSubstr("the same key is already that of tenant `same`"));
    EXPECT_THAT(loaded.report(), HasSubstr("modles: unknown key (did you mean `models`?)"));
    EXPECT_THAT(loaded.report(), Not(HasSubstr("sk-shared")));
}

TEST_F(ConfigFiles, MissingFileAndFolderAreSaid) {
    EXPECT_THAT(load((folder_ / "no.yaml").string(), environment_).report(),
                HasSubstr("no.yaml: error: does not exist"));
    const auto path = write("tollgate.yaml", "tenants_dir: nowhere\n");
    EXPECT_THAT(load(path, environment_).report(), HasSubstr("nowhere: error: is no folder"));
    EXPECT_FALSE(load(folder_.string(), environment_).ok());
    // The default folder need not be there yet: who watches the files learns where it would be.
    const LoadResult plain = load(write("plain.yaml", "logging: {level: info}\n"), environment_);
    EXPECT_EQ(plain.config.tenants_dir, (folder_ / "tenants").string());
}

TEST_F(ConfigFiles, EmptyFileIsAConfigurationOfDefaults) {
    const LoadResult loaded = load(write("tollgate.yaml", ""), environment_);
    EXPECT_TRUE(loaded.ok()) << loaded.report();
    EXPECT_EQ(loaded.config.server.listen, "127.0.0.1:4000");
    EXPECT_THAT(loaded.config.model_list, IsEmpty());
}

TEST(ConfigLoad, ShippedConfigurationHasNoErrorOnceTheMasterKeyIsSet) {
    Environment environment;
    environment.variables["TOLLGATE_MASTER_KEY"] = "sk-master-0123456789";
    const LoadResult loaded =
        load(std::string(TOLLGATE_SOURCE_DIR) + "/config/config.yaml", environment);
    EXPECT_TRUE(loaded.ok()) << loaded.report();
    EXPECT_THAT(loaded.config.model_list, Not(IsEmpty()));
    EXPECT_THAT(loaded.report(), Not(HasSubstr("unknown key")));
}

TEST(ConfigLoad, AliasesThatMultiplyAreStopped) {
    std::string text = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
    for (char c = 'b'; c < 'j'; ++c) {
        const std::string before(1, static_cast<char>(c - 1));
        text += std::string(1, c) + ": &" + c + " [";
        for (int i = 0; i < 10; ++i) text += (i ? ", *" : "*") + before;
        text += "]\n";
    }
    const LoadResult loaded = load_text(text, "bomb.yaml", {});
    EXPECT_FALSE(loaded.ok());
    EXPECT_THAT(loaded.report(), HasSubstr("aliases make this document larger"));
}

TEST(ConfigLoad, DeepNestingIsAnErrorNotACrash) {
    const LoadResult loaded = load_text(std::string(100'000, '['), "deep.yaml", {});
    EXPECT_FALSE(loaded.ok());
}

TEST(ConfigLoad, RetriesNeverCutOffTheFallbacksOfTheSameFile) {
    const LoadResult loaded = load_text(
        "litellm_settings: {num_retries: 0}\nrouter_settings: {fallbacks: [{a: [b, c, d]}]}\n",
        "x.yaml", {});
    EXPECT_EQ(loaded.config.routing.max_attempts, 4);
    EXPECT_EQ(
        load_text("router_settings: {num_retries: 1}\n", "x.yaml", {}).config.routing.max_attempts,
        2);
    EXPECT_EQ(
        load_text("routing: {max_attempts: 9}\nrouter_settings: {num_retries: 1}\n", "x.yaml", {})
            .config.routing.max_attempts,
        9);
}

TEST(ConfigLoad, SecretsOfTheEnvironmentNeverStandInMessages) {
    Environment environment;
    environment.variables["SECRET"] = "hunter2hunter2";
    const LoadResult loaded =
        load_text("server: {workers: \"${SECRET}\"}\n", "x.yaml", environment);
    EXPECT_FALSE(loaded.ok());
    EXPECT_THAT(loaded.report(), Not(HasSubstr("hunter2")));
    EXPECT_THAT(loaded.report(), HasSubstr("the value of SECRET"));
}

TEST(ConfigScalars, DurationsSizesAndPrices) {
    EXPECT_EQ(parse_duration("30"), Duration(30'000));
    EXPECT_EQ(parse_duration("1h30m"), Duration(5'400'000));
    EXPECT_EQ(parse_duration("1.5s"), Duration(1500));
    EXPECT_EQ(parse_duration("250ms"), Duration(250));
    for (const char* bad : {"", "s", "-1s", "5 apples", "5m 3", "1e9", "10 years"}) {
        EXPECT_FALSE(parse_duration(bad)) << bad;
    }
    EXPECT_EQ(parse_bytes("32MiB")->count, 32 << 20);
    EXPECT_EQ(parse_bytes("1 GB")->count, 1'000'000'000);
    EXPECT_EQ(parse_bytes("64k")->count, 65536);
    EXPECT_FALSE(parse_bytes("32 megs"));
    EXPECT_EQ(parse_price("2.5e-06"), 2'500'000);
    EXPECT_EQ(parse_price("1.25e-11"), 13);  // finer than a pico-dollar
    EXPECT_FALSE(parse_price("-1"));
    EXPECT_FALSE(is_json_number("01"));
    EXPECT_TRUE(is_json_number("-1.5e+3"));
    EXPECT_FALSE(is_json_number("1."));
    EXPECT_FALSE(is_json_number("-"));
}

TEST(ConfigSchema, IsValidJsonAndKnowsEverySection) {
    const std::string schema = json_schema();
    json::Document document;
    const auto parsed = document.parse(schema);
    ASSERT_TRUE(parsed.ok()) << parsed.error().message;
    const json::Value properties = (*parsed)["properties"];
    EXPECT_TRUE(properties["server"]["properties"]["limits"]["properties"]["body"].exists());
    EXPECT_TRUE(properties["model_list"]["items"]["properties"]["litellm_params"].exists());
    EXPECT_TRUE(properties["guardrails"].exists());
}

TEST(ConfigReference, PageInTheTreeIsTheProgramsOwn) {
    const std::string path = std::string(TOLLGATE_SOURCE_DIR) + "/docs/reference/configuration.md";
    if (getenv("TOLLGATE_WRITE_REFERENCE") != nullptr) std::ofstream(path) << reference_page();
    std::ifstream stream(path);
    const std::string page{std::istreambuf_iterator<char>(stream), {}};
    EXPECT_EQ(page, reference_page())
        << "write the page anew: TOLLGATE_WRITE_REFERENCE=1 config_test";
}

}  // namespace
}  // namespace tollgate::config
