// The keys of stores, money and limits.
#include "config/fields.hpp"

namespace tollgate::config {
namespace {

constexpr double many = 9e15;

}  // namespace

void describe(StoresConfig& stores, FieldVisitor& visit) {
    visit.value({"database",
                 "`sqlite` (in the data directory), `sqlite:PATH`, `postgres://...`, or `none`: no "
                 "limits, budgets and usage records"},
                stores.database);
    visit.value({"pool", "connections to PostgreSQL", 1, 256}, stores.pool);
    visit.value({"redis", "`redis://` or `rediss://` URL that instances share limits through"},
                stores.redis);
    visit.section({"journal", "what keeps usage records until the database has them"},
                  [&](FieldVisitor& journal) {
        JournalConfig& j = stores.journal;
        constexpr double mebibyte = 1024.0 * 1024, tebibyte = mebibyte * mebibyte;
        journal.value({"directory", "left out: `journal` in the data directory"}, j.directory);
        journal.value({"segment", "size of one file", mebibyte, 1024 * mebibyte}, j.segment);
        journal.value({"max", "size of all files; more is full", 2 * mebibyte, tebibyte}, j.max);
        journal.value({"sync", "between syncs to the disk; 0: with each record", 0, 60}, j.sync);
        journal.value({"on_full", "`refuse` traffic, or `drop` records and count them", 0, 0,
                       "refuse|drop"},
                      j.on_full);
    });
}

void describe(BillingConfig& billing, FieldVisitor& visit) {
    visit.value({"unknown_price", "requests to a model without a price", 0, 0, "allow|deny"},
                billing.unknown_price);
    visit.value({"budget_status", "status of a spent budget; `auto`: 429 on Anthropic paths, 402 "
                                  "elsewhere",
                 0, 0, "auto|402|429"},
                billing.budget_status);
    visit.value({"byok_fee_percent", "fee on the list price of requests on users' own keys; left "
                                     "out: 10",
                 0, 100},
                billing.byok_fee_percent);
    visit.value({"baseline_model",
                 "what savings are told against; left out: the Claude model asked for"},
                billing.baseline_model);
    visit.value({"output_tokens_clamp", "most output tokens of a request under a budget", 1, 1e9},
                billing.output_tokens_clamp);
    visit.value({"client_caps", "tell Claude Code of its own cap in anthropic-ratelimit-unified-*"},
                billing.client_caps);
}

void describe(AlertsConfig& alerts, FieldVisitor& visit) {
    visit.section({"smtp", "the server that takes mails"}, [&](FieldVisitor& smtp) {
        smtp.value({"host", "left out: no mail is sent"}, alerts.smtp_host);
        smtp.value({"port", "of that host", 1, 65535}, alerts.smtp_port);
        smtp.value({"security", "`starttls` is required of the server; `tls` from the first byte; "
                                "`none` sends no password",
                    0, 0, "starttls|tls|none"},
                   alerts.smtp_security);
        smtp.value({"user", "to sign in with; left out: nobody signs in"}, alerts.smtp_user);
        smtp.value({"password", "of that user"}, alerts.smtp_password);
        smtp.value({"from", "the sender's address"}, alerts.smtp_from);
    });
    visit.value({"private_targets", "tenants' channels may lead to loopback and private addresses"},
                alerts.private_targets);
}

void describe(AuditConfig& audit, FieldVisitor& visit) {
    std::optional<double> share = audit.byok_key_accessed;
    visit.value({"byok_key_accessed",
                 "share of the uses of users' own provider keys that the audit has, beside the "
                 "first of each key in an hour; 0: none, 1: every one",
                 0, 1},
                share);
    audit.byok_key_accessed = share.value_or(audit.byok_key_accessed);
}

void describe(CacheConfig& cache, FieldVisitor& visit) {
    constexpr double kibibyte = 1024, gibibyte = kibibyte * kibibyte * kibibyte;
    visit.value({"enabled", "answer exact repeats of a request from memory; a tenant's "
                            "`features: {response_cache: ...}` goes before it"},
                cache.enabled);
    visit.value({"ttl", "an answer is kept this long; a request may say otherwise", 1,
                 30 * 86'400},
                cache.ttl);
    visit.value({"max_bytes", "of all answers that an instance keeps", 64 * kibibyte,
                 1024 * gibibyte},
                cache.max_bytes);
    visit.value({"max_entry_bytes", "a longer answer is not kept", kibibyte, gibibyte},
                cache.max_entry_bytes);
    visit.value({"max_entries", "answers that an instance keeps", 1, 1e9}, cache.max_entries);
    visit.value({"shared", "keep answers in Redis too, where `stores.redis` names one, for all "
                           "instances"},
                cache.shared);
}

void describe(HealthCheckConfig& checks, FieldVisitor& visit) {
    visit.value({"enabled", "ask providers now and then whether they answer; an account's "
                            "`health_check` goes before it"},
                checks.enabled);
    visit.value({"interval", "between two checks of one provider; what was found holds so long",
                 10, 86'400},
                checks.interval);
    visit.value({"timeout", "a provider that has not answered by then does not answer", 1, 120},
                checks.timeout);
    visit.value({"completion", "ask for an answer of a few tokens where a provider has no list of "
                               "models; that costs"},
                checks.completion);
    visit.value({"checks", "of other gateways' files: `model_availability` is as enabled; what "
                           "else stands there, readiness tells"},
                checks.checks);
    visit.later("path critical");
}

void describe(domain::Limits& limits, FieldVisitor& visit) {
    visit.value({"requests_per_minute", "in any minute", 0, many}, limits.requests_per_minute);
    visit.value({"requests_per_hour", "in any hour", 0, many}, limits.requests_per_hour);
    visit.value({"requests_per_day", "in any 24 hours", 0, many}, limits.requests_per_day);
    visit.value({"tokens_per_minute", "input and output together", 0, many},
                limits.tokens_per_minute);
    visit.value({"input_tokens_per_minute", "of prompts", 0, many}, limits.input_tokens_per_minute);
    visit.value({"output_tokens_per_minute", "of answers", 0, many},
                limits.output_tokens_per_minute);
    visit.value({"concurrent_requests", "at a time", 0, many}, limits.concurrent_requests);
}

void describe(LimitTier& tier, FieldVisitor& visit) {
    describe(tier.limits, visit);
    visit.value({"monthly_cap", "US dollars per calendar month", 0, 9e9}, tier.monthly_cap);
    visit.value({"allowed_models", "names and globs; left out: all"}, tier.allowed_models);
}

void describe(TenantBudget& budget, FieldVisitor& visit) {
    visit.value({"daily_limit", "US dollars per day", 0, 9e9}, budget.daily_limit);
    visit.value({"weekly_limit", "US dollars per week", 0, 9e9}, budget.weekly_limit);
    visit.value({"monthly_limit", "US dollars per calendar month", 0, 9e9}, budget.monthly_limit);
    visit.value({"total_limit", "US dollars, for ever", 0, 9e9}, budget.total_limit);
    visit.value({"alert_threshold", "per cent at which an alert is sent", 0, 100},
                budget.alert_threshold);
    visit.value({"currency", "of these figures", 0, 0, "USD"}, budget.currency);
    visit.value({"hard", "false: warn and go on at the limit"}, budget.hard);
}

}  // namespace tollgate::config
