// Lists of models in the shapes that providers give them.
#include "assembly/provider_probe.hpp"

#include <gtest/gtest.h>

namespace tollgate::assembly {
namespace {

std::vector<domain::OfferedModel> read(std::string_view body) {
    auto models = read_offered_models(body);
    EXPECT_TRUE(models.ok()) << body;
    return models.ok() ? *models : std::vector<domain::OfferedModel>();
}

TEST(OfferedModels, OfOpenRouter_HavePricesPerMillion) {
    const auto models = read(R"({"data":[
        {"id":"qwen/qwen3-coder","name":"Qwen3 Coder","context_length":262144,
         "architecture":{"input_modalities":["text","image"]},
         "pricing":{"prompt":"0.00000022","completion":"0.00000095"},
         "supported_parameters":["tools","temperature"]},
        {"id":"openrouter/auto","name":"Auto","pricing":{"prompt":"-1","completion":"-1"}},
        {"id":"free/one:free","pricing":{"prompt":"0","completion":"0"},
         "supported_parameters":[]}]})");
    ASSERT_EQ(models.size(), 3U);
    EXPECT_EQ(models[0].name, "free/one:free");
    EXPECT_EQ(models[0].input_price, 0);
    EXPECT_EQ(models[0].tools, false);
    EXPECT_FALSE(models[0].vision.has_value());
    EXPECT_EQ(models[1].name, "openrouter/auto");
    EXPECT_FALSE(models[1].input_price.has_value()) << "it varies";
    EXPECT_EQ(models[2].display_name, "Qwen3 Coder");
    EXPECT_EQ(models[2].input_price, 220'000'000);
    EXPECT_EQ(models[2].output_price, 950'000'000);
    EXPECT_EQ(models[2].context_length, 262144);
    EXPECT_EQ(models[2].vision, true);
    EXPECT_EQ(models[2].tools, true);
}

TEST(OfferedModels, OfOthers_AreReadToo) {
    EXPECT_EQ(read(R"({"object":"list","data":[{"id":"gpt-4o","object":"model"}]})")[0].name,
              "gpt-4o");
    const auto anthropic = read(
        R"({"data":[{"type":"model","id":"claude-x","display_name":"Claude X"}],"has_more":false})");
    EXPECT_EQ(anthropic[0].display_name, "Claude X");
    const auto gemini = read(
        R"({"models":[{"name":"models/gemini-x","displayName":"G","inputTokenLimit":1048576}]})");
    EXPECT_EQ(gemini[0].name, "gemini-x");
    EXPECT_EQ(gemini[0].context_length, 1048576);
    EXPECT_EQ(read(R"({"models":[{"name":"llama3:8b","model":"llama3:8b"}]})")[0].name,
              "llama3:8b");
    // Together answers with the bare list.
    EXPECT_EQ(read(R"([{"id":"a/b","context_length":8192}])")[0].context_length, 8192);
    EXPECT_EQ(read(R"({"data":[{"id":"x"},{"id":"x"},{"no":1}]})").size(), 1U);
    EXPECT_TRUE(read(R"({"data":[]})").empty());
}

TEST(OfferedModels, WhatIsNoList_IsRefused) {
    for (const char* body : {"", "<html>", "{}", R"({"data":"x"})", "[", "null"}) {
        const auto models = read_offered_models(body);
        ASSERT_FALSE(models.ok()) << body;
        EXPECT_EQ(models.error().code, base::ErrorCode::provider);
    }
}

}  // namespace
}  // namespace tollgate::assembly
