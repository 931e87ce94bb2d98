#include "accounting/pricing.hpp"

#include <algorithm>
#include <limits>

namespace tollgate::accounting {
namespace {

using domain::LongContextPrices;
using domain::PerMille;
using domain::PicoUsd;
using domain::ServicePrices;
using domain::TokenPrices;
using domain::TokenRates;
using domain::Usage;

// Products of tokens, prices and factors; with the bounds below each is at most 1e37.
using Wide = __int128;
constexpr std::int64_t tokens_max = 1'000'000'000;
constexpr PicoUsd rate_max = 10 * domain::pico_per_usd;

constexpr PerMille one = 1'000;
constexpr PerMille half = 500;
constexpr std::string_view batch = "batch";
constexpr Wide factors_scale = Wide{one} * one * one;
constexpr Wide nano_scale = factors_scale * domain::pico_per_nano;
// What the estimate of a prompt may be short of.
constexpr std::int64_t estimate_margin_percent = 112;

// The rates that hold for one request.
struct Rates {
    TokenRates token;
    TokenRates nearest;           // the same, with standard rates where a service states none
    Wide factor = factors_scale;  // of all three: service, region, speed
    bool known = true;            // false: a circumstance has no known price
};

void replace(const TokenRates& from, TokenRates& rates) {
    const auto take = [](PicoUsd& mine, PicoUsd theirs) {
        if (theirs >= 0) mine = theirs;
    };
    take(rates.input, from.input);
    take(rates.output, from.output);
    take(rates.cache_read, from.cache_read);
    take(rates.cache_write_5m, from.cache_write_5m);
    take(rates.cache_write_1h, from.cache_write_1h);
    take(rates.reasoning, from.reasoning);
    take(rates.audio_input, from.audio_input);
    take(rates.audio_output, from.audio_output);
    take(rates.image_output, from.image_output);
}

const LongContextPrices* step_of(const std::vector<LongContextPrices>& steps, std::int64_t prompt) {
    const LongContextPrices* found = nullptr;
    for (const LongContextPrices& step : steps) {
        if (prompt > step.above) found = &step;
    }
    return found;
}

TokenRates at_prompt(const TokenRates& base, const std::vector<LongContextPrices>& steps,
                     std::int64_t prompt) {
    TokenRates rates = base;
    if (const LongContextPrices* step = step_of(steps, prompt)) replace(*step, rates);
    return rates;
}

bool is_standard(std::string_view service) {
    return service.empty() || service == "auto" || service == "default" || service == "standard" ||
           service == "standard_only" || service == "on_demand";
}

const ServicePrices* service_of(const TokenPrices& prices, std::string_view name) {
    for (const ServicePrices& service : prices.services) {
        if (service.name == name) return &service;
    }
    return nullptr;
}

// 0: the region changes nothing that is known.
PerMille region_factor(const TokenPrices& prices, std::string_view region) {
    PerMille other = 0;
    for (const auto& [name, factor] : prices.regions) {
        if (name == region) return factor;
        if (name == "*" && !region.empty() && region != "global") other = factor;
    }
    return other;
}

Rates rates_of(const TokenPrices& prices, std::int64_t prompt, const PriceContext& context) {
    Rates rates;
    rates.token = rates.nearest = at_prompt(prices, prices.long_context, prompt);
    PerMille service_factor = one;
    const std::string_view name = context.batch ? batch : context.service_tier;
    if (!is_standard(name)) {
        const ServicePrices* service = service_of(prices, name);
        if (service != nullptr && service->factor > 0) {
            service_factor = service->factor;
        } else if (service != nullptr) {
            // A service with rates of its own that are silent about long prompts.
            rates.known = step_of(prices.long_context, prompt) == nullptr ||
                          step_of(service->long_context, prompt) != nullptr;
            rates.token = at_prompt(service->rates, service->long_context, prompt);
            replace(rates.token, rates.nearest);
            rates.nearest.reasoning = rates.token.reasoning;
        } else if (name == batch) {
            service_factor = half;
        } else {
            rates.known = false;
        }
    }
    const PerMille region = region_factor(prices, context.region);
    if (context.fast && prices.fast <= 0) rates.known = false;
    rates.factor = Wide{service_factor} * (region > 0 ? region : one) *
                   (context.fast && prices.fast > 0 ? prices.fast : one);
    return rates;
}

// Adds up what was used; a class without a rate takes another's and is remembered.
class Sum {
public:
    explicit Sum(const Rates& rates) : rates_(rates) {}

