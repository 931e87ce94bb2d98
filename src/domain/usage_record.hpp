// The usage record: one row per request and one per attempt that reached a provider. What the
// journal keeps, the database stores and the reports sum. Plain values.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "domain/money.hpp"
#include "domain/tenancy.hpp"
#include "domain/usage.hpp"

namespace tollgate::domain {

// `Text` and `Tags`: owned, or views for a record that is written while its sources still stand.
template <typename Text, typename Tags>
struct UsageRecordOf {
    Text request_id;             // UUID v7: its time is the partition's
    std::int64_t attempt = 0;    // 0: the request's own row; 1, 2, ...: an attempt
    UnixMicros at = 0;           // when the request arrived
    Text trace_id;
    Text session_id, agent_id, parent_agent_id;
    Text tenant, team, user, key_id, key_name;
    Tags tags;
    Text project;
    Text protocol;               // the client's
    Text alias;                  // the model asked for
    Text provider, provider_type, model;  // what answered
    Text provider_request_id;
    Text rule, strategy, power_level;
    Text experiment, arm;        // that chose the model, "" : none did
    Text route_trace;            // the decision as a JSON object, "" : there was nothing to decide
    Text fallback_reason;
    std::int64_t status = 0;     // as the client saw it; 499: it left
    Text error_class;            // "" : none
    Text error;                  // in words, bounded
    Text error_code;
    Usage usage;
    NanoUsd cost = 0;            // what is billed
    NanoUsd list_cost = 0;       // by the table; differs where the provider states a cost, or BYOK
    NanoUsd baseline_cost = 0;   // of the same tokens on the baseline model
    Text baseline_model;
    NanoUsd fee = 0;             // the platform's, of a BYOK request
    bool priced = true;          // false: no price was known
    Text price_version;          // of the table it was computed with
    bool byok = false, stream = false, translated = false, client_gone = false;
    Text cache;                  // hit, miss, off
    std::int64_t attempts = 0;   // of the whole request
    std::int64_t first_token_us = -1;  // from arrival; -1: no content came
    std::int64_t total_us = 0;
    std::int64_t request_bytes = 0, response_bytes = 0;
    std::int64_t redactions = 0;
    Text client_address, user_agent;
    Text zone;                   // where it was answered

    // A copy whose answer nobody reads: the operator's own measurement, which charges neither
    // budgets nor credits.
    bool is_shadow() const { return strategy == shadow_strategy; }
    static constexpr std::string_view shadow_strategy = "shadow";
};

using UsageRecord = UsageRecordOf<std::string, std::vector<std::string>>;
using UsageView = UsageRecordOf<std::string_view, std::span<const std::string>>;

}  // namespace tollgate::domain
