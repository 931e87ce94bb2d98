// Cohere's answers that are errors; everything else is in tests/golden/dialect/cohere*.
#include <gtest/gtest.h>

#include "dialect/cohere.hpp"

namespace tollgate::dialect {
namespace {

std::vector<domain::Event> answer(std::string_view body, base::Arena& arena) {
    const Codec codec = make_cohere();
    domain::Deployment target;
    target.provider.type = "cohere";
    auto events = codec.provider->decode_answer(body, target, {}, arena);
    EXPECT_TRUE(events.ok());
    return events.ok() ? std::move(events).value() : std::vector<domain::Event>();
}

TEST(CohereAnswer, EndedWithError_IsAnErrorEvent) {
    base::Arena arena;
    const auto events = answer(
        R"({"id":"i","finish_reason":"ERROR","message":{"role":"assistant","content":[]}})", arena);
    ASSERT_FALSE(events.empty());
    EXPECT_EQ(events.back().kind, domain::EventKind::error);
    EXPECT_EQ(events.back().error_type, "ERROR");
    EXPECT_EQ(events.back().error_class, domain::ErrorClass::provider_fault);
}

TEST(CohereAnswer, TimedOutInside_IsATimeout) {
    base::Arena arena;
    const auto events = answer(R"({"finish_reason":"TIMEOUT","message":{"content":[]}})", arena);
    ASSERT_FALSE(events.empty());
    EXPECT_EQ(events.back().error_class, domain::ErrorClass::timeout);
}

TEST(CohereAnswer, ErrorUnderA200_IsAnErrorEvent) {
    base::Arena arena;
    const auto events = answer(R"({"message":"too many tokens: the prompt is long"})", arena);
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events.back().error_class, domain::ErrorClass::context_overflow);
}

TEST(CohereAnswer, NoMessage_IsRefused) {
    base::Arena arena;
    const Codec codec = make_cohere();
    EXPECT_FALSE(codec.provider->decode_answer(R"({"id":"x"})", {}, {}, arena).ok());
    EXPECT_FALSE(codec.provider->decode_answer("<html>", {}, {}, arena).ok());
}

TEST(CohereStream, EmptyListOfCalls_IsNoCall) {
    const Codec codec = make_cohere();
    auto decoder = codec.provider->stream_decoder({}, {});
    std::vector<domain::Event> events;
    const auto facts = decoder->feed(
        "tool-call-delta",
        R"({"type":"tool-call-delta","delta":{"message":{"tool_calls":[]}}})", events);
    EXPECT_TRUE(facts.ok());
    EXPECT_TRUE(events.empty());
    EXPECT_FALSE(decoder->finish(events));
}

}  // namespace
}  // namespace tollgate::dialect