    // More tokens than a billion are a provider's mistake.
    // `nearest` is what counts: `stated`, or the rate that stands in for it.
    void tokens(std::int64_t count, PicoUsd stated, PicoUsd nearest) {
        if (count <= 0) return;
        // What is free as a whole has no dear classes.
        if (!rates_.known || (stated < 0 && rates_.token.input != 0)) priced_ = false;
        total_ += Wide{std::min(count, tokens_max)} * std::clamp<PicoUsd>(nearest, 0, rate_max) *
                  rates_.factor;
    }
    void pieces(std::int64_t count, PicoUsd price) {
        if (count <= 0) return;
        if (price < 0) priced_ = false;
        total_ += Wide{std::min(count, tokens_max)} * std::max<PicoUsd>(price, 0) * factors_scale;
    }
    bool priced() const { return priced_; }
    domain::NanoUsd half_up() const { return fitting((total_ + nano_scale / 2) / nano_scale); }
    domain::NanoUsd up() const { return fitting((total_ + nano_scale - 1) / nano_scale); }

private:
    static domain::NanoUsd fitting(Wide amount) {
        constexpr Wide largest = std::numeric_limits<domain::NanoUsd>::max();
        return static_cast<domain::NanoUsd>(std::min(amount, largest));
    }
    const Rates& rates_;
    Wide total_ = 0;  // pico-dollars times factors_scale
    bool priced_ = true;
};

PicoUsd first_known(PicoUsd rate, PicoUsd instead) { return rate >= 0 ? rate : instead; }

void add_input(const Rates& rates, const Usage& usage, Sum& sum) {
    const TokenRates& stated = rates.token;
    const TokenRates& nearest = rates.nearest;
    const std::int64_t input = Usage::or_zero(usage.input);
    const std::int64_t audio = std::min(Usage::or_zero(usage.audio_input), input);
    // A provider with a single price of writing has it in cache_write_5m.
    const PicoUsd write_5m = first_known(nearest.cache_write_5m, nearest.input);
    sum.tokens(input - audio, stated.input, nearest.input);
    sum.tokens(audio, stated.audio_input, first_known(nearest.audio_input, nearest.input));
    sum.tokens(usage.cache_read, stated.cache_read, first_known(nearest.cache_read, nearest.input));
    sum.tokens(usage.cache_write_5m, stated.cache_write_5m, write_5m);
    sum.tokens(usage.cache_write_1h, stated.cache_write_1h,
               first_known(nearest.cache_write_1h, write_5m));
}

void add_output(const Rates& rates, const Usage& usage, Sum& sum) {
    const TokenRates& stated = rates.token;
    const TokenRates& nearest = rates.nearest;
    std::int64_t rest = Usage::or_zero(usage.output);
    const auto part = [&rest](std::int64_t tokens) {
        const std::int64_t taken = std::min(Usage::or_zero(tokens), rest);
        rest -= taken;
        return taken;
    };
    sum.tokens(part(usage.audio_output), stated.audio_output,
               first_known(nearest.audio_output, nearest.output));
    sum.tokens(part(usage.image_output), stated.image_output,
               first_known(nearest.image_output, nearest.output));
    const std::int64_t reasoning = part(usage.reasoning);
    sum.tokens(reasoning, first_known(stated.reasoning, stated.output),
               first_known(nearest.reasoning, nearest.output));
    sum.tokens(rest, stated.output, nearest.output);
}

}  // namespace

Cost cost_of(const TokenPrices& prices, const Usage& usage, const PriceContext& context) {
    const Rates rates = rates_of(prices, usage.prompt(), context);
    Sum sum(rates);
    add_input(rates, usage, sum);
    add_output(rates, usage, sum);
    if (usage.known() && prices.request > 0) sum.pieces(1, prices.request);
    sum.pieces(usage.images, prices.image);
    sum.pieces(usage.web_searches, prices.web_search);
    Cost cost;
    cost.list = sum.half_up();
    cost.priced = sum.priced();
    cost.billed = cost.list;
    if (usage.provider_cost_nano_usd >= 0) {
        cost.billed = usage.provider_cost_nano_usd;
        // Without prices of ours there is nothing to compare with.
        if (!cost.priced) cost.list = cost.billed;
        cost.priced = true;
    }
    return cost;
}

domain::NanoUsd worst_cost(const domain::ModelTraits& model, const WorstCase& request,
                           const PriceContext& context) {
    std::int64_t input =
        (std::max<std::int64_t>(request.input_tokens, 0) * estimate_margin_percent + 99) / 100;
    std::int64_t output =
        model.output_tokens_max > 0 ? model.output_tokens_max : model.context_tokens;
    if (request.output_tokens_max > 0) output = std::min(output, request.output_tokens_max);
    if (model.in_catalog) {
        // A longer prompt is refused by the provider.
        input = std::min(
            input, model.input_tokens_max > 0 ? model.input_tokens_max : model.context_tokens);
    } else if (request.output_tokens_max > 0) {
        output = request.output_tokens_max;  // the model's limit is a guess
    }
    if (model.mode == domain::ModelMode::embedding) output = 0;
    // No provider gives more at once; a body that asks for it is refused there.
    constexpr std::int64_t answers_max = 1'000;
    output = std::min(output, tokens_max) *
             std::clamp<std::int64_t>(request.answers, 1, answers_max);
    const Rates rates = rates_of(model.prices, input, context);
    if (rates.nearest.input < 0 || (rates.nearest.output < 0 && output > 0)) return -1;
    PicoUsd dearest = rates.nearest.input;
    if (request.cache_write_5m) dearest = std::max(dearest, rates.nearest.cache_write_5m);
    if (request.cache_write_1h) {
        dearest = std::max({dearest, rates.nearest.cache_write_5m, rates.nearest.cache_write_1h});
    }
    PicoUsd dearest_output = std::max(rates.nearest.output, rates.nearest.reasoning);
    if (request.audio) {
        dearest = std::max(dearest, rates.nearest.audio_input);
        dearest_output = std::max(dearest_output, rates.nearest.audio_output);
    }
    Sum sum(rates);
    sum.tokens(input, dearest, dearest);
    sum.tokens(output, dearest_output, dearest_output);
    if (model.prices.request > 0) sum.pieces(1, model.prices.request);
    return sum.up();
}

}  // namespace tollgate::accounting
