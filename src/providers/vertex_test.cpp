#include "providers/vertex.hpp"

#include <gtest/gtest.h>

#include "providers/gemini.hpp"
#include "providers/registry.hpp"

namespace tollgate::providers {
namespace {

class VertexTest : public testing::Test {
protected:
    const dialect::Codec anthropic_ = dialect::make_anthropic();
    const dialect::Codec chat_ = dialect::make_openai_chat();
    const dialect::Codec gemini_ = dialect::make_gemini();
    const Dialects dialects_{.anthropic = anthropic_.provider.get(),
                             .openai_chat = chat_.provider.get(),
                             .gemini = gemini_.provider.get()};
    const BetaFilter betas_;
    const Vertex vertex_{dialects_, betas_};
};

TEST_F(VertexTest, CatalogNames_LeavePublisherAndVersionOut) {
    EXPECT_EQ(vertex_.catalog_names("claude-opus-4-6@default"),
              "claude-opus-4-6@default claude-opus-4-6");
    EXPECT_EQ(vertex_.catalog_names("publishers/google/models/gemini-2.5-pro"), "gemini-2.5-pro");
    EXPECT_EQ(vertex_.catalog_names("meta/llama-4-maas"), "meta/llama-4-maas");
}

TEST_F(VertexTest, OpenModels_GetNoFieldsOfTheOthers) {
    domain::Deployment target;
    target.model_name = "deepseek-ai/deepseek-v3.2-maas";
    target.provider.type = "vertex_ai";
    target.provider.protocol = domain::Protocol::gemini;
    target.provider.envelope = domain::Envelope::vertex;
    target.provider.cache_control = true;
    domain::Request request;
    domain::Part part;
    part.text = {"hi"};
    part.cache_control = R"({"type":"ephemeral"})";
    request.messages.push_back({domain::Role::user, {part}, {}});
    const auto encoded = vertex_.dialect(domain::Protocol::openai_chat)
                             .encode_request(request, target);
    ASSERT_TRUE(encoded.ok());
    EXPECT_EQ(encoded->body, R"({"model":"deepseek-ai/deepseek-v3.2-maas",)"
                             R"("messages":[{"role":"user","content":"hi"}]})");
}

TEST_F(VertexTest, TokenCounts_OfBothKindsAreRead) {
    EXPECT_EQ(vertex_.read_token_count(R"({"totalTokens":12})"), 12);
    EXPECT_EQ(vertex_.read_token_count(R"({"input_tokens":13})"), 13);
    EXPECT_EQ(vertex_.read_token_count(R"({"totalTokens":0})"), std::nullopt);
    EXPECT_EQ(vertex_.read_token_count("<html>"), std::nullopt);
}

TEST_F(VertexTest, AnErrorOfTheCloud_IsMarkedAsForeign) {
    const std::string_view cloud =
        R"([{"error":{"code":404,"status":"NOT_FOUND","message":"no"}}])";
    const std::string_view claude =
        R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})";
    using domain::Protocol;
    EXPECT_TRUE(vertex_.classify_error(404, {}, cloud, Protocol::anthropic).foreign_body);
    EXPECT_FALSE(vertex_.classify_error(404, {}, cloud, Protocol::gemini).foreign_body);
    EXPECT_FALSE(vertex_.classify_error(529, {}, claude, Protocol::anthropic).foreign_body);
    EXPECT_TRUE(vertex_.classify_error(502, {}, "<html>", Protocol::anthropic).foreign_body);
}

TEST(GooglePath, OddBytes_AreEncoded) {
    EXPECT_EQ(google_path("a b?c#d%e"), "a%20b%3Fc%23d%25e");
    EXPECT_EQ(google_path("claude-x@2025"), "claude-x@2025");
    EXPECT_EQ(google_path("\xc3\xa9"), "%C3%A9");
}

TEST(GoogleBase, Versions_AreSeen) {
    EXPECT_TRUE(ends_in_version("https://a.example/v1beta"));
    EXPECT_TRUE(ends_in_version("https://a.example/v1/"));
    EXPECT_FALSE(ends_in_version("https://a.example"));
    EXPECT_FALSE(ends_in_version("https://v2.example:80/vertex"));
    EXPECT_FALSE(ends_in_version("http://127.0.0.1:1234"));
}

}  // namespace
}  // namespace tollgate::providers
