#include "config/prices.hpp"

#include <algorithm>

#include "base/sha256.hpp"

namespace tollgate::config {
namespace {

using domain::LongContextPrices;
using domain::ServicePrices;
using domain::TokenPrices;
using domain::TokenRates;

constexpr std::int64_t k128 = 128'000, k200 = 200'000, k272 = 272'000;
constexpr std::string_view batch = "batch", flex = "flex", priority = "priority";
constexpr std::size_t fingerprint_bytes = 4;
constexpr domain::PerMille half = 500, one = 1'000;

constexpr domain::PicoUsd TokenRates::* all_rates[] = {
    &TokenRates::input,          &TokenRates::output,         &TokenRates::cache_read,
    &TokenRates::cache_write_5m, &TokenRates::cache_write_1h, &TokenRates::reasoning,
    &TokenRates::audio_input,    &TokenRates::audio_output,   &TokenRates::image_output};

// The step of exactly this threshold, made in its place when there is none.
LongContextPrices& step_at(std::vector<LongContextPrices>& steps, std::int64_t above) {
    const auto at = std::lower_bound(
        steps.begin(), steps.end(), above,
        [](const LongContextPrices& step, std::int64_t bound) { return step.above < bound; });
    if (at != steps.end() && at->above == above) return *at;
    LongContextPrices made;
    made.above = above;
    return *steps.insert(at, made);
}

void scale(const TokenRates& from, domain::PerMille factor, TokenRates& out) {
    for (const auto rate : all_rates) {
        if (from.*rate >= 0) out.*rate = (from.*rate * factor + one / 2) / one;
    }
}

// The service's own rates: a factor on the standard ones is worked out first.
ServicePrices& service_of(TokenPrices& prices, std::string_view name) {
    auto at = std::find_if(prices.services.begin(), prices.services.end(),
                           [name](const ServicePrices& service) { return service.name == name; });
    if (at == prices.services.end()) {
        ServicePrices made;
        made.name = name;
        if (name == batch) made.factor = half;  // what holds where nobody states it
        at = prices.services.insert(at, made);
    }
    if (at->factor == 0) return *at;
    scale(prices, at->factor, at->rates);
    at->long_context = prices.long_context;
    for (LongContextPrices& step : at->long_context) {
        const LongContextPrices standard = step;
        scale(standard, at->factor, step);
    }
    at->factor = 0;
    return *at;
}

void add(std::string& text, const TokenRates& rates) {
    for (const auto rate : all_rates) text += std::to_string(rates.*rate) + " ";
}

void add(std::string& text, const std::vector<LongContextPrices>& steps) {
    for (const LongContextPrices& step : steps) {
        text += "above " + std::to_string(step.above) + " ";
        add(text, step);
    }
}

}  // namespace

// Base rates come before those of services, which are worked out from them.
const std::array<PriceKey, price_key_count> price_keys{{
    {"input_cost_per_token", "USD per input token", "", 0, &TokenRates::input},
    {"output_cost_per_token", "USD per output token", "", 0, &TokenRates::output},
    {"cache_read_input_token_cost", "USD per token read from the provider's cache", "", 0,
     &TokenRates::cache_read},
    {"cache_creation_input_token_cost", "USD per token written to it for 5 minutes", "", 0,
     &TokenRates::cache_write_5m},
    {"cache_creation_input_token_cost_above_1hr", "the same for an hour", "", 0,
     &TokenRates::cache_write_1h},
    {"output_cost_per_reasoning_token", "USD per reasoning token", "", 0, &TokenRates::reasoning},
    {"input_cost_per_audio_token", "USD per token of audio sent", "", 0, &TokenRates::audio_input},
    {"output_cost_per_audio_token", "USD per token of audio made", "", 0,
     &TokenRates::audio_output},
    {"output_cost_per_image_token", "USD per token of pictures made", "", 0,
     &TokenRates::image_output},
    {"output_cost_per_image", "USD per picture made", "", 0, nullptr, &TokenPrices::image},
    {"input_cost_per_request", "USD per request, besides its tokens", "", 0, nullptr,
     &TokenPrices::request},
    {"web_search_cost_per_query", "USD per web search that the provider runs", "", 0, nullptr,
     &TokenPrices::web_search},
    {"input_cost_per_token_above_128k_tokens", "USD per input token of prompts above 128,000", "",
     k128, &TokenRates::input},
    {"output_cost_per_token_above_128k_tokens", "USD per output token of such", "", k128,
     &TokenRates::output},
    {"input_cost_per_token_above_200k_tokens", "USD per input token of prompts above 200,000", "",
     k200, &TokenRates::input},
    {"output_cost_per_token_above_200k_tokens", "USD per output token of such", "", k200,
     &TokenRates::output},
    {"cache_read_input_token_cost_above_200k_tokens", "USD per cached token of such", "", k200,
     &TokenRates::cache_read},
    {"cache_creation_input_token_cost_above_200k_tokens",
     "USD per token that such write for 5 minutes", "", k200, &TokenRates::cache_write_5m},
    {"cache_creation_input_token_cost_above_1hr_above_200k_tokens", "the same for an hour", "",
     k200, &TokenRates::cache_write_1h},
    {"input_cost_per_token_above_272k_tokens", "USD per input token of prompts above 272,000", "",
     k272, &TokenRates::input},
    {"output_cost_per_token_above_272k_tokens", "USD per output token of such", "", k272,
     &TokenRates::output},
    {"cache_read_input_token_cost_above_272k_tokens", "USD per cached token of such", "", k272,
     &TokenRates::cache_read},
    {"input_cost_per_token_batches", "USD per input token in batches; default half", batch, 0,
     &TokenRates::input},
    {"output_cost_per_token_batches", "USD per output token in batches; default half", batch, 0,
     &TokenRates::output},
    {"cache_read_input_token_cost_batches", "USD per cached token in batches; default half", batch,
     0, &TokenRates::cache_read},
    {"cache_creation_input_token_cost_batches", "USD per token that batches write for 5 minutes",
     batch, 0, &TokenRates::cache_write_5m},
    {"input_cost_per_token_flex", "USD per input token in the tier flex", flex, 0,
     &TokenRates::input},
    {"output_cost_per_token_flex", "USD per output token in the tier flex", flex, 0,
     &TokenRates::output},
    {"cache_read_input_token_cost_flex", "USD per cached token in the tier flex", flex, 0,
     &TokenRates::cache_read},
    {"input_cost_per_token_priority", "USD per input token in the tier priority", priority, 0,
     &TokenRates::input},
    {"output_cost_per_token_priority", "USD per output token in the tier priority", priority, 0,
     &TokenRates::output},
    {"cache_read_input_token_cost_priority", "USD per cached token in the tier priority", priority,
     0, &TokenRates::cache_read},
    {"input_cost_per_token_above_200k_tokens_priority",
     "USD per input token of prompts above 200,000 in the tier priority", priority, k200,
     &TokenRates::input},
    {"output_cost_per_token_above_200k_tokens_priority", "USD per output token of such", priority,
     k200, &TokenRates::output},
}};

bool PriceOverrides::any() const {
    return std::any_of(figures.begin(), figures.end(),
                       [](const auto& figure) { return figure.has_value(); });
}

void PriceOverrides::inherit(const PriceOverrides& other) {
    for (std::size_t i = 0; i < figures.size(); ++i) {
        if (!figures[i]) figures[i] = other.figures[i];
    }
}

void PriceOverrides::apply(TokenPrices& prices) const {
    if (!any()) return;
    for (std::size_t i = 0; i < figures.size(); ++i) {
        if (!figures[i]) continue;
        const PriceKey& key = price_keys[i];
        if (key.fee != nullptr) {
            prices.*key.fee = *figures[i];
            continue;
        }
        ServicePrices* service = key.service.empty() ? nullptr : &service_of(prices, key.service);
        TokenRates& base = service != nullptr ? service->rates : prices;
        if (key.above == 0) {
            base.*key.rate = *figures[i];
        } else {
            auto& steps = service != nullptr ? service->long_context : prices.long_context;
            step_at(steps, key.above).*key.rate = *figures[i];
        }
    }
    prices.version +=
        (prices.version.empty() ? "config " : " + config ") + price_fingerprint(prices);
}

std::string price_fingerprint(const TokenPrices& prices) {
    std::string text;
    add(text, prices);
    add(text, prices.long_context);
    for (const ServicePrices& service : prices.services) {
        text += service.name + " " + std::to_string(service.factor) + " ";
        add(text, service.rates);
        add(text, service.long_context);
    }
    for (const auto& [region, factor] : prices.regions) {
        text += region + " " + std::to_string(factor) + " ";
    }
    for (const std::int64_t figure :
         {prices.fast, prices.request, prices.image, prices.web_search}) {
        text += std::to_string(figure) + " ";
    }
    return base::hex(base::sha256(text), fingerprint_bytes);
}

}  // namespace tollgate::config
