// Prices that a configuration states for a model, under LiteLLM's keys: US dollars per token, call
// or picture, kept as pico-dollars. They stand above the catalog's, figure by figure. Plain values.
#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "domain/target.hpp"

namespace tollgate::config {

// Where the figure of one key belongs.
struct PriceKey {
    std::string_view key, text;
    std::string_view service = {};  // batch, flex, priority; "" : the standard rates
    std::int64_t above = 0;         // threshold of a long-context rate, 0: none
    domain::PicoUsd domain::TokenRates::* rate = nullptr;
    domain::PicoUsd domain::TokenPrices::* fee = nullptr;  // instead of a rate
};
constexpr std::size_t price_key_count = 34;
extern const std::array<PriceKey, price_key_count> price_keys;

struct PriceOverrides {
    std::array<std::optional<domain::PicoUsd>, price_key_count> figures;  // as price_keys
    bool any() const;
    // What is not stated here is taken from `other`.
    void inherit(const PriceOverrides& other);
    // Writes what is stated into `prices` and changes their version when there is anything.
    void apply(domain::TokenPrices& prices) const;
};

// Eight hexadecimal digits that differ when a figure does.
std::string price_fingerprint(const domain::TokenPrices& prices);

}  // namespace tollgate::config
