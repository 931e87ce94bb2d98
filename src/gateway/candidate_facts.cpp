#include "gateway/candidate_facts.hpp"

#include <algorithm>

#include "accounting/pricing.hpp"
#include "routing/allowed.hpp"

namespace tollgate::gateway {
namespace {

constexpr double nano = 1e-9;
constexpr std::int64_t stage_step = 1'000;  // room for the orders of deployments within a stage

double usd(domain::NanoUsd amount) { return static_cast<double>(amount) * nano; }

bool is_free(const domain::ModelTraits& model) {
    return model.prices.input == 0 && model.prices.output == 0;
}

domain::NanoUsd worst_of(const domain::ModelTraits& model, const RequestSize& size) {
    accounting::WorstCase worst;
    worst.input_tokens = size.input;
    worst.output_tokens_max = size.output_max;
    return accounting::worst_cost(model, worst);
}

void add_costs(const Endpoint& endpoint, const FactsInput& input, routing::CandidateFacts& facts) {
    const domain::ModelTraits& model = endpoint.deployment.model;
    const RequestSize& size = input.size;
    const std::int64_t cached = facts.pinned ? std::min(size.cached, size.input) : 0;
    double share = 1;
    // A user who pays the provider himself pays us the fee alone.
    if (facts.byok) share = input.byok_fee_percent / 100;
    facts.cost = expected_cost(model, size, cached);
    if (facts.cost < 0) return;
    if (cached > 0) facts.cached_saving = (expected_cost(model, size, 0) - facts.cost) * share;
    facts.cost *= share;
    const auto tokens = static_cast<double>(std::max<std::int64_t>(
        1, size.input + size.output_expected));
    facts.cost_per_1k = facts.cost * 1'000 / tokens;
    const domain::NanoUsd worst = worst_of(model, size);
    if (worst < 0) return;
    facts.worst_cost = usd(worst) * share;
    const policy::OwnKey* key =
        facts.byok ? own_key_for(endpoint.deployment, input.own_keys) : nullptr;
    if (key != nullptr && key->max_cost_per_request && worst > *key->max_cost_per_request) {
        facts.excluded = "it may cost more than the user's own key is meant for";
    }
}

}  // namespace

const policy::OwnKey* own_key_for(const domain::Deployment& target, const policy::OwnKeys* keys) {
    if (keys == nullptr) return nullptr;
    const policy::OwnKey* key = keys->find(target.provider.type);
    if (key == nullptr || key->preferred_models.empty()) return key;
    const bool wanted = std::any_of(
        key->preferred_models.begin(), key->preferred_models.end(), [&](const std::string& glob) {
            return routing::glob_match(glob, target.model_name) ||
                   routing::glob_match(glob, domain::target_name(target));
        });
    return wanted ? key : nullptr;
}

double expected_cost(const domain::ModelTraits& model, const RequestSize& size,
                     std::int64_t cached) {
    domain::Usage usage;
    usage.input = size.input - cached;
    if (cached > 0) usage.cache_read = cached;
    usage.output = size.output_expected;
    const accounting::Cost cost = accounting::cost_of(model.prices, usage);
    return cost.priced ? usd(cost.list) : -1;
}

routing::CandidateFacts facts_of(const Endpoint& endpoint, const FactsInput& input,
                                 std::int64_t stage, std::string& name) {
    const domain::Deployment& target = endpoint.deployment;
    routing::CandidateFacts facts;
    name = domain::target_name(target);
    facts.name = name;
    facts.provider_type = target.provider.type;
    facts.account = target.account;
    facts.local = target.provider.local;
    facts.free = is_free(target.model);
    facts.premium = target.model.quality >= routing::premium_quality;
    facts.byok = own_key_for(target, input.own_keys) != nullptr;
    if (endpoint.needs_own_key && !facts.byok) {
        facts.excluded = "it needs the user's own key, which is meant for other models";
    }
    facts.pinned = input.pinned == &endpoint;
    facts.order = stage * stage_step + std::clamp<std::int64_t>(target.order, 0, stage_step - 1);
    facts.priority = target.priority;
    facts.weight = target.weight;
    add_costs(endpoint, input, facts);
    const routing::CatalogFigures catalog{target.model.first_token_ms, target.model.token_ms, 0,
                                          target.model.quality};
    routing::set_live_facts(endpoint.health->live.view(input.now), catalog,
                            static_cast<double>(input.size.output_expected),
                            target.requests_per_minute.value_or(0),
                            target.tokens_per_minute.value_or(0), facts);
    return facts;
}

}  // namespace tollgate::gateway
