#include "providers/echo.hpp"

#include <gtest/gtest.h>

#include "providers/echo_plan.hpp"

namespace tollgate::providers {
namespace {

using namespace std::chrono_literals;

// A request built by hand; owns the texts that the views borrow.
struct Asked {
    base::Arena arena;
    domain::Request request;

    explicit Asked(std::string_view prompt) {
        request.alias = "claude-sonnet";
        request.messages.push_back({domain::Role::user, {text(prompt)}, {}});
    }
    domain::Part text(std::string_view words) {
        domain::Part part;
        part.text = json::escape(words, arena);
        return part;
    }
    Asked& tool(std::string_view name, std::string_view schema = "{\"type\":\"object\"}") {
        domain::Tool one;
        one.name = name;
        one.schema = schema;
        request.tools.push_back(one);
        return *this;
    }
    std::string body() { return echo_answer(request, "r1", false).steps.at(0).bytes; }
};

std::string all_bytes(const EchoAnswer& answer) {
    std::string out;
    for (const auto& step : answer.steps) out += step.bytes;
    return out;
}

std::string streamed_text(const EchoAnswer& answer) {
    std::string out;
    std::string bytes = all_bytes(answer);
    for (std::size_t at = 0; (at = bytes.find("\ndata: ", at)) != std::string::npos;) {
        at += 7;
        json::Document document;
        auto root = document.parse(std::string_view(bytes).substr(at, bytes.find('\n', at) - at));
        EXPECT_TRUE(root.ok());
        out += (*root)["delta"]["text"].text();
    }
    return out;
}

TEST(Echo, PlainPrompt_ComesBackWholeWithUsage) {
    Asked asked("say \"hi\"\nto  the world");
    json::Document document;
    auto body = asked.body();
    auto root = document.parse(body);
    ASSERT_TRUE(root.ok()) << body;
    json::Value content = *(*root)["content"].elements().begin();
    EXPECT_EQ(content["text"].text(), "say \"hi\"\nto  the world");
    EXPECT_EQ((*root)["model"].text(), "claude-sonnet");
    EXPECT_EQ((*root)["id"].text(), "msg_r1");
    EXPECT_GT(*(*root)["usage"]["input_tokens"].integer(), 0);
    EXPECT_GT(*(*root)["usage"]["output_tokens"].integer(), 0);
}

TEST(Echo, Stream_SaysEachWordInItsOwnStepAndEndsProperly) {
    Asked asked("one two three");
    auto answer = echo_answer(asked.request, "r1", true);
    EXPECT_EQ(answer.content_type, "text/event-stream");
    EXPECT_EQ(answer.steps.size(), 5u);  // start, three words, stop
    EXPECT_EQ(streamed_text(answer), "one two three");
    EXPECT_TRUE(answer.steps.front().bytes.starts_with("event: message_start\ndata: {"));
    EXPECT_TRUE(answer.steps.back().bytes.ends_with(
        "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"));
}

TEST(Echo, NotesOfTheClient_AreNotTakenForThePrompt) {
    Asked asked("the real prompt");
    asked.request.messages[0].parts.insert(
        asked.request.messages[0].parts.begin(),
        asked.text("<system-reminder>call tool Bash with {}</system-reminder>"));
    asked.request.messages[0].parts.push_back(asked.text("<system-reminder>x</system-reminder>"));
    EXPECT_NE(asked.body().find("\"the real prompt\""), std::string::npos);
}

TEST(Echo, CallTool_GivesTheInputAsAsked) {
    Asked asked("please call tool Write with {\"path\":\"a } b\",\"n\":[1]} and "
                "call tool Read with {\"path\":\"c\"}");
    asked.tool("Write").tool("Read");
    auto body = asked.body();
    EXPECT_NE(body.find("\"name\":\"Write\",\"input\":{\"path\":\"a } b\",\"n\":[1]}"), body.npos);
    EXPECT_NE(body.find("\"id\":\"toolu_r1_1\",\"name\":\"Read\""), body.npos);
    EXPECT_NE(body.find("\"stop_reason\":\"tool_use\""), body.npos);
}

TEST(Echo, CallToolStreamed_FragmentsJoinToTheInput) {
    Asked asked("call tool Write with {\"text\":\"\xC3\xA4\xC3\xB6\xC3\xBC, a long line of text, "
                "\\\"quoted\\\", so that several fragments are needed\"}");
    asked.tool("Write");
    auto answer = echo_answer(asked.request, "r1", true);
    std::string bytes = all_bytes(answer), joined;
    int fragments = 0;
    const std::string mark = "{\"type\":\"content_block_delta\"";
    for (std::size_t at = 0; (at = bytes.find(mark, at)) != bytes.npos; ++at) {
        json::Document document;
        auto root = document.parse(std::string_view(bytes).substr(at, bytes.find('\n', at) - at));
        ASSERT_TRUE(root.ok());
        joined += (*root)["delta"]["partial_json"].text();
        fragments += (*root)["delta"]["partial_json"].exists();
    }
    EXPECT_GT(fragments, 2);
    EXPECT_EQ(joined, "{\"text\":\"\xC3\xA4\xC3\xB6\xC3\xBC, a long line of text, "
                      "\\\"quoted\\\", so that several fragments are needed\"}");
}

TEST(Echo, ToolThatIsNotOffered_IsSaidInWords) {
    Asked asked("call tool Nope with {}");
    EXPECT_NE(asked.body().find("Nope is not offered"), std::string::npos);
    EXPECT_NE(asked.body().find("end_turn"), std::string::npos);
}

TEST(Echo, UseBash_RunsTheCommandInBackticks) {
    Asked asked("use Bash to run `echo \"hi\" > f`");
    asked.tool("Bash");
    EXPECT_NE(asked.body().find(R"("input":{"command":"echo \"hi\" > f")"), std::string::npos);
}

TEST(Echo, ToolResult_ComesBackInsteadOfAnotherCall) {
    Asked asked("use Bash to run `ls`");
    asked.tool("Bash");
    domain::Part result;
    result.kind = domain::PartKind::tool_result;
    result.content.push_back(asked.text("file_a\nfile_b"));
    asked.request.messages.push_back({domain::Role::user, {result}, {}});
    EXPECT_NE(asked.body().find("\"file_a\\nfile_b\""), std::string::npos);
    EXPECT_EQ(asked.body().find("tool_use"), std::string::npos);
}

TEST(Echo, FailWithStatus_GivesAnErrorBody) {
    Asked asked("echo: delay 200ms; echo: fail 529");
    auto answer = echo_answer(asked.request, "r1", true);
    EXPECT_EQ(answer.status, 529);
    EXPECT_EQ(answer.content_type, "application/json");
    ASSERT_EQ(answer.steps.size(), 1u);
    EXPECT_EQ(answer.steps[0].delay, 200ms);
    EXPECT_NE(answer.steps[0].bytes.find("overloaded_error"), std::string::npos);
}

TEST(Echo, FailMidStream_SendsHalfAndAnErrorEvent) {
    Asked asked("a b c d\necho: fail mid-stream");
    auto answer = echo_answer(asked.request, "r1", true);
    EXPECT_EQ(streamed_text(answer), "a b ");
    EXPECT_NE(all_bytes(answer).find("event: error"), std::string::npos);
    EXPECT_EQ(all_bytes(answer).find("message_stop"), std::string::npos);
    EXPECT_FALSE(answer.cut);
}

TEST(Echo, CutMidStream_EndsWithoutAWord) {
    Asked asked("a b c d\necho: cut mid-stream");
    auto answer = echo_answer(asked.request, "r1", true);
    EXPECT_TRUE(answer.cut);
    EXPECT_EQ(all_bytes(answer).find("event: error"), std::string::npos);
}

TEST(Echo, Words_AnswersWithThatMany) {
    Asked asked("echo: words 500, echo: slow 50ms per word\nalpha beta");
    auto plan = plan_echo(asked.request);
    EXPECT_EQ(plan.words.size(), 500u);
    EXPECT_EQ(plan.word_delay, 50ms);
    EXPECT_EQ(plan.words[0], "alpha ");
    EXPECT_EQ(plan.words[499], "beta");
}

TEST(Echo, UnknownOrder_StaysInTheText) {
    Asked asked("echo: dance");
    EXPECT_NE(asked.body().find("\"echo: dance\""), std::string::npos);
}

TEST(Echo, OutputSchema_GetsTheSmallestObjectThatFits) {
    Asked asked("Write a haiku about autumn leaves in Kyoto please");
    asked.request.output.kind = domain::OutputKind::json_schema;
    asked.request.output.schema =
        R"({"type":"object","properties":{"title":{"type":"string","maxLength":9},)"
        R"("kind":{"enum":["b","c"]},"n":{"type":"integer","minimum":3},"ok":{"type":"boolean"},)"
        R"("tags":{"type":"array","items":{"$ref":"#/$defs/tag"},"minItems":1},"no":{}},)"
        R"("required":["title","kind","n","ok","tags"],"$defs":{"tag":{"const":"t"}}})";
    auto plan = plan_echo(asked.request);
    std::string text;
    for (const auto& word : plan.words) text += word;
    EXPECT_EQ(text, R"({"title":"Write a h","kind":"b","n":3,"ok":false,"tags":["t"]})");
}

TEST(Echo, TitleRequest_GetsAFewWords) {
    Asked asked("one two three four five six seven eight nine");
    asked.request.system.push_back(asked.text("Generate a concise title for this session."));
    EXPECT_NE(asked.body().find("\"one two three four five six\""), std::string::npos);
}

TEST(Echo, ForcedTool_IsCalledWithInputThatFits) {
    Asked asked("hello");
    asked.tool("other").tool("answer", R"({"type":"object","properties":{"a":{"type":"string"}},)"
                                       R"("required":["a"]})");
    asked.request.tool_choice = {domain::ToolChoiceKind::named, "answer", std::nullopt};
    EXPECT_NE(asked.body().find(R"("name":"answer","input":{"a":"hello"})"), std::string::npos);
}

TEST(Echo, MaxTokensAndStopSequences_CutTheAnswer) {
    Asked asked("one two three four");
    asked.request.max_output_tokens = 2;
    EXPECT_NE(asked.body().find("\"stop_reason\":\"max_tokens\""), std::string::npos);
    asked.request.max_output_tokens = 100;
    asked.request.stop_sequences = {json::Escaped{"three"}};
    EXPECT_NE(asked.body().find("\"one two \""), std::string::npos);
    EXPECT_NE(asked.body().find("\"stop_sequence\":\"three\""), std::string::npos);
}

TEST(Echo, NoUserMessageOrEmptyPrompt_StillAnswers) {
    Asked asked("");
    EXPECT_NE(asked.body().find("the prompt has no text"), std::string::npos);
    asked.request.messages.clear();
    EXPECT_NE(asked.body().find("the prompt has no text"), std::string::npos);
}

}  // namespace
}  // namespace tollgate::providers
