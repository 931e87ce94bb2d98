#include "commands/import_litellm_settings.hpp"

#include <array>
#include <string>

namespace tollgate::commands::litellm {
namespace {

struct Difference {
    std::string_view section, key, words;
};
constexpr std::string_view waits =
    "it bounds the wait for the head and between bytes, not the length of a stream";
constexpr std::string_view kept_limit =
    "a limit that is kept, where LiteLLM only shares requests out by it";
constexpr std::array differences = {
    Difference{"router_settings", "allowed_fails",
               "failures in a row, where LiteLLM counts those of a minute"},
    Difference{"router_settings", "max_parallel_requests", "counted for each instance by itself"},
    Difference{"litellm_settings", "request_timeout", waits},
    Difference{"general_settings", "request_timeout", waits},
    Difference{"litellm_settings", "budget_duration",
               "the last days count, where LiteLLM begins anew at each reset"},
    Difference{"general_settings", "database_url",
               "Tollgate makes tables of its own there, beside LiteLLM's; what those hold comes "
               "with `tollgate import litellm os.environ/DATABASE_URL`"},
    Difference{"model_list", "rpm", kept_limit},
    Difference{"model_list", "tpm", kept_limit},
};

struct Instead {
    std::string_view keys;  // separated by spaces, with one at either end
    std::string_view words;
};
constexpr std::array instead = {
    Instead{" cache cache_params cache_responses cache_kwargs caching_groups enable_caching "
            "cache_ttl cache_enabled enable_redis_auth_cache ",
            "answers are not cached by the gateway; providers' prompt caches work as always"},
    Instead{" callbacks success_callback failure_callback service_callback service_callbacks "
            "input_callback callback_settings standard_logging_payload_excluded_fields "
            "langfuse_default_tags spend_report_frequency ",
            "usage is kept in the database: tollgate usage export, GET /metrics"},
    Instead{" audit_log_callbacks store_audit_logs ",
            "administrative acts are always kept: tollgate audit list"},
    Instead{" alerting alerting_threshold alert_types alert_to_webhook_url alerting_args "
            "alert_type_config alerting_config ",
            "tollgate alert-channels create: webhook, Slack's form, Alertmanager or mail"},
    Instead{" guardrails guardrail_list policies policy_attachments ",
            "guardrails of LiteLLM do not run here"},
    Instead{" store_model_in_db supported_db_objects credential_list litellm_credential_name ",
            "models and credentials stand in this file, by reference"},
    Instead{" mcp_servers mcp_tools mcp_aliases vector_store_registry search_tools agent_list "
            "assistant_settings assistants_config prompts files_settings finetune_settings ",
            "only model traffic is served"},
    Instead{" custom_auth custom_auth_run_common_checks custom_key_generate custom_sso "
            "enable_oauth2_auth enable_oauth2_proxy_auth enable_jwt_auth litellm_jwtauth ",
            "callers are known by keys: tollgate keys create"},
    Instead{" allowed_ips use_x_forwarded_for ",
            "addresses are bounded for each key: tollgate keys update"},
    Instead{" allowed_routes admin_only_routes public_routes ",
            "routes are bounded for each key: tollgate keys update"},
    Instead{" provider_budget_config ",
            "budgets of kind provider: tollgate budgets create"},
    Instead{" max_user_budget max_internal_user_budget internal_user_budget_duration "
            "default_internal_user_params default_team_params default_team_settings "
            "default_key_generate_params upperbound_key_generate_params key_generation_settings ",
            "there are no defaults for new keys: tiers bound tenants, users and keys "
            "(tollgate tiers)"},
    Instead{" max_end_user_budget max_end_user_budget_id disable_end_user_cost_tracking "
            "disable_end_user_cost_tracking_prometheus_only ",
            "end users have no budgets: give each a user or a key with its own"},
    Instead{" allowed_fails allowed_fails_policy retry_policy "
            "model_group_retry_policy background_health_checks health_check_interval "
            "enable_health_check_routing ",
            "retries and fallbacks follow the section `routing`"},
    Instead{" routing_strategy_args optional_pre_call_checks enable_pre_call_checks "
            "enable_tag_filtering tag_filtering_match_any tags tag_regex ",
            "strategies go by what is measured; tags are a condition of rules (routing.rules)"},
    Instead{" pass_through_endpoints use_in_pass_through "
            "use_client_credentials_pass_through_routes ",
            "there are no pass-through routes: name the provider under `providers`"},
    Instead{" key_management_system key_management_settings ",
            "secrets are references: os.environ/NAME or file:/path"},
    Instead{" global_max_parallel_requests max_parallel_requests ",
            "server.limits.in_flight, or the limits of keys and tenants"},
    Instead{" max_request_size_mb ", "server.limits.body"},
    Instead{" set_verbose json_logs debug_level detailed_debug ", "the section `logging`"},
    Instead{" ssl_verify ssl_certificate ", "verify_tls and ca_file of an account under "
                                            "`providers`; server.tls for clients"},
    Instead{" max_budget budget_duration ", "budgets of deployments do not exist: give the "
                                            "provider one (tollgate budgets create)"},
    Instead{" database_connection_pool_limit database_connection_timeout "
            "database_connection_pool_timeout proxy_batch_write_at disable_spend_logs "
            "disable_spend_updates disable_error_logs use_redis_transaction_buffer "
            "allow_requests_on_db_unavailable user_api_key_cache_ttl ",
            "not needed: requests never wait for the database"},
    Instead{" maximum_spend_logs_retention_period maximum_spend_logs_retention_interval "
            "maximum_spend_logs_cleanup_cron ",
            "retention_days of the tenant: tollgate tenants update"},
    Instead{" store_prompts_in_spend_logs turn_off_message_logging log_raw_request_response ",
            "bodies are never kept"},
};

}  // namespace

std::string_view difference_of(std::string_view section, std::string_view key) {
    for (const Difference& one : differences) {
        if (one.section == section && one.key == key) return one.words;
    }
    return {};
}

std::string_view instead_of(std::string_view key) {
    const std::string word = " " + std::string(key) + " ";
    for (const Instead& one : instead) {
        if (one.keys.find(word) != std::string_view::npos) return one.words;
    }
    return {};
}

}  // namespace tollgate::commands::litellm
