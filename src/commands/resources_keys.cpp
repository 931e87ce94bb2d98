// Rows of the table: keys, and what bounds them: tiers, limits, budgets.
#include "commands/resource_table.hpp"

namespace tollgate::commands {
namespace {

constexpr Field in_tenant{"--tenant", "tenant", FieldType::text,
                          "Whose it is: the tenant's id or name"};
constexpr Field chosen{"--chosen-key-file", "key", FieldType::secret_file,
                       "The key is what this file holds; - : standard input"};
constexpr std::string_view key_help = "An id, or a name with --tenant";

std::vector<Field> key_fields() {
    std::vector<Field> fields = {
        {"--team", "team", FieldType::text, "A team: its id or name"},
        {"--user", "user", FieldType::text,
         "A user: the id, external id, e-mail or name"},
        {"--role", "role", FieldType::word, "What it may do",
         "member|tenant_auditor|tenant_admin|platform_admin"},
        {"--enabled", "enabled", FieldType::boolean, "Whether it may be used"},
        {"--models", "allowed_models", FieldType::names, "Models it may use, comma separated"},
        {"--routes", "allowed_routes", FieldType::names, "Paths it may call"},
        {"--providers", "allowed_providers", FieldType::names, "Providers it may reach"},
        {"--regions", "allowed_regions", FieldType::names, "Regions it may reach"},
        {"--addresses", "allowed_addresses", FieldType::names,
         "Addresses and networks it may come from"},
        {"--aliases", "aliases", FieldType::pairs, "Names of models of its own, as name=model"},
        {"--tier", "tier", FieldType::text, "A tier's name"},
        {"--tags", "tags", FieldType::names, "For the reports"},
        {"--rotation-days", "rotation_days", FieldType::integer, "Remind after so many days"},
        {"--expires", "expires_at", FieldType::future, "A date, a time, 30d from now, or none"}};
    add_limits(fields);
    return fields;
}

Action list_of_keys() {
    Action list{"list", "All keys; never their secrets",
                "  tollgate keys list --tenant acme\n  tollgate keys list --tag ci -o csv", "GET",
                "/api/v1/keys", Shape::list};
    list.fields = {tenant_filter(),
                   {"--team", "team", FieldType::text, "Of this team: its id"},
                   {"--user", "user", FieldType::text, "Of this user: the id"},
                   {"--name", "name", FieldType::text, "With this name"},
                   {"--text", "text", FieldType::text, "Part of the name"},
                   {"--tag", "tag", FieldType::text, "With this tag"},
                   {"--enabled", "enabled", FieldType::boolean, "Only enabled ones, or not"},
                   {"--with-revoked", "with_revoked", FieldType::boolean,
                    "Also those that were revoked"}};
    list.columns = {{"NAME", "name"},       {"KEY", "display"},
                    {"TENANT", "tenant"},   {"ROLE", "role"},
                    {"ENABLED", "enabled"}, {"EXPIRES", "expires_at", Show::moment},
                    {"LAST USED", "last_used_at", Show::moment}, {"ID", "id"}};
    return list;
}

Action on_key(std::string_view verb, std::string_view summary, std::string_view examples,
              std::string_view method, std::string_view path, Shape shape) {
    Action action{verb, summary, examples, method, path, shape, "KEY", key_help};
    action.fields = {tenant_of_name()};
    return action;
}

constexpr Field budget_period{"--period", "period", FieldType::word, "monthly without it",
                              "daily|weekly|monthly|rolling|total"};

std::vector<Field> budget_fields() {
    return {{"--limit", "limit", FieldType::money, "US dollars for each period"},
            budget_period,
            {"--rolling-days", "rolling_days", FieldType::integer, "Of a rolling period"},
            {"--time-zone", "time_zone", FieldType::text, "The tenant's without it"},
            {"--hard", "hard", FieldType::boolean, "false: 100 % does not stop by itself"},
            {"--thresholds", "thresholds", FieldType::thresholds,
             "PERCENT:ACTION,... with notify, throttle, downgrade or block"}};
}

constexpr std::string_view budget_kinds = "tenant|team|user|key|provider";
constexpr std::string_view limit_kinds = "model|provider|deployment";

}  // namespace

Noun keys_noun() {
    Action create{"create", "A new key; its secret is shown once",
                  "  tollgate keys create laptop --tenant acme --models 'claude-*'\n"
                  "  tollgate keys create ci --tenant acme --expires 90d --requests-per-day 1000",
                  "POST", "/api/v1/keys", Shape::secret, "NAME", "The key's name", "name"};
    create.fields = key_fields();
    create.fields.insert(create.fields.begin(), in_tenant);
    create.fields.push_back(chosen);
    create.takes_object = true;
    Action get = on_key("get", "One key; never its secret",
                        "  tollgate keys get laptop --tenant acme", "GET", "/api/v1/keys/{}",
                        Shape::object);
    Action update = on_key("update", "Changes a key: only what is named",
                           "  tollgate keys update laptop --tenant acme --expires none", "PATCH",
                           "/api/v1/keys/{}", Shape::object);
    const std::vector<Field> own = key_fields();
    update.fields.push_back({"--name", "name", FieldType::text, "A new name"});
    update.fields.insert(update.fields.end(), own.begin(), own.end());
    update.takes_object = true;
    Action rotate = on_key("rotate", "A new secret; the old one ends after the grace period",
                           "  tollgate keys rotate laptop --tenant acme --grace 24h", "POST",
                           "/api/v1/keys/{}/rotate", Shape::secret);
    rotate.fields.push_back({"--grace", "grace", FieldType::text,
                             "How long the old secret goes on: 24h without it, 0 for not at all"});
    rotate.fields.push_back(chosen);
    Action revoke = on_key("revoke", "Ends a key for good, on every instance within a second",
                           "  tollgate keys revoke laptop --tenant acme --yes", "DELETE",
                           "/api/v1/keys/{}", Shape::done);
    revoke.question = "Revoke key {} for good?";
    Action remove = revoke;
    remove.verb = "delete";
    remove.summary = "The same as revoke";
    remove.examples = "  tollgate keys delete laptop --tenant acme --yes";
    Action block = on_key("block", "Refuses a key until it is unblocked",
                          "  tollgate keys block laptop --tenant acme", "POST",
                          "/api/v1/keys/{}/block", Shape::object);
    Action unblock = on_key("unblock", "Takes a blocked key again",
                            "  tollgate keys unblock laptop --tenant acme", "POST",
                            "/api/v1/keys/{}/unblock", Shape::object);
    return {"keys", "Gateway keys",
            "  tollgate keys create laptop --tenant acme\n"
            "  tollgate keys snippet --client claude-code",
            {create, list_of_keys(), get, update, rotate, revoke, remove, block, unblock}};
}

Noun tiers_noun() {
    std::vector<Field> own = {
        {"--monthly-cap", "monthly_cap", FieldType::money, "US dollars a month, or none"},
        {"--models", "allowed_models", FieldType::names, "Models that may be used"}};
    add_limits(own);
    Action create{"create", "A new tier",
                  "  tollgate tiers create gold --requests-per-minute 300 --monthly-cap 500",
                  "POST", "/api/v1/tiers", Shape::object, "NAME", "The tier's name", "name"};
    create.fields = own;
    create.takes_object = true;
    Action list{"list", "All tiers", "  tollgate tiers list", "GET", "/api/v1/tiers",
                Shape::list};
    list.columns = {{"NAME", "name"},
                    {"PER MINUTE", "limits.requests_per_minute"},
                    {"PER HOUR", "limits.requests_per_hour"},
                    {"PER DAY", "limits.requests_per_day"},
                    {"TOKENS/MIN", "limits.tokens_per_minute"},
                    {"CAP USD", "monthly_cap"},
                    {"BUILT IN", "built_in"}};
    Action get{"get", "One tier", "  tollgate tiers get starter", "GET", "/api/v1/tiers/{}",
               Shape::object, "TIER", "A name"};
    Action update{"update", "Changes a tier: only what is named",
                  "  tollgate tiers update starter --requests-per-day 20000", "PATCH",
                  "/api/v1/tiers/{}", Shape::object, "TIER", "A name"};
    update.fields = own;
    update.takes_object = true;
    Action remove{"delete", "Deletes a tier that nothing refers to",
                  "  tollgate tiers delete gold --yes", "DELETE", "/api/v1/tiers/{}",
                  Shape::done, "TIER", "A name"};
    remove.question = "Delete tier {}?";
    return {"tiers", "Named sets of limits that tenants, users and keys refer to",
            "  tollgate tiers list", {create, list, get, update, remove}};
}

Noun limits_noun() {
    std::vector<Field> own;
    add_limits(own);
    Action create{"create", "Limits of a model, a provider or a deployment",
                  "  tollgate limits create claude-opus-4-5 --tenant acme --requests-per-minute 5",
                  "POST", "/api/v1/limits", Shape::object, "SUBJECT",
                  "A model's name, a provider's, or provider/model", "subject"};
    create.fields = own;
    create.fields.insert(
        create.fields.begin(),
        {Field{"--kind", "kind", FieldType::word, "What SUBJECT is; model without it",
               limit_kinds},
         Field{"--tenant", "tenant", FieldType::text, "For this tenant; for all without it"}});
    create.takes_object = true;
    Action list{"list", "Limits of models, providers and deployments",
                "  tollgate limits list --kind provider", "GET", "/api/v1/limits", Shape::list};
    list.fields = {tenant_filter(),
                   {"--kind", "kind", FieldType::word, "Only of this kind", limit_kinds},
                   {"--subject", "subject", FieldType::text, "Only of this one"}};
    list.columns = {{"KIND", "kind"}, {"SUBJECT", "subject"}, {"TENANT", "tenant"},
                    {"PER MINUTE", "limits.requests_per_minute"},
                    {"PER HOUR", "limits.requests_per_hour"},
                    {"PER DAY", "limits.requests_per_day"},
                    {"TOKENS/MIN", "limits.tokens_per_minute"},
                    {"CONCURRENT", "limits.concurrent_requests"}, {"ID", "id"}};
    Action get{"get", "One row of limits", "  tollgate limits get ID", "GET",
               "/api/v1/limits/{}", Shape::object, "ID", "An id"};
    Action update{"update", "Changes limits: only what is named",
                  "  tollgate limits update ID --requests-per-minute 10", "PATCH",
                  "/api/v1/limits/{}", Shape::object, "ID", "An id"};
    update.fields = own;
    Action remove{"delete", "Removes limits", "  tollgate limits delete ID --yes", "DELETE",
                  "/api/v1/limits/{}", Shape::done, "ID", "An id"};
    remove.question = "Remove limits {}?";
    return {"limits", "Limits of models, providers and deployments",
            "  tollgate limits list", {create, list, get, update, remove}};
}

Noun budgets_noun() {
    Action create{"create", "A new budget",
                  "  tollgate budgets create --tenant acme --limit 100\n"
                  "  tollgate budgets create --tenant acme --kind key --subject KEY_ID "
                  "--limit 5 --period daily --thresholds 80:notify,95:throttle",
                  "POST", "/api/v1/budgets", Shape::object, "NAME", "A name for people", "name",
                  false};
    create.fields = {in_tenant,
                     {"--kind", "kind", FieldType::word, "What is bounded; tenant without it",
                      budget_kinds},
                     {"--subject", "subject", FieldType::text,
                      "Its id; the tenant itself without it"}};
    const std::vector<Field> own = budget_fields();
    create.fields.insert(create.fields.end(), own.begin(), own.end());
    for (Field& field : create.fields) field.required = field.flag == "--limit";
    create.takes_object = true;
    Action list{"list", "All budgets with what is spent of them",
                "  tollgate budgets list --tenant acme", "GET", "/api/v1/budgets", Shape::list};
    list.fields = {tenant_filter(),
                   {"--kind", "kind", FieldType::word, "Only of this kind", budget_kinds},
                   {"--subject", "subject", FieldType::text, "Only of this id"},
                   {"--name", "name", FieldType::text, "With this name"}};
    list.columns = {{"KIND", "kind"},       {"SUBJECT", "subject"},     {"NAME", "name"},
                    {"PERIOD", "period"},   {"LIMIT USD", "limit"},     {"SPENT", "state.spent"},
                    {"HELD", "state.held"}, {"REMAINING", "state.remaining"},
                    {"RESETS", "state.resets_at", Show::moment}, {"HARD", "hard"}, {"ID", "id"}};
    Action get{"get", "One budget", "  tollgate budgets get ID", "GET", "/api/v1/budgets/{}",
               Shape::object, "ID", "An id"};
    Action update{"update", "Changes a budget: only what is named",
                  "  tollgate budgets update ID --limit 200", "PATCH", "/api/v1/budgets/{}",
                  Shape::object, "ID", "An id"};
    update.fields = own;
    update.fields.insert(update.fields.begin(), {"--name", "name", FieldType::text, "A new name"});
    update.takes_object = true;
    Action remove{"delete", "Removes a budget", "  tollgate budgets delete ID --yes", "DELETE",
                  "/api/v1/budgets/{}", Shape::done, "ID", "An id"};
    remove.question = "Remove budget {}?";
    return {"budgets", "Amounts that may be spent in a period",
            "  tollgate budgets create --tenant acme --limit 100\n  tollgate budgets list",
            {create, list, get, update, remove}};
}

}  // namespace tollgate::commands
