#include "config/prices.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.hpp"

namespace tollgate::config {
namespace {

using domain::TokenPrices;
using ::testing::StartsWith;

// The prices of one entry of model_list with these parameters.
PriceOverrides overrides(const std::string& parameters) {
    const LoadResult loaded =
        load_text("model_list:\n  - model_name: m\n    litellm_params: {model: openai/m" +
                      (parameters.empty() ? "" : ", " + parameters) + "}\n",
                  "x.yaml", {});
    EXPECT_TRUE(loaded.ok());
    return loaded.config.model_list.at(0).prices;
}

TEST(Prices, EachKeyHasItsPlaceAndOnlyOne) {
    for (const PriceKey& key : price_keys) {
        EXPECT_NE(key.rate == nullptr, key.fee == nullptr) << key.key;
        for (const PriceKey& other : price_keys) {
            if (&key == &other) continue;
            EXPECT_NE(key.key, other.key);
            EXPECT_FALSE(key.service == other.service && key.above == other.above &&
                         key.rate == other.rate && key.fee == other.fee)
                << key.key << " and " << other.key;
        }
    }
}

TEST(Prices, EveryKeyIsReadToThePicoDollar) {
    for (std::size_t i = 0; i < price_keys.size(); ++i) {
        const PriceOverrides read = overrides(std::string(price_keys[i].key) + ": 1.25e-10");
        EXPECT_EQ(read.figures[i], 125) << price_keys[i].key;
        TokenPrices prices;
        read.apply(prices);
        TokenPrices untouched;
        EXPECT_NE(price_fingerprint(prices), price_fingerprint(untouched)) << price_keys[i].key;
    }
}

TEST(Prices, FiguresStandAboveTheCatalogsOneByOne) {
    TokenPrices prices;
    prices.input = 3'000'000, prices.output = 15'000'000, prices.cache_read = 300'000;
    prices.version = "2026-11-21 a table";
    overrides("cache_read_input_token_cost: 0.00000025, web_search_cost_per_query: 0.01")
        .apply(prices);
    EXPECT_EQ(prices.input, 3'000'000);
    EXPECT_EQ(prices.cache_read, 250'000);
    EXPECT_EQ(prices.web_search, 10'000'000'000);
    EXPECT_THAT(prices.version, StartsWith("2026-11-21 a table + config "));
    EXPECT_EQ(prices.version.size(), std::string("2026-11-21 a table + config 01234567").size());
}

TEST(Prices, NothingStatedChangesNothing) {
    TokenPrices prices;
    prices.version = "2026-11-21 a table";
    overrides("").apply(prices);
    EXPECT_EQ(prices.version, "2026-11-21 a table");
    EXPECT_TRUE(prices.services.empty());
}

TEST(Prices, StepsStayInOrder) {
    TokenPrices prices;
    overrides(
        "input_cost_per_token_above_272k_tokens: 0.000003, "
        "input_cost_per_token_above_128k_tokens: 0.000001, "
        "output_cost_per_token_above_128k_tokens: 0.000009")
        .apply(prices);
    ASSERT_EQ(prices.long_context.size(), 2u);
    EXPECT_EQ(prices.long_context[0].above, 128'000);
    EXPECT_EQ(prices.long_context[0].input, 1'000'000);
    EXPECT_EQ(prices.long_context[0].output, 9'000'000);
    EXPECT_EQ(prices.long_context[1].above, 272'000);
}

TEST(Prices, AFactorIsWorkedOutBeforeOneOfItsRatesChanges) {
    TokenPrices prices;
    prices.input = 3'000'000, prices.output = 15'000'000, prices.cache_read = 333;
    domain::ServicePrices priority;
    priority.name = "priority";
    priority.factor = 2'000;
    prices.services.push_back(priority);
    overrides("input_cost_per_token_priority: 0.000005, output_cost_per_token_batches: 0.000001")
        .apply(prices);
    ASSERT_EQ(prices.services.size(), 2u);
    EXPECT_EQ(prices.services[0].factor, 0);
    EXPECT_EQ(prices.services[0].rates.input, 5'000'000);
    EXPECT_EQ(prices.services[0].rates.output, 30'000'000);
    EXPECT_EQ(prices.services[1].name, "batch");
    EXPECT_EQ(prices.services[1].rates.input, 1'500'000);  // half, as without any word
    EXPECT_EQ(prices.services[1].rates.output, 1'000'000);
    EXPECT_EQ(prices.services[1].rates.cache_read, 167);
}

TEST(Prices, BothAtOnceIsLiteLlmsShortForm) {
    const PriceOverrides read = overrides("cost_per_token: 0.000002, output_cost_per_token: 0.1");
    EXPECT_EQ(read.figures[0], 2'000'000);
    EXPECT_EQ(read.figures[1], 100'000'000'000);
}

TEST(Prices, AnAmountThatIsNoneIsAnErrorThatNamesTheKey) {
    const LoadResult loaded = load_text(
        "model_list:\n  - model_name: m\n    litellm_params: {model: openai/m,"
        " input_cost_per_token: cheap}\n",
        "x.yaml", {});
    ASSERT_FALSE(loaded.ok());
    EXPECT_NE(loaded.problems.at(0).path.find("input_cost_per_token"), std::string::npos);
}

}  // namespace
}  // namespace tollgate::config
