#include "dialect/openai_responses.hpp"

#include <gtest/gtest.h>

#include "dialect/event_dump_test.hpp"
#include "dialect/openai_responses_input.hpp"
#include "dialect/openai_responses_request.hpp"
#include "dialect/signatures.hpp"

namespace tollgate::dialect {
namespace {

domain::Deployment openai() {
    domain::Deployment target;
    target.provider.type = "openai";
    target.provider.responses = true;
    target.provider.strict_tools = true;
    target.provider.files = true;
    target.provider.reasoning_control = domain::ReasoningControl::reasoning_effort;
    target.model.thinking = domain::ThinkingSupport::adaptive;
    target.model.efforts = {"none", "low", "medium", "high", "xhigh"};
    target.model.sampling = false;
    target.model_name = "gpt-5.4";
    return target;
}

// Feeds one frame after the other, as a connection would, and dumps all events.
struct Stream {
    Translation translation;
    domain::Deployment target = openai();
    std::string out;

    std::string run(const std::vector<std::string>& frames, bool complete = true) {
        ResponsesStreamDecoder decoder(target, translation);
        for (const auto& frame : frames) {
            std::vector<domain::Event> events;
            auto facts = decoder.feed("", frame, events);
            EXPECT_TRUE(facts.ok()) << frame;
            out += dump(events);
        }
        std::vector<domain::Event> events;
        EXPECT_EQ(decoder.finish(events), complete);
        return out + dump(events);
    }
};

const char* const created =
    R"({"type":"response.created","response":{"id":"resp_1","model":"gpt-5.4-2026","output":[]}})";

TEST(ResponsesStream, TextAndCallWithInterleavedEvents_AllArrives) {
    EXPECT_EQ(Stream().run({
        created,
        R"({"type":"response.output_item.added","output_index":0,"item":{"type":"message",)"
        R"("id":"m","content":[]}})",
        R"({"type":"response.content_part.added","output_index":0,"content_index":0,)"
        R"("part":{"type":"output_text","text":""}})",
        R"({"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"Hel"})",
        R"({"type":"response.output_item.added","output_index":1,"item":{"type":"function_call",)"
        R"("id":"fc","call_id":"call_7","name":"Bash","arguments":""}})",
        R"({"type":"response.output_text.delta","output_index":0,"content_index":0,)"
        R"("delta":"lo \"you\""})",
        R"({"type":"response.function_call_arguments.delta","output_index":1,"delta":"{\"a\":"})",
        R"({"type":"response.function_call_arguments.delta","output_index":1,"delta":"1}"})",
        R"({"type":"response.output_text.done","output_index":0,"content_index":0,)"
        R"("text":"Hello \"you\""})",
        R"({"type":"response.function_call_arguments.done","output_index":1,)"
        R"("arguments":"{\"a\":1}"})",
        R"({"type":"response.output_item.done","output_index":0,"item":{"type":"message",)"
        R"("content":[{"type":"output_text","text":"Hello \"you\""}]}})",
        R"({"type":"response.output_item.done","output_index":1,"item":{"type":"function_call",)"
        R"("call_id":"call_7","name":"Bash","arguments":"{\"a\":1}"}})",
        R"({"type":"response.completed","response":{"id":"resp_1","status":"completed",)"
        R"("output":[{"type":"message"},{"type":"function_call"}],"usage":{"input_tokens":100,)"
        R"("input_tokens_details":{"cached_tokens":60},"output_tokens":20,)"
        R"("output_tokens_details":{"reasoning_tokens":8}}}})",
    }),
    "start resp_1 gpt-5.4-2026\n"
    "open 0 text\ndelta 0 Hel\n"
    "open 1 tool_call call_7 Bash\n"
    "delta 0 lo \\\"you\\\"\n"
    "delta 1 {\\\"a\\\":\ndelta 1 1}\n"
    "close 0\nclose 1\n"
    "stop tool_use input=40 output=20 cache_read=60 reasoning=8\n");
}

TEST(ResponsesStream, ArgumentsOnlyInDone_AreDelivered) {
    EXPECT_EQ(Stream().run({
        created,
        R"({"type":"response.output_item.added","output_index":0,"item":{"type":"function_call",)"
        R"("call_id":"c","name":"Read"}})",
        R"({"type":"response.function_call_arguments.done","output_index":0,)"
        R"("arguments":"{\"p\":\"x\"}"})",
        R"({"type":"response.output_item.done","output_index":0,"item":{"type":"function_call",)"
        R"("call_id":"c","name":"Read","arguments":"{\"p\":\"x\"}"}})",
        R"({"type":"response.completed","response":{"status":"completed","output":[]}})",
    }),
    "start resp_1 gpt-5.4-2026\nopen 0 tool_call c Read\ndelta 0 {\\\"p\\\":\\\"x\\\"}\n"
    "close 0\nstop tool_use\n");
}

