#include "commands/bench_models.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/temporary_folder_test.hpp"
#include "commands/schema_check.hpp"

namespace tollgate::commands {
namespace {

constexpr std::string_view two_prompts = R"(
prompts:
  - {name: fact, prompt: "capital?", check: {contains: [Paris, river]}, max_tokens: 9}
  - {prompt: "say hi", system: be short, check: {exact: " hi "}}
)";

std::string problem_of(const std::string& yaml) {
    const auto read = read_bench_prompts(yaml, "p.yaml");
    return read.ok() ? "" : read.error().message;
}

TEST(BenchPrompts, AFile_IsReadWithItsChecks) {
    const auto read = read_bench_prompts(two_prompts, "p.yaml");
    ASSERT_TRUE(read.ok()) << read.error().message;
    ASSERT_EQ(read->size(), 2U);
    EXPECT_EQ((*read)[0].name, "fact");
    EXPECT_EQ((*read)[0].output_tokens_max, 9);
    EXPECT_EQ((*read)[0].texts, (std::vector<std::string>{"Paris", "river"}));
    EXPECT_EQ((*read)[1].name, "prompt-2");
    EXPECT_EQ((*read)[1].system, "be short");
    EXPECT_FALSE(has_commands(*read));
}

TEST(BenchPrompts, WhatShips_CanBeRead) {
    std::ifstream file(std::string(TOLLGATE_SOURCE_DIR) + "/data/bench_prompts.yaml");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto read = read_bench_prompts(text, "built in");
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(read->size(), 7U);
    EXPECT_FALSE(has_commands(*read));
    for (const BenchPrompt& prompt : *read) EXPECT_NE(prompt.check, BenchCheck::answered);
}

TEST(BenchPrompts, WhatIsWrong_IsNamed) {
    const auto with = [](const std::string& more) {
        return problem_of("prompts:\n  - {name: a, prompt: b, " + more + "}\n");
    };
    EXPECT_NE(problem_of("[]").find("must hold `prompts`"), std::string::npos);
    EXPECT_NE(problem_of("prompts:\n  - {name: a}\n").find("`prompt` is required"),
              std::string::npos);
    EXPECT_NE(with("chek: 1").find("no key `chek`"), std::string::npos);
    EXPECT_NE(with("max_tokens: 0").find("`max_tokens`"), std::string::npos);
    EXPECT_NE(with("check: {equals: x}").find("no check `equals`"), std::string::npos);
    EXPECT_NE(with("check: {exact: x, contains: y}").find("takes one of"), std::string::npos);
    EXPECT_NE(with("check: {exact: [x]}").find("`exact` must be a text"), std::string::npos);
    EXPECT_NE(with("check: {contains: ''}").find("`contains` must be a text"), std::string::npos);
    EXPECT_NE(with("check: {json_schema: {pattern: x}}").find("'pattern' is not checked here"),
              std::string::npos);
    EXPECT_NE(problem_of("prompts: [").find("p.yaml"), std::string::npos);
}

TEST(BenchPrompts, Answers_AreJudged) {
    BenchPrompt prompt;
    EXPECT_EQ(check_answer(prompt, "x"), "");
    EXPECT_EQ(check_answer(prompt, ""), "is empty");
    prompt = {"n", "", "p", 1, BenchCheck::exact, {"alpha beta"}, ""};
    EXPECT_EQ(check_answer(prompt, "\n alpha beta \n"), "");
    EXPECT_NE(check_answer(prompt, "Alpha beta"), "");
    prompt = {"n", "", "p", 1, BenchCheck::contains, {"Paris", "Seine"}, ""};
    EXPECT_EQ(check_answer(prompt, "PARIS, on the seine"), "");
    EXPECT_EQ(check_answer(prompt, "paris"), "has no 'Seine'");
    prompt = {"n", "", "p", 1, BenchCheck::json_schema, {}, R"({"required":["a"]})"};
    EXPECT_EQ(check_answer(prompt, "Here:\n```json\n{\"a\": 1}\n```\nDone"), "");
    EXPECT_EQ(check_answer(prompt, "{\"b\": 1}"), "$: has no a");
    EXPECT_EQ(check_answer(prompt, "a"), "is no JSON");
    prompt = {"n", "", "p", 1, BenchCheck::command, {"grep -q 'it works'"}, ""};
    EXPECT_EQ(check_answer(prompt, "yes, it works"), "");
    EXPECT_EQ(check_answer(prompt, "no"), "the command ended with 1");
}

std::string mismatch(const std::string& schema_text, const std::string& value_text) {
    json::Document schema, value;
    const auto rules = schema.parse(schema_text), found = value.parse(value_text);
    if (!rules.ok() || !found.ok()) return "the test is wrong";
    const auto known = schema_is_known(*rules);
    return known.ok() ? schema_mismatch(*rules, *found) : known.error().message;
}

TEST(SchemaCheck, EachKeyword_Holds) {
    EXPECT_EQ(mismatch(R"({"type":"integer"})", "2.0"), "");
    EXPECT_EQ(mismatch(R"({"type":"integer"})", "2.5"), "$: is number, not integer");
    EXPECT_EQ(mismatch(R"({"type":["string","null"]})", "null"), "");
    EXPECT_EQ(mismatch(R"({"const":1.0})", "1"), "");
    EXPECT_EQ(mismatch(R"({"enum":["a",{"b": 1}]})", R"({"b":1})"), "");
    EXPECT_EQ(mismatch(R"({"enum":["a"]})", "\"b\""), "$: is not one of [\"a\"]");
    EXPECT_EQ(mismatch(R"({"minimum":2})", "1"), "$: is below 2");
    EXPECT_EQ(mismatch(R"({"maxLength":2})", "\"\u00e4\u00f6\""), "");
    EXPECT_EQ(mismatch(R"({"maxLength":2})", "\"abc\""), "$: its length is above 2");
    EXPECT_EQ(mismatch(R"({"items":{"type":"string"},"minItems":1})", R"(["a",1])"),
              "$[1]: is integer, not string");
    EXPECT_EQ(mismatch(R"({"minItems":1})", "[]"), "$: the number of items is below 1");
    EXPECT_EQ(mismatch(R"({"properties":{"a":{"type":"string"}},"additionalProperties":false})",
                       R"({"a":"x","b":1})"),
              "$: has a member b");
    EXPECT_EQ(mismatch(R"({"properties":{"a":{"properties":{"b":false}}}})", R"({"a":{"b":1}})"),
              "$.a.b: nothing is allowed here");
    EXPECT_NE(mismatch(R"({"type":"text"})", "1").find("type must be"), std::string::npos);
    EXPECT_NE(mismatch(R"({"required":"a"})", "1").find("required must be"), std::string::npos);
}

struct Bench {
    int code = -1;
    std::string out, err;
    std::size_t asked = 0;
};

// `good` answers rightly, `bad` wrongly, `gone` not at all.
Bench bench(BenchModelsArgs args, std::string_view prompts = two_prompts) {
    std::ostringstream out, err;
    Bench made;
    BenchWorld world;
    world.built_in = prompts;
    world.ask = [&](std::span<const BenchQuestion> questions, const UseAnswer& use) {
        for (std::size_t i = 0; i < questions.size(); ++i) {
            BenchAnswer answer;
            ++made.asked;
            if (questions[i].model == "gone") answer.failure = "no model serves 'gone'";
            answer.text = questions[i].model == "bad" ? "?" :
                          questions[i].prompt->name == "fact" ? "Paris by the river" : "hi";
            answer.total_ms = 100.0 * static_cast<double>(i + 1);
            answer.first_token_ms = 50;
            answer.output_tokens = 11;
            answer.input_tokens = 5;
            answer.request_id = "r" + std::to_string(i);
            answer.served_by = "a/" + questions[i].model;
            use(i, std::move(answer));
        }
        return base::Result<void>();
    };
    world.record = [](const std::string& id) -> base::Result<std::string> {
        if (id == "r0") return std::string(R"({"request":{"cost":0.25}})");
        return std::string(R"({"request":{"cost":0.5}})");
    };
    made.code = run_bench_models(args, world, {out, err});
    made.out = out.str();
    made.err = err.str();
    return made;
}

TEST(BenchModels, ATable_HasWhatEachModelDid) {
    BenchModelsArgs args;
    args.models = "good,bad,gone";
    args.repeat = 1;
    const Bench made = bench(args);
    EXPECT_EQ(made.code, exit_partly) << made.err;
    EXPECT_EQ(made.asked, 6U);
    EXPECT_NE(made.out.find(
        "good   a/good     2         100%    100     400     50         50         50.0"),
        std::string::npos) << made.out;
    EXPECT_NE(made.out.find("- bad, fact, 1 times: the answer has no 'Paris'"), std::string::npos);
    EXPECT_NE(made.out.find("- gone, prompt-2, 1 times: no model serves 'gone'"),
              std::string::npos);
}

TEST(BenchModels, Json_HasFiguresAndCosts) {
    BenchModelsArgs args;
    args.models = "good";
    args.repeat = 2;
    args.output = Output::json;
    const Bench made = bench(args);
    EXPECT_EQ(made.code, exit_done) << made.err;
    json::Document document;
    const auto root = document.parse(made.out);
    ASSERT_TRUE(root.ok());
    const json::Value line = *(*root)["models"].elements().begin();
    EXPECT_EQ(line["requests"].integer(), 4);
    EXPECT_EQ(line["passed"].integer(), 4);
    EXPECT_EQ(line["output_tokens"].integer(), 44);
    EXPECT_EQ(line["cost"].raw(), "1.75");
    EXPECT_EQ(line["latency_p95_ms"].raw(), "400");
    EXPECT_EQ((*root)["faults"].size(), 0U);
}

TEST(BenchModels, CommandsOfAFile_RunOnlyWhenTheyMay) {
    const std::string_view prompts = "prompts: [{prompt: x, check: {command: 'grep -q hi'}}]";
    BenchModelsArgs args;
    args.models = "good";
    args.repeat = 1;
    const Bench refused = bench(args, prompts);
    EXPECT_EQ(refused.code, exit_usage);
    EXPECT_EQ(refused.asked, 0U);
    EXPECT_NE(refused.err.find("--allow-commands"), std::string::npos);
    args.allow_commands = true;
    EXPECT_EQ(bench(args, prompts).code, exit_done);
}

TEST(BenchModels, NothingToAsk_IsAUsageErrorAndNoAnswerAFailure) {
    BenchModelsArgs args;
    args.models = ",";
    EXPECT_EQ(bench(args).code, exit_usage);
    args.models = "gone";
    EXPECT_EQ(bench(args).code, exit_failed);
    args.repeat = 0;
    EXPECT_EQ(bench(args).code, exit_usage);
}

}  // namespace
}  // namespace tollgate::commands
