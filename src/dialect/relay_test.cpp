// The cuts behind relay_splices(); its results are golden files (relay/).
#include <gtest/gtest.h>

#include "dialect/dialect.hpp"
#include "dialect/hosted.hpp"
#include "dialect/relay_fields.hpp"

namespace tollgate::dialect {
namespace {

std::string cut(std::string text, const std::vector<Element>& elements) {
    std::vector<Splice> splices;
    cut_elements(elements, splices);
    for (auto it = splices.rbegin(); it != splices.rend(); ++it) {
        text.replace(it->begin, it->end - it->begin, it->text);
    }
    return text;
}

TEST(CutElements, CommasGoWithWhatIsCut) {
    const std::string text = "[a, b, c, d]";
    auto marked = [](bool a, bool b, bool c, bool d) {
        return std::vector<Element>{{1, 2, a}, {4, 5, b}, {7, 8, c}, {10, 11, d}};
    };
    EXPECT_EQ(cut(text, marked(false, false, false, false)), text);
    EXPECT_EQ(cut(text, marked(true, false, false, false)), "[b, c, d]");
    EXPECT_EQ(cut(text, marked(false, true, true, false)), "[a, d]");
    EXPECT_EQ(cut(text, marked(false, false, true, true)), "[a, b]");
    EXPECT_EQ(cut(text, marked(true, true, true, false)), "[d]");
    EXPECT_EQ(cut(text, marked(true, false, true, false)), "[b, d]");
    EXPECT_EQ(cut(text, marked(false, true, false, true)), "[a, c]");
    EXPECT_EQ(cut(text, marked(true, true, true, true)), "[]");
}

TEST(OutlineAnswer, TellsWhereTheModelStands_AndWhatWasUsed) {
    const std::string body =
        R"({"id":"a","model":"m","content":[{"type":"text","text":"hi"}],)"
        R"("usage":{"input_tokens":3,"output_tokens":5,"cache_read_input_tokens":7,)"
        R"("cache_creation_input_tokens":9,"server_tool_use":{"web_search_requests":2}}})";
    const auto found = outline_answer(domain::Protocol::anthropic, body);
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(body.substr(found->model_begin, found->model_end - found->model_begin), "\"m\"");
    EXPECT_EQ(found->usage.input, 3);
    EXPECT_EQ(found->usage.output, 5);
    EXPECT_EQ(found->usage.cache_read, 7);
    EXPECT_EQ(found->usage.cache_write_5m, 9);
    EXPECT_EQ(found->usage.web_searches, 2);
}

TEST(OutlineAnswer, MalformedInside_IsToldOfItsOutside) {
    const auto found = outline_answer(
        domain::Protocol::anthropic,
        R"({"model":"m","content":[{"text":tru}],"usage":{"input_tokens":3}})");
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(found->usage.input, 3);
    EXPECT_FALSE(outline_answer(domain::Protocol::anthropic,
                                R"({"model":"m","content":[],"usage":{"input_tokens":[1,]}})")
                     .ok());
}

TEST(OutlineAnswer, WhatIsNoAnswer_IsRefused) {
    for (const char* const body : {
             "", "[]", "{", R"({"model":"m"})", R"({"model":"m","content":null})",
             R"({"model":"m","content":[],"error":{"type":"x"}})",
             R"({"model":"m","content":[],"model":"n"})",
         }) {
        EXPECT_FALSE(outline_answer(domain::Protocol::anthropic, body).ok()) << body;
    }
    EXPECT_TRUE(outline_answer(domain::Protocol::anthropic,
                               R"({"model":"m","content":[],"error":null})").ok());
}

TEST(OutlineAnswer, KeysMeanWhatTheyAreUnescaped_AndTheLastOfTwoCounts) {
    const std::string body =
        R"({"mod\u0065l":"m","conten\u0074":[],"us\u0061ge":{"input_tokens":1},"modelx":7,)"
        R"("usage":{"input_tokens":3,"output_tok\u0065ns":5},"error":null})";
    const auto found = outline_answer(domain::Protocol::anthropic, body);
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(body.substr(found->model_begin, found->model_end - found->model_begin), "\"m\"");
    EXPECT_EQ(found->usage.input, 3);
    EXPECT_EQ(found->usage.output, 5);
    EXPECT_FALSE(outline_answer(domain::Protocol::anthropic,
                                R"({"model":"m","content":[],"mod\u0065l":"n"})").ok());
    EXPECT_FALSE(outline_answer(domain::Protocol::anthropic,
                                R"({"content":[],"\u0065rror":{}})").ok());
}

TEST(OutlineAnswer, UsageOfOpenAi_FirstOfTwoCounts) {
    const auto found = outline_answer(
        domain::Protocol::openai_chat,
        R"({"choices":[],"usage":{"prompt_tok\u0065ns":40,"prompt_tokens":1,"input_tokens":2,)"
        R"("completion_tokens":"x","output_tokens":9,"total_tokens":56,)"
        R"("prompt_tokens_details":{"cached_tokens":10,"cached_tokens":11},)"
        R"("completion_tokens_details":{"reasoning_tokens":7},"cost":{"total_cost":0.5}}})");
    ASSERT_TRUE(found.ok());
    EXPECT_EQ(found->usage.input, 30);
    EXPECT_EQ(found->usage.cache_read, 10);
    EXPECT_EQ(found->usage.output, 16);
    EXPECT_EQ(found->usage.reasoning, 7);
    EXPECT_EQ(found->usage.provider_cost_nano_usd, 500'000'000);
}

// What tells most bodies from those with blocks of ours never misses one.
TEST(RelayBlocks, OfOurMaking_AreSuspectedHoweverTheyAreSpelled) {
    const auto suspected = [](std::string_view content) {
        const std::string text =
            R"([{"role":"user","content":"hi"},{"role":"assistant","content":)" +
            std::string(content) + "}]";
        json::Document document;
        const auto messages = document.parse(text);
        EXPECT_TRUE(messages.ok()) << text;
        const bool suspicion = may_hold_own_blocks(*messages);
        const bool found = !tell_own_hosted(*messages, 0).empty() ||
                           cut_foreign_thinking(*messages, 0).any;
        EXPECT_TRUE(suspicion || !found) << text;
        return suspicion;
    };
    const std::string said = R"({"type":"text","text":"thinking of srvtoolu_tg1_"})";
    for (const std::string_view block :
         {R"({"type":"thinking","thinking":"t","signature":"tg1.x"})",
          R"({"type":"thinking","thinking":"t"})",
          R"({"typ\u0065":"thinking","thinking":"t"})",
          R"({"type":"\u0074hinking","thinking":"t"})",
          R"({"type":"server_tool_use","id":"srvtoolu_tg1_a","name":"web_search","input":{}})",
          R"({"type":"server_tool_use","\u0069d":"srvtoolu_tg1_a"})",
          R"({"tool_use_id":"srvtoolu_tg1_a","type":"web_search_tool_result","content":[]})"}) {
        EXPECT_TRUE(suspected('[' + said + ',' + std::string(block) + ']')) << block;
    }
    EXPECT_FALSE(suspected('[' + said + R"(,{"type":"tool_use","id":"t","input":{"id":1}}])"));
    EXPECT_FALSE(suspected(R"([{"type":"tool_result","tool_use_id":"toolu_1"},1,"x",[]])"));
    EXPECT_FALSE(suspected(R"("type")"));
    EXPECT_FALSE(suspected("[]"));
}

TEST(RelayReasoning, OfAParsedInput_IsCutAsOfItsText) {
    for (const std::string_view input :
         {R"([{"type":"reasoning","encrypted_content":"tg1.a"},{"type":"message"}])",
          R"([{"type":"message"},{"type":"reasoning","encrypted_content":"tg1.a"}])",
          R"([{"type":"reasoning","encrypted_content":"tg1.a"}])",
          R"([{"type":"reasoning","encrypted_content":"gAAA"},{"type":"message","x":"tg1."}])",
          R"([{"ty\u0070e":"reasoning","encrypted_content":"tg1.a"},{"type":"message"}])",
          R"("tg1.")", "[]"}) {
        const std::string body = R"({"input":)" + std::string(input) + "}";
        json::Document document;
        ASSERT_TRUE(document.parse(body).ok());
        const json::Value tree = document.root()["input"];
        const auto read = cut_foreign_reasoning(json::TopField{"input", tree.raw(), tree.offset()});
        const auto walked = cut_foreign_reasoning(tree, 0);
        ASSERT_TRUE(read.ok());
        ASSERT_EQ(read->size(), walked.size()) << input;
        for (std::size_t i = 0; i < walked.size(); ++i) {
            EXPECT_EQ((*read)[i].begin, walked[i].begin) << input;
            EXPECT_EQ((*read)[i].end, walked[i].end) << input;
        }
    }
}

TEST(Outline, TellsWhatTheGatewayNeeds) {
    base::Arena arena;
    const std::string body =
        R"({"model":"a\u0062","stream":true,"stream_options":{"include_usage":true},)"
        R"("max_completion_tokens":7,"max_tokens":9})";
    const auto seen = outline(domain::Protocol::openai_chat, body, arena);
    ASSERT_TRUE(seen.ok()) << seen.error().message;
    EXPECT_EQ(seen->model, "ab");
    EXPECT_EQ(body.substr(seen->model_begin, seen->model_end - seen->model_begin), R"("a\u0062")");
    EXPECT_TRUE(seen->stream);
    EXPECT_TRUE(seen->include_usage);
    EXPECT_EQ(seen->max_tokens, 9) << "a provider may honour either";
    EXPECT_EQ(seen->fields.size(), 5u);
}

TEST(RelayOutline, OfAParsedBody_KnowsWhetherAToolIsHosted) {
    const auto hosted = [](std::string_view tools) {
        const std::string body = R"({"model":"m","messages":[],"tools":)" + std::string(tools) + "}";
        json::Document document;
        base::Arena arena;
        EXPECT_TRUE(document.parse(body).ok());
        const auto seen = outline(domain::Protocol::anthropic, document, arena);
        return seen.ok() && seen->hosted_tool.value_or(false);
    };
    EXPECT_TRUE(hosted(R"([{"name":"a"},{"type":"web_search_20250305","name":"web_search"}])"));
    EXPECT_TRUE(hosted(R"([{"type":"web\u005fsearch_preview"}])"));
    EXPECT_TRUE(hosted(R"([{"type":"code_execution_20250522"}])"));
    EXPECT_TRUE(hosted(R"([{"googleSearch":{}}])"));
    EXPECT_FALSE(hosted(R"([{"name":"web_search","input_schema":{"type":"object"}}])"));
    EXPECT_FALSE(hosted(R"([{"type":"function","function":{"name":"googleSearch"}}])"));
    EXPECT_TRUE(hosted(R"([{"google\u0053earch":{}}])"));
    EXPECT_FALSE(hosted(R"([{"googleSearch":1}])"));
    EXPECT_FALSE(hosted(R"([{"google\u0053earches":{}},{"parameters":{}}])"));
    EXPECT_FALSE(hosted("null"));
}

}  // namespace
}  // namespace tollgate::dialect
