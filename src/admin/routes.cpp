#include "admin/routes.hpp"

#include "admin/guard.hpp"
#include "admin/handlers.hpp"
#include "admin/litellm.hpp"

namespace tollgate::admin {
namespace {

using http::Method;
using policy::Resource;
using policy::Verb;

// Collects operations. What changes the database is told by the verb.
class Table {
public:
    explicit Table(Face face) : face_(face) {}
    void add(Method method, const char* path, Resource resource, Verb verb, Handler handler) {
        const bool writes = verb != Verb::read && verb != Verb::read;
        rows_.push_back({method, path, resource, verb, face_, writes, handler, nullptr, nullptr});
    }
    void add(Method method, const char* path, Resource resource, Verb verb,
             LocalHandler handler) {
        const bool writes = verb != Verb::read && verb != Verb::read;
        rows_.push_back({method, path, resource, verb, face_, writes, nullptr, handler, nullptr});
    }
    void add(Method method, const char* path, Resource resource, Verb verb,
             StreamHandler handler) {
        const bool writes = verb != Verb::read;
        rows_.push_back({method, path, resource, verb, face_, writes, nullptr, nullptr, handler});
    }
    void move_to(std::vector<Operation>& all) {
        for (Operation& row : rows_) all.push_back(std::move(row));
    }

private:
    Face face_;
    std::vector<Operation> rows_;
};

void add_people(Table& table) {
    table.add(Method::get, "/api/v1/tenants", Resource::tenants, Verb::read, list_tenants);
    table.add(Method::post, "/api/v1/tenants", Resource::tenants, Verb::create, create_tenant);
    table.add(Method::get, "/api/v1/tenants/{id}", Resource::tenants, Verb::read, get_tenant);
    table.add(Method::put, "/api/v1/tenants/{id}", Resource::tenants, Verb::update, update_tenant);
    table.add(Method::patch, "/api/v1/tenants/{id}", Resource::tenants, Verb::update,
              update_tenant);
    table.add(Method::del, "/api/v1/tenants/{id}", Resource::tenants, Verb::remove, delete_tenant);
    table.add(Method::get, "/api/v1/tenants/{id}/keys", Resource::keys, Verb::read, list_keys);
    table.add(Method::post, "/api/v1/tenants/{id}/keys", Resource::keys, Verb::create, create_key);
    table.add(Method::get, "/api/v1/teams", Resource::teams, Verb::read, list_teams);
    table.add(Method::post, "/api/v1/teams", Resource::teams, Verb::create, create_team);
    table.add(Method::get, "/api/v1/teams/{id}", Resource::teams, Verb::read, get_team);
    table.add(Method::put, "/api/v1/teams/{id}", Resource::teams, Verb::update, update_team);
    table.add(Method::patch, "/api/v1/teams/{id}", Resource::teams, Verb::update, update_team);
    table.add(Method::del, "/api/v1/teams/{id}", Resource::teams, Verb::remove, delete_team);
    table.add(Method::get, "/api/v1/users", Resource::users, Verb::read, list_users);
    table.add(Method::post, "/api/v1/users", Resource::users, Verb::create, create_user);
    table.add(Method::get, "/api/v1/users/{id}", Resource::users, Verb::read, get_user);
    table.add(Method::put, "/api/v1/users/{id}", Resource::users, Verb::update, update_user);
    table.add(Method::patch, "/api/v1/users/{id}", Resource::users, Verb::update, update_user);
    table.add(Method::del, "/api/v1/users/{id}", Resource::users, Verb::remove, delete_user);
}

void add_keys(Table& table) {
    table.add(Method::get, "/api/v1/keys", Resource::keys, Verb::read, list_keys);
    table.add(Method::post, "/api/v1/keys", Resource::keys, Verb::create, create_key);
    table.add(Method::get, "/api/v1/keys/{id}", Resource::keys, Verb::read, get_key);
    table.add(Method::put, "/api/v1/keys/{id}", Resource::keys, Verb::update, update_key);
    table.add(Method::patch, "/api/v1/keys/{id}", Resource::keys, Verb::update, update_key);
    table.add(Method::del, "/api/v1/keys/{id}", Resource::keys, Verb::remove, revoke_key);
    table.add(Method::post, "/api/v1/keys/{id}/rotate", Resource::keys, Verb::update, rotate_key);
    table.add(Method::post, "/api/v1/keys/{id}/block", Resource::keys, Verb::update, block_key);
    table.add(Method::post, "/api/v1/keys/{id}/unblock", Resource::keys, Verb::update,
              unblock_key);
}

void add_bounds(Table& table) {
    table.add(Method::get, "/api/v1/tiers", Resource::tiers, Verb::read, list_tiers);
    table.add(Method::post, "/api/v1/tiers", Resource::tiers, Verb::create, create_tier);
    table.add(Method::get, "/api/v1/tiers/{name}", Resource::tiers, Verb::read, get_tier);
    table.add(Method::put, "/api/v1/tiers/{name}", Resource::tiers, Verb::update, update_tier);
    table.add(Method::patch, "/api/v1/tiers/{name}", Resource::tiers, Verb::update, update_tier);
    table.add(Method::del, "/api/v1/tiers/{name}", Resource::tiers, Verb::remove, delete_tier);
    table.add(Method::get, "/api/v1/limits", Resource::limits, Verb::read, list_limits);
    table.add(Method::post, "/api/v1/limits", Resource::limits, Verb::create, create_limit);
    table.add(Method::get, "/api/v1/limits/{id}", Resource::limits, Verb::read, get_limit);
    table.add(Method::put, "/api/v1/limits/{id}", Resource::limits, Verb::update, update_limit);
    table.add(Method::patch, "/api/v1/limits/{id}", Resource::limits, Verb::update, update_limit);
    table.add(Method::del, "/api/v1/limits/{id}", Resource::limits, Verb::remove, delete_limit);
    table.add(Method::get, "/api/v1/budgets", Resource::budgets, Verb::read, list_budgets);
    table.add(Method::post, "/api/v1/budgets", Resource::budgets, Verb::create, create_budget);
    table.add(Method::get, "/api/v1/budgets/{id}", Resource::budgets, Verb::read, get_budget);
    table.add(Method::put, "/api/v1/budgets/{id}", Resource::budgets, Verb::update,
              update_budget);
    table.add(Method::patch, "/api/v1/budgets/{id}", Resource::budgets, Verb::update,
              update_budget);
    table.add(Method::del, "/api/v1/budgets/{id}", Resource::budgets, Verb::remove,
              delete_budget);
}

void add_users_interface(Table& table) {
    table.add(Method::get, "/api/v1/llm/users/{id}/settings", Resource::settings, Verb::read,
              get_settings);
    table.add(Method::put, "/api/v1/llm/users/{id}/settings", Resource::settings, Verb::update,
              update_settings);
    table.add(Method::patch, "/api/v1/llm/users/{id}/settings", Resource::settings, Verb::update,
              update_settings);
    table.add(Method::get, "/api/v1/llm/credits", Resource::credits, Verb::read, get_credits);
    table.add(Method::post, "/api/v1/llm/credits", Resource::credits, Verb::create, add_credits);
    table.add(Method::get, "/api/v1/llm/credits/history", Resource::credits, Verb::read,
              credit_history);
    table.add(Method::get, "/api/v1/llm/usage", Resource::usage, Verb::read, get_usage);
    table.add(Method::get, "/api/v1/llm/usage/export", Resource::usage, Verb::read, export_usage);
}

void add_providers(Table& table) {
    table.add(Method::get, "/api/v1/llm/providers", Resource::providers, Verb::read,
              list_providers);
    table.add(Method::post, "/api/v1/llm/providers", Resource::providers, Verb::create,
              create_provider);
    table.add(Method::get, "/api/v1/llm/providers/{id}", Resource::providers, Verb::read,
              get_provider);
    table.add(Method::put, "/api/v1/llm/providers/{id}", Resource::providers, Verb::update,
              update_provider);
    table.add(Method::patch, "/api/v1/llm/providers/{id}", Resource::providers, Verb::update,
              update_provider);
    table.add(Method::del, "/api/v1/llm/providers/{id}", Resource::providers, Verb::remove,
              delete_provider);
    table.add(Method::post, "/api/v1/llm/test", Resource::providers, Verb::use, test_provider);
    table.add(Method::get, "/api/v1/llm/models", Resource::models, Verb::read, list_models);
    table.add(Method::post, "/api/v1/llm/models", Resource::models, Verb::create, create_model);
    table.add(Method::post, "/api/v1/llm/models/sync", Resource::models, Verb::update,
              synchronise_models);
    table.add(Method::get, "/api/v1/llm/models/{id}", Resource::models, Verb::read, get_model);
    table.add(Method::put, "/api/v1/llm/models/{id}", Resource::models, Verb::update,
              update_model);
    table.add(Method::patch, "/api/v1/llm/models/{id}", Resource::models, Verb::update,
              update_model);
    table.add(Method::del, "/api/v1/llm/models/{id}", Resource::models, Verb::remove,
              delete_model);
    table.add(Method::get, "/api/v1/llm/routing/rules", Resource::routing, Verb::read,
              get_routing_rules);
    table.add(Method::put, "/api/v1/llm/routing/rules", Resource::routing, Verb::update,
              update_routing_rules);
    table.add(Method::patch, "/api/v1/llm/routing/rules", Resource::routing, Verb::update,
              update_routing_rules);
    table.add(Method::post, "/api/v1/llm/routing/explain", Resource::routing, Verb::read,
              explain_route);
    // Nobody sets a key for somebody else; admins may switch one off, which PUT says too.
    table.add(Method::get, "/api/v1/llm/users/{id}/byok", Resource::byok, Verb::read, list_byok);
    table.add(Method::post, "/api/v1/llm/users/{id}/byok", Resource::byok, Verb::create,
              create_byok);
    table.add(Method::put, "/api/v1/llm/users/{id}/byok/{provider}", Resource::byok,
              Verb::disable, update_byok);
    table.add(Method::patch, "/api/v1/llm/users/{id}/byok/{provider}", Resource::byok,
              Verb::disable, update_byok);
    table.add(Method::del, "/api/v1/llm/users/{id}/byok/{provider}", Resource::byok, Verb::remove,
              delete_byok);
    table.add(Method::post, "/api/v1/secrets/rotate", Resource::config, Verb::update,
              rotate_secrets);
}

void add_experiments(Table& table) {
    table.add(Method::get, "/api/v1/experiments", Resource::experiments, Verb::read,
              list_experiments);
    table.add(Method::post, "/api/v1/experiments", Resource::experiments, Verb::create,
              create_experiment);
    table.add(Method::get, "/api/v1/experiments/{name}", Resource::experiments, Verb::read,
              get_experiment);
    table.add(Method::put, "/api/v1/experiments/{name}", Resource::experiments, Verb::update,
              update_experiment);
    table.add(Method::patch, "/api/v1/experiments/{name}", Resource::experiments, Verb::update,
              update_experiment);
    table.add(Method::del, "/api/v1/experiments/{name}", Resource::experiments, Verb::remove,
              delete_experiment);
    table.add(Method::post, "/api/v1/experiments/{name}/stop", Resource::experiments, Verb::update,
              stop_experiment);
    table.add(Method::post, "/api/v1/experiments/{name}/promote", Resource::experiments,
              Verb::update, promote_experiment);
}

void add_operation(Table& table) {
    table.add(Method::get, "/api/v1/reports/usage", Resource::reports, Verb::read, report_usage);
    table.add(Method::get, "/api/v1/reports/savings", Resource::reports, Verb::read,
              report_savings);
    table.add(Method::get, "/api/v1/reports/chargeback", Resource::reports, Verb::read,
              report_chargeback);
    table.add(Method::get, "/api/v1/requests", Resource::requests, Verb::read, list_requests);
    table.add(Method::get, "/api/v1/requests/{id}", Resource::requests, Verb::read, get_request);
    // Of the interface's own part and of the rest.
    table.add(Method::post, "/api/v1/feedback", Resource::requests, Verb::update, give_feedback);
    table.add(Method::post, "/api/v1/llm/feedback", Resource::requests, Verb::update,
              give_feedback);
    table.add(Method::get, "/api/v1/alerts", Resource::alerts, Verb::read, list_alerts);
    table.add(Method::get, "/api/v1/alerts/channels", Resource::alerts, Verb::read,
              list_channels);
    table.add(Method::post, "/api/v1/alerts/channels", Resource::alerts, Verb::create,
              create_channel);
    table.add(Method::get, "/api/v1/alerts/channels/{id}", Resource::alerts, Verb::read,
              get_channel);
    table.add(Method::put, "/api/v1/alerts/channels/{id}", Resource::alerts, Verb::update,
              update_channel);
    table.add(Method::patch, "/api/v1/alerts/channels/{id}", Resource::alerts, Verb::update,
              update_channel);
    table.add(Method::del, "/api/v1/alerts/channels/{id}", Resource::alerts, Verb::remove,
              delete_channel);
    table.add(Method::get, "/api/v1/alerts/{id}", Resource::alerts, Verb::read, get_alert);
    table.add(Method::post, "/api/v1/alerts/{id}/acknowledge", Resource::alerts, Verb::update,
              acknowledge_alert);
    table.add(Method::get, "/api/v1/audit", Resource::audit, Verb::read, list_audit);
    table.add(Method::get, "/api/v1/config", Resource::config, Verb::read, show_configuration);
    table.add(Method::post, "/api/v1/config/validate", Resource::config, Verb::read,
              validate_configuration);
    table.add(Method::post, "/api/v1/config/reload", Resource::config, Verb::update,
              reload_configuration);
}

void add_litellm(Table& table) {
    table.add(Method::get, "/key/info", Resource::keys, Verb::read, lite_key_info);
    table.add(Method::get, "/key/list", Resource::keys, Verb::read, lite_key_list);
    table.add(Method::post, "/key/generate", Resource::keys, Verb::create, lite_key_generate);
    table.add(Method::post, "/key/update", Resource::keys, Verb::update, lite_key_update);
    table.add(Method::post, "/key/delete", Resource::keys, Verb::remove, lite_key_delete);
    table.add(Method::post, "/key/block", Resource::keys, Verb::update, lite_key_block);
    table.add(Method::post, "/key/unblock", Resource::keys, Verb::update, lite_key_unblock);
    table.add(Method::post, "/key/{key}/regenerate", Resource::keys, Verb::update,
              lite_key_regenerate);
    table.add(Method::post, "/team/new", Resource::teams, Verb::create, lite_team_new);
    table.add(Method::get, "/team/info", Resource::teams, Verb::read, lite_team_info);
    table.add(Method::get, "/team/list", Resource::teams, Verb::read, lite_team_list);
    table.add(Method::post, "/team/update", Resource::teams, Verb::update, lite_team_update);
    table.add(Method::post, "/team/delete", Resource::teams, Verb::remove, lite_team_delete);
    table.add(Method::post, "/user/new", Resource::users, Verb::create, lite_user_new);
    table.add(Method::get, "/user/info", Resource::users, Verb::read, lite_user_info);
    table.add(Method::get, "/user/list", Resource::users, Verb::read, lite_user_list);
    table.add(Method::post, "/user/update", Resource::users, Verb::update, lite_user_update);
    table.add(Method::post, "/budget/new", Resource::budgets, Verb::create, lite_budget_new);
    table.add(Method::post, "/budget/info", Resource::budgets, Verb::read, lite_budget_info);
    table.add(Method::get, "/model/info", Resource::models, Verb::read, lite_model_info);
    table.add(Method::get, "/v1/model/info", Resource::models, Verb::read, lite_model_info);
    table.add(Method::get, "/model_group/info", Resource::models, Verb::read,
              lite_model_group_info);
    table.add(Method::get, "/spend/logs", Resource::requests, Verb::read, lite_spend_logs);
    table.add(Method::get, "/spend/tags", Resource::reports, Verb::read, lite_spend_tags);
    table.add(Method::get, "/global/spend", Resource::reports, Verb::read, lite_global_spend);
    table.add(Method::get, "/global/spend/report", Resource::reports, Verb::read,
              lite_global_spend_report);
    table.add(Method::get, "/health/services", Resource::config, Verb::read, lite_health_services);
}

}  // namespace

std::vector<Operation> operations() {
    std::vector<Operation> all;
    Table ours(Face::ours);
    add_people(ours);
    add_keys(ours);
    add_bounds(ours);
    add_users_interface(ours);
    add_providers(ours);
    add_experiments(ours);
    add_operation(ours);
    ours.move_to(all);
    Table compatible(Face::litellm);
    add_litellm(compatible);
    compatible.move_to(all);
    return all;
}

void add_routes(http::Router& router, const Services& services) {
    // Shared by the handlers of every route, and kept by them.
    const auto all = std::make_shared<const std::vector<Operation>>(operations());
    for (const Operation& operation : *all) {
        router.add(operation.method, operation.pattern,
                   [all, &operation, &services](http::Exchange& exchange) {
                       return serve(services, operation, exchange);
                   });
    }
}

void add_models_route(http::Router& router, const Services& services,
                      const http::RouteHandler& plain) {
    const auto all = std::make_shared<const std::vector<Operation>>(operations());
    const std::string path = "/api/v1/llm/models";
    for (const Operation& operation : *all) {
        if (operation.method != Method::get || operation.pattern != path) continue;
        router.add(Method::get, path,
                   [all, &operation, &services, plain](http::Exchange& exchange) {
                       auto who = services.authenticate(exchange.headers(),
                                                        exchange.client_address(),
                                                        std::string(exchange.head().path));
                       const bool member =
                           !who.ok() || who->access_role() == domain::AccessRole::member;
                       return member ? plain(exchange) : serve(services, operation, exchange);
                   });
    }
}

}  // namespace tollgate::admin
