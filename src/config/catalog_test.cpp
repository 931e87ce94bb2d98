#include "config/catalog.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <map>
#include <set>

#include "config/load.hpp"
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
    EXPECT_GE(loaded->models.size(), 300u);
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
    EXPECT_EQ(sonnet->prices.input, 3'000'000);
    EXPECT_EQ(sonnet->prices.output, 15'000'000);
    EXPECT_TRUE(sonnet->pdf);
    EXPECT_EQ(catalog.model("claude-sonnet-4-5"), sonnet);
    EXPECT_EQ(catalog.model("claude-sonnet-4-5-20250929"), sonnet);
    EXPECT_EQ(catalog.model("anthropic/claude-sonnet-4-5-20250929"), sonnet);
    EXPECT_EQ(catalog.model_at("custom", "claude-sonnet-4-5"), sonnet);
    EXPECT_EQ(catalog.model_at("groq", "openai/gpt-oss-20b")->id, "groq/openai/gpt-oss-20b");
    EXPECT_EQ(catalog.model("no-such-model"), nullptr);
}

std::string_view provider_of(const domain::ModelTraits& model) {
    return std::string_view(model.id).substr(0, model.id.find('/'));
}

std::string_view bare_name_of(const domain::ModelTraits& model) {
    return std::string_view(model.id).substr(model.id.find('/') + 1);
}

TEST(Catalog, EveryAliasLeadsToItsOwnRow) {
    const Catalog catalog = shipped();
    std::set<std::string_view> bare_names_before;
    for (const domain::ModelTraits& row : catalog.models) {
        for (const std::string& alias : row.aliases) {
            EXPECT_EQ(catalog.model(alias), &row) << alias << " of " << row.id;
            EXPECT_EQ(catalog.model(std::string(provider_of(row)) + "/" + alias), &row) << alias;
            // Names are also resolved row by row in the file's order.
            EXPECT_FALSE(bare_names_before.contains(alias)) << alias << " of " << row.id;
        }
        bare_names_before.insert(bare_name_of(row));
        EXPECT_EQ(catalog.model(row.id), &row);
    }
}

TEST(Catalog, OnlyWhatRunsOnOnesOwnMachineIsFree) {
    const Catalog catalog = shipped();
    for (const domain::ModelTraits& row : catalog.models) {
        const domain::ProviderTraits* provider = catalog.provider(provider_of(row));
        ASSERT_NE(provider, nullptr) << row.id;
        const domain::TokenPrices& prices = row.prices;
        if (prices.input < 0) {  // unpriced: then nothing of it is priced
            EXPECT_LT(prices.output, 0) << row.id;
            EXPECT_LT(prices.cache_read, 0) << row.id;
            EXPECT_TRUE(prices.long_context.empty()) << row.id;
            continue;
        }
        const bool free = provider->local || provider->echo;
        EXPECT_EQ(prices.input == 0, free) << row.id;
        const bool no_output = free || row.mode == domain::ModelMode::embedding;
        EXPECT_EQ(prices.output == 0, no_output) << row.id;
        EXPECT_LE(prices.cache_read, prices.input) << row.id;
        EXPECT_FALSE(row.as_of.empty()) << row.id;
        for (const domain::LongContextPrices& step : prices.long_context) {
            EXPECT_LT(step.above, row.context_tokens) << row.id;
            EXPECT_GE(step.input, prices.input) << row.id;
        }
    }
}

