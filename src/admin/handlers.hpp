// Every handler of administration; routes.cpp says which path is whose. All are blocking functions
// over a Call (see call.hpp), but for the streamed ones.
#pragma once
#include "admin/call.hpp"

namespace tollgate::admin {

using Outcome = base::Result<void>;
using store::Session;

// tenants.cpp
Outcome list_tenants(Call& call, Session& session);
Outcome create_tenant(Call& call, Session& session);
Outcome get_tenant(Call& call, Session& session);
Outcome update_tenant(Call& call, Session& session);
Outcome delete_tenant(Call& call, Session& session);
// teams.cpp
Outcome list_teams(Call& call, Session& session);
Outcome create_team(Call& call, Session& session);
Outcome get_team(Call& call, Session& session);
Outcome update_team(Call& call, Session& session);
Outcome delete_team(Call& call, Session& session);
// users.cpp
Outcome list_users(Call& call, Session& session);
Outcome create_user(Call& call, Session& session);
Outcome get_user(Call& call, Session& session);
Outcome update_user(Call& call, Session& session);
Outcome delete_user(Call& call, Session& session);
// keys.cpp
Outcome list_keys(Call& call, Session& session);
Outcome create_key(Call& call, Session& session);
Outcome get_key(Call& call, Session& session);
Outcome update_key(Call& call, Session& session);
Outcome revoke_key(Call& call, Session& session);
Outcome rotate_key(Call& call, Session& session);
Outcome block_key(Call& call, Session& session);
Outcome unblock_key(Call& call, Session& session);
// tiers.cpp
Outcome list_tiers(Call& call, Session& session);
Outcome create_tier(Call& call, Session& session);
Outcome get_tier(Call& call, Session& session);
Outcome update_tier(Call& call, Session& session);
Outcome delete_tier(Call& call, Session& session);
// limits.cpp
Outcome list_limits(Call& call, Session& session);
Outcome create_limit(Call& call, Session& session);
Outcome get_limit(Call& call, Session& session);
Outcome update_limit(Call& call, Session& session);
Outcome delete_limit(Call& call, Session& session);
// budgets.cpp
Outcome list_budgets(Call& call, Session& session);
Outcome create_budget(Call& call, Session& session);
Outcome get_budget(Call& call, Session& session);
Outcome update_budget(Call& call, Session& session);
Outcome delete_budget(Call& call, Session& session);
// credits.cpp
Outcome get_credits(Call& call, Session& session);
Outcome add_credits(Call& call, Session& session);
Outcome credit_history(Call& call, Session& session);
// settings.cpp
Outcome get_settings(Call& call, Session& session);
Outcome update_settings(Call& call, Session& session);
// providers.cpp
Outcome list_providers(Call& call, Session& session);
net::Task<void> create_provider(http::Exchange& exchange, std::shared_ptr<Call> call);
Outcome get_provider(Call& call, Session& session);
Outcome update_provider(Call& call, Session& session);
Outcome delete_provider(Call& call, Session& session);
net::Task<void> test_provider(http::Exchange& exchange, std::shared_ptr<Call> call);
// models.cpp
Outcome list_models(Call& call, Session& session);
Outcome create_model(Call& call, Session& session);
Outcome get_model(Call& call, Session& session);
Outcome update_model(Call& call, Session& session);
Outcome delete_model(Call& call, Session& session);
net::Task<void> synchronise_models(http::Exchange& exchange, std::shared_ptr<Call> call);
// routing_rules.cpp
Outcome get_routing_rules(Call& call, Session& session);
Outcome update_routing_rules(Call& call, Session& session);
net::Task<void> explain_route(http::Exchange& exchange, std::shared_ptr<Call> call);
// byok.cpp
net::Task<void> create_byok(http::Exchange& exchange, std::shared_ptr<Call> call);
Outcome list_byok(Call& call, Session& session);
net::Task<void> update_byok(http::Exchange& exchange, std::shared_ptr<Call> call);
Outcome delete_byok(Call& call, Session& session);
// secrets.cpp
Outcome rotate_secrets(Call& call);
// usage.cpp
Outcome get_usage(Call& call, Session& session);
net::Task<void> export_usage(http::Exchange& exchange, std::shared_ptr<Call> call);
// reports.cpp
Outcome report_usage(Call& call, Session& session);
Outcome report_savings(Call& call, Session& session);
Outcome report_chargeback(Call& call, Session& session);
// requests.cpp
Outcome list_requests(Call& call, Session& session);
Outcome get_request(Call& call, Session& session);
// experiments.cpp
Outcome list_experiments(Call& call, Session& session);
Outcome get_experiment(Call& call, Session& session);
// experiment_making.cpp, experiment_promotion.cpp
Outcome create_experiment(Call& call, Session& session);
Outcome update_experiment(Call& call, Session& session);
Outcome delete_experiment(Call& call, Session& session);
Outcome stop_experiment(Call& call, Session& session);
Outcome promote_experiment(Call& call, Session& session);
// feedback.cpp
Outcome give_feedback(Call& call, Session& session);
// alerts.cpp
Outcome list_alerts(Call& call, Session& session);
Outcome get_alert(Call& call, Session& session);
Outcome acknowledge_alert(Call& call, Session& session);
Outcome list_channels(Call& call, Session& session);
Outcome create_channel(Call& call, Session& session);
Outcome get_channel(Call& call, Session& session);
Outcome update_channel(Call& call, Session& session);
Outcome delete_channel(Call& call, Session& session);
// audit.cpp
Outcome list_audit(Call& call, Session& session);
// configuration.cpp
Outcome show_configuration(Call& call);
Outcome validate_configuration(Call& call);
Outcome reload_configuration(Call& call);

}  // namespace tollgate::admin
