#include "dialect/ollama.hpp"

#include <gtest/gtest.h>

#include "dialect/event_dump_test.hpp"
#include "dialect/ollama_context.hpp"
#include "dialect/ollama_request.hpp"
#include "dialect/signatures.hpp"

namespace tollgate::dialect {
namespace {

using domain::PartKind;
using domain::Role;

domain::Deployment ollama() {
    domain::Deployment target;
    target.provider.type = "ollama";
    target.provider.protocol = domain::Protocol::ollama;
    target.model_name = "qwen3:8b";
    target.model.context_tokens = 40'960;
    target.model.in_catalog = true;
    target.model.thinking = domain::ThinkingSupport::adaptive;
    return target;
}

domain::Part part(PartKind kind, std::string_view text) {
    domain::Part out;
    out.kind = kind;
    out.text.raw = text;
    return out;
}

std::string run(OllamaDecoder& decoder, const std::vector<std::string>& lines) {
    std::string out;
    for (const auto& line : lines) {
        std::vector<domain::Event> events;
        EXPECT_TRUE(decoder.feed("", line, events).ok()) << line;
        out += dump(events);
    }
    return out;
}

TEST(OllamaStream, ThinkingTextAndDone_BecomeBlocksAndUsage) {
    OllamaDecoder decoder(ollama(), {});
    EXPECT_EQ(run(decoder, {
        R"({"model":"qwen3:8b","created_at":"t","message":{"role":"assistant","content":"",)"
        R"("thinking":"Hm"},"done":false})",
        R"({"model":"qwen3:8b","created_at":"t","message":{"role":"assistant","content":"Hi "},)"
        R"("done":false})",
        R"({"model":"qwen3:8b","created_at":"t","message":{"role":"assistant","content":"you"},)"
        R"("done":false})",
        R"({"model":"qwen3:8b","created_at":"t","message":{"role":"assistant","content":""},)"
        R"("done":true,"done_reason":"stop","prompt_eval_count":26,"eval_count":9})"}),
        "start  qwen3:8b\nopen 0 thinking\ndelta 0 Hm\nclose 0 " + pack_signature("ollama", "") +
        "\nopen 1 text\ndelta 1 Hi \ndelta 1 you\nclose 1\nstop end_turn input=26 output=9\n");
    std::vector<domain::Event> events;
    EXPECT_TRUE(decoder.finish(events));
    EXPECT_EQ(decoder.warning(), "");
}

TEST(OllamaStream, ToolCalls_ComeWholeWithIdsOfTheirOwn) {
    OllamaDecoder decoder(ollama(), {});
    auto out = run(decoder, {
        R"({"model":"m","created_at":"t1","message":{"role":"assistant","content":"",)"
        R"("tool_calls":[{"function":{"name":"Bash","arguments":{"command":"ls \"x\""}}},)"
        R"({"function":{"name":"Bash","arguments":{}}}]},"done":false})",
        R"({"model":"m","created_at":"t2","message":{"role":"assistant","content":""},)"
        R"("done":true,"done_reason":"stop","eval_count":9})"});
    EXPECT_NE(out.find("delta 0 {\\\"command\\\":\\\"ls \\\\\\\"x\\\\\\\"\\\"}"), out.npos) << out;
    EXPECT_NE(out.find("open 1 tool_call call_"), out.npos);
    auto first = out.find("call_"), second = out.find("call_", out.find("open 1 tool_call ") + 17);
    EXPECT_NE(out.substr(first + 5, 24), out.substr(second + 5, 24));
    EXPECT_NE(out.find("stop tool_use output=9"), out.npos);
}

TEST(OllamaStream, ErrorLineUnder200_IsAnErrorEvent) {
    OllamaDecoder decoder(ollama(), {});
    EXPECT_EQ(run(decoder, {
        R"({"model":"m","message":{"content":"a"},"done":false})",
        R"({"error":"an error was encountered while running the model: \"oom\""})"}),
        "start  m\nopen 0 text\ndelta 0 a\n"
        "error provider_fault [] an error was encountered while running the model: \\\"oom\\\"\n");
}

