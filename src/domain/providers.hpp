// Providers, models, users' own provider keys and the default routing settings as administration
// keeps them in the database. Values; a secret is here only as the token that hides it.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "domain/event.hpp"
#include "domain/money.hpp"
#include "domain/tenancy.hpp"

namespace tollgate::domain {

struct ProviderRow {
    std::string slug;           // made from the name; what models, rules and usage know it by
    std::string tenant;         // "" : the platform's; else that tenant's requests alone use it
    std::string name;
    std::string type;           // of data/providers.yaml; openai or anthropic for a custom address
    std::string api_key_token;  // encrypted, "" : none
    std::string masked;         // of the key, for showing: sk-...****
    std::string key_id;         // of the encryption key that the token is under
    std::string api_base_url;   // "" : the type's own
    bool enabled = true;
    std::int64_t priority = 0;  // higher is preferred
    std::string config = "{}";  // JSON object: timeout (seconds), max_retries, headers, ...
    std::string health = "unknown";  // healthy, unhealthy, unknown
    std::string health_message;      // of the last test, "" : it went well, or there was none
    UnixMicros health_checked = 0;
    std::string origin = "api";
    UnixMicros created = 0, updated = 0;
    std::uint64_t etag = 1;
};

struct ModelRow {
    std::string id, tenant;
    std::string provider;       // a slug
    std::string name;           // as the provider knows it
    std::string display_name;
    // Per million tokens; absent: the catalog's, where it has the model.
    std::optional<NanoUsd> input_price, output_price;
    std::optional<std::int64_t> context_length;  // tokens
    bool enabled = true;
    std::string metadata = "{}";  // JSON object: supports_vision, supports_function_calling, ...
    std::string prices = "{}";    // JSON object: the other classes, USD per million tokens
    std::optional<std::int64_t> latency_ms;  // the mean that was measured
    std::optional<double> quality;           // 0..1
    std::string origin = "api";              // or "sync": a list of the provider made it
    UnixMicros created = 0, updated = 0;
    std::uint64_t etag = 1;
};

// A key that a user brought: for requests of that user alone.
struct UserProviderKey {
    std::string id, tenant, user;
    std::string provider;       // a type of data/providers.yaml
    std::string api_key_token;  // encrypted; tenant, user and provider are inside it
    std::string masked;
    std::string key_id;
    std::string metadata = "{}";  // JSON object: preferences
    bool enabled = true;
    UnixMicros last_used = 0;
    UnixMicros created = 0, updated = 0;
    std::uint64_t etag = 1;
};

// The interface's routing rules: how candidates are ordered where no rule of its own fits.
struct RoutingSettings {
    std::string id;             // "" : none is stored, these are the defaults
    std::string tenant;         // "" : of the platform
    std::string name = "default";
    std::string strategy = "balanced";  // cost, latency, balanced, custom
    bool strategy_set = true;   // false: nobody set it, the row holds aliases alone
    std::vector<std::string> fallback_providers;  // slugs or types, tried in this order at the end
    std::vector<std::pair<std::string, std::string>> aliases;
    std::string config = "{}";  // JSON object: cost_weight, ..., max_retries, timeout_ms
    UnixMicros created = 0, updated = 0;
    std::uint64_t etag = 0;     // 0: none is stored
};

// What a real, minimal call to a provider came to.
struct ProviderProbe {
    bool works = false;
    int status = 0;       // 0: there was no answer
    std::chrono::milliseconds latency{0};
    ErrorClass error_class = ErrorClass::none;
    std::string message;  // the provider's words when it does not work; no credential in them
};

// A model as its provider lists it.
struct OfferedModel {
    std::string name, display_name;
    // Per million tokens; absent: the list does not say.
    std::optional<NanoUsd> input_price, output_price;
    std::optional<std::int64_t> context_length;  // tokens
    std::optional<bool> vision, tools;
};

}  // namespace tollgate::domain
