#include "gateway/relay.hpp"

#include <gtest/gtest.h>

namespace tollgate::gateway {
namespace {

const dialect::Codec& anthropic() {
    static const dialect::Codec codec = dialect::make_anthropic();
    return codec;
}

const std::string start_frame =
    "event: message_start\n"
    "data: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\","
    "\"role\":\"assistant\",\"model\":\"claude-real\",\"content\":[],\"stop_reason\":null,"
    "\"stop_sequence\":null,\"usage\":{\"input_tokens\":7,\"output_tokens\":1}}}\n\n";
const std::string ping_frame = "event: ping\ndata: {\"type\": \"ping\"}\n\n";
const std::string block_frame =
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,"
    "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n";
const std::string delta_frame =
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"
    "\"delta\":{\"type\":\"text_delta\",\"text\":\"h\\u00e9\"}}\n\n";
const std::string end_frames =
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"
    "\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":12}}\n\n"
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
const std::string error_frame =
    "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
    "\"message\":\"Overloaded\"}}\n\n";

struct RelayTest : ::testing::Test {
    Relay make(bool start_sent = false, bool to_stream = true) {
        RelaySetup setup;
        setup.client = anthropic().client.get();
        setup.decoder = anthropic().provider->stream_decoder(target, translation);
        setup.options.model = "opus";
        setup.options.request_id = "r";
        setup.verbatim = to_stream;
        setup.to_stream = to_stream;
        setup.start_sent = start_sent;
        return Relay(std::move(setup));
    }
    domain::Deployment target;
    dialect::Translation translation;
    std::string out;
};

std::string with_model(std::string text, const std::string& model) {
    const std::string real = "claude-real";
    return text.replace(text.find(real), real.size(), model);
}

TEST_F(RelayTest, BytesPassUnchangedButForTheModel_CutAnywhere) {
    const std::string whole = start_frame + ping_frame + block_frame + delta_frame + end_frames;
    const std::string expected = with_model(whole, "opus");
    for (std::size_t cut = 0; cut <= whole.size(); cut += 7) {
        Relay relay = make();
        out.clear();
        ASSERT_TRUE(relay.feed(whole.substr(0, cut), out).ok());
        ASSERT_TRUE(relay.feed(whole.substr(cut), out).ok());
        EXPECT_EQ(out, expected) << cut;
        EXPECT_TRUE(relay.complete());
        EXPECT_EQ(relay.usage().input, 7);
        EXPECT_EQ(relay.usage().output, 12);
    }
}

TEST_F(RelayTest, NothingLeavesBeforeContent) {
    Relay relay = make();
    ASSERT_TRUE(relay.feed(start_frame + ping_frame, out).ok());
    EXPECT_EQ(out, "");
    EXPECT_FALSE(relay.begun());
    ASSERT_TRUE(relay.feed(error_frame, out).ok());
    EXPECT_EQ(out, "");
    ASSERT_TRUE(relay.failure().has_value());
    EXPECT_EQ(relay.failure()->error_class, domain::ErrorClass::overloaded);
    EXPECT_EQ(relay.failure()->message, "Overloaded");
}

TEST_F(RelayTest, AnErrorAfterContentReachesTheClientAsItIs) {
    Relay relay = make();
    ASSERT_TRUE(relay.feed(start_frame + block_frame + delta_frame + error_frame, out).ok());
    EXPECT_TRUE(out.ends_with(error_frame));
    EXPECT_FALSE(relay.complete());
}

TEST_F(RelayTest, SilenceSendsTheStartAndAPing_TheNextAttemptsStartIsDropped) {
    Relay first = make();
    ASSERT_TRUE(first.feed(start_frame, out).ok());
    first.keep_alive(out);
    EXPECT_TRUE(out.starts_with(with_model(start_frame, "opus")));
    EXPECT_NE(out.find("event: ping"), std::string::npos);
    EXPECT_TRUE(first.start_sent());
    out.clear();
    Relay second = make(true);
    ASSERT_TRUE(second.feed(start_frame + block_frame, out).ok());
    EXPECT_EQ(out, block_frame);
}

TEST_F(RelayTest, PingsBeforeTheStartAreNoStart_TheNextAttemptsOwnIsSent) {
    Relay first = make();
    ASSERT_TRUE(first.feed(ping_frame, out).ok());
    first.keep_alive(out);
    EXPECT_TRUE(out.starts_with(ping_frame));
    EXPECT_FALSE(first.start_sent());
}

TEST_F(RelayTest, AnAnswerCutShortIsAnError) {
    Relay relay = make();
    ASSERT_TRUE(relay.feed(start_frame + block_frame + delta_frame, out).ok());
    auto end = relay.finish(out);
    ASSERT_FALSE(end.ok());
    EXPECT_NE(end.error().message.find("before it was complete"), std::string::npos);
    out.clear();
    relay.break_off(502, end.error(), out);
    EXPECT_TRUE(out.starts_with("event: error\n")) << out;
}

// Such as a server of Chat that is asked by Responses.
TEST_F(RelayTest, AnEndAfterNothingOfTheProtocolIsAnError) {
    const dialect::Codec responses = dialect::make_openai_responses();
    for (const bool to_stream : {true, false}) {
        RelaySetup setup;
        setup.client = responses.client.get();
        setup.decoder = responses.provider->stream_decoder(target, translation);
        setup.verbatim = setup.to_stream = to_stream;
        Relay relay(std::move(setup));
        const auto fed = relay.feed(
            "data: {\"id\":\"1\",\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\n"
            "data: [DONE]\n\n",
            out);
        ASSERT_FALSE(fed.ok());
        EXPECT_EQ(fed.error().code, base::ErrorCode::provider);
        EXPECT_FALSE(relay.complete());
        EXPECT_EQ(out, "");
    }
}

TEST_F(RelayTest, AStreamIsCollectedForAPlainRequest) {
    Relay relay = make(false, false);
    const std::string whole = start_frame + block_frame + delta_frame + end_frames;
    for (const char byte : whole) {
        ASSERT_TRUE(relay.feed(std::string_view(&byte, 1), out).ok());
    }
    ASSERT_TRUE(relay.complete());
    EXPECT_EQ(out, "");
    const std::string body = relay.answer_body();
    EXPECT_NE(body.find("\"model\":\"opus\""), std::string::npos) << body;
    EXPECT_NE(body.find("h\\u00e9"), std::string::npos) << body;
    EXPECT_NE(body.find("\"output_tokens\":12"), std::string::npos) << body;
}

}  // namespace
}  // namespace tollgate::gateway
