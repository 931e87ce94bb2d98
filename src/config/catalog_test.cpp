#include "config/catalog.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>

#include "config/zero_config.hpp"

namespace tollgate::config {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

std::string data_file(const std::string& name) {
    std::ifstream stream(std::string(TOLLGATE_SOURCE_DIR) + "/data/" + name);
    return {std::istreambuf_iterator<char>(stream), {}};
}

struct Files {
    std::string providers = data_file("providers.yaml");
    std::string models = data_file("models.yaml");
    std::string betas = data_file("betas.yaml");
    base::Result<Catalog> load() const { return load_catalog({providers, models, betas}); }
};

Catalog shipped() {
    auto loaded = Files().load();
    EXPECT_TRUE(loaded.ok()) << loaded.error().message;
    return loaded.ok() ? std::move(loaded).value() : Catalog{};
}

TEST(Catalog, ShippedFilesHaveNoSlip) {
    const auto loaded = Files().load();
    ASSERT_TRUE(loaded.ok()) << loaded.error().message;
    EXPECT_GE(loaded->models.size(), 60u);
    EXPECT_GE(loaded->providers.size(), 25u);
    EXPECT_FALSE(loaded->betas.empty());
}

TEST(Catalog, RowsReachTheTraits) {
    const Catalog catalog = shipped();
    const auto* openai = catalog.provider("openai");
    ASSERT_NE(openai, nullptr);
    EXPECT_TRUE(openai->responses);
    EXPECT_EQ(openai->max_tokens_field, domain::MaxTokensField::by_model);
    EXPECT_EQ(openai->reasoning_control, domain::ReasoningControl::reasoning_effort);
    EXPECT_TRUE(openai->reasoning_in.empty());
    EXPECT_EQ(openai->tool_id_max, 40u);
    const auto* anthropic = catalog.provider("anthropic");
    ASSERT_NE(anthropic, nullptr);
    EXPECT_EQ(anthropic->protocol, domain::Protocol::anthropic);
    EXPECT_EQ(anthropic->auth, domain::AuthStyle::x_api_key);
    const auto* mistral = catalog.provider("mistral");
    ASSERT_NE(mistral, nullptr);
    EXPECT_TRUE(mistral->tool_id_exact);
    EXPECT_EQ(mistral->tool_id_max, 9u);
    const auto* ollama = catalog.provider("ollama");
    ASSERT_NE(ollama, nullptr);
    EXPECT_TRUE(ollama->local);
    EXPECT_FALSE(ollama->tool_choice_named);
    EXPECT_TRUE(catalog.provider("echo")->echo);
    EXPECT_EQ(catalog.provider("nobody"), nullptr);
}

TEST(Catalog, ModelsAreFoundByIdAliasAndBareName) {
    const Catalog catalog = shipped();
    const auto* sonnet = catalog.model("anthropic/claude-sonnet-4-5");
    ASSERT_NE(sonnet, nullptr);
    EXPECT_EQ(sonnet->prices.input, 3000);
    EXPECT_EQ(sonnet->prices.output, 15000);
    EXPECT_TRUE(sonnet->pdf);
    EXPECT_EQ(catalog.model("claude-sonnet-4-5"), sonnet);
    EXPECT_EQ(catalog.model("claude-sonnet-4-5-20250929"), sonnet);
    EXPECT_EQ(catalog.model("anthropic/claude-sonnet-4-5-20250929"), sonnet);
    EXPECT_EQ(catalog.model_at("azure_ai", "claude-sonnet-4-5"), sonnet);
    EXPECT_EQ(catalog.model_at("groq", "openai/gpt-oss-20b")->id, "groq/openai/gpt-oss-20b");
    EXPECT_EQ(catalog.model("no-such-model"), nullptr);
}

TEST(Catalog, BetasOfKnownTargetsAreRefusedWithTheirFields) {
    const Catalog catalog = shipped();
    const BetaRule* vertex = catalog.betas_of("vertex");
    ASSERT_NE(vertex, nullptr);
    EXPECT_THAT(vertex->header_deny, Contains("effort-*"));
    EXPECT_THAT(vertex->field_deny, Contains("mcp_servers"));
    EXPECT_THAT(vertex->field_deny, Contains("output_format"));
    EXPECT_THAT(vertex->output_fields, Contains("effort"));
    EXPECT_THAT(vertex->field_deny, Not(Contains("context_management")));
    EXPECT_EQ(catalog.betas_of("anthropic"), nullptr);
}

TEST(Catalog, EverySlipIsNamedWithItsPlace) {
    Files files;
    files.providers =
        "providers:\n  a:\n    protocol: openai_chat\n    quirks:\n      strict_tool: true\n"
        "  b:\n    protocol: telepathy\n";
    files.models =
        "models:\n  - id: gpt\n    prices: {input: 1, output: 2}\n"
        "  - id: a/x\n    aliases: [y]\n    flags: {thinking: perhaps}\n    unpriced: true\n"
        "  - id: a/z\n    aliases: [y]\n    deprecated: a/gone\n";
    const auto loaded = files.load();
    ASSERT_FALSE(loaded.ok());
    const std::string& text = loaded.error().message;
    EXPECT_THAT(text,
                HasSubstr("providers.yaml:5:7: error: providers.a.quirks.strict_tool: unknown "
                          "key (did you mean `strict_tools`?)"));
    EXPECT_THAT(text, HasSubstr("providers.b.protocol: expected one of openai_chat"));
    EXPECT_THAT(text, HasSubstr("models[0].id: must be `provider/model`"));
    EXPECT_THAT(text, HasSubstr("models[1].flags.thinking: expected one of none"));
    EXPECT_THAT(text, HasSubstr("models[2].prices: needs input and output"));
    EXPECT_THAT(text, HasSubstr("the alias `y` is also that of a/x"));
    EXPECT_THAT(text, HasSubstr("its successor a/gone is not described"));
}

TEST(Catalog, LoadsFastEnoughForAStart) {
    const Files files;
    (void)files.load();
    const auto begin = std::chrono::steady_clock::now();
    const auto loaded = files.load();
    const std::chrono::duration<double, std::milli> spent =
        std::chrono::steady_clock::now() - begin;
    ASSERT_TRUE(loaded.ok());
    RecordProperty("milliseconds", std::to_string(spent.count()));
    EXPECT_LT(spent.count(), 1000.0);  // loose: unoptimised builds on shared machines
}

Environment with(Variables variables) {
    Environment environment;
    environment.variables = std::move(variables);
    return environment;
}

std::vector<std::string> names_of(const Config& config) {
    std::vector<std::string> names;
    for (const ModelEntry& entry : config.model_list) names.push_back(entry.model_name);
    return names;
}

TEST(ZeroConfig, NoVariableIsDemoMode) {
    const Config config = zero_config(with({}), shipped());
    EXPECT_TRUE(config.demo);
    EXPECT_THAT(names_of(config), Contains("echo"));
    EXPECT_EQ(config.tiers.opus, "echo");
}

TEST(ZeroConfig, AnthropicKeyOffersClaudeByTier) {
    const Config config = zero_config(with({{"ANTHROPIC_API_KEY", "k"}}), shipped());
    EXPECT_FALSE(config.demo);
    EXPECT_THAT(names_of(config), Contains("claude-haiku-4-5"));
    EXPECT_THAT(names_of(config), Not(Contains("claude-3-opus-20240229")));  // retired
    EXPECT_THAT(config.tiers.opus, HasSubstr("opus"));
    EXPECT_THAT(config.tiers.sonnet, HasSubstr("sonnet"));
    EXPECT_THAT(config.tiers.haiku, HasSubstr("haiku"));
    EXPECT_EQ(config.tiers.fallback, config.tiers.sonnet);
    EXPECT_EQ(config.model_list[0].origin.text(), "environment ANTHROPIC_API_KEY");
}

TEST(ZeroConfig, OtherProvidersServeEveryTierWithModelsThatTakeTools) {
    const Catalog catalog = shipped();
    for (const char* variable : {"OPENAI_API_KEY", "DEEPSEEK_API_KEY", "OPENROUTER_API_KEY",
                                 "GROQ_API_KEY", "MISTRAL_API_KEY"}) {
        const Config config = zero_config(with({{variable, "k"}}), catalog);
        const auto names = names_of(config);
        for (const std::string& tier : {config.tiers.opus, config.tiers.sonnet, config.tiers.haiku,
                                        config.tiers.fable, config.tiers.fallback}) {
            ASSERT_THAT(names, Contains(tier)) << variable;
            for (const ModelEntry& entry : config.model_list) {
                if (entry.model_name != tier) continue;
                const auto* model = catalog.model(entry.model);
                ASSERT_NE(model, nullptr);
                EXPECT_TRUE(model->tools) << entry.model;
                EXPECT_LE(model->prices.output, 30'000) << entry.model;
            }
        }
    }
}

TEST(ZeroConfig, OneNameAtTwoProvidersIsToldApart) {
    const Config config =
        zero_config(with({{"GROQ_API_KEY", "a"}, {"OPENROUTER_API_KEY", "b"}}), shipped());
    const auto names = names_of(config);
    EXPECT_THAT(names, Contains("openai/gpt-oss-120b"));
    EXPECT_THAT(names, Contains(HasSubstr("/openai/gpt-oss-120b")));
}

TEST(ZeroConfig, OurVariablesCount) {
    const Config config = zero_config(
        with({{"LITELLM_MASTER_KEY", "sk-master-0123456789"}, {"TOLLGATE_LISTEN", "[::1]:1"}}),
        shipped());
    EXPECT_EQ(config.general_settings.master_key.value, "sk-master-0123456789");
    EXPECT_EQ(config.server.listen, "[::1]:1");
}

}  // namespace
}  // namespace tollgate::config