TEST(ResponsesStream, EverythingOnlyInCompleted_IsDelivered) {
    EXPECT_EQ(Stream().run({
        R"({"type":"response.completed","response":{"id":"r","model":"m","status":"completed",)"
        R"("output":[{"type":"message","content":[{"type":"output_text","text":"hi"},)"
        R"({"type":"output_text","text":"there"}]},{"type":"function_call","call_id":"c",)"
        R"("name":"F","arguments":"{}"}],"usage":{"input_tokens":3,"output_tokens":2}}})",
    }),
    "start r m input=3 output=2\nopen 0 text\ndelta 0 hi\nclose 0\n"
    "open 1 text\ndelta 1 there\nclose 1\n"
    "open 2 tool_call c F\ndelta 2 {}\nclose 2\nstop tool_use input=3 output=2\n");
}

TEST(ResponsesStream, ReasoningSummaryAndState_BecomeASignedThinkingBlock) {
    Stream stream;
    auto out = stream.run({
        created,
        R"({"type":"response.output_item.added","output_index":0,"item":{"type":"reasoning",)"
        R"("id":"rs_1","summary":[]}})",
        R"({"type":"response.reasoning_summary_part.added","output_index":0,"summary_index":0})",
        R"({"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":0,)"
        R"("delta":"First"})",
        R"({"type":"response.reasoning_summary_text.delta","output_index":0,"summary_index":1,)"
        R"("delta":"Then"})",
        R"({"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning",)"
        R"("id":"rs_1","encrypted_content":"gAAA==","summary":[{"type":"summary_text",)"
        R"("text":"First"},{"type":"summary_text","text":"Then"}]}})",
        R"({"type":"response.completed","response":{"status":"completed","output":[]}})",
    });
    auto signature = pack_reasoning("openai", {"rs_1", "gAAA=="});
    EXPECT_EQ(out, "start resp_1 gpt-5.4-2026\nopen 0 thinking\ndelta 0 First\ndelta 0 \\n\\n\n"
                   "delta 0 Then\nclose 0 " + signature + "\nstop end_turn\n");
    auto item = unpack_reasoning("openai", signature);
    ASSERT_TRUE(item);
    EXPECT_EQ(item->id, "rs_1");
    EXPECT_EQ(item->encrypted_content, "gAAA==");
    EXPECT_FALSE(unpack_reasoning("azure", signature));
}

TEST(ResponsesStream, ReasoningWithoutWords_StillCarriesItsState) {
    EXPECT_EQ(Stream().run({
        created,
        R"({"type":"response.output_item.done","output_index":0,"item":{"type":"reasoning",)"
        R"("id":"rs_2","summary":[],"encrypted_content":"E"}})",
        R"({"type":"response.output_item.done","output_index":1,"item":{"type":"reasoning",)"
        R"("id":"rs_3","summary":[]}})",
        R"({"type":"response.completed","response":{"status":"completed","output":[]}})",
    }),
    "start resp_1 gpt-5.4-2026\nopen 0 thinking\nclose 0 " +
        pack_reasoning("openai", {"rs_2", "E"}) + "\nstop end_turn\n");
}

TEST(ResponsesStream, RefusalAndIncomplete_SayWhy) {
    EXPECT_EQ(Stream().run({
        created,
        R"({"type":"response.refusal.delta","output_index":0,"content_index":0,"delta":"No."})",
        R"({"type":"response.refusal.done","output_index":0,"content_index":0,"refusal":"No."})",
        R"({"type":"response.completed","response":{"status":"completed","output":[]}})",
    }),
    "start resp_1 gpt-5.4-2026\nopen 0 refusal\ndelta 0 No.\nclose 0\nstop refusal\n");
    EXPECT_EQ(Stream().run({
        created,
        R"({"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"lo"})",
        R"({"type":"response.incomplete","response":{"status":"incomplete",)"
        R"("incomplete_details":{"reason":"max_output_tokens"},"output":[],)"
        R"("usage":{"input_tokens":1,"output_tokens":9}}})",
    }),
    "start resp_1 gpt-5.4-2026\nopen 0 text\ndelta 0 lo\nclose 0\n"
    "stop max_tokens input=1 output=9\n");
}

