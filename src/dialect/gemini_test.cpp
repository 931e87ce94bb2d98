#include "dialect/gemini.hpp"

#include <gtest/gtest.h>

#include "dialect/event_dump_test.hpp"
#include "dialect/gemini_model.hpp"
#include "dialect/gemini_schema.hpp"
#include "dialect/signatures.hpp"

namespace tollgate::dialect::gemini {
namespace {

using domain::ThinkingMode;

domain::Deployment target(std::string name) {
    domain::Deployment made;
    made.provider.type = "gemini";
    made.provider.protocol = domain::Protocol::gemini;
    made.model_name = std::move(name);
    return made;
}

std::string run(Decoder& decoder, const std::vector<std::string>& frames) {
    std::string out;
    for (const std::string& frame : frames) {
        std::vector<domain::Event> events;
        EXPECT_TRUE(decoder.feed("", frame, events).ok()) << frame;
        out += dump(events);
    }
    std::vector<domain::Event> last;
    if (!decoder.finish(last)) out += "cut\n";
    return out + dump(last);
}

std::string reduced(std::string_view schema) {
    std::string out;
    append_gemini_schema(out, schema);
    return out;
}

TEST(GeminiStream, ReasonWithoutCounts_EndsWithTheBytes) {
    Decoder decoder(target("gemini-2.5-flash"), {});
    EXPECT_EQ(run(decoder, {
        R"({"candidates":[{"content":{"parts":[{"text":"Hi"}]}}],"responseId":"r"})",
        R"({"candidates":[{"content":{"parts":[]},"finishReason":"STOP"}]})"}),
        "start r \nopen 0 text\ndelta 0 Hi\nclose 0\nstop end_turn\n");
}

TEST(GeminiStream, NothingAfterTheEnd_IsTaken) {
    Decoder decoder(target("gemini-2.5-flash"), {});
    EXPECT_EQ(run(decoder, {
        R"({"candidates":[{"content":{"parts":[{"text":"Hi"}]},"finishReason":"MAX_TOKENS"}],)"
        R"("usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":1}})",
        R"({"candidates":[{"content":{"parts":[{"text":"more"}]}}]})"}),
        "start   input=3 output=1 cache_read=0\nopen 0 text\ndelta 0 Hi\nclose 0\n"
        "stop max_tokens input=3 output=1 cache_read=0\n");
}

TEST(GeminiStream, EachReasonThatIsNoEnd_IsAnErrorWithItsName) {
    for (const std::string reason : {"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL",
                                     "TOO_MANY_TOOL_CALLS", "OTHER", "MALFORMED_RESPONSE",
                                     "NO_IMAGE", "IMAGE_OTHER", "SOMETHING_NEW"}) {
        Decoder decoder(target("gemini-2.5-flash"), {});
        const std::string out =
            run(decoder, {R"({"candidates":[{"finishReason":")" + reason + R"("}]})"});
        EXPECT_NE(out.find("error provider_fault [" + reason + "]"), out.npos) << out;
    }
    for (const std::string reason : {"SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST",
                                     "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "MODEL_ARMOR"}) {
        Decoder decoder(target("gemini-2.5-flash"), {});
        const std::string out =
            run(decoder, {R"({"candidates":[{"finishReason":")" + reason + R"("}]})"});
        EXPECT_NE(out.find("open 0 refusal"), out.npos) << out;
        EXPECT_NE(out.find("stop refusal"), out.npos) << out;
    }
}

TEST(GeminiStream, NoJson_IsAProvidersError) {
    Decoder decoder(target("gemini-2.5-flash"), {});
    std::vector<domain::Event> events;
    EXPECT_FALSE(decoder.feed("", "{", events).ok());
    EXPECT_FALSE(decoder.feed("", "\"x\"", events).ok());
}

TEST(GeminiUsage, CachedTokensAreApart_ThoughtsAreOutput) {
    json::Document document;
    const auto root = document.parse(
        R"({"promptTokenCount":100,"cachedContentTokenCount":60,"candidatesTokenCount":5,)"
        R"("thoughtsTokenCount":7,"toolUsePromptTokenCount":2})");
    ASSERT_TRUE(root.ok());
    const domain::Usage usage = read_usage(*root);
    EXPECT_EQ(usage.input, 42);
    EXPECT_EQ(usage.cache_read, 60);
    EXPECT_EQ(usage.output, 12);
    EXPECT_EQ(usage.reasoning, 7);
    EXPECT_FALSE(read_usage({}).known());
}

TEST(GeminiModel, Generations_AreToldByName) {
    EXPECT_TRUE(is_third_generation(target("gemini-3-pro-preview")));
    EXPECT_TRUE(is_third_generation(target("models/gemini-3.1-flash-lite")));
    EXPECT_TRUE(is_third_generation(target("gemini-flash-latest")));
    EXPECT_FALSE(is_third_generation(target("gemini-2.5-pro")));
    EXPECT_FALSE(is_third_generation(target("gemini-2.0-flash-latest")));
    EXPECT_FALSE(is_third_generation(target("gemma-3-27b-it")));
    EXPECT_EQ(thinking_knob(target("gemini-3-pro-preview")), ThinkingKnob::level);
    EXPECT_EQ(thinking_knob(target("gemini-2.5-flash")), ThinkingKnob::budget);
    EXPECT_EQ(thinking_knob(target("gemini-2.5-flash-image")), ThinkingKnob::none);
    EXPECT_EQ(thinking_knob(target("gemini-2.0-flash")), ThinkingKnob::none);
    EXPECT_FALSE(takes_system_instruction(target("gemma-3-27b-it")));
}

TEST(GeminiThinking, Wishes_FitTheModel) {
    domain::Thinking wish;
    EXPECT_FALSE(plan_thinking(wish, target("gemini-2.5-pro")).any());
    wish.mode = ThinkingMode::adaptive;
    EXPECT_EQ(plan_thinking(wish, target("gemini-2.5-pro")).budget, -1);
    EXPECT_TRUE(plan_thinking(wish, target("gemini-2.5-pro")).include_thoughts);
    EXPECT_EQ(plan_thinking(wish, target("gemini-3-flash")).level, "");
    wish.effort = "max";
    EXPECT_EQ(plan_thinking(wish, target("gemini-3-flash")).level, "HIGH");
    EXPECT_EQ(plan_thinking(wish, target("gemini-2.5-flash")).budget, 24'576);
    wish.effort = "minimal";
    EXPECT_EQ(plan_thinking(wish, target("gemini-3-pro-preview")).level, "LOW");
    EXPECT_EQ(plan_thinking(wish, target("gemini-3-flash")).level, "MINIMAL");
    wish = {};
    wish.mode = ThinkingMode::budget;
    wish.budget_tokens = 10'000;
    EXPECT_EQ(plan_thinking(wish, target("gemini-2.5-flash-lite")).budget, 10'000);
    EXPECT_EQ(plan_thinking(wish, target("gemini-3-pro-preview")).level, "HIGH");
    wish = {};
    wish.mode = ThinkingMode::off;
    EXPECT_EQ(plan_thinking(wish, target("gemini-2.5-flash")).budget, 0);
    EXPECT_FALSE(plan_thinking(wish, target("gemini-2.5-flash")).include_thoughts);
    EXPECT_EQ(plan_thinking(wish, target("gemini-3-pro-preview")).level, "LOW");
}

TEST(GeminiThought, Signature_ComesBackForItsOwnModelOnly) {
    const auto here = target("gemini-3-flash");
    const std::string packed = pack_thought(SignedPart::call, target_name(here), "U2ln+/=");
    EXPECT_TRUE(is_own_signature(packed));
    const auto thought = unpack_thought(packed);
    ASSERT_TRUE(thought.has_value());
    EXPECT_EQ(thought->signature, "U2ln+/=");
    EXPECT_EQ(thought->part, SignedPart::call);
    EXPECT_TRUE(thought->usable_at(here));
    EXPECT_FALSE(thought->usable_at(target("gemini-3-pro")));
    EXPECT_TRUE(unpack_thought(pack_thought(SignedPart::text, {}, "eA"))->usable_at(here));
    EXPECT_FALSE(unpack_thought(pack_thought(SignedPart::text, {}, "a\"b")).has_value());
    EXPECT_FALSE(unpack_thought(pack_signature("openai", "call\nx\ny")).has_value());
    EXPECT_FALSE(unpack_thought("EqQBCg").has_value());
}

TEST(GeminiSchema, WhatIsNoSchema_BecomesAnObject) {
    EXPECT_EQ(reduced("true"), R"({"type":"object"})");
    EXPECT_EQ(reduced("[]"), R"({"type":"object"})");
}

TEST(GeminiSchema, ParametersOfAFunctionThatTakesNone_AreLeftOut) {
    const auto parameters = [](std::string_view schema) {
        std::string out;
        append_gemini_parameters(out, schema);
        return out;
    };
    EXPECT_EQ(parameters(""), "");
    EXPECT_EQ(parameters(R"({"type":"object"})"), "");
    EXPECT_EQ(parameters(R"({"type":"object"})"), "");  // and it is remembered
    EXPECT_EQ(parameters(R"({"$ref":"#/$defs/A","$defs":{"A":{"type":"integer"}}})"),
              R"({"type":"integer"})");
    // As the schema of an answer it is written all the same.
    EXPECT_EQ(reduced(R"({"type":"object"})"), R"({"type":"object"})");
}

TEST(GeminiSchema, ReferencesThatLeadNowhereOrInCircles_End) {
    EXPECT_EQ(reduced(R"({"type":"object","properties":{"a":{"$ref":"#/nowhere"}}})"),
              R"({"type":"object","properties":{"a":{"anyOf":[{"type":"string"},)"
              R"({"type":"number"},{"type":"boolean"},{"type":"object"}]}}})");
    EXPECT_EQ(reduced(R"({"$ref":"#"})"), R"({"type":"object"})");
    // Each level refers to the next twice: inlined, it would double at each of them.
    std::string schema = R"({"type":"object","properties":{"p":{"$ref":"#/$defs/d0"}},"$defs":{)";
    for (int i = 0; i < 30; ++i) {
        const std::string next = R"({"$ref":"#/$defs/d)" + std::to_string(i + 1) + R"("})";
        schema += "\"d" + std::to_string(i) + R"(":{"type":"object","properties":{"a":)" + next +
                  R"(,"b":)" + next + "}},";
    }
    schema += R"("d30":{"type":"string"}}})";
    EXPECT_LT(reduced(schema).size(), 2u * 1024 * 1024);
}

TEST(GeminiSchema, EscapedReferences_AreFollowed) {
    EXPECT_EQ(reduced(R"({"properties":{"a":{"$ref":"#/$defs/x~1y~0z"}},)"
                      R"("$defs":{"x/y~z":{"type":"integer"}}})"),
              R"({"type":"object","properties":{"a":{"type":"integer"}}})");
}

}  // namespace
}  // namespace tollgate::dialect::gemini
