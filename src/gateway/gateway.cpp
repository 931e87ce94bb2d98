#include "gateway/gateway.hpp"

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace tollgate::gateway {
namespace {
constexpr double usd_per_nano = 1e-9;
}

RequestMetrics::RequestMetrics(base::Registry& registry)
    : requests(registry.counter("llm_requests_total", "Requests of model traffic, by outcome",
                                {"provider", "model", "power_level", "status"})),
      duration(registry.histogram("llm_request_duration_seconds",
                                  "From a request's head to the end of its answer",
                                  {"provider", "model"}, base::request_seconds_bounds)),
      tokens(registry.counter("llm_tokens_total", "Tokens by class",
                              {"provider", "model", "type"})),
      fallbacks(registry.counter("llm_fallbacks_total",
                                 "Requests that another candidate than the first answered",
                                 {"primary_provider", "fallback_provider", "reason"})),
      provider_health(registry.gauge("llm_provider_health",
                                     "1 when the provider's last call worked, else 0",
                                     {"provider"})),
      circuits(registry.gauge("tollgate_circuit_open",
                              "1 while the deployment is left alone after failures, else 0",
                              {"provider", "model"})),
      streams_resumed(registry.counter("tollgate_streams_resumed_total",
                                       "Broken streams that the provider went on with",
                                       {"provider"})),
      hedges(registry.counter("tollgate_hedges_total",
                              "Requests that a second candidate was asked for, by who answered",
                              {"winner"})),
      shadows(registry.counter("tollgate_shadow_requests_total",
                               "Copies of requests whose answers were dropped",
                               {"provider", "model", "result"})),
      first_token(registry.histogram("tollgate_time_to_first_token_seconds",
                                     "From a request's head to the first content",
                                     {"provider", "model"}, base::request_seconds_bounds)),
      overhead(registry.histogram("tollgate_overhead_seconds", "Our own time, by phase", {"phase"},
                                  base::overhead_seconds_bounds)),
      refused(registry.counter("tollgate_refused_total", "Requests refused by the gateway itself",
                               {"reason"})),
      cost(registry.counter("llm_cost_total", "Billed cost in US dollars",
                            {"provider", "model", "power_level"}, usd_per_nano)),
      tenant_requests(registry.counter("tollgate_tenant_requests_total", "Requests by tenant",
                                       {"tenant"})),
      tenant_tokens(registry.counter("tollgate_tenant_tokens_total", "Tokens by tenant and class",
                                     {"tenant", "type"})),
      tenant_cost(registry.counter("tollgate_tenant_cost_total",
                                   "Billed cost by tenant in US dollars", {"tenant"},
                                   usd_per_nano)),
      unpriced(registry.counter("tollgate_unpriced_requests_total",
                                "Requests to models without a known price", {}).with({})),
      cache(registry.counter("tollgate_response_cache_total",
                             "Requests that the response cache was asked for, and answers kept",
                             {"result"})),
      cache_hits(cache.with({"hit"})), cache_misses(cache.with({"miss"})),
      cache_kept(cache.with({"kept"})), overhead_before(overhead.with({"before_provider"})) {}

EndpointMetrics RequestMetrics::of(const std::string& provider, const std::string& model) {
    EndpointMetrics found;
    found.model = model;
    found.served = &requests.with({provider, model, "", "200"});
    found.duration = &duration.with({provider, model});
    found.first_token = &first_token.with({provider, model});
    found.input = &tokens.with({provider, model, "input"});
    found.output = &tokens.with({provider, model, "output"});
    found.cache_read = &tokens.with({provider, model, "cache_read"});
    found.cache_write = &tokens.with({provider, model, "cache_write"});
    found.reasoning = &tokens.with({provider, model, "reasoning"});
    found.cost = &cost.with({provider, model, ""});
    return found;
}

TenantMetrics RequestMetrics::of_tenant(const std::string& tenant) {
    return {&tenant_requests.with({tenant}), &tenant_tokens.with({tenant, "input"}),
            &tenant_tokens.with({tenant, "output"}), &tenant_cost.with({tenant})};
}

std::unique_ptr<json::Document> DocumentPool::take() {
    if (kept_.empty()) return std::make_unique<json::Document>();
    std::unique_ptr<json::Document> document = std::move(kept_.back());
    kept_.pop_back();
    return document;
}

void DocumentPool::give_back(std::unique_ptr<json::Document> document) {
    if (kept_.size() < kept_max) kept_.push_back(std::move(document));
}

Gateway::Gateway(base::Registry& registry, Codecs codecs)
    : admission(registry), cache_seed(base::random_u64()), codecs_(codecs), metrics_(registry) {}

const policy::Governance* Directory::bounds_of(const Endpoint& endpoint,
                                               const std::string& tenant) const {
    const auto own = candidates_of_tenants.find(tenant);
    const Candidates& bounds = own == candidates_of_tenants.end() ? candidates : own->second;
    if (bounds.empty()) return nullptr;
    const domain::Deployment& deployment = endpoint.deployment;
    for (const std::string& name : {deployment.id, domain::target_name(deployment),
                                    deployment.model_name, deployment.provider.type}) {
        if (const auto found = bounds.find(name); found != bounds.end()) {
            return &found->second;
        }
    }
    return nullptr;
}

bool has_retired(const domain::ModelTraits& model, std::int64_t unix_seconds) {
    if (model.retires.empty()) return false;
    constexpr std::int64_t micros = 1'000'000;
    // Days are texts that sort like the days.
    return model.retires <= base::rfc3339_of_micros(unix_seconds * micros).substr(0, 10);
}

std::string endpoint_name(const Endpoint& endpoint) {
    return domain::target_name(endpoint.deployment);
}

}  // namespace tollgate::gateway
