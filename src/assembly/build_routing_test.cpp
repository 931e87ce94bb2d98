#include "assembly/build_routing.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tollgate::assembly {
namespace {

using ::testing::HasSubstr;

class BuildRouting : public ::testing::Test {
protected:
    std::string build(std::string_view yaml) {
        const auto loaded = config::load_text(yaml, "t.yaml", {});
        EXPECT_TRUE(loaded.ok()) << loaded.report();
        routing::NamesInput input;
        input.groups = {{.name = "gpt-4o", .deployments = {"openai/gpt-4o@"}}};
        std::vector<std::string> words;
        const routing::Names names(std::move(input), words);
        config::Catalog catalog;
        catalog.tasks.tasks = {{.name = "general"}, {.name = "plan", .terms = {{"plan", 9}}}};
        catalog.providers.emplace_back().type = "groq";
        catalog.index();
        std::vector<config::Problem> problems;
        build_routing({loaded.config, catalog, names, stored_, with_database_}, tables_, problems);
        std::string text;
        for (const config::Problem& problem : problems) text += problem.text() + "\n";
        return text;
    }
    gateway::RoutingTables tables_;
    std::vector<domain::RoutingRule> stored_;
    bool with_database_ = false;
};

TEST_F(BuildRouting, WithoutASection_DeploymentsTakeTurns) {
    EXPECT_EQ(build("logging: {level: info}\n"), "");
    EXPECT_TRUE(tables_.rules.empty());
    EXPECT_EQ(tables_.strategy, domain::Strategy::round_robin);
    EXPECT_EQ(tables_.level, domain::PowerLevel::none);
}

TEST_F(BuildRouting, Settings_RulesAndTasksArriveWhereTheyAreUsed) {
    EXPECT_EQ(build(R"(
routing:
  strategy: latency
  power_level: eco
  power_level_scope: any
  task_table: true
  circuit: {failures_in_a_row: 2}
  tasks: {translation: {terms: {3: [translate]}}}
  rules:
    - {name: all, match: {task: translation}, use: {model: gpt-4o, fallback: auto}}
tenant_configs:
  acme:
    api_key: sk-1
    models: [{alias: mine, provider: gpt-4o}]
    routing: [{pattern: "*", model: mine}]
)"), "");
    EXPECT_EQ(tables_.rules.size(), 2u);
    EXPECT_NE(tables_.rules.by_name("acme", "rule-1"), nullptr);
    EXPECT_EQ(tables_.rules.by_name("other", "rule-1"), nullptr);
    EXPECT_EQ(tables_.strategy, domain::Strategy::latency);
    EXPECT_EQ(tables_.level, domain::PowerLevel::eco);
    EXPECT_TRUE(tables_.level_widens && tables_.task_table);
    EXPECT_EQ(tables_.circuit.failures_in_a_row, 2);
    EXPECT_NE(tables_.tasks.data().find("translation"), nullptr);
}

TEST_F(BuildRouting, HedgingAndResuming_AreTheTables) {
    EXPECT_EQ(build(R"(
routing:
  hedge: true
  resume_streams: true
  rules:
    - {name: one, use: {model: gpt-4o, shadow: {model: gpt-4o, share: 0.1}}}
)"), "");
    EXPECT_TRUE(tables_.hedge && tables_.resume_streams);
    ASSERT_NE(tables_.rules.by_name("", "one"), nullptr);
    EXPECT_EQ(tables_.rules.by_name("", "one")->use.shadow->model, "gpt-4o");
}

TEST_F(BuildRouting, WhatARuleNamesAndNobodyServes_IsAnErrorAtItsPlace) {
    domain::RoutingRule old;
    old.id = old.name = "old";
    old.origin = "database";
    old.use.models = {"gone"};
    stored_ = {old};
    const std::string told = build(R"(
model_list:
  - {model_name: no-key, litellm_params: {model: groq/x}}
routing:
  rules:
    - {name: one, use: {model: gtp-4o}}
    - {name: two, match: {task: plans}, use: {models: [no-key, groq/y]}}
    - {name: three, match: {prompt: "/((/"}, use: {model: gpt-4o}}
    - {name: four, match: {time: "08:00-09:00 Mars/Base"}, use: {model: gpt-4o}}
)");
    EXPECT_THAT(told, HasSubstr("t.yaml:6:7: error: routing: rule `one`: use.model: no model "
                                "`gtp-4o`; nearest: gpt-4o"));
    EXPECT_THAT(told, HasSubstr("t.yaml:7:7: error: routing: rule `two`: match.task: no task "
                                "`plans`; nearest: plan"));
    EXPECT_THAT(told, HasSubstr("warning: routing: rule `two`: use.models: no model `no-key`"));
    EXPECT_THAT(told, HasSubstr("warning: routing: rule `two`: use.models: no model `groq/y`"));
    EXPECT_THAT(told, HasSubstr("t.yaml:8:7: error: routing: rule `three`: match.prompt[0]: no "
                                "valid RE2 expression"));
    EXPECT_THAT(told, HasSubstr("t.yaml:9:7: error: routing: rule `four`: match.time[0].zone"));
    EXPECT_THAT(told, HasSubstr("database: warning: routing: rule `old`: use.model: no model"));
}

TEST_F(BuildRouting, AnExperimentThatTheFileHasNot_MayBeTheDatabases) {
    constexpr std::string_view rule =
        "routing:\n  rules:\n"
        "    - {name: trial, match: {model: gpt-4o}, use: {experiment: late}}\n";
    // The file alone: nobody knows yet.
    EXPECT_EQ(build(rule),
              "t.yaml:3:7: warning: routing: rule `trial`: use.experiment: no experiment `late` "
              "(in the configuration; one of that name in the database is used, else the rule goes "
              "by the model that was asked for)\n");
    EXPECT_NE(tables_.rules.by_name("", "trial"), nullptr) << "it is kept";
    // With the database, which has none either.
    with_database_ = true;
    EXPECT_EQ(build(rule),
              "database: warning: routing: rule `trial`: use.experiment: no experiment `late` "
              "(neither in the configuration nor, enabled, in the database; until there is one the "
              "rule of t.yaml:3:7 goes by the model that was asked for)\n");
    // Where nothing is stored it can be nowhere.
    with_database_ = false;
    EXPECT_THAT(build("stores: {database: none}\n" + std::string(rule)),
                HasSubstr("t.yaml:4:7: error: routing: rule `trial`: use.experiment: no "
                          "experiment `late`"));
}

}  // namespace
}  // namespace tollgate::assembly
