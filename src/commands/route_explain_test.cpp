#include "commands/route_explain.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "base/temporary_folder_test.hpp"
#include "commands/fake_administration_test.hpp"

namespace tollgate::commands {
namespace {

const std::string answer = R"({"requested":"fast","renamed":"cheap","name":"cheap",)"
    R"("rules":[{"rule":"vip","failed":"header: x-team is not there"},)"
    R"({"rule":"words","tenant":"acme","failed":"prompt: does not match"}],)"
    R"("task":"refactoring","task_confidence":0.874,"task_evidence":"refactor",)"
    R"("strategy":"balanced","power_level":"eco","power_level_source":"header",)"
    R"("input_tokens":120,"output_tokens":1000,)"
    R"("order":[{"name":"groq/llama","group":"cheap","stage":0,"preferred":true,)"
    R"("circuit":"closed","cost":0.000100000,"cost_per_1k":0.000090000,"latency_ms":600.0,)"
    R"("quality":0.800,"error_rate":0.0000,"score":0.8400},)"
    R"({"name":"openai/x","group":"cheap","stage":0,"circuit":"open","error_rate":0.2500,)"
    R"("limit_use":0.9000,"score":0.1900}],)"
    R"("excluded":[{"name":"azure/y","group":"cheap","stage":0,)"
    R"("excluded":"above the ceiling","circuit":"closed"}],)"
    R"("notices":["the first chat entry \u001b[31mwas taken"]})";

struct Explained {
    int code = -1;
    std::string out, err;
    std::vector<Asked> asked;
};

Explained explained(const RouteExplainArgs& args, const ExplainAlone& alone = {},
                    AdminReply reply = {200, answer}) {
    FakeAdministration::State state{{std::move(reply)}, {}};
    std::ostringstream out, err;
    const OpenAdministration open =
        [&](const ConnectionArgs&) -> base::Result<std::unique_ptr<Administration>> {
        return std::unique_ptr<Administration>(std::make_unique<FakeAdministration>(state));
    };
    Explained ran;
    ran.code = run_route_explain(args, {}, open, alone, {out, err});
    ran.out = out.str();
    ran.err = err.str();
    ran.asked = std::move(state.asked);
    return ran;
}

RouteExplainArgs model_and(const std::string& prompt) {
    RouteExplainArgs args;
    args.model = "fast";
    args.prompt = prompt;
    return args;
}

TEST(RouteExplain, ADecision_IsReadable) {
    const Explained ran = explained(model_and("refactor this"));
    ASSERT_EQ(ran.code, exit_done) << ran.err;
    ASSERT_EQ(ran.asked.size(), 1U);
    EXPECT_EQ(ran.asked[0].method + " " + ran.asked[0].target,
              "POST /api/v1/llm/routing/explain");
    EXPECT_EQ(ran.asked[0].body, R"({"model":"fast","prompt":"refactor this"})");
    EXPECT_EQ(ran.out,
              "model     fast -> cheap\n"
              "rule      none of 2 applies\n"
              "task      refactoring (87%; refactor)\n"
              "level     eco, from the header\n"
              "strategy  balanced\n"
              "size      120 tokens in, 1000 expected out\n"
              "\n"
              "RULE   OF TENANT  OUTCOME\n"
              "vip    -          header: x-team is not there\n"
              "words  acme       prompt: does not match\n"
              "\n"
              "#  CANDIDATE   AS     STAGE  USD/1K   MS   QUALITY  SCORE  CIRCUIT  MARKS\n"
              "1  groq/llama  cheap  0      0.00009  600  0.8      0.84   closed   preferred\n"
              "2  openai/x    cheap  0      -        -    -        0.19   open     "
              "25% errors, 90% of its limit\n"
              "\n"
              "LEFT OUT  AS     BECAUSE\n"
              "azure/y   cheap  above the ceiling\n"
              "\n"
              "- the first chat entry ?[31mwas taken\n");
}

TEST(RouteExplain, TheRuleThatWasMet_IsNamed) {
    const Explained ran = explained(model_and("x"), {},
        {200, R"({"requested":"fast","name":"fast","rule":"vip","rules":[{"rule":"vip"}],)"
              R"("order":[],"excluded":[],"notices":[]})"});
    EXPECT_EQ(ran.out,
              "model     fast\nrule      vip\n\nRULE  OUTCOME\nvip   applies\n\n"
              "no candidate is left\n");
}

TEST(RouteExplain, Json_PassesThroughAndCsvHasARowPerCandidate) {
    RouteExplainArgs args = model_and("x");
    args.output = Output::json;
    json::Document document;
    const Explained json = explained(args);
    const auto root = document.parse(json.out);
    ASSERT_TRUE(root.ok());
    EXPECT_EQ((*root)["order"].size(), 2U);
    EXPECT_EQ((*root)["task_confidence"].raw(), "0.874");
    args.output = Output::csv;
    const Explained csv = explained(args);
    EXPECT_EQ(csv.out,
              "place,name,group,stage,cost_per_1k,cost,latency_ms,quality,score,circuit,marks,"
              "excluded\n"
              "1,groq/llama,cheap,0,0.00009,0.0001,600,0.8,0.84,closed,preferred,\n"
              "2,openai/x,cheap,0,,,,,0.19,open,\"25% errors, 90% of its limit\",\n"
              ",azure/y,cheap,0,,,,,,closed,,above the ceiling\n");
}

TEST(RouteExplain, ABody_IsAskedAboutAsItStandsWithTheOptionsPutIn) {
    const base::TemporaryFolder folder;
    const std::string file = folder.path + "/body.json";
    std::ofstream(file) << R"({"model":"m","messages":[{"role":"user","content":"hi"}]})";
    RouteExplainArgs args;
    args.file = file;
    args.power_level = "eco";
    args.user = "u1";
    const auto body = explain_body(args);
    ASSERT_TRUE(body.ok()) << body.error().message;
    EXPECT_EQ(*body, R"({"model":"m","messages":[{"role":"user","content":"hi"}],)"
                     R"("power_level":"eco","user_id":"u1"})");
    args.prompt = "more words";
    EXPECT_EQ(explain_body(args).error().field, "--prompt");
}

TEST(RouteExplain, WhatIsMissingOrTooMuch_IsAUsageError) {
    const Explained nothing = explained({});
    EXPECT_EQ(nothing.code, exit_usage);
    EXPECT_NE(nothing.err.find("--model NAME"), std::string::npos);
    EXPECT_TRUE(nothing.asked.empty());
    RouteExplainArgs args = model_and("x");
    args.user = "u1";
    const ExplainAlone alone = [](const std::string&) -> base::Result<std::string> {
        return answer;
    };
    EXPECT_EQ(explained(args, alone).code, exit_usage);
    const Explained refused = explained(model_and("x"), {},
        {404, R"({"error":{"message":"no model serves 'fast'","code":"x"}})"});
    EXPECT_EQ(refused.code, exit_not_found);
    EXPECT_NE(refused.err.find("no model serves 'fast'"), std::string::npos);
}

TEST(RouteExplain, AConfigurationAlone_IsAskedInsteadOfAGateway) {
    std::string question;
    const ExplainAlone alone = [&](const std::string& body) -> base::Result<std::string> {
        question = body;
        return answer;
    };
    const Explained ran = explained(model_and("x"), alone);
    EXPECT_EQ(ran.code, exit_done);
    EXPECT_TRUE(ran.asked.empty());
    EXPECT_EQ(question, R"({"model":"fast","prompt":"x"})");
    EXPECT_NE(ran.out.find("groq/llama"), std::string::npos);
    const Explained garbled = explained(model_and("x"), {}, {200, "[]"});
    EXPECT_NE(garbled.code, exit_done);
    EXPECT_NE(garbled.err.find("explains no route"), std::string::npos) << garbled.err;
}

}  // namespace
}  // namespace tollgate::commands
