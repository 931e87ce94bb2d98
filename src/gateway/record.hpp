// What is known of one request when it is over: the access log's line and the metrics' input.
// A plain value.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "accounting/pricing.hpp"
#include "domain/event.hpp"
#include "domain/usage.hpp"
#include "net/loop.hpp"

namespace tollgate::gateway {

struct Endpoint;
struct EndpointMetrics;
struct TenantMetrics;

// One attempt that reached a provider.
struct AttemptRecord {
    std::int64_t number = 0;
    std::string_view provider, provider_type, model;  // the endpoint's
    std::string provider_request_id;
    std::int64_t status = 0;   // the provider's; 0: none came
    std::string_view error_class;  // "" : it answered; a literal
    std::string error;
    domain::Usage usage;
    accounting::Cost cost;
    std::string_view price_version;  // the endpoint's
    std::string_view zone;     // a literal
    bool byok = false;         // with the user's own key
    domain::NanoUsd fee = 0;   // the platform's, for that
    bool translated = false;
    net::Instant begun;
    std::int64_t total_us = 0;
    const Endpoint* endpoint = nullptr;  // of the pinned snapshot
    std::size_t held = 0;      // its number among what the ticket holds
    bool sent = false;         // something may have reached the provider
    bool resent = false;       // the record before it is that of a kept connection that had closed
};

// Its views are of the exchange, the pinned snapshot, the endpoints of the plan and of literals:
// they live as long as the Generation.
struct RequestRecord {
    std::string_view request_id;
    std::string_view path;
    std::string_view protocol;       // the client's
    std::string alias;               // the model asked for
    std::string_view tenant;
    std::string_view key_name;
    std::string_view session_id;     // Claude Code's, for attribution
    std::string_view agent_id, parent_agent_id;
    std::string_view client_address;
    std::string_view provider;       // of the last attempt, "" when none was made
    std::string_view provider_type;
    std::string_view model;          // as the provider knows it
    std::string_view first_provider; // of the first attempt
    std::string provider_request_id;
    std::string_view fallback_reason;  // why the first candidate did not answer
    std::string error;               // the final failure in words
    std::string_view rule, strategy; // that the candidates were chosen by; "" : none
    std::string_view cache = "off";  // hit, miss, off: the response cache; a literal
    std::string_view power_level;    // asked for, "" : none was
    std::string_view experiment, arm;  // that chose the model; "" : none did
    std::string route_trace;         // the decision as JSON, "" : there was nothing to decide
    domain::ErrorClass error_class = domain::ErrorClass::none;
    domain::Usage usage;           // of the last attempt
    accounting::Cost cost;         // of all attempts
    const TenantMetrics* tenant_metrics = nullptr;  // of the pinned directory
    const EndpointMetrics* metrics = nullptr;  // of the last attempt's endpoint; null: none made
    std::int64_t attempts = 0;     // also those that a closed connection made necessary
    int status = 0;
    bool stream = false;
    bool translated = false;       // the provider spoke another protocol
    bool client_gone = false;
    net::Instant arrived;
    net::Clock::duration queued{0};  // of that, waiting for a place
    net::Instant sent;             // when the first attempt left; epoch: never
    net::Instant first_content;    // when content first reached the client; epoch: never
    std::uint64_t request_bytes = 0;
};

}  // namespace tollgate::gateway
