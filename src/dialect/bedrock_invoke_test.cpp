#include <gtest/gtest.h>

#include "base/base64.hpp"
#include "dialect/dialect.hpp"
#include "dialect/event_dump_test.hpp"

namespace tollgate::dialect {
namespace {

using domain::ErrorClass;
using domain::Event;
using domain::EventKind;

class BedrockInvoke : public testing::Test {
protected:
    static std::string chunk(std::string_view event) {
        return R"({"bytes":")" + base::base64_encode(event) + R"(","p":"abcdefgh"})";
    }
    base::Result<FrameFacts> feed(std::string_view type, std::string_view payload) {
        events.clear();
        return decoder->feed(type, payload, events);
    }

    Codec codec = make_bedrock_invoke();
    std::unique_ptr<StreamDecoder> decoder = codec.provider->stream_decoder({}, {});
    std::vector<Event> events;
};

TEST_F(BedrockInvoke, Chunk_IsTheEventAsAnthropicSpellsIt) {
    const std::string start =
        R"({"type":"message_start","message":{"id":"msg_bdrk_1","model":"claude-x",)"
        R"("usage":{"input_tokens":5,"output_tokens":1}}})";
    auto facts = feed("chunk", chunk(start));
    ASSERT_TRUE(facts.ok());
    EXPECT_EQ(facts->raw, "event: message_start\ndata: " + start + "\n\n");
    ASSERT_TRUE(facts->has_model);
    EXPECT_EQ(facts->model, "claude-x");
    EXPECT_GE(facts->model.data(), facts->raw.data());
    EXPECT_LE(facts->model.data() + facts->model.size(), facts->raw.data() + facts->raw.size());
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].usage.input, 5);
}

TEST_F(BedrockInvoke, EmptyObject_IsPassedOver) {
    auto facts = feed("chunk", R"({"bytes":"e30="})");  // the chunk of the published frame
    ASSERT_TRUE(facts.ok());
    EXPECT_FALSE(facts->end);
    EXPECT_TRUE(events.empty());
}

TEST_F(BedrockInvoke, LastEvent_LosesBedrocksMetrics) {
    auto facts = feed("chunk", chunk(R"({"type":"message_stop","amazon-bedrock-invocationMetrics":)"
                                     R"({"inputTokenCount":5,"firstByteLatency":9}, "x": 1})"));
    ASSERT_TRUE(facts.ok());
    EXPECT_TRUE(facts->end);
    EXPECT_EQ(facts->raw, "event: message_stop\ndata: {\"type\":\"message_stop\",\"x\":1}\n\n");
}

TEST_F(BedrockInvoke, EventOnSeveralLines_BecomesOne) {
    auto facts = feed("chunk", chunk("{\"type\": \"ping\",\n \"a\": 1}"));
    ASSERT_TRUE(facts.ok());
    EXPECT_EQ(facts->raw, "event: ping\ndata: {\"type\":\"ping\",\"a\":1}\n\n");
}

TEST_F(BedrockInvoke, Exception_IsAnErrorEventOfItsClass) {
    const std::pair<const char*, ErrorClass> cases[] = {
        {":throttlingException", ErrorClass::rate_limited},
        {":serviceUnavailableException", ErrorClass::overloaded},
        {":internalServerException", ErrorClass::provider_fault},
        {":modelStreamErrorException", ErrorClass::provider_fault},
        {":modelTimeoutException", ErrorClass::timeout},
        {":validationException", ErrorClass::bad_request},
        {":somethingNew", ErrorClass::provider_fault}};
    for (const auto& [type, expected] : cases) {
        decoder = codec.provider->stream_decoder({}, {});
        auto facts = feed(type, R"({"message":"so \"it\" is"})");
        ASSERT_TRUE(facts.ok());
        EXPECT_TRUE(facts->end);
        ASSERT_EQ(events.size(), 1u);
        EXPECT_EQ(events[0].kind, EventKind::error);
        EXPECT_EQ(events[0].error_class, expected) << type;
        EXPECT_EQ(events[0].text.raw, R"(so \"it\" is)");
        EXPECT_TRUE(facts->raw.starts_with("event: error\ndata: {\"type\":\"error\""));
        EXPECT_TRUE(decoder->finish(events));
    }
}

TEST_F(BedrockInvoke, ThrottledStream_TellsAnthropicClientsInTheirWords) {
    auto facts = feed(":throttlingException", R"({"message":"slow down"})");
    ASSERT_TRUE(facts.ok());
    EXPECT_EQ(facts->raw,
              "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\","
              "\"message\":\"slow down\"}}\n\n");
}

TEST_F(BedrockInvoke, DamagedChunks_AreRefused) {
    for (const char* payload :
         {"", "{}", "[]", R"({"bytes":1})", R"({"bytes":"e30"x})", R"({"bytes":"e3*="})",
          R"({"bytes":"e"})", R"({"bytes":"W10="})", R"({"bytes":"eyI="})", R"({"bytes":""})"}) {
        decoder = codec.provider->stream_decoder({}, {});
        auto facts = feed("chunk", payload);
        ASSERT_FALSE(facts.ok()) << payload;
        EXPECT_EQ(facts.error().code, base::ErrorCode::provider);
    }
}

TEST_F(BedrockInvoke, FramesOfOtherKinds_AreLeftOut) {
    auto facts = feed("initial-response", "{}");
    ASSERT_TRUE(facts.ok());
    EXPECT_TRUE(facts->raw.empty());
    EXPECT_TRUE(events.empty());
}

}  // namespace
}  // namespace tollgate::dialect
