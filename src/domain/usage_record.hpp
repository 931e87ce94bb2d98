// The usage record: one row per request and one per attempt that reached a provider. What the
// journal keeps, the database stores and the reports sum. Plain values.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "domain/money.hpp"
#include "domain/tenancy.hpp"
#include "domain/usage.hpp"

namespace tollgate::domain {

struct UsageRecord {
    std::string request_id;      // UUID v7: its time is the partition's
    std::int64_t attempt = 0;    // 0: the request's own row; 1, 2, ...: an attempt
    UnixMicros at = 0;           // when the request arrived
    std::string trace_id;
    std::string session_id, agent_id, parent_agent_id;
    std::string tenant, team, user, key_id, key_name;
    std::vector<std::string> tags;
    std::string project;
    std::string protocol;        // the client's
    std::string alias;           // the model asked for
    std::string provider, provider_type, model;  // what answered
    std::string provider_request_id;
    std::string rule, strategy, power_level;
    std::string experiment, arm; // that chose the model, "" : none did
    std::string route_trace;     // the decision as a JSON object, "" : there was nothing to decide
    std::string fallback_reason;
    std::int64_t status = 0;     // as the client saw it; 499: it left
    std::string error_class;     // "" : none
    std::string error;           // in words, bounded
    std::string error_code;
    Usage usage;
    NanoUsd cost = 0;            // what is billed
    NanoUsd list_cost = 0;       // by the table; differs where the provider states a cost, or BYOK
    NanoUsd baseline_cost = 0;   // of the same tokens on the baseline model
    std::string baseline_model;
    NanoUsd fee = 0;             // the platform's, of a BYOK request
    bool priced = true;          // false: no price was known
    std::string price_version;   // of the table it was computed with
    bool byok = false, stream = false, translated = false, client_gone = false;
    std::string cache;           // hit, miss, off
    std::int64_t attempts = 0;   // of the whole request
    std::int64_t first_token_us = -1;  // from arrival; -1: no content came
    std::int64_t total_us = 0;
    std::int64_t request_bytes = 0, response_bytes = 0;
    std::int64_t redactions = 0;
    std::string client_address, user_agent;
    std::string zone;            // where it was answered

    // A copy whose answer nobody reads: the operator's own measurement, which charges neither
    // budgets nor credits.
    bool is_shadow() const { return strategy == shadow_strategy; }
    static constexpr std::string_view shadow_strategy = "shadow";
};

}  // namespace tollgate::domain
