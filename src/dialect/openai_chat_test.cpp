// What golden files cannot show: views and memory of the stream decoder, quirks without a setting.
#include <gtest/gtest.h>

#include <algorithm>

#include "dialect/dialect.hpp"
#include "dialect/openai_chat.hpp"
#include "dialect/openai_chat_reader.hpp"

namespace tollgate::dialect::openai_chat {
namespace {

using domain::EventKind;

std::string encoded(std::string_view body, const domain::Deployment& target) {
    Codec anthropic = make_anthropic();
    json::Document document;
    base::Arena arena;
    EXPECT_TRUE(document.parse(body).ok());
    auto request = anthropic.client->decode_request(document, arena);
    EXPECT_TRUE(request.ok()) << request.error().message;
    auto out = encode_request(*request, target);
    EXPECT_TRUE(out.ok()) << out.error().message;
    return out->body;
}

constexpr std::string_view tool_loop =
    R"({"model":"m","max_tokens":9,"thinking":{"type":"adaptive"},"messages":[)"
    R"({"role":"user","content":"go"},)"
    R"({"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"Read","input":{}}]},)"
    R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"one"},)"
    R"({"type":"text","text":"next"}]}]})";

TEST(EncodeRequest, TargetThatTakesNoUserAfterTool_GetsAnAnswerBetween) {
    domain::Deployment target;
    target.provider.user_after_tool = false;
    std::string body = encoded(tool_loop, target);
    EXPECT_NE(body.find(R"("content":"one"},{"role":"assistant","content":"OK."},{"role":"user")"),
              std::string::npos)
        << body;
    target.provider.user_after_tool = true;
    EXPECT_EQ(encoded(tool_loop, target).find("OK."), std::string::npos);
}

TEST(EncodeRequest, TargetThatNeedsReasoningReplayed_GetsABlankWhereNothingWasKept) {
    domain::Deployment target;
    target.provider.reasoning_out = "reasoning_content";
    target.provider.reasoning_required = domain::ReasoningRequired::always;
    EXPECT_NE(encoded(tool_loop, target).find(R"("reasoning_content":" ")"), std::string::npos);
    target.provider.reasoning_required = domain::ReasoningRequired::no;
    EXPECT_EQ(encoded(tool_loop, target).find("reasoning_content"), std::string::npos);
}

TEST(EncodeRequest, ForcedToolAtTargetThatCannotThinkThen_SwitchesThinkingOff) {
    constexpr std::string_view body =
        R"({"model":"m","max_tokens":9,"thinking":{"type":"adaptive"},)"
        R"("tools":[{"name":"Read","input_schema":{"type":"object"}}],)"
        R"("tool_choice":{"type":"any"},)"
        R"("messages":[{"role":"user","content":"go"}]})";
    domain::Deployment target;
    target.provider.reasoning_control = domain::ReasoningControl::thinking_type;
    EXPECT_NE(encoded(body, target).find(R"("thinking":{"type":"enabled"})"), std::string::npos);
    target.provider.forced_tool_thinking = false;
    EXPECT_NE(encoded(body, target).find(R"("thinking":{"type":"disabled"})"), std::string::npos);
}

TEST(EncodeRequest, OpenAiClient_KeepsItsOwnExtraFields) {
    json::Document document;
    base::Arena arena;
    ASSERT_TRUE(document.parse(R"({"model":"m","messages":[{"role":"user","content":"x"}],)"
                               R"("logprobs":true,"n":2,"service_tier":"flex"})").ok());
    auto request = decode_request(document, arena);
    ASSERT_TRUE(request.ok());
    auto out = encode_request(*request, domain::Deployment{});
    ASSERT_TRUE(out.ok());
    EXPECT_NE(out->body.find(R"("service_tier":"flex","logprobs":true,"n":2)"), std::string::npos)
        << out->body;
}

TEST(DecodeRequest, EveryKindOfPart_IsRead) {
    json::Document document;
    base::Arena arena;
    ASSERT_TRUE(document.parse(
        R"({"model":"m","messages":[{"role":"developer","content":"d"},)"
        R"({"role":"user","name":"ann",)"
        R"("content":[{"type":"image_url","image_url":)"
        R"({"url":"data:image\/png;base64,AA\/B","detail":"low"}},)"
        R"({"type":"file","file":{"filename":"a.pdf",)"
        R"("file_data":"data:application/pdf;base64,QUJD"}},)"
        R"({"type":"input_audio","input_audio":{"data":"UklG","format":"wav"}}]},)"
        R"({"role":"assistant","content":null,)"
        R"("function_call":{"name":"f","arguments":"{\"a\":1}"}},)"
        R"({"role":"function","name":"f","content":"r"},{"role":"system","content":"late"}],)"
        R"("functions":[{"name":"f"}],"function_call":{"name":"f"},"stop":"END"})").ok());
    auto request = decode_request(document, arena);
    ASSERT_TRUE(request.ok()) << request.error().message;
    ASSERT_EQ(request->system.size(), 1u);
    ASSERT_EQ(request->messages.size(), 4u);
    const auto& parts = request->messages[0].parts;
    EXPECT_EQ(request->messages[0].name, "ann");
    EXPECT_EQ(parts[0].media.media_type, "image/png");
    EXPECT_EQ(parts[0].media.data.raw, "AA/B");
    EXPECT_EQ(parts[0].media.detail, "low");
    EXPECT_EQ(parts[1].kind, domain::PartKind::document);
    EXPECT_EQ(parts[1].media.data.raw, "QUJD");
    EXPECT_EQ(parts[2].media.media_type, "wav");
    EXPECT_EQ(request->messages[1].parts[0].input, R"({"a":1})");
    EXPECT_EQ(request->messages[2].parts[0].id, request->messages[1].parts[0].id);
    EXPECT_EQ(request->messages[3].role, domain::Role::system);
    EXPECT_EQ(request->tool_choice.name, "f");
    EXPECT_EQ(request->stop_sequences.size(), 1u);
}