TEST(Catalog, LongContextPricesAreKept) {
    const Catalog catalog = shipped();
    const auto& steps = catalog.model("openai/gpt-5.4")->prices.long_context;
    ASSERT_EQ(steps.size(), 1u);
    EXPECT_EQ(steps[0].above, 272'000);
    EXPECT_EQ(steps[0].input, 5'000'000);
    EXPECT_EQ(steps[0].output, 22'500'000);
    EXPECT_EQ(steps[0].cache_read, 500'000);
    EXPECT_EQ(steps[0].cache_write_5m, -1);
    EXPECT_EQ(catalog.model("qwen/qwen3-coder-plus")->prices.long_context.size(), 3u);
    EXPECT_TRUE(catalog.model("openai/gpt-4o")->prices.long_context.empty());
}

TEST(Catalog, PricesOfOtherClassesAreKept) {
    const Catalog catalog = shipped();
    const domain::TokenPrices& opus = catalog.model("anthropic/claude-opus-5-5")->prices;
    EXPECT_EQ(opus.web_search, domain::pico_per_usd / 100);
    EXPECT_EQ(opus.fast, 2'000);
    ASSERT_EQ(opus.regions.size(), 1u);
    EXPECT_EQ(opus.regions[0], (std::pair<std::string, domain::PerMille>("us", 1'100)));
    EXPECT_THAT(opus.version, ::testing::MatchesRegex("20[0-9-]+ .*litellm [0-9.]+"));
    const domain::TokenPrices& gpt = catalog.model("openai/gpt-5.4")->prices;
    const auto service = [&gpt](std::string_view name) {
        for (const domain::ServicePrices& one : gpt.services) {
            if (one.name == name) return one;
        }
        return domain::ServicePrices{};
    };
    EXPECT_EQ(service("flex").rates.cache_read, 130'000);
    EXPECT_EQ(service("flex").rates.output, 7'500'000);
    ASSERT_EQ(service("flex").long_context.size(), 1u);
    EXPECT_EQ(service("flex").long_context[0].output, 11'250'000);
    EXPECT_EQ(catalog.model("openai/gpt-audio")->prices.audio_output, 64'000'000);
}

TEST(Catalog, NoPriceOfTheFileIsRounded) {
    // Six cache prices are finer than a nano-dollar a token.
    const Catalog catalog = shipped();
    const auto finer = [](const domain::ModelTraits& row) {
        return row.prices.cache_read > 0 && row.prices.cache_read % domain::pico_per_nano != 0;
    };
    EXPECT_GE(std::count_if(catalog.models.begin(), catalog.models.end(), finer), 6);
}

TEST(Catalog, SuccessorsEndSomewhere) {
    const Catalog catalog = shipped();
    for (const domain::ModelTraits& row : catalog.models) {
        const domain::ModelTraits* successor = &row;
        for (int steps = 0; !successor->deprecated_for.empty(); ++steps) {
            ASSERT_LT(steps, 10) << row.id << " is succeeded by itself";
            successor = catalog.model(successor->deprecated_for);
            ASSERT_NE(successor, nullptr) << row.id;
        }
        EXPECT_EQ(successor->mode, row.mode) << row.id;
    }
}

TEST(Catalog, WhatOnlyResponsesServesIsMarked) {
    const Catalog catalog = shipped();
    std::size_t marked = 0;
    for (const domain::ModelTraits& row : catalog.models) {
        const std::string_view provider = provider_of(row), name = bare_name_of(row);
        if (provider != "openai" && provider != "azure") {
            EXPECT_FALSE(row.responses_only && provider != "azure_ai") << row.id;
            continue;
        }
        const bool expected = name.starts_with("codex-mini") || name.starts_with("o3-pro") ||
                              name.find("-codex") != std::string_view::npos ||
                              name.ends_with("-pro") || name.ends_with("-deep-research");
        EXPECT_EQ(row.responses_only, expected) << row.id;
        marked += expected;
    }
    EXPECT_GE(marked, 10u);
}

TEST(Catalog, EmbeddingModelsCallNoToolsAndHaveNoOutput) {
    const Catalog catalog = shipped();
    std::map<std::string, std::size_t, std::less<>> counted;
    for (const domain::ModelTraits& row : catalog.models) {
        if (row.mode != domain::ModelMode::embedding) continue;
        ++counted[std::string(provider_of(row))];
        EXPECT_FALSE(row.tools) << row.id;
        EXPECT_EQ(row.output_tokens_max, 0) << row.id;
        EXPECT_EQ(row.thinking, domain::ThinkingSupport::none) << row.id;
    }
    for (const char* provider : {"openai", "azure", "gemini", "vertex_ai", "bedrock", "cohere",
                                 "mistral", "ollama"}) {
        EXPECT_GE(counted[provider], 2u) << provider;
    }
    EXPECT_EQ(catalog.model("text-embedding-3-small")->dimensions, 1536);
    EXPECT_EQ(catalog.model("ollama/nomic-embed-text")->dimensions, 768);
}

TEST(Catalog, ProvidersWithPublishedModelsHaveRows) {
    const Catalog catalog = shipped();
    std::map<std::string_view, std::size_t> counted;
    for (const domain::ModelTraits& row : catalog.models) ++counted[provider_of(row)];
    for (const char* name :
         {"openai", "anthropic", "azure", "azure_ai", "bedrock", "vertex_ai", "gemini",
          "openrouter", "ollama", "groq", "together_ai", "fireworks_ai", "huggingface", "deepseek",
          "mistral", "xai", "cohere", "perplexity", "cerebras", "nvidia_nim", "sambanova",
          "moonshot", "zai", "qwen", "minimax", "databricks", "github_models", "cloudflare"}) {
        EXPECT_NE(catalog.provider(name), nullptr) << name;
        EXPECT_GE(counted[name], 3u) << name;
    }
}

TEST(Catalog, ShippedConfigurationNamesModelsItDescribes) {
    const Catalog catalog = shipped();
    Environment environment;
    environment.variables = {{"TOLLGATE_MASTER_KEY", "sk-master-0123456789"}};
    const LoadResult loaded =
        load(std::string(TOLLGATE_SOURCE_DIR) + "/config/config.yaml", environment);
    ASSERT_TRUE(loaded.ok()) << loaded.report();
    ASSERT_GE(loaded.config.model_list.size(), 15u);
    for (const ModelEntry& entry : loaded.config.model_list) {
        std::string_view name = entry.model;
        if (name.starts_with("local/")) name.remove_prefix(6);
        const std::size_t slash = name.find('/');
        ASSERT_NE(slash, std::string_view::npos) << name;
        const std::string& base = entry.info.base_model;
        EXPECT_NE(catalog.model_at(name.substr(0, slash),
                                   base.empty() ? name.substr(slash + 1) : base),
                  nullptr)
            << entry.model;
    }
}

TEST(Catalog, BetasOfKnownTargetsAreRefusedWithTheirFields) {
    const Catalog catalog = shipped();
    const BetaRule* vertex = catalog.betas_of("vertex");
    ASSERT_NE(vertex, nullptr);
    EXPECT_THAT(vertex->header_deny, Contains("structured-outputs-*"));
    EXPECT_THAT(vertex->field_deny, Contains("mcp_servers"));
    EXPECT_THAT(vertex->field_deny, Contains("output_format"));
    EXPECT_THAT(vertex->output_fields, Contains("format"));
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
        "  - id: a/z\n    aliases: [y]\n    deprecated: a/gone\n"
        "  - id: a/p\n    limits: {context: 10}\n    retires: soon\n    unpriced: true\n"
        "    prices: {input: 1, output: 2, as_of: yesterday,\n"
        "      long_context: [{above: 5, input: 2}, {above: 5, input: 3}]}\n";
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
    EXPECT_THAT(text, HasSubstr("models[1].limits: needs `context`"));
    EXPECT_THAT(text, HasSubstr("models[3].retires: expected a day"));
    EXPECT_THAT(text, HasSubstr("models[3].prices: needs `source`, and `as_of` as YYYY-MM-DD"));
    EXPECT_THAT(text, HasSubstr("models[3].prices.long_context[1]: needs `above`, larger"));
    EXPECT_THAT(text, HasSubstr("models[3].unpriced: stands beside a price"));
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
                // Who asks for a tier of Claude by name gets it; the others must not be dear.
                if (model->tier.empty()) EXPECT_LE(model->prices.output, 10'000'000) << entry.model;
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
