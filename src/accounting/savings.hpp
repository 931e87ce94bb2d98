// What the gateway saved: spent against a baseline, by rule and by model, and where it came from.
// Blocking functions inside Db::transact (store threads); money is nano-dollars.
//
//   without the gateway   the baseline: each request's tokens on its baseline model, and what the
//                         provider's prompt cache saved on top, as if there had been none
//   spent                 what was billed, and the platform's fees
//   saved                 the difference, which is the sum of
//     routing             baseline - list price of the models that answered; negative if dearer
//     provider_cache      cached tokens at the price of fresh ones, less what writing cost more
//     response_cache      list price of what the response cache answered
//     byok                list price of what users' own keys paid for, less the fees
//     other               list price - what providers stated that they charge
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "domain/target.hpp"
#include "store/usage.hpp"

namespace tollgate::accounting {

struct SavingsLine {
    std::string name;  // of the rule, or provider/model; "" : none
    std::int64_t requests = 0;
    domain::NanoUsd spent = 0;
    domain::NanoUsd routing = 0, provider_cache = 0, response_cache = 0, byok = 0, other = 0;
    domain::NanoUsd saved() const {
        return routing + provider_cache + response_cache + byok + other;
    }
    domain::NanoUsd without() const { return spent + saved(); }
    void add(const SavingsLine& more);
};

struct SavingsReport {
    std::int64_t from = 0, to = 0;
    SavingsLine total;
    std::vector<SavingsLine> by_rule, by_model;  // most saved first
    std::int64_t requests_without_baseline = 0;  // on whose routing nothing can be said
    std::int64_t unpriced_requests = 0;
    std::vector<std::string> models_without_price;  // provider/model with cached tokens
    std::vector<std::string> assumptions;           // in words, for whoever reads the figures
};

// Today's prices of a provider's model; null: not known. Lives as long as the call.
using PriceLookup =
    std::function<const domain::TokenPrices*(std::string_view provider, std::string_view model)>;
// `filter` as usage_series takes it, with a range.
base::Result<SavingsReport> savings_report(store::Session& session, const store::Access& access,
                                           const store::UsageFilter& filter,
                                           const PriceLookup& prices);
void append_json(std::string& out, const SavingsReport& report);

// What the provider's cache saved on these tokens. Negative when writing cost more than reading
// gave back.
domain::NanoUsd provider_cache_savings(const store::UsageSums& sums,
                                       const domain::TokenPrices& prices);

}  // namespace tollgate::accounting
