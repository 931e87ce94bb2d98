#include "commands/snippet.hpp"

#include <gtest/gtest.h>

#include "base/json.hpp"

namespace tollgate::commands {
namespace {

std::string snippet(const SnippetArgs& args) {
    auto text = client_snippet(args);
    EXPECT_TRUE(text.ok());
    return text.ok() ? *text : text.error().message;
}

const std::string url = "http://127.0.0.1:4000";

TEST(Snippet, ClaudeCode_IsThreeLines) {
    EXPECT_EQ(snippet({.client = "claude-code", .base_url = url, .key = "sk-tg-abc"}),
              "export ANTHROPIC_BASE_URL=http://127.0.0.1:4000\n"
              "export ANTHROPIC_AUTH_TOKEN=sk-tg-abc\n"
              "export CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY=1\n");
}

TEST(Snippet, ClaudeCodeWithASmallTarget_SetsLimitsAndEveryModelVariable) {
    domain::ModelTraits small;
    small.context_tokens = 128'000;
    small.output_tokens_max = 8'192;
    EXPECT_EQ(snippet({.client = "claude-code",
                       .base_url = url + "/v1/",
                       .key = "k",
                       .model = "fast-code",
                       .target = &small}),
              "export ANTHROPIC_BASE_URL=http://127.0.0.1:4000\n"
              "export ANTHROPIC_AUTH_TOKEN=k\n"
              "export ANTHROPIC_MODEL=fast-code\n"
              "export ANTHROPIC_DEFAULT_HAIKU_MODEL=fast-code\n"
              "export CLAUDE_CODE_SUBAGENT_MODEL=fast-code\n"
              "export CLAUDE_CODE_MAX_OUTPUT_TOKENS=8192\n"
              "export CLAUDE_CODE_AUTO_COMPACT_WINDOW=128000\n");
}

TEST(Snippet, ClaudeCodeWithALargeTarget_SetsNoLimits) {
    domain::ModelTraits large;
    large.context_tokens = 1'000'000;
    large.output_tokens_max = 128'000;
    const std::string text = snippet(
        {.client = "claude-code", .base_url = url, .key = "k", .model = "opus", .target = &large});
    EXPECT_EQ(text.find("MAX_OUTPUT"), text.npos);
    EXPECT_EQ(text.find("COMPACT"), text.npos);
}

TEST(Snippet, OddValues_AreQuotedForTheShell) {
    EXPECT_EQ(snippet({.client = "openai", .base_url = url, .key = "a'b $(x)"}),
              "export OPENAI_BASE_URL=http://127.0.0.1:4000/v1\n"
              "export OPENAI_API_KEY='a'\\''b $(x)'\n");
}

TEST(Snippet, JsonForms_AreValidJson) {
    domain::ModelTraits target;
    target.context_tokens = 64'000;
    target.output_tokens_max = 4'000;
    for (const char* client : {"settings-json", "opencode"}) {
        const std::string text = snippet({.client = client,
                                          .base_url = url,
                                          .key = "k\"\\",
                                          .model = "glm \"x\"",
                                          .target = &target});
        json::Document document;
        auto root = document.parse(text);
        ASSERT_TRUE(root.ok()) << client << ": " << text;
        if (std::string(client) == "settings-json") {
            EXPECT_EQ((*root)["env"]["ANTHROPIC_AUTH_TOKEN"].text(), "k\"\\");
            EXPECT_EQ((*root)["env"]["CLAUDE_CODE_AUTO_COMPACT_WINDOW"].text(), "64000");
        } else {
            EXPECT_EQ((*root)["model"].text(), "tollgate/glm \"x\"");
            const auto model = (*root)["provider"]["tollgate"]["models"]["glm \"x\""];
            EXPECT_EQ(model["limit"]["output"].integer(), 4'000);
        }
    }
}

TEST(Snippet, Codex_SpeaksResponsesToV1) {
    const std::string text = snippet({.client = "codex", .base_url = url, .key = "k"});
    EXPECT_NE(text.find("base_url = \"http://127.0.0.1:4000/v1\"\n"), text.npos);
    EXPECT_NE(text.find("wire_api = \"responses\"\n"), text.npos);
    EXPECT_NE(text.find("export TOLLGATE_API_KEY=k\n"), text.npos);
}

TEST(Snippet, UnknownClient_IsAnErrorWithTheNearestName) {
    const auto text = client_snippet({.client = "claude-cod", .base_url = url, .key = "k"});
    ASSERT_FALSE(text.ok());
    EXPECT_EQ(text.error().field, "client");
    EXPECT_NE(text.error().message.find("did you mean claude-code?"), std::string::npos);
}

}  // namespace
}  // namespace tollgate::commands