TEST(DecodeRequest, ArgumentsThatAreNoJson_StayInTheConversation) {
    json::Document document;
    base::Arena arena;
    ASSERT_TRUE(document.parse(
        R"({"model":"m","messages":[{"role":"assistant","tool_calls":[{"id":"a","type":"function",)"
        R"("function":{"name":"f","arguments":"{\"cut"}}]}]})").ok());
    auto request = decode_request(document, arena);
    ASSERT_TRUE(request.ok());
    EXPECT_EQ(request->messages[0].parts[0].input, R"({"arguments":"{\"cut"})");
}

TEST(StreamDecoder, ManyCallsInOneFrame_KeepTheirNamesAndIds) {
    std::string frame = R"({"choices":[{"index":0,"delta":{"tool_calls":[)";
    for (int i = 0; i < 50; ++i) {
        std::string number = std::to_string(i);
        if (i > 0) frame += ',';
        frame += R"({"index":)" + number + R"(,"id":"c)" + number + R"(","function":{"name":"n)" +
                 number + R"(","arguments":"{}"}})";
    }
    frame += "]}}]}";
    auto decoder = make_stream_decoder(domain::Deployment{}, Translation{});
    std::vector<domain::Event> events;
    ASSERT_TRUE(decoder->feed("", frame, events).ok());
    int seen = 0;
    for (const auto& event : events) {
        if (event.kind != EventKind::block_start) continue;
        EXPECT_EQ(event.id, "c" + std::to_string(seen));
        EXPECT_EQ(event.name, "n" + std::to_string(seen));
        ++seen;
    }
    EXPECT_EQ(seen, 50);
}

TEST(StreamDecoder, Facts_NameModelUsageChunkAndEnd) {
    auto decoder = make_stream_decoder(domain::Deployment{}, Translation{});
    std::vector<domain::Event> events;
    auto facts = decoder->feed("", R"({"model":"x","choices":[{"index":0,"delta":{}}]})", events);
    ASSERT_TRUE(facts.ok());
    EXPECT_EQ(facts->model, "x");
    EXPECT_FALSE(facts->usage_only);
    facts = decoder->feed("", R"({"choices":[],"usage":{"prompt_tokens":1}})", events);
    ASSERT_TRUE(facts.ok());
    EXPECT_TRUE(facts->usage_only);
    facts = decoder->feed("", "[DONE]", events);
    ASSERT_TRUE(facts.ok());
    EXPECT_TRUE(facts->end);
    EXPECT_EQ(events.back().kind, EventKind::stop);
}

TEST(StreamDecoder, RepeatedNameWithoutArguments_OpensNoSecondCall) {
    auto decoder = make_stream_decoder(domain::Deployment{}, Translation{});
    std::vector<domain::Event> events;
    constexpr std::string_view call =
        R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":)"
        R"({"name":"n","arguments":"{}"}}]}}]})";
    constexpr std::string_view echo =
        R"({"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":)"
        R"({"name":"n","arguments":""}}]},"finish_reason":"tool_calls"}]})";
    ASSERT_TRUE(decoder->feed("", call, events).ok());
    ASSERT_TRUE(decoder->feed("", echo, events).ok());
    EXPECT_EQ(std::count_if(events.begin(), events.end(),
                            [](const auto& e) { return e.kind == EventKind::block_start; }),
              1);
}

TEST(JsonExtent, BracketsInStringsAndEscapes_DoNotEndIt) {
    JsonExtent extent;
    extent.feed({R"({\"a\":\"}\\\")"});
    EXPECT_FALSE(extent.complete());
    extent.feed({R"(x}\"})"});
    EXPECT_TRUE(extent.complete());
    JsonExtent spelled;
    spelled.feed({R"({\u0022a\u0022:[1,{}])"});
    EXPECT_FALSE(spelled.complete());
    spelled.feed({"}"});
    EXPECT_TRUE(spelled.complete());
}

}  // namespace
}  // namespace tollgate::dialect::openai_chat
