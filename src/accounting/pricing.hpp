// What an answer costs: the provider's own figures times the prices of the catalog, to the
// nano-dollar. Pure; any thread.
#pragma once
#include <cstdint>
#include <string_view>

#include "domain/money.hpp"
#include "domain/target.hpp"
#include "domain/usage.hpp"

namespace tollgate::accounting {

// Circumstances that change the rates; the words are the provider's own.
struct PriceContext {
    bool batch = false;
    // What the answer says it was served with: "flex", "priority"; "", "auto", "default",
    // "standard", "standard_only" and "on_demand" are the standard rates.
    std::string_view service_tier = {};
    std::string_view region = {};  // where the provider multiplies by region: "us", "europe-west1"
    bool fast = false;             // Anthropic's fast mode
};

struct Cost {
    // By the table, rounded once at the end, half up. Where the table does not know a class that
    // was used, that class counts at the rate nearest to it (a cache at that of input), or not at
    // all when there is none; and as the provider stated it, when it did.
    domain::NanoUsd list = 0;
    domain::NanoUsd billed = 0;  // what the provider stated when it did, else `list`
    bool priced = true;          // false: a class that was used has no known price
};

// Tokens by class times their prices; the long-context thresholds look at the whole prompt. Factors
// of region, fast mode and service act on tokens alone, not on fees per request, picture or search.
// A batch without a stated price is half the standard one.
Cost cost_of(const domain::TokenPrices& prices, const domain::Usage& usage,
             const PriceContext& context = {});

// The worst that a request may cost before it is sent: 1.12 x the estimated input at its dearest
// class plus the most output, capped by the model's limits.
struct WorstCase {
    std::int64_t input_tokens = 0;                        // estimated
    std::int64_t output_tokens_max = 0;                   // asked for, 0: the model's limit
    bool cache_write_5m = false, cache_write_1h = false;  // marked in the request
    bool audio = false;                                   // audio is sent or asked for
    std::int64_t answers = 1;                             // that many are asked for at once
};
// Rounded up; -1 when the price is not known.
domain::NanoUsd worst_cost(const domain::ModelTraits& model, const WorstCase& request,
                           const PriceContext& context = {});

}  // namespace tollgate::accounting
