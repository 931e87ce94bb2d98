#include "gateway/path_request.hpp"

#include <gtest/gtest.h>

#include "dialect/converse_client.hpp"
#include "http/event_stream.hpp"

namespace tollgate::gateway {
namespace {

TEST(PathRequest, Unwrap_MovesThePathIntoTheBody) {
    const PathRequest streamed{PathCloud::bedrock, "my \"model\"", true, true, {}};
    const auto made = unwrap(
        R"({"anthropic_version":"bedrock-2023-05-31","max_tokens":1,"anthropic_beta":["a","b"],)"
        R"("x":{"y":[1]}})",
        streamed);
    ASSERT_TRUE(made.ok());
    EXPECT_EQ(made->text,
              R"({"model":"my \"model\"","stream":true,"max_tokens":1,"x":{"y":[1]}})");
    EXPECT_EQ(made->betas, "a,b");
    const auto empty = unwrap("{}", {PathCloud::vertex, "m", false, true, {}});
    ASSERT_TRUE(empty.ok());
    EXPECT_EQ(empty->text, R"({"model":"m"})");
    // Azure's body says itself whether it streams; a count's body names the model itself.
    const auto azure = unwrap(R"({"model":"ignored","stream":true})",
                              {PathCloud::azure, "deployment", false, false, {}});
    ASSERT_TRUE(azure.ok());
    EXPECT_EQ(azure->text, R"({"model":"deployment","stream":true})");
    const auto count = unwrap(R"({"model":"kept"})", {PathCloud::vertex, "", false, true, {}});
    ASSERT_TRUE(count.ok());
    EXPECT_EQ(count->text, R"({"model":"kept"})");
}

TEST(PathRequest, Unwrap_RefusesWhatIsNoObject) {
    EXPECT_FALSE(unwrap("[]", {}).ok());
    EXPECT_FALSE(unwrap(R"({"a":1)", {}).ok());
    EXPECT_EQ(unwrap(R"({"anthropic_beta":[1]})", {}).error().field, "anthropic_beta");
    EXPECT_EQ(unwrap(R"({"anthropic_beta":"a"})", {}).error().field, "anthropic_beta");
    EXPECT_EQ(unwrap(R"({"anthropic_beta":["a\r\nb: c"]})", {}).error().field, "anthropic_beta");
    EXPECT_TRUE(unwrap(R"({"anthropic_beta":null})", {}).ok());
}

// What is put in front is what unwrap() makes, wherever the body says none of it itself.
TEST(PathRequest, PathInFront_IsAsUnwrapped) {
    const auto with_path_in_front = [](std::string_view body, const PathRequest& request) {
        auto front = path_in_front(body, request);
        if (front) front->text += body.substr(front->instead_of);
        return front ? std::optional(front->text) : std::nullopt;
    };
    const PathRequest named{PathCloud::gemini, "m", false, true, {}};
    const PathRequest streamed{PathCloud::gemini, "m", true, true, {}};
    struct Case {
        std::string_view body;
        bool says_itself;
    };
    const Case cases[] = {
        {R"({"contents":[{"model":1,"stream":2}],"x":"model"})", false},
        {"\n { \t\"contents\" : [ ] }\n", false},
        {R"({"contents":[],"model":"other"})", true},
        {R"({"stream":false,"contents":[]})", true},
        {R"({"contents":[],"mod\u0065l":"other"})", true},
        {R"({"contents":[],"anthropic_beta":["a"]})", true},
        {R"({"anthropic_version":"x"})", true},
    };
    for (const Case& one : cases) {
        for (const PathRequest& request : {named, streamed}) {
            const auto text = with_path_in_front(one.body, request);
            ASSERT_TRUE(text) << one.body;
            json::Document document;
            ASSERT_TRUE(document.parse(*text).ok()) << *text;
            EXPECT_EQ(says_itself(document, request), one.says_itself) << *text;
            if (one.says_itself) continue;
            const auto unwrapped = unwrap(one.body, request);
            ASSERT_TRUE(unwrapped.ok());
            json::Document other;
            ASSERT_TRUE(other.parse(unwrapped->text).ok());
            std::vector<json::TopField> fields, others;
            ASSERT_TRUE(json::top_level_of(document, fields).ok());
            ASSERT_TRUE(json::top_level_of(other, others).ok());
            ASSERT_EQ(fields.size(), others.size()) << *text;
            for (std::size_t i = 0; i < fields.size(); ++i) {
                EXPECT_EQ(fields[i].key, others[i].key);
                EXPECT_EQ(fields[i].value, others[i].value);
            }
        }
    }
    for (const std::string_view body : {"", " ", "{}", "{ }", "{", "[]", "[\"a\"]", "{1}", "1"}) {
        EXPECT_FALSE(with_path_in_front(body, named)) << body;
    }
    json::Document document;
    const auto broken = with_path_in_front(R"({"a":1)", named);
    ASSERT_TRUE(broken);
    EXPECT_FALSE(document.parse(*broken).ok());
}

TEST(PathRequest, NamesOfACloudsModel) {
    using Names = std::vector<std::string>;
    EXPECT_EQ(names_of_cloud_model("us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
              (Names{"us.anthropic.claude-sonnet-4-5-20250929-v1:0",
                     "claude-sonnet-4-5-20250929"}));
    EXPECT_EQ(names_of_cloud_model("anthropic.claude-opus-4-6-v1").back(), "claude-opus-4-6");
    EXPECT_EQ(names_of_cloud_model("claude-sonnet-4-5@20250929"),
              (Names{"claude-sonnet-4-5@20250929", "claude-sonnet-4-5-20250929",
                     "claude-sonnet-4-5"}));
    EXPECT_EQ(names_of_cloud_model("gpt-4.1"), (Names{"gpt-4.1"}));
    EXPECT_EQ(names_of_cloud_model("arn:aws:bedrock:us-east-1:1:inference-profile/eu.anthropic."
                                   "claude-haiku-4-5-20251001-v1:0")
                  .back(),
              "claude-haiku-4-5-20251001");
}

TEST(PathRequest, FrameForBedrock_EventsAndErrors) {
    std::string bytes =
        "event: message_start\ndata: {\"type\":\"message_start\"}\n\n: a comment\n\n"
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
        "\"message\":\"busy\"}}\n\n";
    frame_for_bedrock(bytes, false);
    http::EventStreamParser parser;
    http::EventStreamFrame frame;
    parser.feed(bytes);
    auto more = parser.next(frame);
    ASSERT_TRUE(more.ok() && *more);
    EXPECT_FALSE(frame.failed);
    EXPECT_EQ(frame.type, "chunk");
    EXPECT_EQ(frame.payload, R"({"bytes":"eyJ0eXBlIjoibWVzc2FnZV9zdGFydCJ9"})");
    more = parser.next(frame);
    ASSERT_TRUE(more.ok() && *more);
    EXPECT_TRUE(frame.failed);
    EXPECT_EQ(frame.type, "serviceUnavailableException");
    EXPECT_EQ(frame.payload, R"({"message":"busy"})");
    more = parser.next(frame);
    ASSERT_TRUE(more.ok());
    EXPECT_FALSE(*more);
}

TEST(PathRequest, FrameForBedrock_ErrorsOfConverseKeepTheirKind) {
    const auto client = dialect::make_converse_client();
    for (const auto& [status, type] :
         {std::pair<int, std::string_view>{429, "throttlingException"},
          {503, "serviceUnavailableException"},
          {504, "modelTimeoutException"},
          {400, "validationException"},
          {500, "internalServerException"}}) {
        const base::Error error{base::ErrorCode::provider, "no \"more\""};
        std::string bytes = client->encode_stream_error(status, error, "r");
        frame_for_bedrock(bytes, true);
        http::EventStreamParser parser;
        http::EventStreamFrame frame;
        parser.feed(bytes);
        const auto more = parser.next(frame);
        ASSERT_TRUE(more.ok() && *more);
        EXPECT_EQ(frame.type, type);
        EXPECT_EQ(frame.payload, R"({"message":"no \"more\""})");
    }
}

TEST(PathRequest, FrameForBedrock_AProvidersExceptionGoesOnAsItIs) {
    std::string bytes =
        "event: :modelStreamErrorException\n"
        "data: {\"message\":\"x\",\"originalStatusCode\":424}\n\n";
    frame_for_bedrock(bytes, true);
    http::EventStreamParser parser;
    http::EventStreamFrame frame;
    parser.feed(bytes);
    const auto more = parser.next(frame);
    ASSERT_TRUE(more.ok() && *more);
    EXPECT_TRUE(frame.failed);
    EXPECT_EQ(frame.type, "modelStreamErrorException");
    EXPECT_EQ(frame.payload, R"({"message":"x","originalStatusCode":424})");
}

TEST(PathRequest, FrameForBedrock_AnErrorOfTheFramingIsAnException) {
    std::string bytes = "event: :\ndata: lost\n\nevent: :InternalError\n\n";
    frame_for_bedrock(bytes, true);
    http::EventStreamParser parser;
    http::EventStreamFrame frame;
    parser.feed(bytes);
    auto more = parser.next(frame);
    ASSERT_TRUE(more.ok() && *more);
    EXPECT_EQ(frame.type, "internalServerException");
    EXPECT_EQ(frame.payload, R"({"message":"lost"})");
    more = parser.next(frame);
    ASSERT_TRUE(more.ok() && *more);
    EXPECT_TRUE(frame.failed);
    EXPECT_EQ(frame.payload, R"({"message":"InternalError"})");
}

TEST(PathRequest, FrameForBedrock_LastEventWithoutItsBlankLineCounts) {
    std::string bytes = "event: a\ndata: {}\n\nevent: message_stop\ndata: {\"type\":1}\n";
    frame_for_bedrock(bytes, true);
    http::EventStreamParser parser;
    http::EventStreamFrame frame;
    parser.feed(bytes);
    auto more = parser.next(frame);
    ASSERT_TRUE(more.ok() && *more);
    more = parser.next(frame);
    ASSERT_TRUE(more.ok() && *more);
    EXPECT_EQ(frame.type, "message_stop");
    EXPECT_EQ(frame.payload, "{\"type\":1}");
}

TEST(PathRequest, CountedBody) {
    const auto body = counted_body({}, R"({"input":{"invokeModel":{"body":"eyJhIjoiPz8/In0="}}})");
    ASSERT_TRUE(body.ok());
    EXPECT_EQ(*body, R"({"a":"???"})");
    EXPECT_FALSE(counted_body({}, R"({"input":{}})").ok());
    const PathRequest bedrock, google{PathCloud::gemini, "m", false, true, {}};
    EXPECT_EQ(count_answer(&bedrock, 7), R"({"inputTokens":7})");
    EXPECT_EQ(count_answer(&google, 7), R"({"totalTokens":7})");
    EXPECT_EQ(count_answer(nullptr, 7), R"({"input_tokens":7})");
    const auto inside = counted_body(google, R"({"generateContentRequest":{"contents":[]}})");
    ASSERT_TRUE(inside.ok());
    EXPECT_EQ(*inside, R"({"contents":[]})");
}

}  // namespace
}  // namespace tollgate::gateway
