#include "assembly/recorded_routes.hpp"

#include "assembly/world_test.hpp"

namespace tollgate::assembly {
namespace {

constexpr std::string_view models = R"(
model_list:
  - {model_name: main, litellm_params: {model: hosted_vllm/big, api_base: "http://127.0.0.1:9/v1"}}
  - {model_name: cheap, litellm_params: {model: hosted_vllm/small, api_base: "http://127.0.0.1:9/v1"}}
  - {model_name: turns, litellm_params: {model: hosted_vllm/one, api_base: "http://127.0.0.1:9/v1"}}
  - {model_name: turns, litellm_params: {model: hosted_vllm/two, api_base: "http://127.0.0.1:9/v1"}}
)";

class RecordedRoutesTest : public World {
protected:
    RecordedRoutes routes(const std::string& routing) {
        const config::Config config = load(std::string(models) + routing);
        auto made = RecordedRoutes::make(config, rows_, [this](const config::Config& other) {
            return build(other);
        });
        if (!made.ok()) throw std::runtime_error(made.error().message);
        return std::move(made).value();
    }
    static domain::UsageRecord request(const std::string& alias, std::int64_t tokens = 100) {
        domain::UsageRecord record;
        record.at = 1'700'000'000'000'000;
        record.request_id = "r";
        record.alias = alias;
        record.usage.input = tokens;
        record.usage.output = 10;
        return record;
    }
    DirectoryRows rows_;
};

std::string first(const routing::SimulatedRoute& route) {
    return route.candidates.empty() ? "" : route.candidates.front().name;
}

TEST_F(RecordedRoutesTest, WithoutRules_TheNameDecidesAndDeploymentsTakeTurns) {
    RecordedRoutes made = routes("");
    EXPECT_EQ(first(made.route(request("main"))), "hosted_vllm/big");
    EXPECT_EQ(made.route(request("main")).rule, "");
    const std::string one = first(made.route(request("turns")));
    EXPECT_NE(first(made.route(request("turns"))), one);
    EXPECT_EQ(first(made.route(request("turns"))), one);
    const routing::SimulatedRoute nobody = made.route(request("unheard-of"));
    EXPECT_TRUE(nobody.candidates.empty());
    EXPECT_NE(nobody.refused.find("unheard-of"), std::string::npos);
}

TEST_F(RecordedRoutesTest, RulesOverWhatIsRecorded_Decide) {
    RecordedRoutes made = routes(R"(
routing:
  rules:
    - {name: long, match: {tokens: "> 1000"}, use: cheap}
    - {name: night, match: {time: "daily 22:00-23:00"}, use: {models: [cheap, main]}}
    - {name: never, match: {model: nobody-asks}, use: cheap}
)");
    const routing::SimulatedRoute by_size = made.route(request("main", 2'000));
    EXPECT_EQ(by_size.rule, "long");
    EXPECT_EQ(first(by_size), "hosted_vllm/small");
    // The record is of 22:13 UTC.
    const routing::SimulatedRoute by_hour = made.route(request("main"));
    EXPECT_EQ(by_hour.rule, "night");
    ASSERT_EQ(by_hour.candidates.size(), 2U);
    domain::UsageRecord morning = request("main");
    morning.at += 10 * 3'600'000'000;
    EXPECT_EQ(first(made.route(morning)), "hosted_vllm/big");
}

TEST_F(RecordedRoutesTest, ARuleOverWords_MakesUnknownOnlyWhatItCouldMeet) {
    RecordedRoutes made = routes(R"(
routing:
  rules:
    - {name: words, match: {prompt: "refactor*", tokens: "< 1000", model: main}, use: cheap}
    - {name: tools, match: {has_tools: true, header: {x-team: vip}, model: turns}, use: cheap}
)");
    const routing::SimulatedRoute open = made.route(request("main"));
    EXPECT_EQ(open.unknown, "rule words asks for prompt");
    EXPECT_TRUE(open.candidates.empty());
    EXPECT_EQ(first(made.route(request("main", 5'000))), "hosted_vllm/big");
    EXPECT_EQ(made.route(request("turns")).unknown,
              "rule tools asks for has_tools, header x-team");
}

TEST_F(RecordedRoutesTest, ATask_IsKnownWhereTheTraceSaysIt) {
    RecordedRoutes made = routes(R"(
routing:
  tasks: {reasoning: {terms: {3: [why]}}}
  rules:
    - {name: thinkers, match: {task: reasoning}, use: cheap}
)");
    domain::UsageRecord record = request("main");
    EXPECT_EQ(made.route(record).unknown, "rule thinkers asks for task");
    record.route_trace = R"({"task":"reasoning","task_confidence":0.9})";
    EXPECT_EQ(made.route(record).rule, "thinkers");
    record.route_trace = R"({"task":"general"})";
    EXPECT_EQ(first(made.route(record)), "hosted_vllm/big");
}

TEST_F(RecordedRoutesTest, InALoopOfTools_RulesForTheWorkApply) {
    RecordedRoutes made = routes(R"(
routing:
  tasks: {reasoning: {terms: {3: [why]}}}
  rules:
    - {name: thinkers, match: {task: reasoning}, use: cheap}
)");
    domain::UsageRecord record = request("main");
    record.route_trace = R"({"task":"tool_loop","work":"reasoning"})";
    EXPECT_EQ(made.route(record).rule, "thinkers");
    record.route_trace = R"({"task":"tool_loop","work":"plan"})";
    EXPECT_EQ(made.route(record).rule, "");
}

TEST_F(RecordedRoutesTest, TheTableOfTasks_NeedsTheTask) {
    RecordedRoutes made = routes(R"(
routing:
  task_table: true
  tasks: {code_generation: {models: [cheap]}}
)");
    EXPECT_EQ(made.route(request("main")).unknown, "the task decides, which needs the words");
    domain::UsageRecord record = request("main");
    record.route_trace = R"({"task":"code_generation","output_tokens":300})";
    const routing::SimulatedRoute coding = made.route(record);
    ASSERT_EQ(coding.candidates.size(), 2U) << coding.unknown << coding.refused;
    EXPECT_EQ(coding.candidates[0].name, "hosted_vllm/small");
    EXPECT_EQ(coding.candidates[1].name, "hosted_vllm/big");
    EXPECT_NE(coding.candidates[0].key, coding.candidates[1].key);
    EXPECT_EQ(coding.output_expected, 300);
    // The work goes on where it began.
    record.route_trace = R"({"task":"tool_loop","work":"code_generation"})";
    EXPECT_EQ(first(made.route(record)), "hosted_vllm/small");
    record.route_trace = R"({"task":"tool_loop","work":"general"})";
    EXPECT_EQ(first(made.route(record)), "hosted_vllm/big");
}

// The row begins with a server on this machine, which nobody has set up.
TEST_F(RecordedRoutesTest, ALocalServerThatNobodyConfigured_ServesNoRow) {
    domain::UsageRecord record = request("main");
    record.route_trace = R"({"task":"refactoring"})";
    const std::string row = R"(
routing:
  task_table: true
  tasks: {refactoring: {models: [ollama/qwen2.5-coder, ollama/codellama, cheap], power_level: eco}}
)";
    RecordedRoutes made = routes(row);
    for (int turn = 0; turn < 2; ++turn) {  // and nothing takes turns with what stands behind it
        const routing::SimulatedRoute without = made.route(record);
        ASSERT_EQ(without.candidates.size(), 2U);
        EXPECT_EQ(without.candidates[0].name, "hosted_vllm/small");
        EXPECT_EQ(without.candidates[1].name, "hosted_vllm/big");
    }
    RecordedRoutes with = routes(
        "  - {model_name: local-coder, litellm_params: {model: ollama/qwen2.5-coder}}" + row);
    const routing::SimulatedRoute local = with.route(record);
    ASSERT_EQ(local.candidates.size(), 4U);
    EXPECT_EQ(local.candidates[0].name, "ollama/qwen2.5-coder");
    EXPECT_EQ(local.candidates.back().name, "hosted_vllm/big");  // above the ceiling, and yet there
}

TEST_F(RecordedRoutesTest, ATenantsRules_AreForItsRecords) {
    RecordedRoutes made = routes(R"(
tenant_configs:
  acme: {api_key: sk-acme-0123456789abcdef, routing: [{pattern: "*test*", model: cheap}]}
)");
    domain::UsageRecord record = request("main");
    EXPECT_EQ(first(made.route(record)), "hosted_vllm/big");
    record.tenant = "acme";
    record.key_id = "a-key-that-is-gone";
    EXPECT_EQ(made.route(record).unknown, "rule rule-1 asks for prompt");
}

TEST_F(RecordedRoutesTest, AConfigurationWithErrors_IsRefusedInItsWords) {
    const config::Config config =
        load(std::string(models) + "routing: {rules: [{name: x, use: nowhere}]}\n");
    const auto made = RecordedRoutes::make(config, rows_, [this](const config::Config& other) {
        return build(other);
    });
    ASSERT_FALSE(made.ok());
    EXPECT_NE(made.error().message.find("nowhere"), std::string::npos);
}

}  // namespace
}  // namespace tollgate::assembly
