// The hand-made table of costs: every price class, to the nano-dollar. The arithmetic stands beside
// each case, in nano-dollars: a price of P dollars per million tokens is P * 1000 per token.
#include "accounting/pricing.hpp"

#include <gtest/gtest.h>

namespace tollgate::accounting {
namespace {

using domain::TokenPrices;
using domain::Usage;

// Dollars per million tokens as pico-dollars per token.
constexpr domain::PicoUsd per_million(double dollars) {
    return static_cast<domain::PicoUsd>(dollars * 1'000'000 + 0.5);
}

// A Claude of the middle tier: 3, 15, cache 0.30, 3.75 and 6, above 200,000 tokens 6, 22.50, 0.60,
// 7.50 and 12; web search 10 per 1000; 1.1 in the US, fast mode 6 times.
TokenPrices sonnet() {
    TokenPrices prices;
    prices.input = per_million(3), prices.output = per_million(15);
    prices.cache_read = per_million(0.3);
    prices.cache_write_5m = per_million(3.75), prices.cache_write_1h = per_million(6);
    domain::LongContextPrices step;
    step.above = 200'000;
    step.input = per_million(6), step.output = per_million(22.5);
    step.cache_read = per_million(0.6);
    step.cache_write_5m = per_million(7.5), step.cache_write_1h = per_million(12);
    prices.long_context.push_back(step);
    prices.web_search = domain::pico_per_usd / 100;
    prices.regions = {{"us", 1'100}};
    prices.fast = 6'000;
    return prices;
}

// 2.50, 15, cache 0.25; flex half of it but the cache at 0.13; priority twice.
TokenPrices gpt() {
    TokenPrices prices;
    prices.input = per_million(2.5), prices.output = per_million(15);
    prices.cache_read = per_million(0.25);
    domain::LongContextPrices step;
    step.above = 272'000;
    step.input = per_million(5), step.output = per_million(22.5),
    step.cache_read = per_million(0.5);
    prices.long_context.push_back(step);
    domain::ServicePrices flex;
    flex.name = "flex";
    flex.rates.input = per_million(1.25), flex.rates.output = per_million(7.5);
    flex.rates.cache_read = per_million(0.13);
    domain::ServicePrices priority;
    priority.name = "priority";
    priority.factor = 2'000;
    prices.services = {flex, priority};
    return prices;
}

Usage used(std::int64_t input, std::int64_t output) {
    Usage usage;
    usage.input = input;
    usage.output = output;
    return usage;
}

TEST(Pricing, InputAndOutput) {
    // 1234 * 3000 + 567 * 15000 = 3'702'000 + 8'505'000
    const Cost cost = cost_of(sonnet(), used(1'234, 567));
    EXPECT_EQ(cost.list, 12'207'000);
    EXPECT_EQ(cost.billed, 12'207'000);
    EXPECT_TRUE(cost.priced);
}

TEST(Pricing, CacheReadAndBothWrites) {
    Usage usage = used(11, 100);
    usage.cache_read = 50'001;
    usage.cache_write_5m = 2'003;
    usage.cache_write_1h = 1'007;
    // 11 * 3000 = 33'000; 100 * 15000 = 1'500'000; 50001 * 300 = 15'000'300;
    // 2003 * 3750 = 7'511'250; 1007 * 6000 = 6'042'000
    EXPECT_EQ(cost_of(sonnet(), usage).list, 30'086'550);
}

TEST(Pricing, LongContextCountsTheWholePromptAndActsOnAll) {
    Usage usage = used(1'000, 10);
    usage.cache_read = 199'000;  // 200'000 in all: not above
    // 1000 * 3000 + 10 * 15000 + 199000 * 300 = 3'000'000 + 150'000 + 59'700'000
    EXPECT_EQ(cost_of(sonnet(), usage).list, 62'850'000);
    usage.cache_write_5m = 1;  // 200'001
    // 1000 * 6000 + 10 * 22500 + 199000 * 600 + 1 * 7500 = 6'000'000 + 225'000 + 119'400'000 +
    // 7'500
    EXPECT_EQ(cost_of(sonnet(), usage).list, 125'632'500);
}

TEST(Pricing, TheHighestStepThatIsPassedCounts) {
    TokenPrices prices;
    prices.input = per_million(1), prices.output = per_million(2);
    domain::LongContextPrices first, second;
    first.above = 100, first.input = per_million(10);
    second.above = 200, second.input = per_million(100);
    prices.long_context = {first, second};
    EXPECT_EQ(cost_of(prices, used(100, 0)).list, 100 * 1'000);
    EXPECT_EQ(cost_of(prices, used(101, 1)).list, 101 * 10'000 + 2'000);  // output keeps its price
    EXPECT_EQ(cost_of(prices, used(201, 0)).list, 201 * 100'000);
}

TEST(Pricing, ReasoningIsOutputUnlessItHasAPrice) {
    Usage usage = used(0, 1'000);
    usage.reasoning = 600;
    EXPECT_EQ(cost_of(sonnet(), usage).list, 1'000 * 15'000);
    TokenPrices prices = sonnet();
    prices.reasoning = per_million(3.5);
    // 400 * 15000 + 600 * 3500 = 6'000'000 + 2'100'000
    EXPECT_EQ(cost_of(prices, usage).list, 8'100'000);
    usage.reasoning = 5'000;  // more than there is: all of it
    EXPECT_EQ(cost_of(prices, usage).list, 1'000 * 3'500);
}

TEST(Pricing, ABatchIsHalfUnlessStated) {
    Usage usage = used(1'001, 101);
    usage.cache_read = 7;
    // (1001 * 3000 + 101 * 15000 + 7 * 300) / 2 = (3'003'000 + 1'515'000 + 2'100) / 2
    EXPECT_EQ(cost_of(sonnet(), usage, {.batch = true}).list, 2'260'050);
    TokenPrices prices = sonnet();
    domain::ServicePrices batch;
    batch.name = "batch";
    batch.factor = 600;
    prices.services.push_back(batch);
    EXPECT_EQ(cost_of(prices, used(1'000, 0), {.batch = true}).list, 1'000 * 1'800);
}

TEST(Pricing, AClassOfServiceHasAFactorOrRatesOfItsOwn) {
    Usage usage = used(1'000, 100);
    usage.cache_read = 10;
    // flex: 1000 * 1250 + 100 * 7500 + 10 * 130
    EXPECT_EQ(cost_of(gpt(), usage, {.service_tier = "flex"}).list, 2'001'300);
    // priority: 2 * (1000 * 2500 + 100 * 15000 + 10 * 250)
    EXPECT_EQ(cost_of(gpt(), usage, {.service_tier = "priority"}).list, 8'005'000);
    for (const char* standard : {"", "auto", "default", "standard_only", "on_demand"}) {
        const Cost cost = cost_of(gpt(), usage, {.service_tier = standard});
        EXPECT_EQ(cost.list, 4'002'500) << standard;
        EXPECT_TRUE(cost.priced) << standard;
    }
}

TEST(Pricing, AServiceWithoutAPriceIsMarked) {
    const Cost cost = cost_of(gpt(), used(1'000, 0), {.service_tier = "ultrafast"});
    EXPECT_EQ(cost.list, 2'500'000);
    EXPECT_FALSE(cost.priced);
    // Rates of its own that do not say what a long prompt costs.
    EXPECT_TRUE(cost_of(gpt(), used(272'000, 0), {.service_tier = "flex"}).priced);
    EXPECT_FALSE(cost_of(gpt(), used(272'001, 0), {.service_tier = "flex"}).priced);
    // The factor holds for long prompts too: 272'001 * 5000 * 2.
    const Cost priority = cost_of(gpt(), used(272'001, 0), {.service_tier = "priority"});
    EXPECT_EQ(priority.list, 2'720'010'000);
    EXPECT_TRUE(priority.priced);
}

TEST(Pricing, AClassThatAServiceIsSilentAboutTakesTheStandardRateAndIsMarked) {
    TokenPrices prices = sonnet();
    domain::ServicePrices flex;
    flex.name = "flex";
    flex.rates.input = per_million(1), flex.rates.output = per_million(5);
    prices.reasoning = per_million(20);
    prices.services = {flex};
    Usage usage = used(10, 10);
    usage.reasoning = 10;  // as the service's output
    EXPECT_EQ(cost_of(prices, usage, {.service_tier = "flex"}).list, 10 * 1'000 + 10 * 5'000);
    EXPECT_TRUE(cost_of(prices, usage, {.service_tier = "flex"}).priced);
    usage.cache_read = 100;
    EXPECT_EQ(cost_of(prices, usage, {.service_tier = "flex"}).list, 60'000 + 100 * 300);
    EXPECT_FALSE(cost_of(prices, usage, {.service_tier = "flex"}).priced);
}

TEST(Pricing, RegionAndFastModeMultiplyTokensNotFees) {
    Usage usage = used(1'000, 100);
    usage.web_searches = 3;
    // 1000 * 3000 + 100 * 15000 = 4'500'000; a search 10'000'000
    EXPECT_EQ(cost_of(sonnet(), usage).list, 34'500'000);
    EXPECT_EQ(cost_of(sonnet(), usage, {.region = "us"}).list, 34'950'000);  // 4'950'000
    EXPECT_EQ(cost_of(sonnet(), usage, {.region = "global"}).list, 34'500'000);
    EXPECT_EQ(cost_of(sonnet(), usage, {.fast = true}).list, 57'000'000);  // 27'000'000
    // 4'500'000 * 1.1 * 6 = 29'700'000
    EXPECT_EQ(cost_of(sonnet(), usage, {.region = "us", .fast = true}).list, 59'700'000);
    TokenPrices prices = gpt();
    EXPECT_FALSE(cost_of(prices, used(1, 0), {.fast = true}).priced);
    prices.regions = {{"*", 1'100}};
    EXPECT_EQ(cost_of(prices, used(1'000, 0), {.region = "europe-west1"}).list, 2'750'000);
    EXPECT_EQ(cost_of(prices, used(1'000, 0), {.region = "global"}).list, 2'500'000);
    EXPECT_EQ(cost_of(prices, used(1'000, 0)).list, 2'500'000);
}

TEST(Pricing, AudioAndPictures) {
    TokenPrices prices = gpt();
    prices.audio_input = per_million(32), prices.audio_output = per_million(64);
    prices.image_output = per_million(30);
    prices.image = domain::pico_per_usd / 25;
    Usage usage = used(1'000, 500);
    usage.audio_input = 400, usage.audio_output = 300, usage.image_output = 50;
    usage.reasoning = 20;
    usage.images = 2;
    // 600 * 2500 + 400 * 32000 = 1'500'000 + 12'800'000
    // 300 * 64000 + 50 * 30000 + (20 + 130) * 15000 = 19'200'000 + 1'500'000 + 2'250'000
    // 2 pictures at 40'000'000
    EXPECT_EQ(cost_of(prices, usage).list, 117'250'000);
    EXPECT_TRUE(cost_of(prices, usage).priced);
    EXPECT_FALSE(cost_of(gpt(), usage).priced);
}

TEST(Pricing, AFeeForTheRequestIsPaidOnceItWasAnswered) {
    TokenPrices prices = gpt();
    prices.request = domain::pico_per_usd / 200;  // 5'000'000
    EXPECT_EQ(cost_of(prices, used(1'000, 0), {.service_tier = "priority"}).list, 10'000'000);
    EXPECT_EQ(cost_of(prices, Usage{}).list, 0);
}

TEST(Pricing, TheSumIsRoundedOnceHalfUp) {
    TokenPrices prices;
    prices.input = 1'250;  // pico-dollars: 0.00125 per million
    prices.output = 1;
    EXPECT_EQ(cost_of(prices, used(1, 0)).list, 1);    // 1.25
    EXPECT_EQ(cost_of(prices, used(2, 0)).list, 3);    // 2.5
    EXPECT_EQ(cost_of(prices, used(1, 249)).list, 1);  // 1.499
    EXPECT_EQ(cost_of(prices, used(1, 250)).list, 2);  // 1.5; each rounded alone would be 1 + 0
    EXPECT_EQ(cost_of(prices, used(1, 0), {.batch = true}).list, 1);  // 0.625
}

TEST(Pricing, GreatFiguresFit) {
    TokenPrices prices;
    prices.input = prices.output = per_million(1'000);
    // 2e9 tokens at a thousandth of a dollar: two million dollars
    EXPECT_EQ(cost_of(prices, used(1'000'000'000, 1'000'000'000)).list,
              2'000'000 * domain::nano_per_usd);
}

TEST(Pricing, WhatTheProviderStatesWins) {
    Usage usage = used(1'000, 0);
    usage.provider_cost_nano_usd = 2'222'222;
    const Cost cost = cost_of(sonnet(), usage);
    EXPECT_EQ(cost.list, 3'000'000);
    EXPECT_EQ(cost.billed, 2'222'222);
    EXPECT_TRUE(cost.priced);
    const Cost unknown = cost_of(TokenPrices{}, usage);
    EXPECT_EQ(unknown.list, 2'222'222);
    EXPECT_EQ(unknown.billed, 2'222'222);
    EXPECT_TRUE(unknown.priced);
    usage.provider_cost_nano_usd = 0;  // stated to be free
    EXPECT_EQ(cost_of(sonnet(), usage).billed, 0);
}

TEST(Pricing, AnUnknownPriceIsMarkedAndNotZeroWhereARateIsNear) {
    EXPECT_FALSE(cost_of(TokenPrices{}, used(10, 0)).priced);
    EXPECT_EQ(cost_of(TokenPrices{}, used(10, 0)).list, 0);
    EXPECT_TRUE(cost_of(TokenPrices{}, Usage{}).priced);  // nothing was used
    TokenPrices prices;
    prices.input = per_million(1), prices.output = per_million(4);
    EXPECT_TRUE(cost_of(prices, used(10, 10)).priced);
    for (auto member : {&Usage::cache_read, &Usage::cache_write_5m, &Usage::cache_write_1h}) {
        Usage usage = used(0, 0);
        usage.*member = 7;
        EXPECT_EQ(cost_of(prices, usage).list, 7'000);
        EXPECT_FALSE(cost_of(prices, usage).priced);
    }
    Usage search = used(1, 0);
    search.web_searches = 1;
    EXPECT_FALSE(cost_of(prices, search).priced);
}

TEST(Pricing, WhatIsFreeIsFreeInAllClasses) {
    TokenPrices prices;
    prices.input = prices.output = 0;
    Usage usage = used(10, 10);
    usage.cache_read = 100;
    EXPECT_EQ(cost_of(prices, usage).list, 0);
    EXPECT_TRUE(cost_of(prices, usage).priced);
}

domain::ModelTraits model_of(const TokenPrices& prices) {
    domain::ModelTraits model;
    model.in_catalog = true;
    model.context_tokens = 1'000'000;
    model.output_tokens_max = 64'000;
    model.prices = prices;
    return model;
}

TEST(Pricing, TheWorstCaseHoldsMarginAndMostOutput) {
    const domain::ModelTraits model = model_of(sonnet());
    // 1120 * 3000 + 500 * 15000 = 3'360'000 + 7'500'000
    EXPECT_EQ(worst_cost(model, {.input_tokens = 1'000, .output_tokens_max = 500}), 10'860'000);
    // no limit asked for: 64000 * 15000 = 960'000'000
    EXPECT_EQ(worst_cost(model, {.input_tokens = 1'000}), 963'360'000);
    EXPECT_EQ(worst_cost(model, {.input_tokens = 1'000, .output_tokens_max = 1'000'000}),
              963'360'000);
    // eight answers: 8 * 500 * 15000
    EXPECT_EQ(worst_cost(model,
                         {.input_tokens = 1'000, .output_tokens_max = 500, .answers = 8}),
              63'360'000);
    // 1120 * 3750, 1120 * 6000
    EXPECT_EQ(worst_cost(model, {1'000, 1, true, false}), 4'200'000 + 15'000);
    EXPECT_EQ(worst_cost(model, {1'000, 1, true, true}), 6'720'000 + 15'000);
    EXPECT_EQ(worst_cost(model, {1'000, 1}, {.region = "us", .fast = true}),
              (3'360'000 + 15'000) * 66 / 10);
}

TEST(Pricing, TheWorstCaseTakesTheStepThatItsMarginReaches) {
    const domain::ModelTraits model = model_of(sonnet());
    // 180'000 * 1.12 = 201'600 tokens at 6000, one at 22500
    EXPECT_EQ(worst_cost(model, {180'000, 1}), 1'209'600'000 + 22'500);
    // capped by the window: 1'000'000 * 6000
    EXPECT_EQ(worst_cost(model, {2'000'000, 1}), 6'000'000'000 + 22'500);
}

TEST(Pricing, TheWorstCaseIsUnknownWithoutAPrice) {
    EXPECT_EQ(worst_cost(model_of(TokenPrices{}), {1'000, 10}), -1);
    domain::ModelTraits embedding = model_of(TokenPrices{});
    embedding.mode = domain::ModelMode::embedding;
    embedding.prices.input = per_million(0.02);
    embedding.prices.output = 0;
    EXPECT_EQ(worst_cost(embedding, {100, 0}), 112 * 20);
}

TEST(Pricing, TheWorstCaseIsNeverLessThanTheCost) {
    const domain::ModelTraits model = model_of(sonnet());
    for (std::int64_t input : {1LL, 3LL, 999LL, 178'571LL, 178'572LL, 500'000LL}) {
        Usage usage;
        usage.cache_write_1h = input;
        usage.output = 77;
        EXPECT_GE(worst_cost(model, {input, 77, false, true}), cost_of(model.prices, usage).list)
            << input;
    }
}

}  // namespace
}  // namespace tollgate::accounting