TEST(OllamaStream, CutOff_IsNotComplete) {
    OllamaDecoder decoder(ollama(), {});
    run(decoder, {R"({"model":"m","message":{"content":"a"},"done":false})"});
    std::vector<domain::Event> events;
    EXPECT_FALSE(decoder.finish(events));
    EXPECT_FALSE(decoder.feed("", "{\"x\":1}", events).ok());
    EXPECT_FALSE(decoder.feed("", "{", events).ok());
}

TEST(OllamaStream, Length_IsTheLimitOrTheWindow) {
    Translation translation;
    translation.context_sent = 100;
    OllamaDecoder small(ollama(), translation), full(ollama(), translation);
    const std::string head = R"({"model":"m","message":{"content":"a"},"done":true,)"
    R"("done_reason":"length",)";
    EXPECT_NE(run(small, {head + R"("prompt_eval_count":10,"eval_count":20})"}).find("max_tokens"),
              std::string::npos);
    EXPECT_NE(run(full, {head + R"("prompt_eval_count":99,)"
    R"("eval_count":1})"}).find("context_window"),
              std::string::npos);
    EXPECT_EQ(small.warning(), "");
    EXPECT_NE(full.warning().find("raise num_ctx"), std::string::npos);
}

TEST(OllamaRequest, Conversation_UsesObjectsForArgumentsAndNamesForResults) {
    domain::Request request;
    request.system = {part(PartKind::text, "sys")};
    auto image = part(PartKind::image, "");
    image.media = {domain::MediaSource::base64, "image/png", json::Escaped{"QUJD"}, {}, {}, {}, {}};
    request.messages.push_back({Role::user, {part(PartKind::text, "look"), image}, {}});
    auto call = part(PartKind::tool_call, "");
    call.id = "toolu_1";
    call.name = "Read";
    call.input = "{ \"p\" : 1 }";
    request.messages.push_back({Role::assistant, {part(PartKind::text, "ok"), call}, {}});
    auto result = part(PartKind::tool_result, "");
    result.id = "toolu_1";
    result.content = {part(PartKind::text, "data"), image};
    request.messages.push_back({Role::user, {result}, {}});
    domain::Tool tool;
    tool.name = "Read";
    tool.schema = R"({"type":"object"})";
    request.tools = {tool};
    request.max_output_tokens = 1000;
    request.temperature = "0.5";
    request.stop_sequences = {json::Escaped{"X"}};
    request.thinking.mode = domain::ThinkingMode::budget;
    request.thinking.budget_tokens = 2000;
    auto target = ollama();
    target.extra_body = {{"keep_alive", "\"1h\""}, {"num_gpu", "3"}};
    auto encoded = encode_ollama_request(request, target);
    ASSERT_TRUE(encoded.ok());
    EXPECT_EQ(encoded->body,
        R"({"model":"qwen3:8b","messages":[{"role":"system","content":"sys"},)"
        R"({"role":"user","content":"look","images":["QUJD"]},)"
        R"({"role":"assistant","content":"ok","tool_calls":[{"id":"toolu_1",)"
        R"("function":{"name":"Read","arguments":{"p":1}}}]},)"
        R"({"role":"tool","content":"data","tool_name":"Read","tool_call_id":"toolu_1"},)"
        R"({"role":"user","content":"Images from the result of tool call Read",)"
        R"("images":["QUJD"]}],)"
        R"("tools":[{"type":"function","function":{"name":"Read",)"
        R"("parameters":{"type":"object"}}}],)"
        R"("think":true,"options":{"num_ctx":6144,"num_predict":1000,"temperature":0.5,)"
        R"("stop":["X"],"num_gpu":3},)"
        R"("truncate":false,"shift":false,"stream":false,"keep_alive":"1h"})");
    EXPECT_EQ(encoded->translation.context_sent, 6144);
}