TEST(ResponsesStream, Failures_BecomeErrorEvents) {
    EXPECT_EQ(Stream().run({
        created,
        R"({"type":"response.failed","response":{"status":"failed",)"
        R"("error":{"code":"server_error","message":"boom"},"output":[]}})",
    }),
    "start resp_1 gpt-5.4-2026\nerror provider_fault [server_error] boom\n");
    EXPECT_EQ(Stream().run({
        R"({"type":"error","code":"rate_limit_exceeded","message":"slow \"down\"","param":null})",
    }), "error rate_limited [rate_limit_exceeded] slow \\\"down\\\"\n");
    EXPECT_EQ(Stream().run({
        R"({"type":"error","error":{"type":"invalid_request_error",)"
        R"("code":"context_length_exceeded","message":"too long"}})",
    }), "error context_overflow [context_length_exceeded] too long\n");
}

TEST(ResponsesStream, CutBeforeItsEnd_IsNotTakenForComplete) {
    EXPECT_EQ(Stream().run({created,
        R"({"type":"response.output_text.done","output_index":0,"content_index":0,)"
        R"("text":"whole"})"},
        false),
    "start resp_1 gpt-5.4-2026\nopen 0 text\ndelta 0 whole\nclose 0\n");
}

TEST(ResponsesStream, MissingOrRepeatedCallIds_AreReplaced) {
    auto out = Stream().run({
        R"({"type":"response.completed","response":{"id":"r","status":"completed",)"
        R"("output":[{"type":"function_call","call_id":"c","name":"F","arguments":"{}"},)"
        R"({"type":"function_call","call_id":"c","name":"F","arguments":"{}"},)"
        R"({"type":"function_call","name":"F","arguments":"{}"}]}})"});
    EXPECT_NE(out.find("open 0 tool_call c F"), out.npos);
    EXPECT_EQ(out.find("open 1 tool_call c F"), out.npos);
    EXPECT_NE(out.find("open 2 tool_call call_"), out.npos);
}

TEST(ResponsesStream, MalformedFrame_IsAProviderError) {
    ResponsesStreamDecoder decoder(openai(), {});
    std::vector<domain::Event> events;
    auto facts = decoder.feed("", "{\"type\":", events);
    ASSERT_FALSE(facts.ok());
    EXPECT_EQ(facts.error().code, base::ErrorCode::provider);
}

TEST(ResponsesAnswer, WholeBody_OutlivesItsDecoder) {
    auto codec = make_openai_responses();
    base::Arena arena;
    Translation translation;
    translation.tool_names.emplace_back("short", "the_long_name");
    auto events = codec.provider->decode_answer(
        R"({"id":"r","model":"m","status":"completed","output":[{"type":"reasoning","id":"rs",)"
        R"("summary":[{"text":"why"}],"encrypted_content":"E"},{"type":"function_call",)"
        R"("call_id":"c","name":"short","arguments":"{}"}],"usage":{"input_tokens":5,)"
        R"("output_tokens":6}})",
        openai(), translation, arena);
    ASSERT_TRUE(events.ok());
    EXPECT_EQ(dump(*events), "start r m input=5 output=6\nopen 0 thinking\ndelta 0 why\nclose 0 " +
                                 pack_reasoning("openai", {"rs", "E"}) +
                                 "\nopen 1 tool_call c the_long_name\ndelta 1 {}\nclose 1\n"
                                 "stop tool_use input=5 output=6\n");
    EXPECT_FALSE(codec.provider->decode_answer("{}", openai(), {}, arena).ok());
}

domain::Part part(domain::PartKind kind, std::string_view text) {
    domain::Part out;
    out.kind = kind;
    out.text.raw = text;
    return out;
}

