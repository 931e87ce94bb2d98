#include "gateway/gateway.hpp"

namespace tollgate::gateway {
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
      first_token(registry.histogram("tollgate_time_to_first_token_seconds",
                                     "From a request's head to the first content",
                                     {"provider", "model"}, base::request_seconds_bounds)),
      overhead(registry.histogram("tollgate_overhead_seconds", "Our own time, by phase", {"phase"},
                                  base::overhead_seconds_bounds)),
      refused(registry.counter("tollgate_refused_total", "Requests refused by the gateway itself",
                               {"reason"})),
      overhead_before(overhead.with({"before_provider"})) {}

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
    return found;
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
    : codecs_(codecs), metrics_(registry) {}

std::string endpoint_name(const Endpoint& endpoint) {
    return domain::target_name(endpoint.deployment);
}

}  // namespace tollgate::gateway