TEST(OllamaRequest, ImageByUrl_IsRefusedClearly) {
    domain::Request request;
    auto image = part(PartKind::image, "");
    image.media.source = domain::MediaSource::url;
    request.messages.push_back({Role::user, {image}, {}});
    auto encoded = encode_ollama_request(request, ollama());
    ASSERT_FALSE(encoded.ok());
    EXPECT_NE(encoded.error().message.find("base64"), std::string::npos);
}

TEST(OllamaRequest, ModelThatCannotThink_IsNotAskedTo) {
    domain::Request request;
    request.thinking.mode = domain::ThinkingMode::adaptive;
    auto target = ollama();
    target.model.thinking = domain::ThinkingSupport::none;
    auto encoded = encode_ollama_request(request, target);
    ASSERT_TRUE(encoded.ok());
    EXPECT_EQ(encoded->body.find("think"), std::string::npos);
    EXPECT_EQ(encoded->translation.dropped, std::vector<std::string>{"thinking"});
}

TEST(OllamaRequest, LevelsWhereTheModelHasThem) {
    domain::Request request;
    request.thinking.mode = domain::ThinkingMode::adaptive;
    request.thinking.effort = "max";
    auto target = ollama();
    target.model.efforts = {"low", "medium", "high"};
    auto encoded = encode_ollama_request(request, target);
    ASSERT_TRUE(encoded.ok());
    EXPECT_NE(encoded->body.find(R"("think":"high")"), std::string::npos);
}

TEST(OllamaContext, HoldsThePromptInFewSteps) {
    EXPECT_EQ(context_step(1), 4096);
    EXPECT_EQ(context_step(4097), 6144);
    EXPECT_EQ(context_step(6145), 8192);
    EXPECT_EQ(context_step(30'000), 32'768);
    domain::Request request;
    std::string prompt(60'000, 'a');
    request.messages.push_back({Role::user, {part(PartKind::text, prompt)}, {}});
    auto target = ollama();
    EXPECT_EQ(context_for(request, target, 32'000), 32'768);
    target.num_ctx = 36'000;
    EXPECT_EQ(context_for(request, target, 32'000), 36'000);
    target.num_ctx = 100'000;
    EXPECT_EQ(context_for(request, target, 32'000), 40'960);  // the model has no more
    target.model.in_catalog = false;
    EXPECT_EQ(context_for(request, target, 32'000), 100'000);
}

TEST(OllamaContext, ConfiguredTooSmall_IsRaisedAndSaid) {
    domain::Request request;
    std::string prompt(60'000, 'a');
    request.messages.push_back({Role::user, {part(PartKind::text, prompt)}, {}});
    auto target = ollama();
    target.num_ctx = 4096;
    auto encoded = encode_ollama_request(request, target);
    ASSERT_TRUE(encoded.ok());
    ASSERT_EQ(encoded->translation.warnings.size(), 1u);
    EXPECT_NE(encoded->translation.warnings[0].find("num_ctx 4096"), std::string::npos);
}

TEST(OllamaErrors, AreClassedAndKeepTheirWords) {
    auto codec = make_ollama();
    auto missing = codec.provider->decode_error(
        404, R"({"error":"model \"llama9\" not found, try pulling it first"})");
    EXPECT_EQ(missing.error_class, domain::ErrorClass::bad_request);
    EXPECT_EQ(missing.message, "model \"llama9\" not found, try pulling it first "
                               "(on the Ollama host: ollama pull llama9)");
    EXPECT_EQ(codec.provider->decode_error(503, R"({"error":"server busy"})").error_class,
              domain::ErrorClass::overloaded);
    EXPECT_EQ(codec.provider
                  ->decode_error(400, R"({"error":"the input length exceeds the context length"})")
                  .error_class,
              domain::ErrorClass::context_overflow);
    EXPECT_EQ(codec.provider->decode_error(500, "nope").error_class,
              domain::ErrorClass::provider_fault);
}

}  // namespace
}  // namespace tollgate::dialect
