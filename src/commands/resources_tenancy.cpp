// Rows of the table: tenants, teams, users.
#include "commands/resource_table.hpp"

namespace tollgate::commands {
namespace {

constexpr Field enabled{"--enabled", "enabled", FieldType::boolean, "Whether it may be used"};
constexpr Field only_enabled{"--enabled", "enabled", FieldType::boolean,
                             "Only enabled ones, or not"};
constexpr Field text_filter{"--text", "text", FieldType::text, "Part of the name"};
constexpr Field models{"--models", "allowed_models", FieldType::names,
                   "Models that may be used: names, globs, groups, comma separated"};
constexpr Field aliases{"--aliases", "aliases", FieldType::pairs,
                    "Names of models of its own, as name=model"};
constexpr Field tier{"--tier", "tier", FieldType::text, "A tier's name"};
constexpr Field team{"--team", "team", FieldType::text, "A team's id"};
constexpr Field rename_to{"--name", "name", FieldType::text, "A new name"};
constexpr Field new_in_tenant{"--tenant", "tenant", FieldType::text,
                          "Whose it is: the tenant's id or name"};
constexpr std::string_view roles = "member|tenant_auditor|tenant_admin|platform_admin";

std::vector<Field> tenant_fields() {
    std::vector<Field> fields = {
        enabled,
        tier,
        {"--time-zone", "time_zone", FieldType::text, "For calendar budgets: Europe/Berlin"},
        {"--baseline-model", "baseline_model", FieldType::text, "What savings are measured at"},
        models,
        aliases,
        {"--retention-days", "retention_days", FieldType::integer, "Of usage; 0: for ever"}};
    add_limits(fields);
    return fields;
}

Action create_tenant() {
    Action action{
        "create", "A new tenant with its first key",
        "  tollgate tenants create acme --budget 100 --tier professional\n"
        "  tollgate tenants create lab --models 'claude-*' --no-key",
        "POST", "/api/v1/tenants", Shape::tenant, "NAME", "The tenant's name", "name"};
    action.fields = tenant_fields();
    action.fields.push_back(
        {"--budget", "budget.limit", FieldType::money, "US dollars for each period"});
    action.fields.push_back({"--budget-period", "budget.period", FieldType::word,
                             "Of --budget; monthly without it",
                             "daily|weekly|monthly|rolling|total"});
    action.fields.push_back({"--key,!--no-key", "key", FieldType::present,
                             "With a first key, shown once (the default), or without",
                             "default"});
    action.fields.push_back({"--chosen-key-file", "key.key", FieldType::secret_file,
                             "The first key is what this file holds; - : standard input"});
    action.takes_object = true;
    return action;
}

Action tenant_usage() {
    Action action{"usage", "What a tenant used, by model",
                  "  tollgate tenants usage acme\n  tollgate tenants usage acme --from 7d -o csv",
                  "GET", "/api/v1/reports/usage", Shape::report, "TENANT", "An id or a name",
                  "tenant"};
    add_range(action.fields);
    action.columns = {{"PROVIDER", "provider"}, {"MODEL", "model"},
                      {"REQUESTS", "requests"}, {"ERRORS", "errors"},
                      {"TOKENS", "tokens"},     {"COST USD", "cost"},
                      {"LIST USD", "list_cost"}, {"MS", "avg_latency_ms"}};
    action.rows_path = "groups";
    action.fixed = {{"group_by", "provider,model"}, {"step", "whole"}};
    return action;
}

Action tenant_report() {
    Action action{"report", "What each tenant and team has to be charged, by month",
                  "  tollgate tenants report --from 2026-11-01 -o csv\n"
                  "  tollgate tenants report acme",
                  "GET", "/api/v1/reports/chargeback", Shape::report, "TENANT",
                  "An id or a name; all without it", "tenant", false};
    add_range(action.fields);
    action.columns = {{"MONTH", "month"},       {"TENANT", "tenant_name"}, {"TEAM", "team_name"},
                      {"REQUESTS", "requests"}, {"TOKENS", "tokens"},      {"COST USD", "cost"},
                      {"FEE USD", "fee"},       {"CHARGE USD", "charge"}};
    action.rows_path = "rows";
    return action;
}

}  // namespace

Noun tenants_noun() {
    Action list{"list", "All tenants",
                "  tollgate tenants list\n  tollgate tenants list --text acme -o json", "GET",
                "/api/v1/tenants", Shape::list};
    list.fields = {only_enabled, text_filter,
                   {"--with-removed", "with_removed", FieldType::boolean,
                    "Also those kept for the reports alone"}};
    list.columns = {{"NAME", "name"},     {"ENABLED", "enabled"}, {"TIER", "tier"},
                    {"MODELS", "allowed_models"}, {"ORIGIN", "origin"},
                    {"CREATED", "created_at", Show::moment}, {"ID", "id"}};
    Action get{"get", "One tenant", "  tollgate tenants get acme", "GET", "/api/v1/tenants/{}",
               Shape::object, "TENANT", "An id or a name"};
    Action update{"update", "Changes a tenant: only what is named",
                  "  tollgate tenants update acme --tier enterprise\n"
                  "  tollgate tenants update acme --requests-per-minute none",
                  "PATCH", "/api/v1/tenants/{}", Shape::object, "TENANT", "An id or a name"};
    update.fields = tenant_fields();
    update.fields.insert(update.fields.begin(), rename_to);
    update.takes_object = true;
    Action remove{"delete", "Deletes a tenant with its keys; usage stays for the reports",
                  "  tollgate tenants delete acme --yes", "DELETE", "/api/v1/tenants/{}",
                  Shape::done, "TENANT", "An id or a name"};
    remove.question = "Delete tenant {} with its teams, users, keys and budgets?";
    return {"tenants", "Organisations, each with its own keys, limits and budgets",
            "  tollgate tenants create acme --budget 100\n  tollgate tenants list",
            {create_tenant(), list, get, update, remove, tenant_usage(), tenant_report()}};
}

Noun teams_noun() {
    std::vector<Field> own = {enabled, models, aliases};
    add_limits(own);
    Action create{"create", "A new team",
                  "  tollgate teams create backend --tenant acme --requests-per-minute 100",
                  "POST", "/api/v1/teams", Shape::object, "NAME", "The team's name", "name"};
    create.fields = own;
    create.fields.insert(create.fields.begin(), new_in_tenant);
    create.takes_object = true;
    Action list{"list", "All teams", "  tollgate teams list --tenant acme", "GET",
                "/api/v1/teams", Shape::list};
    list.fields = {tenant_filter(), only_enabled, text_filter};
    list.columns = {{"NAME", "name"}, {"TENANT", "tenant"}, {"ENABLED", "enabled"},
                    {"MODELS", "allowed_models"}, {"ID", "id"}};
    Action get{"get", "One team", "  tollgate teams get backend --tenant acme", "GET",
               "/api/v1/teams/{}", Shape::object, "TEAM", "An id, or a name with --tenant"};
    get.fields = {tenant_of_name()};
    Action update{"update", "Changes a team: only what is named",
                  "  tollgate teams update backend --tenant acme --models 'claude-*'", "PATCH",
                  "/api/v1/teams/{}", Shape::object, "TEAM", "An id, or a name with --tenant"};
    update.fields = own;
    update.fields.insert(update.fields.begin(), {tenant_of_name(), rename_to});
    update.takes_object = true;
    Action remove{"delete", "Deletes a team and revokes its keys",
                  "  tollgate teams delete backend --tenant acme --yes", "DELETE",
                  "/api/v1/teams/{}", Shape::done, "TEAM", "An id, or a name with --tenant"};
    remove.fields = {tenant_of_name()};
    remove.question = "Delete team {} and revoke its keys?";
    return {"teams", "Parts of a tenant", "  tollgate teams list --tenant acme",
            {create, list, get, update, remove}};
}

Noun users_noun() {
    std::vector<Field> own = {
        team,
        {"--email", "email", FieldType::text, "An address"},
        {"--external-id", "external_id", FieldType::text, "The subject at the sign-on service"},
        {"--role", "role", FieldType::word, "What the user may do", roles},
        {"--service", "service", FieldType::boolean, "A service account: true or false"},
        enabled, tier, models};
    add_limits(own);
    Action create{"create", "A new user or service account",
                  "  tollgate users create Ada --tenant acme --email ada@example.com\n"
                  "  tollgate users create ci --tenant acme --service true",
                  "POST", "/api/v1/users", Shape::object, "NAME", "The user's name", "name"};
    create.fields = own;
    create.fields.insert(create.fields.begin(), new_in_tenant);
    create.takes_object = true;
    Action list{"list", "All users", "  tollgate users list --tenant acme --role tenant_admin",
                "GET", "/api/v1/users", Shape::list};
    list.fields = {tenant_filter(), team, only_enabled, text_filter,
                   {"--role", "role", FieldType::word, "Only with this role", roles},
                   {"--service", "service", FieldType::boolean, "Only service accounts, or not"}};
    list.columns = {{"NAME", "name"}, {"EMAIL", "email"},     {"ROLE", "role"},
                    {"TENANT", "tenant"}, {"TEAM", "team"}, {"ENABLED", "enabled"}, {"ID", "id"}};
    Action get{"get", "One user", "  tollgate users get me", "GET", "/api/v1/users/{}",
               Shape::object, "USER", "An id, an OIDC subject, or me"};
    Action update{"update", "Changes a user: only what is named",
                  "  tollgate users update USER --role tenant_admin", "PATCH",
                  "/api/v1/users/{}", Shape::object, "USER", "An id or an OIDC subject"};
    update.fields = own;
    update.fields.insert(update.fields.begin(), rename_to);
    update.takes_object = true;
    Action remove{"delete", "Deletes a user and revokes the user's keys",
                  "  tollgate users delete USER --yes", "DELETE", "/api/v1/users/{}", Shape::done,
                  "USER", "An id or an OIDC subject"};
    remove.question = "Delete user {} and revoke the user's keys?";
    return {"users", "People and service accounts of a tenant",
            "  tollgate users list --tenant acme", {create, list, get, update, remove}};
}

}  // namespace tollgate::commands
