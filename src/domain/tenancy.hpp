// Who uses the gateway and within which bounds: tenants, teams, users, keys, tiers, limits, budgets
// and credits as they are stored, configured and shown. Plain values. Ids are UUIDs (v7) of what
// the interface made, and names of what files define. Times are Unix microseconds, 0: never.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/money.hpp"

namespace tollgate::domain {

using UnixMicros = std::int64_t;

enum class AccessRole : std::uint8_t { member, tenant_auditor, tenant_admin, platform_admin };

// Each bound is optional: absent means none at this level. Negative never.
struct Limits {
    std::optional<std::int64_t> requests_per_minute, requests_per_hour, requests_per_day;
    std::optional<std::int64_t> tokens_per_minute;         // input and output together
    std::optional<std::int64_t> input_tokens_per_minute, output_tokens_per_minute;
    std::optional<std::int64_t> concurrent_requests;
    bool any() const;
    friend bool operator==(const Limits&, const Limits&) = default;
};

// What a limit or a budget is of.
enum class SubjectKind : std::uint8_t {
    tenant,
    team,
    user,
    key,
    tier,
    model,
    provider,
    deployment
};

// Limits of a subject that has no row of its own (a model, a deployment), or of a tier.
struct LimitRow {
    std::string id, tenant;  // tenant "" : of the platform
    SubjectKind kind = SubjectKind::tenant;
    std::string subject;     // the id; of a model its name, of a deployment provider/model
    Limits limits;
    bool by_admin = true;    // the platform's to change; false: the tenant's own
    UnixMicros created = 0, updated = 0;
    std::uint64_t etag = 1;
};

struct Tier {
    std::string name;        // the key: trial, starter, professional, enterprise, ...
    Limits limits;
    std::optional<NanoUsd> monthly_cap;
    std::vector<std::string> allowed_models;  // empty: all
    bool built_in = false;
    UnixMicros updated = 0;
    std::uint64_t etag = 1;
};

enum class BudgetPeriod : std::uint8_t { daily, weekly, monthly, rolling, total };
enum class BudgetAction : std::uint8_t { notify, throttle, downgrade, block };
struct BudgetThreshold {
    std::int64_t percent = 100;
    BudgetAction action = BudgetAction::notify;
    friend bool operator==(const BudgetThreshold&, const BudgetThreshold&) = default;
};
struct Budget {
    std::string id, tenant;  // tenant "" : of the platform (a provider's)
    std::string name;
    SubjectKind kind = SubjectKind::tenant;  // tenant, team, user, key or provider
    std::string subject;
    NanoUsd limit = 0;
    BudgetPeriod period = BudgetPeriod::monthly;
    std::int64_t rolling_days = 30;          // of a rolling period
    std::string time_zone;                   // "" : the tenant's, else UTC
    bool hard = true;                        // false: thresholds act, 100 % does not stop
    bool by_admin = true;                    // false: a user's own cap, which the user may change
    std::vector<BudgetThreshold> thresholds; // ascending; empty: 50, 80, 100 notify
    std::string origin = "api";              // "api", or "file:PATH"
    UnixMicros created = 0, updated = 0;
    std::uint64_t etag = 1;
};

struct Tenant {
    std::string id;
    std::string name;         // unique, for people
    bool enabled = true;
    std::string tier;         // "" : none
    std::string time_zone = "UTC";
    std::string baseline_model;
    std::vector<std::string> allowed_models;  // names and globs; empty: all
    std::vector<std::pair<std::string, std::string>> aliases;
    Limits limits;
    std::int64_t retention_days = 0;          // of usage; 0: for ever
    std::string metadata = "{}";              // JSON object
    std::string settings = "{}";              // JSON object: features, priority, budget_status, ...
    std::string origin = "api";  // "api", "file:PATH", "file-gone:PATH": no file has it any more
    UnixMicros created = 0, updated = 0;
    UnixMicros removed = 0;                   // deleted, kept because usage names it
    std::uint64_t etag = 1;
};

struct Team {
    std::string id, tenant, name;
    bool enabled = true;
    std::vector<std::string> allowed_models;
    std::vector<std::pair<std::string, std::string>> aliases;
    Limits limits;
    std::string metadata = "{}";
    UnixMicros created = 0, updated = 0;
    std::uint64_t etag = 1;
};

// A person, or a service account when `service` is set.
struct User {
    std::string id, tenant;
    std::string team;         // "" : none
    std::string name, email;
    std::string external_id;  // the OIDC subject, "" : local
    AccessRole role = AccessRole::member;
    bool service = false;
    bool enabled = true;
    std::string tier;         // "" : the tenant's
    std::vector<std::string> allowed_models;
    Limits limits;
    std::string metadata = "{}";
    UnixMicros created = 0, updated = 0;
    std::uint64_t etag = 1;
};

// A key as it is kept: its secret only as HMAC-SHA256 under the installation's key.
struct Key {
    std::string id, tenant;
    std::string team, user;   // "" : none
    std::string name;
    std::string prefix, last_four;      // for display
    std::string secret_hash;            // 64 hexadecimal digits
    std::string hash_kind = "hmac";     // "hmac", or "sha256": imported without its secret
    std::string previous_hash;          // of the secret before a rotation
    UnixMicros previous_until = 0;      // when that one ends
    AccessRole role = AccessRole::member;           // what the key may administer
    bool enabled = true;                // false: blocked
    UnixMicros revoked = 0;
    std::vector<std::string> allowed_models, allowed_routes, allowed_providers, allowed_regions;
    std::vector<std::string> allowed_addresses;  // CIDR; empty: all
    std::vector<std::pair<std::string, std::string>> aliases;
    Limits limits;
    std::string tier;
    std::vector<std::string> tags;
    std::string metadata = "{}";
    std::int64_t rotation_days = 0;     // reminder before this age; 0: none
    UnixMicros expires = 0, created = 0, updated = 0, rotated = 0, last_used = 0;
    std::string origin = "api";
    std::uint64_t etag = 1;
};

// A movement of credits; rows are never changed.
enum class CreditKind : std::uint8_t { grant, purchase, usage, refund, fee };
struct CreditMovement {
    std::string id, tenant;
    std::string user;         // "" : the tenant's own balance
    CreditKind kind = CreditKind::grant;
    NanoUsd amount = 0;       // signed: usage and fees are negative
    std::string reference;    // request id, payment id: unique with kind, so nothing counts twice
    std::string note, actor;
    UnixMicros at = 0;
};

// /api/v1/llm/users/{id}/settings
struct UserSettings {
    std::string user, tenant;
    std::string power_level;  // "" : balanced
    std::vector<std::string> preferred_providers, disabled_providers;
    std::optional<NanoUsd> max_cost_per_request, monthly_cap;
    bool cap_hard = false;
    bool auto_fallback = true, use_byok = true, require_local = false;
    UnixMicros updated = 0;
    std::uint64_t etag = 1;
};

// An administrative act. The hash chain comes with the audit.
struct AuditRow {
    std::string id, tenant;
    UnixMicros at = 0;
    std::string actor_type, actor, address, agent;  // "key", "user", "master", "cli", "system"
    std::string action;       // "key.created"
    std::string resource;     // "key/0193..."
    std::string outcome;      // "success", "denied", "failed"
    std::string details = "{}";  // JSON, secrets masked, before and after
};

// Where alerts go. Of a tenant, or of the platform (tenant "").
enum class AlertChannelKind : std::uint8_t { webhook, slack, email, alertmanager };
struct AlertChannel {
    std::string id, tenant, name;
    AlertChannelKind kind = AlertChannelKind::webhook;
    std::string target;                // a URL; of email the addresses, comma separated
    std::string secret;                // signs webhooks, "" : unsigned; kept as it is given
    std::vector<std::string> events;   // names and globs ("budget.*"); empty: all
    bool enabled = true;
    UnixMicros created = 0, updated = 0;
    std::uint64_t etag = 1;
};

// Something worth telling, once: a threshold reached, a key due for rotation.
struct Alert {
    std::string id, tenant;
    std::string event;                 // "budget.threshold"
    std::string subject;               // "budget/0193..."
    std::string message;               // for people
    std::string details = "{}";        // JSON object
    std::string unique;                // an alert with the same text is the same alert
    UnixMicros at = 0;
    UnixMicros acknowledged = 0;       // by a person
};

// An alert on its way to one channel; tried again until it is delivered or given up.
struct AlertDelivery {
    std::string id, alert, channel, tenant;
    std::int64_t attempts = 0;
    UnixMicros due = 0;                // next attempt
    UnixMicros delivered = 0;
    UnixMicros given_up = 0;
    std::string problem;               // of the last attempt
};

const char* to_string(AccessRole role);
const char* to_string(SubjectKind kind);
const char* to_string(BudgetPeriod period);
const char* to_string(BudgetAction action);
const char* to_string(CreditKind kind);
const char* to_string(AlertChannelKind kind);
std::optional<AccessRole> access_role_of(std::string_view text);
std::optional<SubjectKind> subject_kind_of(std::string_view text);
std::optional<BudgetPeriod> budget_period_of(std::string_view text);
std::optional<BudgetAction> budget_action_of(std::string_view text);
std::optional<CreditKind> credit_kind_of(std::string_view text);
std::optional<AlertChannelKind> alert_channel_kind_of(std::string_view text);

}  // namespace tollgate::domain
