// Every route by every role: with what is the caller's own, with somebody else's of the same
// tenant, and with another tenant's. What comes must be exactly what the table of policy/authorize
// says.
#include "admin/admin_fixture_test.hpp"
#include "base/ids.hpp"
#include "store/alerts.hpp"
#include "store/budgets.hpp"
#include "store/experiments.hpp"
#include "store/limits.hpp"
#include "store/models.hpp"
#include "store/providers.hpp"
#include "store/tiers.hpp"
#include "store/usage.hpp"
#include "store/user_keys.hpp"

namespace tollgate::admin {
namespace {

using domain::AccessRole;
using policy::Reach;

enum class Whose { own, other, wrong_tenant };

// Target and body of each operation. $tenant, $team, $user, $key, $budget, $limit, $channel, $alert
// and $request are ids of objects, $unique is a new name.
struct Example {
    std::string query, body;
};
const std::map<std::string, Example> examples = {
    {"GET /api/v1/tenants", {}},
    {"POST /api/v1/tenants", {"", R"({"name":"$unique"})"}},
    {"GET /api/v1/tenants/{id}", {}},
    {"PUT /api/v1/tenants/{id}", {"", R"({"name":"$tenant_name"})"}},
    {"PATCH /api/v1/tenants/{id}", {"", R"({"metadata":{"a":1}})"}},
    {"DELETE /api/v1/tenants/{id}", {}},
    {"GET /api/v1/tenants/{id}/keys", {}},
    {"POST /api/v1/tenants/{id}/keys", {"", "{}"}},
    {"GET /api/v1/teams", {"?tenant=$tenant", ""}},
    {"POST /api/v1/teams", {"", R"({"tenant":"$tenant","name":"$unique"})"}},
    {"GET /api/v1/teams/{id}", {}},
    {"PUT /api/v1/teams/{id}", {"", R"({"name":"$unique"})"}},
    {"PATCH /api/v1/teams/{id}", {"", R"({"name":"$unique"})"}},
    {"DELETE /api/v1/teams/{id}", {}},
    {"GET /api/v1/users", {"?tenant=$tenant", ""}},
    {"POST /api/v1/users", {"", R"({"tenant":"$tenant","name":"$unique"})"}},
    {"GET /api/v1/users/{id}", {}},
    {"PUT /api/v1/users/{id}", {"", R"({"name":"$unique"})"}},
    {"PATCH /api/v1/users/{id}", {"", R"({"name":"$unique"})"}},
    {"DELETE /api/v1/users/{id}", {}},
    {"GET /api/v1/keys", {"?tenant=$tenant", ""}},
    {"POST /api/v1/keys", {"", R"({"tenant":"$tenant"})"}},
    {"GET /api/v1/keys/{id}", {}},
    {"PUT /api/v1/keys/{id}", {"", R"({"name":"$unique"})"}},
    {"PATCH /api/v1/keys/{id}", {"", R"({"name":"$unique"})"}},
    {"DELETE /api/v1/keys/{id}", {}},
    {"POST /api/v1/keys/{id}/rotate", {}},
    {"POST /api/v1/keys/{id}/block", {}},
    {"POST /api/v1/keys/{id}/unblock", {}},
    {"GET /api/v1/tiers", {}},
    {"POST /api/v1/tiers", {"", R"({"name":"$unique"})"}},
    {"GET /api/v1/tiers/{name}", {}},
    {"PUT /api/v1/tiers/{name}", {"", "{}"}},
    {"PATCH /api/v1/tiers/{name}", {"", R"({"monthly_cap":5})"}},
    {"DELETE /api/v1/tiers/{name}", {}},
    {"GET /api/v1/limits", {"?tenant=$tenant", ""}},
    {"POST /api/v1/limits", {"", R"({"tenant":"$tenant","kind":"model","subject":"$unique"})"}},
    {"GET /api/v1/limits/{id}", {}},
    {"PUT /api/v1/limits/{id}", {"", R"({"limits":{"requests_per_minute":1}})"}},
    {"PATCH /api/v1/limits/{id}", {"", R"({"limits":{"requests_per_minute":1}})"}},
    {"DELETE /api/v1/limits/{id}", {}},
    {"GET /api/v1/budgets", {"?tenant=$tenant", ""}},
    {"POST /api/v1/budgets",
     {"", R"({"tenant":"$tenant","kind":"user","subject":"$user","limit":1})"}},
    {"GET /api/v1/budgets/{id}", {}},
    {"PUT /api/v1/budgets/{id}", {"", R"({"limit":3})"}},
    {"PATCH /api/v1/budgets/{id}", {"", R"({"limit":3})"}},
    {"DELETE /api/v1/budgets/{id}", {}},
    {"GET /api/v1/llm/users/{id}/settings", {}},
    {"PUT /api/v1/llm/users/{id}/settings", {"", R"({"power_level":"eco"})"}},
    {"PATCH /api/v1/llm/users/{id}/settings", {"", R"({"power_level":"eco"})"}},
    {"GET /api/v1/llm/credits", {"?user_id=$user", ""}},
    {"POST /api/v1/llm/credits", {"", R"({"user_id":"$user","amount":1})"}},
    {"GET /api/v1/llm/credits/history", {"?user_id=$user", ""}},
    {"GET /api/v1/llm/usage", {"?user_id=$user", ""}},
    {"GET /api/v1/llm/usage/export", {"?tenant=$tenant", ""}},
    {"GET /api/v1/llm/providers", {"?tenant=$tenant", ""}},
    {"POST /api/v1/llm/providers",
     {"", R"({"tenant":"$tenant","name":"$unique","type":"openai"})"}},
    {"GET /api/v1/llm/providers/{id}", {}},
    {"PUT /api/v1/llm/providers/{id}", {"", R"({"name":"$unique","type":"openai"})"}},
    {"PATCH /api/v1/llm/providers/{id}", {"", R"({"priority":3})"}},
    {"DELETE /api/v1/llm/providers/{id}", {}},
    {"POST /api/v1/llm/test", {"", R"({"provider_id":"$provider"})"}},
    {"GET /api/v1/llm/models", {"?tenant=$tenant", ""}},
    {"POST /api/v1/llm/models", {"", R"({"provider_id":"$provider","name":"$unique"})"}},
    {"POST /api/v1/llm/models/sync", {"", R"({"provider_id":"$provider"})"}},
    {"GET /api/v1/llm/models/{id}", {}},
    {"PUT /api/v1/llm/models/{id}", {"", R"({"name":"$unique"})"}},
    {"PATCH /api/v1/llm/models/{id}", {"", R"({"enabled":false})"}},
    {"DELETE /api/v1/llm/models/{id}", {}},
    {"GET /api/v1/llm/routing/rules", {"?tenant=$tenant", ""}},
    {"PUT /api/v1/llm/routing/rules", {"?tenant=$tenant", R"({"strategy":"cost"})"}},
    {"PATCH /api/v1/llm/routing/rules", {"?tenant=$tenant", R"({"strategy":"latency"})"}},
    {"POST /api/v1/llm/routing/explain", {"", R"({"model":"m","prompt":"x"})"}},
    {"GET /api/v1/llm/users/{id}/byok", {}},
    {"POST /api/v1/llm/users/{id}/byok",
     {"?validate=false", R"({"provider_type":"groq","api_key":"gsk-of-the-walk"})"}},
    {"PUT /api/v1/llm/users/{id}/byok/{provider}", {"", R"({"enabled":false})"}},
    {"PATCH /api/v1/llm/users/{id}/byok/{provider}", {"", R"({"enabled":false})"}},
    {"DELETE /api/v1/llm/users/{id}/byok/{provider}", {}},
    {"POST /api/v1/secrets/rotate", {}},
    {"GET /api/v1/reports/usage", {"?tenant=$tenant", ""}},
    {"GET /api/v1/reports/savings", {"?tenant=$tenant", ""}},
    {"GET /api/v1/reports/chargeback", {"?tenant=$tenant", ""}},
    {"GET /api/v1/requests", {"?tenant=$tenant", ""}},
    {"GET /api/v1/requests/{id}", {}},
    {"GET /api/v1/experiments", {}},
    {"POST /api/v1/experiments",
     {"", R"({"tenant":"$tenant","name":"$unique","models":["fast"],)"
          R"("arms":[{"model":"a"},{"model":"b"}]})"}},
    {"GET /api/v1/experiments/{name}", {}},
    {"PUT /api/v1/experiments/{name}",
     {"", R"({"models":["fast"],"arms":[{"model":"a"},{"model":"b"}]})"}},
    {"PATCH /api/v1/experiments/{name}", {"", R"({"enabled":false})"}},
    {"DELETE /api/v1/experiments/{name}", {}},
    {"POST /api/v1/experiments/{name}/stop", {}},
    {"POST /api/v1/experiments/{name}/promote", {"", R"({"arm":"new"})"}},
    {"POST /api/v1/feedback", {"", R"({"request_id":"$request","score":1})"}},
    {"POST /api/v1/llm/feedback", {"", R"({"request_id":"$request","score":-0.5})"}},
    {"GET /api/v1/alerts", {"?tenant=$tenant", ""}},
    {"GET /api/v1/alerts/channels", {"?tenant=$tenant", ""}},
    {"POST /api/v1/alerts/channels",
     {"", R"({"tenant":"$tenant","name":"$unique","target":"https://hooks.test/x"})"}},
    {"GET /api/v1/alerts/channels/{id}", {}},
    {"PUT /api/v1/alerts/channels/{id}",
     {"", R"({"name":"$unique","target":"https://hooks.test/y"})"}},
    {"PATCH /api/v1/alerts/channels/{id}", {"", R"({"enabled":false})"}},
    {"DELETE /api/v1/alerts/channels/{id}", {}},
    {"GET /api/v1/alerts/{id}", {}},
    {"POST /api/v1/alerts/{id}/acknowledge", {}},
    {"GET /api/v1/audit", {"?tenant=$tenant", ""}},
    {"GET /api/v1/config", {}},
    {"POST /api/v1/config/validate", {"", R"({"yaml":"a: 1"})"}},
    {"POST /api/v1/config/reload", {}},
    {"GET /key/info", {"?key=$key", ""}},
    {"GET /key/list", {}},
    {"POST /key/generate", {"", R"({"team_id":"$team"})"}},
    {"POST /key/update", {"", R"({"key":"$key","key_alias":"$unique"})"}},
    {"POST /key/delete", {"", R"({"keys":["$key"]})"}},
    {"POST /key/block", {"", R"({"key":"$key"})"}},
    {"POST /key/unblock", {"", R"({"key":"$key"})"}},
    {"POST /key/{key}/regenerate", {}},
    {"POST /team/new", {"", R"({"team_alias":"$unique","organization_id":"$tenant"})"}},
    {"GET /team/info", {"?team_id=$team", ""}},
    {"GET /team/list", {}},
    {"POST /team/update", {"", R"({"team_id":"$team","team_alias":"$unique"})"}},
    {"POST /team/delete", {"", R"({"team_ids":["$team"]})"}},
    {"POST /user/new", {"", R"({"organization_id":"$tenant"})"}},
    {"GET /user/info", {"?user_id=$user", ""}},
    {"GET /user/list", {}},
    {"POST /user/update", {"", R"({"user_id":"$user","user_alias":"x"})"}},
    {"POST /budget/new", {"", R"({"max_budget":1,"organization_id":"$tenant"})"}},
    {"POST /budget/info", {"", R"({"budgets":["$budget"]})"}},
    {"GET /model/info", {}},
    {"GET /v1/model/info", {}},
    {"GET /model_group/info", {}},
    {"GET /spend/logs", {"?request_id=$request", ""}},
    {"GET /spend/tags", {}},
    {"GET /global/spend", {}},
    {"GET /global/spend/report", {"?start_date=2026-01-01&end_date=2026-01-02", ""}},
    {"GET /health/services", {}},
};

class Authorisation : public AdminTest {
protected:
    using Names = std::map<std::string, std::string>;

    // The user's only one: a subject has only so many.
    static base::Result<std::string> fresh_budget(store::Session& session,
                                                  const std::string& tenant,
                                                  const std::string& user) {
        const store::Access access = store::Access::everything();
        store::BudgetFilter of_user;
        of_user.subject = user;
        TRY(const auto before, store::list_budgets(session, access, of_user, {}));
        for (const domain::Budget& old : before.items) {
            TRY_VOID(store::remove_budget(session, access, old.id));
        }
        domain::Budget budget;
        budget.tenant = tenant;
        budget.kind = domain::SubjectKind::user;
        budget.subject = user;
        TRY(budget, store::insert_budget(session, access, budget));
        return budget.id;
    }
    // A provider with a model, and a key that the user brought.
    base::Result<void> make_providers(store::Session& session, const std::string& tenant,
                                      const std::string& user, Names& names) {
        const store::Access access = store::Access::everything();
        domain::ProviderRow provider;
        provider.tenant = tenant;
        provider.name = "p" + base::uuid7();
        provider.type = "openai";
        provider.slug = store::provider_slug(provider.name, tenant);
        const std::string of_provider = "provider/" + provider.slug;
        provider.api_key_token = vault()->seal({tenant, "", of_provider}, "sk-of-it").token;
        TRY(provider, store::insert_provider(session, access, provider));
        names["provider"] = store::provider_uuid(provider.slug);
        domain::ModelRow model;
        model.provider = provider.slug;
        model.name = "m";
        TRY(model, store::insert_model(session, access, model));
        names["model"] = model.id;
        TRY(const auto own, store::user_keys_of(session, access, tenant, user));
        for (const auto& one : own) TRY_VOID(store::remove_user_key(session, access, one));
        domain::UserProviderKey own_key;
        own_key.tenant = tenant;
        own_key.user = user;
        own_key.provider = "openai";
        own_key.api_key_token = "token";
        TRY(own_key, store::insert_user_key(session, access, own_key));
        return {};
    }
    // The tenant's only one: there may be only so many.
    static base::Result<std::string> fresh_experiment(store::Session& session,
                                                      const std::string& tenant) {
        const store::Access access = store::Access::everything();
        TRY(const auto before, store::load_experiments(session));
        for (const domain::ExperimentRow& old : before) {
            TRY_VOID(store::remove_experiment(session, access, old.spec.id));
        }
        domain::ExperimentRow row;
        row.spec = experiment("e-" + base::uuid7());
        row.spec.id.clear();
        row.spec.tenant = tenant;
        TRY(row, store::insert_experiment(session, access, row));
        return row.spec.name;
    }
    // New objects of a company, as far as they have an owner those of `user`.
    Names make_objects(const std::string& company, const std::string& user) {
        Names names;
        const store::Access access = store::Access::everything();
        write([&](store::Session& session) -> base::Result<void> {
            const std::string tenant = tenant_id(company);
            names["tenant"] = tenant;
            names["tenant_name"] = company;
            names["user"] = user;
            domain::Team team;
            team.tenant = tenant;
            team.name = names["unique"] = "u-" + base::uuid7();
            names["unique"] += "x";
            TRY(team, store::insert_team(session, access, team));
            names["team"] = team.id;
            domain::Key key;
            key.tenant = tenant;
            key.user = user;
            key.secret_hash = crypto::hex(crypto::sha256(base::uuid7()));
            TRY(key, store::insert_key(session, access, key));
            names["key"] = key.id;
            TRY(names["budget"], fresh_budget(session, tenant, user));
            TRY(names["experiment"], fresh_experiment(session, tenant));
            domain::LimitRow limit;
            limit.tenant = tenant;
            limit.kind = domain::SubjectKind::user;
            limit.subject = user;
            limit.by_admin = false;
            store::LimitFilter same;
            same.subject = user;
            TRY(const auto before, store::list_limits(session, access, same, {}));
            if (!before.items.empty()) {
                TRY_VOID(store::remove_limit(session, access, before.items[0].id));
            }
            TRY(limit, store::insert_limit(session, access, limit));
            names["limit"] = limit.id;
            domain::AlertChannel channel;
            channel.tenant = tenant;
            channel.name = team.name;
            channel.target = "https://hooks.test/";
            TRY(channel, store::insert_channel(session, access, channel));
            names["channel"] = channel.id;
            domain::Alert alert;
            alert.id = names["alert"] = base::uuid7();
            alert.tenant = tenant;
            alert.event = "budget.threshold";
            TRY(const bool raised, store::raise_alert(session, alert));
            EXPECT_TRUE(raised);
            domain::UsageRecord record;
            record.request_id = names["request"] = base::uuid7();
            record.at = store::now_micros();
            record.tenant = tenant;
            record.user = user;
            record.status = 200;
            TRY(const auto rows, store::insert_usage(session, std::span(&record, 1)));
            EXPECT_EQ(rows.rows, 1U);
            TRY_VOID(make_providers(session, tenant, user, names));
            domain::Tier tier;
            tier.name = names["tier"] = "t" + team.name;
            TRY(tier, store::insert_tier(session, access, tier));
            return {};
        });
        return names;
    }
    // A user of that company who is none of the fixture's.
    std::string make_user(const std::string& company) {
        std::string id;
        write([&](store::Session& session) -> base::Result<void> {
            domain::User user;
            user.tenant = tenant_id(company);
            user.name = "somebody";
            TRY(const auto made, store::insert_user(session, store::Access::everything(), user));
            id = made.id;
            return {};
        });
        return id;
    }
    static std::string fill(std::string text, const Names& names) {
        for (auto it = names.rbegin(); it != names.rend(); ++it) {
            const std::string name = "$" + it->first;
            for (std::size_t at; (at = text.find(name)) != std::string::npos;) {
                text.replace(at, name.size(), it->second);
            }
        }
        return text;
    }
    // Which object the path's segment names.
    static std::string segment_of(const std::string& pattern) {
        for (const auto& [start, name] : std::vector<std::pair<std::string, std::string>>{
                 {"/api/v1/tenants/", "$tenant"}, {"/api/v1/teams/", "$team"},
                 {"/api/v1/users/", "$user"}, {"/api/v1/keys/", "$key"},
                 {"/api/v1/tiers/", "$tier"}, {"/api/v1/limits/", "$limit"},
                 {"/api/v1/budgets/", "$budget"}, {"/api/v1/llm/users/", "$user"},
                 {"/api/v1/requests/", "$request"}, {"/api/v1/alerts/channels/", "$channel"},
                 {"/api/v1/alerts/", "$alert"}, {"/key/", "$key"},
                 {"/api/v1/experiments/", "$experiment"},
                 {"/api/v1/llm/providers/", "$provider"}, {"/api/v1/llm/models/", "$model"}}) {
            if (pattern.starts_with(start)) return name;
        }
        ADD_FAILURE() << pattern << ": whose object is its segment?";
        return "";
    }
    static std::string with_segment(const std::string& pattern) {
        const std::size_t from = pattern.find('{');
        if (from == std::string::npos) return pattern;
        const std::size_t to = pattern.find('}') + 1;
        std::string rest = pattern.substr(to);
        const std::string second = "{provider}";  // of a key that a user brought
        if (rest.ends_with(second)) {
            rest.replace(rest.size() - second.size(), second.size(), "openai");
        }
        return pattern.substr(0, from) + segment_of(pattern) + rest;
    }
    // 0: it succeeds.
    static int expected(AccessRole role, const Operation& operation, Whose whose, bool has_object) {
        const Reach reach = policy::reach(role, operation.resource, operation.verb);
        if (reach == Reach::none) return 403;
        if (!has_object || reach == Reach::all || operation.resource == policy::Resource::tiers) {
            return 0;
        }
        const Reach readable = policy::reach(role, operation.resource, policy::Verb::read);
        if (whose == Whose::wrong_tenant) return readable == Reach::all ? 403 : 404;
        if (whose == Whose::own || reach >= Reach::tenant) return 0;
        return readable >= Reach::tenant ? 403 : 404;
    }
};
INSTANTIATE_TEST_SUITE_P(Stores, Authorisation, store::both_stores(), store::store_name);

TEST_P(Authorisation, EveryRouteByEveryRole_IsTheTable) {
    const std::vector<std::pair<std::string, AccessRole>> roles = {
        {"acme/member", AccessRole::member},
        {"acme/auditor", AccessRole::tenant_auditor},
        {"acme/admin", AccessRole::tenant_admin},
        {"master", AccessRole::platform_admin}};
    int asked = 0;
    serve_models({"a", "b"});
    for (const Operation& operation : operations()) {
        const std::string method(http::to_string(operation.method));
        const std::string name = method + " " + operation.pattern;
        const auto example = examples.find(name);
        ASSERT_NE(example, examples.end()) << name << " has no example here";
        const std::string target = with_segment(operation.pattern) + example->second.query;
        const std::string& body = example->second.body;
        const std::string both = target + body;
        // $unique is no object; a list of one's own has no other owner.
        const bool has_object = both.find('$') != std::string::npos &&
                                fill(both, {{"unique", ""}}).find('$') != std::string::npos;
        const bool of_tenant_only = fill(both, {{"unique", ""}, {"tenant", ""}}).find('$') ==
                                    std::string::npos;
        EXPECT_EQ(ask(method, operation.pattern, "", body)->status, 401) << name;
        for (const auto& [who, role] : roles) {
            const std::string& key = who == "master" ? master_key : key_of(who);
            for (const Whose whose : {Whose::own, Whose::other, Whose::wrong_tenant}) {
                if (whose == Whose::other && of_tenant_only) continue;
                const bool removes_user = name == "DELETE /api/v1/users/{id}";
                if (whose == Whose::own && (who == "master" || removes_user)) continue;
                std::string company = whose == Whose::wrong_tenant ? "globex" : "acme";
                const std::string owner = whose == Whose::own ? user_of(who) : make_user(company);
                Names names = make_objects(company, owner);
                if (name == "DELETE /api/v1/tenants/{id}" && who == "master") {
                    names["tenant"] = (*ask("POST", "/api/v1/tenants", master_key,
                                            fill(R"({"name":"$unique"})", names)))["id"];
                }
                const auto answer = ask(method, fill(target, names), key, fill(body, names));
                const int wanted = expected(role, operation, whose, has_object);
                const bool right = wanted == 0 ? answer->status == 200 || answer->status == 201
                                               : answer->status == wanted;
                EXPECT_TRUE(right) << name << " by " << who << ", whose "
                                   << static_cast<int>(whose) << ": " << answer->status
                                   << ", expected " << wanted << "\n"
                                   << answer->body.substr(0, 300);
                ++asked;
            }
        }
    }
    EXPECT_GT(asked, 500);
    EXPECT_EQ(examples.size(), operations().size());
}

TEST_P(Authorisation, AMembersLists_HoldTheirOwnAlone) {
    make_objects("acme", user_of("acme/other"));
    const Names own = make_objects("acme", user_of("acme/member"));
    const std::string& key = key_of("acme/member");
    const auto keys = ask("GET", "/api/v1/keys", key);
    EXPECT_EQ(keys->json["data"].size(), 2U) << keys->body;
    for (const json::Value one : keys->json["data"].elements()) {
        EXPECT_EQ(one["user"].text(), user_of("acme/member"));
    }
    const auto users = ask("GET", "/api/v1/users", key);
    ASSERT_EQ(users->json["data"].size(), 1U);
    const auto budgets = ask("GET", "/api/v1/budgets", key);
    ASSERT_EQ(budgets->json["data"].size(), 1U) << budgets->body;
    const auto limits = ask("GET", "/api/v1/limits", key);
    ASSERT_EQ(limits->json["data"].size(), 1U) << limits->body;
    const auto requests = ask("GET", "/api/v1/requests", key);
    ASSERT_EQ(requests->json["data"].size(), 1U) << requests->body;
    const auto rows = ask("GET", "/api/v1/llm/usage/export?format=jsonl", key);
    EXPECT_EQ(std::count(rows->body.begin(), rows->body.end(), '\n'), 1) << rows->body;
    EXPECT_NE(rows->body.find(own.at("request")), std::string::npos);
    EXPECT_EQ((*ask("GET", "/api/v1/llm/usage", key))["total_requests"], "1");
    EXPECT_EQ((*ask("GET", "/key/list", key))["total_count"], "2");
    // The auditor of the tenant sees both, of no other tenant.
    EXPECT_EQ(ask("GET", "/api/v1/requests", key_of("acme/auditor"))->json["data"].size(), 2U);
    EXPECT_EQ(ask("GET", "/api/v1/requests", key_of("globex/auditor"))->json["data"].size(), 0U);
}

TEST_P(Authorisation, ARefusedChange_IsAudited) {
    EXPECT_EQ(ask("POST", "/api/v1/tenants", key_of("acme/admin"), R"({"name":"x"})")->status, 403);
    const auto audit = ask("GET", "/api/v1/audit?outcome=denied", master_key);
    ASSERT_EQ(audit->json["data"].size(), 1U) << audit->body;
    const json::Value row = *audit->json["data"].elements().begin();
    EXPECT_EQ(row["action"].text(), "tenants.create");
    EXPECT_EQ(row["actor"].text(), stored_key("acme/admin").id);
}

}  // namespace
}  // namespace tollgate::admin