TEST(ResponsesRequest, Conversation_BecomesItemsInOrder) {
    domain::Request request;
    request.alias = "x";
    request.stream = true;
    request.system = {part(domain::PartKind::text, "one"), part(domain::PartKind::text, "two")};
    request.messages.push_back({domain::Role::user, {part(domain::PartKind::text, "hi")}, {}});
    auto signature = pack_reasoning("openai", {"rs_1", "E"});
    auto thought = part(domain::PartKind::thinking, "why");
    thought.signature.raw = signature;
    auto foreign = part(domain::PartKind::thinking, "other");
    foreign.signature.raw = "EqRk";
    auto call = part(domain::PartKind::tool_call, "");
    call.id = "toolu_1";
    call.name = "Bash";
    call.input = "{\"c\": \"ls\"}";
    request.messages.push_back({domain::Role::assistant, {foreign, thought, call, thought}, {}});
    request.messages.push_back({domain::Role::system, {part(domain::PartKind::text, "note")}, {}});
    auto result = part(domain::PartKind::tool_result, "");
    result.id = "toolu_1";
    result.is_error = true;
    result.content = {part(domain::PartKind::text, "no")};
    request.messages.push_back(
        {domain::Role::user, {part(domain::PartKind::text, "after"), result}, {}});
    domain::Tool tool;
    tool.name = "Bash";
    tool.schema = R"({"type":"object","properties":{}})";
    request.tools = {tool};
    request.thinking.mode = domain::ThinkingMode::adaptive;
    request.thinking.effort = "max";
    request.max_output_tokens = 32000;
    request.temperature = "1";
    request.stop_sequences = {json::Escaped{"END\\n"}};
    auto encoded = encode_responses_request(request, openai());
    ASSERT_TRUE(encoded.ok());
    EXPECT_EQ(encoded->path, "/responses");
    EXPECT_EQ(encoded->body,
        R"({"model":"gpt-5.4","instructions":"one\n\ntwo","input":[)"
        R"({"type":"message","role":"user","content":[{"type":"input_text","text":"hi"}]},)"
        R"({"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"why"}],)"
        R"("encrypted_content":"E"},)"
        R"({"type":"function_call","call_id":"toolu_1","name":"Bash",)"
        R"("arguments":"{\"c\":\"ls\"}"},)"
        R"({"type":"function_call_output","call_id":"toolu_1","output":"Error: no"},)"
        R"({"type":"message","role":"developer","content":[{"type":"input_text","text":"note"}]},)"
        R"({"type":"message","role":"user","content":[{"type":"input_text","text":"after"}]}],)"
        R"("tools":[{"type":"function","name":"Bash","parameters":{"type":"object",)"
        R"("properties":{}},"strict":false}],)"
        R"("reasoning":{"effort":"xhigh","summary":"auto"},)"
        R"("include":["reasoning.encrypted_content"],)"
        R"("store":false,"max_output_tokens":32000,"stream":true})");
    EXPECT_EQ(encoded->translation.stop_here, std::vector<std::string>{"END\n"});
    EXPECT_EQ(encoded->translation.dropped, std::vector<std::string>{"temperature"});
}

TEST(ResponsesRequest, HostedTool_IsRefusedOrDropped) {
    domain::Request request;
    domain::Tool tool;
    tool.name = "bash";
    tool.hosted_kind = "bash_20250124";
    tool.hosted = domain::HostedTool::other;
    request.tools = {tool};
    request.tool_choice = {domain::ToolChoiceKind::named, "bash", std::nullopt};
    auto target = openai();
    auto refused = encode_responses_request(request, target);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, base::ErrorCode::invalid_request);
    target.drop_unsupported = true;
    auto encoded = encode_responses_request(request, target);
    ASSERT_TRUE(encoded.ok());
    EXPECT_EQ(encoded->body.find("tool"), std::string::npos);
    EXPECT_EQ(encoded->translation.dropped, std::vector<std::string>{"bash_20250124"});
}

TEST(ResponsesRequest, ConfiguredFields_ReplaceOursOrFillGaps) {
    domain::Request request;
    request.max_output_tokens = 5;
    auto target = openai();
    target.extra_body = {{"store", "true"}};
    target.default_body = {{"max_output_tokens", "9"}, {"truncation", "\"auto\""}};
    auto encoded = encode_responses_request(request, target);
    ASSERT_TRUE(encoded.ok());
    EXPECT_EQ(encoded->body, R"({"model":"gpt-5.4","input":[],"max_output_tokens":16,)"
                             R"("store":true,"truncation":"auto"})");
}

TEST(ResponsesClient, WhatAStreamRepeatsOfTheRequest_StaysOneLine) {
    const auto client = make_openai_responses().client;
    constexpr std::string_view body =
        "{\"model\":\"m\",\"input\":\"hi\",\n\"metadata\":{\n  \"a b\": \"c\\nd\"\n},"
        "\r\n\"tool_choice\":\n\"auto\"}";
    base::Arena arena;
    json::Document document;
    ASSERT_TRUE(document.parse(body).ok());
    const auto request = client->decode_request(document, arena);
    ASSERT_TRUE(request.ok());
    const auto outline = outline_translated(domain::Protocol::openai_responses, body);
    ASSERT_TRUE(outline.ok());
    EncoderOptions options;
    options.description = client->describe_answer(*request, *outline);
    std::string out;
    domain::Event start;
    start.kind = domain::EventKind::start;
    client->stream_encoder(options)->encode(start, out);
    EXPECT_NE(out.find(R"("metadata":{"a b":"c\nd"})"), std::string::npos) << out;
    for (std::size_t at = 0; at < out.size(); at = out.find('\n', at) + 1) {
        const std::string_view line = std::string_view(out).substr(at, out.find('\n', at) - at);
        EXPECT_TRUE(line.empty() || line.starts_with("event: ") || line.starts_with("data: "))
            << line;
    }
}

}  // namespace
}  // namespace tollgate::dialect
