#include "api/health.hpp"

#include "base/clock.hpp"
#include "base/json.hpp"
#include "gateway/caller.hpp"

namespace tollgate::api {
namespace {

constexpr std::string_view json_type = "application/json";

void write_endpoint(json::Writer& writer, const gateway::Endpoint& endpoint, bool healthy) {
    gateway::EndpointHealth& health = *endpoint.health;
    const std::int64_t checked = health.checked_unix.load();
    writer.begin_object()
        .string("model", endpoint.deployment.group)
        .string("provider", endpoint.deployment.provider.type)
        .string("provider_model", endpoint.deployment.model_name)
        .string("api_base", endpoint.origin.authority);
    if (!healthy) {
        std::lock_guard lock(health.mutex);
        writer.string("last_error", health.last_error);
    }
    writer.key("last_check");
    if (checked == 0) {
        writer.null();
    } else {
        writer.string(base::rfc3339(std::chrono::system_clock::from_time_t(checked)));
    }
    writer.end_object();
}

}  // namespace

net::Task<void> liveness(gateway::Worker&, http::Exchange& exchange) {
    auto sent = co_await exchange.respond(200, json_type, R"({"status":"alive"})");
    (void)sent;  // a probe that has left needs nothing
}

net::Task<void> readiness(gateway::Worker& worker, http::Exchange& exchange) {
    const bool draining = worker.gateway.draining.load();
    const bool configured = worker.gateway.current() != nullptr;
    // A database that is away is bridged by the journal; a journal without room is not.
    const auto& ask = worker.gateway.stores_trouble;
    const std::string trouble = ask ? ask() : std::string();
    const bool stuck = trouble.find("journal: ") != std::string::npos;
    const bool ready = configured && !draining && !stuck;
    std::string body;
    json::Writer writer(body);
    writer.begin_object().string("status", ready ? "ready" : "not_ready");
    writer.key("parts").begin_object();
    writer.string("configuration", configured ? "ok" : "not loaded");
    writer.string("listener", draining ? "draining: no new requests" : "ok");
    if (ask) writer.string("stores", trouble.empty() ? "ok" : trouble);
    writer.end_object().end_object();
    const int status = ready ? 200 : 503;
    auto sent = co_await exchange.respond(status, json_type, body);
    (void)sent;
}

net::Task<void> health(gateway::Worker& worker, http::Exchange& exchange) {
    const auto snapshot = worker.gateway.current();
    const auto directory = worker.gateway.directory();
    auto who = gateway::authenticate_caller(*directory, exchange.headers());
    // A tenant learns how its gateway does, the platform's admin also where and why.
    const bool all = who.ok() && (*who)->platform_admin;
    std::int64_t healthy = 0, unhealthy = 0;
    std::string good, bad;
    json::Writer good_list(good), bad_list(bad);
    good_list.begin_array();
    bad_list.begin_array();
    for (const auto& endpoint : snapshot->endpoints) {
        const bool is_healthy = endpoint->health->healthy.load();
        ++(is_healthy ? healthy : unhealthy);
        if (all) write_endpoint(is_healthy ? good_list : bad_list, *endpoint, is_healthy);
    }
    good_list.end_array();
    bad_list.end_array();
    std::string body;
    json::Writer writer(body);
    writer.begin_object().string("status", unhealthy == 0 ? "healthy" : "degraded");
    if (all) writer.raw("healthy_endpoints", good).raw("unhealthy_endpoints", bad);
    writer.integer("healthy_count", healthy).integer("unhealthy_count", unhealthy).end_object();
    auto sent = co_await exchange.respond(200, json_type, body);
    (void)sent;
}

}  // namespace tollgate::api
