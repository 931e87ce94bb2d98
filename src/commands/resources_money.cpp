// Rows of the table: credits, settings of users, usage, savings, requests.
#include "commands/resource_table.hpp"

namespace tollgate::commands {
namespace {

constexpr std::size_t log_rows_default = 100;  // of what grows with every request

constexpr Field holder_user{"--user", "user_id", FieldType::text,
                            "A user: an id or an OIDC subject"};
constexpr Field holder_tenant{"--tenant", "tenant", FieldType::text,
                              "A tenant's own balance: its id or name"};

// What usage may be split by; those that were not asked for are no columns.
void add_dimensions(std::vector<Column>& columns) {
    for (const auto& [title, path] :
         {std::pair{"TENANT", "tenant"}, {"TEAM", "team"}, {"USER", "user"}, {"KEY", "key"},
          {"PROVIDER", "provider"}, {"MODEL", "model"}, {"ALIAS", "alias"},
          {"PROJECT", "project"}, {"POWER LEVEL", "power_level"}, {"RULE", "rule"},
          {"STATUS", "status_class"}, {"TAG", "tag"}}) {
        columns.push_back({title, path, Show::optional});
    }
}

Action usage_by(std::string_view verb, std::string_view summary, std::string_view examples,
                std::string_view step) {
    Action action{verb, summary, examples, "GET", "/api/v1/reports/usage", Shape::report};
    add_usage_filters(action.fields);
    action.fields.push_back({"--group-by", "group_by", FieldType::text,
                             "Up to three of tenant, team, user, key, provider, model, alias, "
                             "project, power_level, rule, status_class; or tag"});
    action.columns = {{step == "month" ? "MONTH" : "DAY", "start", Show::day}};
    add_dimensions(action.columns);
    for (const Column& column : {Column{"REQUESTS", "requests"}, Column{"ERRORS", "errors"},
                                 Column{"INPUT", "input_tokens"}, Column{"OUTPUT", "output_tokens"},
                                 Column{"CACHE READ", "cache_read_tokens"},
                                 Column{"TOKENS", "tokens"}, Column{"COST USD", "cost"}}) {
        action.columns.push_back(column);
    }
    action.rows_path = "series";
    action.fixed = {{"step", step}};
    return action;
}

const std::vector<Column>& request_columns() {
    static const std::vector<Column> columns = {
        {"AT", "at", Show::moment}, {"STATUS", "status"},    {"KEY", "key_name"},
        {"ALIAS", "alias"},         {"PROVIDER", "provider"}, {"MODEL", "model"},
        {"INPUT", "tokens.input"},  {"OUTPUT", "tokens.output"}, {"COST USD", "cost"},
        {"MS", "total_ms"},         {"ID", "request_id"}};
    return columns;
}

}  // namespace

Noun credits_noun() {
    Action balance{"balance", "What is left, and how much of this month's cap is used",
                   "  tollgate credits balance --tenant acme", "GET", "/api/v1/llm/credits",
                   Shape::object};
    balance.fields = {holder_user, holder_tenant};
    Action add{"add", "A movement of the ledger: a grant, a purchase, a refund",
               "  tollgate credits add 25 --tenant acme --note 'first month'\n"
               "  tollgate credits add -5 --tenant acme --note correction",
               "POST", "/api/v1/llm/credits", Shape::object, "AMOUNT",
               "US dollars; one credit is one", "amount"};
    add.fields = {holder_user, holder_tenant,
                  {"--kind", "kind", FieldType::word, "grant without it", "grant|purchase|refund"},
                  {"--note", "note", FieldType::text, "Why"},
                  {"--reference", "reference", FieldType::text,
                   "Booked once, however often it is sent"}};
    Action history{"history", "The movements, newest first",
                   "  tollgate credits history --tenant acme --rows 20", "GET",
                   "/api/v1/llm/credits/history", Shape::list};
    history.fields = {holder_user, holder_tenant,
                      {"--kind", "kind", FieldType::word, "Only of this kind",
                       "grant|purchase|usage|refund|fee"}};
    add_range(history.fields);
    history.columns = {{"AT", "at", Show::moment}, {"KIND", "kind"}, {"AMOUNT USD", "amount"},
                       {"USER", "user"}, {"NOTE", "note"}, {"REFERENCE", "reference"},
                       {"BY", "actor"}};
    history.rows_default = log_rows_default;
    return {"credits", "Prepaid amounts of users and tenants",
            "  tollgate credits add 25 --tenant acme\n  tollgate credits balance --tenant acme",
            {balance, add, history}};
}

Noun settings_noun() {
    Action get{"get", "A user's settings", "  tollgate settings get me", "GET",
               "/api/v1/llm/users/{}/settings", Shape::object, "USER",
               "An id, an OIDC subject, or me"};
    Action update{"update", "Changes a user's settings: only what is named",
                  "  tollgate settings update USER --power-level eco --monthly-cap 20", "PATCH",
                  "/api/v1/llm/users/{}/settings", Shape::object, "USER",
                  "An id, an OIDC subject, or me"};
    update.fields = {
        {"--power-level", "power_level", FieldType::word, "How much a request may cost",
         "eco|balanced|precision"},
        {"--preferred-providers", "preferences.preferred_providers", FieldType::names,
         "First choices, comma separated"},
        {"--disabled-providers", "preferences.disabled_providers", FieldType::names, "Never used"},
        {"--max-cost-per-request", "preferences.max_cost_per_request", FieldType::money,
         "US dollars, or none"},
        {"--monthly-cap", "preferences.monthly_cap", FieldType::money, "US dollars, or none"},
        {"--cap-kind", "preferences.cap_kind", FieldType::word, "A soft cap warns", "soft|hard"},
        {"--auto-fallback", "preferences.auto_fallback", FieldType::boolean, "true or false"},
        {"--use-byok", "preferences.use_byok", FieldType::boolean, "true or false"},
        {"--require-local", "preferences.require_local", FieldType::boolean, "true or false"}};
    return {"settings", "Settings of users", "  tollgate settings get me", {get, update}};
}

Noun usage_noun() {
    Action daily = usage_by("daily", "Usage by day of UTC",
                            "  tollgate usage daily --from 7d\n"
                            "  tollgate usage daily --tenant acme --group-by model -o csv",
                            "day");
    Action monthly = usage_by("monthly", "Usage by month of UTC",
                              "  tollgate usage monthly --from 2026-01-01 --group-by tenant",
                              "month");
    Action session{"session", "Usage by session of a client, last one first",
                   "  tollgate usage session --from 7d --tenant acme", "GET", "/api/v1/requests",
                   Shape::sessions};
    add_usage_filters(session.fields);
    session.columns = {{"SESSION", "session"},  {"PROJECT", "project"},
                       {"FIRST", "first", Show::moment}, {"LAST", "last", Show::moment},
                       {"REQUESTS", "requests"}, {"ERRORS", "errors"}, {"INPUT", "input_tokens"},
                       {"OUTPUT", "output_tokens"}, {"COST USD", "cost"}};
    Action exported{"export", "Every request as CSV or JSONL, newest first",
                    "  tollgate usage export --from 2026-11-01 --to 2026-12-01 > november.csv\n"
                    "  tollgate usage export --format jsonl --tenant acme",
                    "GET", "/api/v1/llm/usage/export", Shape::stream};
    exported.fields = {
        {"--format", "format", FieldType::word, "csv without it", "csv|jsonl"}};
    add_usage_filters(exported.fields);
    return {"usage", "What was used, and what it cost",
            "  tollgate usage daily --from 7d\n  tollgate usage export > usage.csv",
            {daily, monthly, session, exported}};
}

Noun savings_noun() {
    Action action{"", "Spent against the baseline, and where the difference came from",
                  "  tollgate savings --from 30d\n  tollgate savings --tenant acme -o json",
                  "GET", "/api/v1/reports/savings", Shape::savings};
    add_usage_filters(action.fields);
    action.columns = {{"MODEL", "model"},
                      {"REQUESTS", "requests"},
                      {"BASELINE USD", "baseline"},
                      {"SPENT USD", "spent"},
                      {"SAVED USD", "saved"},
                      {"ROUTING", "from.routing"},
                      {"PROVIDER CACHE", "from.provider_cache"},
                      {"RESPONSE CACHE", "from.response_cache"},
                      {"BYOK", "from.byok"},
                      {"OTHER", "from.other"}};
    action.rows_path = "by_model";
    return {"savings", action.summary, action.examples, {action}};
}

Noun requests_noun() {
    Action list{"list", "Requests, newest first",
                "  tollgate requests list --errors-only true --from 1h\n"
                "  tollgate requests list --tenant acme --rows 20",
                "GET", "/api/v1/requests", Shape::list};
    add_usage_filters(list.fields);
    list.columns = request_columns();
    list.rows_default = log_rows_default;
    Action show{"show", "A request with each of its attempts",
                "  tollgate requests show 0199d3c4-7a1e-7c7e-9c55-2f1b1c0a9b11", "GET",
                "/api/v1/requests/{}", Shape::request, "ID", "The answer's x-request-id"};
    show.columns = {{"ATTEMPT", "attempt"},   {"PROVIDER", "provider"}, {"MODEL", "model"},
                    {"STATUS", "status"},     {"ERROR", "error_class"},
                    {"REASON", "fallback_reason"}, {"INPUT", "tokens.input"},
                    {"OUTPUT", "tokens.output"},   {"COST USD", "cost"}, {"MS", "total_ms"}};
    Action feedback{"feedback", "Says what an answer was worth",
                    "  tollgate requests feedback ID --score 1 --comment \"just right\"\n"
                    "  tollgate requests feedback ID --score 4 --scale stars",
                    "POST", "/api/v1/feedback", Shape::object, "ID", "The answer's x-request-id",
                    "request_id"};
    feedback.fields = {{"--score", "score", FieldType::real, "-1, useless, to 1, just right", {},
                        false, true},
                       {"--scale", "scale", FieldType::word,
                        "stars: the score is 1 to 5; signed without it", "signed|stars"},
                       {"--comment", "comment", FieldType::text, "Why"}};
    return {"requests", "What was asked, and what became of it",
            "  tollgate requests list --from 1h\n  tollgate requests show ID",
            {list, show, feedback}};
}

}  // namespace tollgate::commands
