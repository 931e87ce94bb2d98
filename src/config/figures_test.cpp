#include "config/figures.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace tollgate::config {
namespace {

std::string shipped() {
    std::ifstream stream(std::string(TOLLGATE_SOURCE_DIR) + "/data/figures.yaml");
    return {std::istreambuf_iterator<char>(stream), {}};
}

TEST(ModelFigures, ShippedFile_RanksFamilies) {
    const auto figures = ModelFigures::load(shipped());
    ASSERT_TRUE(figures.ok()) << figures.error().message;
    const auto quality = [&](const char* provider, const char* name) {
        domain::ModelTraits model;
        figures->complete(provider, name, model);
        EXPECT_GE(model.first_token_ms, 0) << name;
        return model.quality;
    };
    EXPECT_GT(quality("anthropic", "claude-opus-4-8"), quality("anthropic", "claude-sonnet-5-5"));
    EXPECT_GT(quality("openai", "gpt-5.2"), quality("openai", "gpt-5.2-mini"));
    EXPECT_GT(quality("openai", "gpt-5-mini"), quality("openai", "gpt-5-nano"));
    EXPECT_EQ(quality("hosted_vllm", "somebodys-own-model"), -1);
}

TEST(ModelFigures, WhatIsKnown_Stays) {
    const auto figures = ModelFigures::load(
        "models: [{words: [opus], quality: 0.9}]\n"
        "speeds: [{words: [], first_token_ms: 900, token_ms: 10}]\n"
        "providers: {groq: {first_token_ms: 200}}\n");
    ASSERT_TRUE(figures.ok()) << figures.error().message;
    domain::ModelTraits model;
    model.quality = 0.5;
    figures->complete("groq", "x/Opus-1", model);
    EXPECT_EQ(model.quality, 0.5);
    EXPECT_EQ(model.first_token_ms, 200);
    EXPECT_EQ(model.token_ms, 10);
}

TEST(ModelFigures, WrongFigures_AreNamed) {
    const auto figures = ModelFigures::load("models: [{words: [a], quality: 2, colour: red}]\n");
    ASSERT_FALSE(figures.ok());
    EXPECT_NE(figures.error().message.find("quality"), std::string::npos);
    EXPECT_NE(figures.error().message.find("colour"), std::string::npos);
}

}  // namespace
}  // namespace tollgate::config
