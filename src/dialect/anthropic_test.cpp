// What the golden files cannot show: events by hand, facts of frames, identities.
#include <gtest/gtest.h>

#include "dialect/dialect.hpp"

namespace tollgate::dialect {
namespace {

using domain::BlockKind;
using domain::Event;
using domain::EventKind;

Event event(EventKind kind, BlockKind block = BlockKind::text, std::uint32_t index = 0,
            std::string_view text = {}) {
    Event made;
    made.kind = kind;
    made.block = block;
    made.index = index;
    made.text = json::Escaped{text};
    return made;
}

// The data lines of a stream, one per line.
std::string data_lines(const std::string& stream) {
    std::string lines;
    for (std::size_t at = 0; (at = stream.find("\ndata: ", at)) != std::string::npos;) {
        at += 7;
        lines += stream.substr(at, stream.find('\n', at) - at) + "\n";
    }
    return lines;
}

TEST(AnthropicStream, InterleavedBlocks_AreSentOneAfterTheOther) {
    auto encoder = make_anthropic().client->stream_encoder({"m", "r", 0, 5, false});
    std::string out;
    encoder->encode(event(EventKind::start), out);
    out.clear();
    Event call = event(EventKind::block_start, BlockKind::tool_call, 7);
    call.id = "a";
    call.name = "A";
    encoder->encode(call, out);
    encoder->encode(event(EventKind::block_start, BlockKind::text, 8), out);
    encoder->encode(event(EventKind::block_delta, BlockKind::text, 8, "early"), out);
    encoder->encode(event(EventKind::block_end, BlockKind::text, 8), out);
    EXPECT_EQ(out.find("early"), std::string::npos) << "the first block is still open";
    encoder->encode(event(EventKind::block_delta, BlockKind::tool_call, 7, "{}"), out);
    encoder->encode(event(EventKind::block_end, BlockKind::tool_call, 7), out);
    EXPECT_EQ(
        data_lines(out),
        R"({"type":"content_block_start","index":0,"content_block":)"
              R"({"type":"tool_use","id":"a","name":"A","input":{}}}
{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{}"}}
{"type":"content_block_stop","index":0}
{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}
{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"early"}}
{"type":"content_block_stop","index":1}
)");
}

TEST(AnthropicStream, SignatureWithoutThought_MakesABlock) {
    auto encoder = make_anthropic().client->stream_encoder({"m", "r", 0, 5, false});
    std::string out;
    encoder->encode(event(EventKind::block_start, BlockKind::thinking, 0), out);
    Event end = event(EventKind::block_end, BlockKind::thinking, 0);
    end.signature = json::Escaped{"tg1.abc"};
    encoder->encode(end, out);
    EXPECT_NE(out.find(R"({"type":"signature_delta","signature":"tg1.abc"})"), std::string::npos);
    EXPECT_NE(out.find("content_block_stop"), std::string::npos);
}

TEST(AnthropicStream, EmptyBlocks_AreNotSent) {
    auto encoder = make_anthropic().client->stream_encoder({"m", "r", 0, 5, false});
    std::string out;
    for (BlockKind kind : {BlockKind::text, BlockKind::thinking}) {
        encoder->encode(event(EventKind::block_start, kind, 3), out);
        encoder->encode(event(EventKind::block_delta, kind, 3, ""), out);
        encoder->encode(event(EventKind::block_end, kind, 3), out);
    }
    EXPECT_EQ(out.find("content_block"), std::string::npos) << out;
}

TEST(AnthropicStream, NothingFollowsTheEnd) {
    auto encoder = make_anthropic().client->stream_encoder({"m", "r", 0, 5, false});
    std::string out;
    encoder->encode(event(EventKind::stop), out);
    const std::size_t size = out.size();
    encoder->encode(event(EventKind::stop), out);
    encoder->encode(event(EventKind::error, BlockKind::text, 0, "late"), out);
    EXPECT_EQ(out.size(), size);
    EXPECT_TRUE(out.ends_with("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"));
}

TEST(AnthropicDecoder, Facts_NameModelAndEnd) {
    domain::Deployment target;
    auto decoder = make_anthropic().provider->stream_decoder(target, {});
    std::vector<Event> events;
    const std::string data =
        R"({"type":"message_start","message":{"id":"msg_1","model":"claude-x","usage":{}}})";
    auto facts = decoder->feed("message_start", data, events);
    ASSERT_TRUE(facts.ok());
    EXPECT_TRUE(facts->has_model);
    EXPECT_EQ(facts->model, "claude-x");
    EXPECT_EQ(facts->model.data(), data.data() + data.find("claude-x")) << "a view of the frame";
    EXPECT_FALSE(facts->end);
    events.clear();
    facts = decoder->feed("message_stop", R"({"type":"message_stop"})", events);
    ASSERT_TRUE(facts.ok());
    EXPECT_TRUE(facts->end);
    ASSERT_EQ(events.size(), 1u) << "a stop is owed when message_delta never came";
    EXPECT_EQ(events[0].kind, EventKind::stop);
    EXPECT_TRUE(decoder->finish(events));
}

TEST(AnthropicDecoder, UnknownFrames_AreIgnored) {
    domain::Deployment target;
    auto decoder = make_anthropic().provider->stream_decoder(target, {});
    std::vector<Event> events;
    EXPECT_TRUE(decoder->feed("new_kind", R"({"type":"new_kind","x":[]})", events).ok());
    EXPECT_TRUE(events.empty());
    EXPECT_FALSE(decoder->finish(events)) << "no end has been seen";
}

domain::Request decoded(const std::string& text, json::Document& document, base::Arena& arena) {
    auto parsed = document.parse(text);
    EXPECT_TRUE(parsed.ok());
    auto request = make_anthropic().client->decode_request(document, arena);
    EXPECT_TRUE(request.ok()) << request.error().message;
    return std::move(request).value();
}

TEST(AnthropicRequest, Session_IsReadFromEveryFormOfUserId) {
    const std::pair<std::string, std::string> forms[] = {
        {R"({\"device_id\":\"d\",\"session_id\":\"s-1\"})", "s-1"},
        {"user_abc_account_def_session_s-2", "s-2"},
        {"jane", ""},
        {"{broken", ""},
    };
    for (const auto& [user, session] : forms) {
        json::Document document;
        base::Arena arena;
        const std::string text = R"({"model":"m","max_tokens":1,"messages":[{"role":"user",)"
                                 R"("content":"x"}],"metadata":{"user_id":")" +
                                 user + "\"}}";
        EXPECT_EQ(decoded(text, document, arena).session_id, session) << user;
    }
}

TEST(AnthropicRequest, UnknownFields_BecomeExtras) {
    json::Document document;
    base::Arena arena;
    const std::string text =
        R"({"model":"m","max_tokens":1,"messages":[{"role":"user","content":"x"}],)"
        R"("speed":"fast","mcp_servers":[{"url":"u"}]})";
    const domain::Request request = decoded(text, document, arena);
    ASSERT_EQ(request.extras.size(), 2u);
    EXPECT_EQ(request.extras[0].name, "speed");
    EXPECT_EQ(request.extras[0].value, "\"fast\"");
    EXPECT_EQ(request.extras[1].value, R"([{"url":"u"}])");
}

TEST(AnthropicErrors, Types_FollowStatusAndCode) {
    const auto client = make_anthropic().client;
    auto type_of = [&](int status, base::ErrorCode code) {
        const std::string body = client->encode_error(status, {code, "m"}, "r");
        json::Document document;
        return (*document.parse(body))["error"]["type"].text();
    };
    using base::ErrorCode;
    EXPECT_EQ(type_of(400, ErrorCode::invalid_request), "invalid_request_error");
    EXPECT_EQ(type_of(401, ErrorCode::authentication), "authentication_error");
    EXPECT_EQ(type_of(429, ErrorCode::billing), "billing_error");
    EXPECT_EQ(type_of(403, ErrorCode::permission), "permission_error");
    EXPECT_EQ(type_of(404, ErrorCode::not_found), "not_found_error");
    EXPECT_EQ(type_of(413, ErrorCode::too_large), "request_too_large");
    EXPECT_EQ(type_of(429, ErrorCode::rate_limited), "rate_limit_error");
    EXPECT_EQ(type_of(500, ErrorCode::internal), "api_error");
    EXPECT_EQ(type_of(503, ErrorCode::unavailable), "overloaded_error");
    EXPECT_EQ(type_of(529, ErrorCode::overloaded), "overloaded_error");
    EXPECT_EQ(type_of(504, ErrorCode::timeout), "timeout_error");
    EXPECT_EQ(client->encode_stream_error(502, {ErrorCode::provider, "cut \"off\""}, ""),
              "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\","
              "\"message\":\"cut \\\"off\\\"\"}}\n\n");
}

TEST(AnthropicStream, BlocksOfAWholeAnswer_AreOneLineOfTheirFrame) {
    auto encoder = make_anthropic().client->stream_encoder({"m", "r", 0, 5, false});
    std::string out;
    encoder->encode(event(EventKind::start), out);
    out.clear();
    Event step = event(EventKind::block_start, BlockKind::hosted);
    step.verbatim = "{\n  \"type\": \"server_tool_use\",\n  \"id\": \"a b\"\n}";
    encoder->encode(step, out);
    EXPECT_EQ(data_lines(out), "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":"
                               "{\"type\":\"server_tool_use\",\"id\":\"a b\"}}\n");
}

// Some servers of this protocol refuse so; a type that nobody knows is a refusal all the same.
TEST(AnthropicAnswer, AnErrorUnderA200_IsReadAsTheErrorItIs) {
    const auto codec = make_anthropic();
    base::Arena arena;
    const auto read = [&](std::string_view body) {
        const auto events = codec.provider->decode_answer(body, {}, {}, arena);
        EXPECT_TRUE(events.ok()) << body;
        return events.ok() && events->size() == 1 ? events->front() : Event();
    };
    const Event odd =
        read(R"({"type":"error","error":{"type":"quota_gone","message":"no \"more\""}})");
    EXPECT_EQ(odd.kind, EventKind::error);
    EXPECT_EQ(odd.error_class, domain::ErrorClass::provider_fault);
    EXPECT_EQ(odd.error_type, "quota_gone");
    EXPECT_EQ(odd.text.raw, R"(no \"more\")");
    const Event busy = read(R"({"type":"error","error":{"type":"overloaded_error"}})");
    EXPECT_EQ(busy.error_class, domain::ErrorClass::overloaded);
    EXPECT_FALSE(codec.provider->decode_answer(R"({"error":"x"})", {}, {}, arena).ok());
}

}  // namespace
}  // namespace tollgate::dialect
