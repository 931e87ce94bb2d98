#include "config/fields.hpp"

namespace tollgate::config {
namespace {

constexpr double week_seconds = 7 * 86'400;  // durations are compared in seconds
constexpr double gibibyte = 1024.0 * 1024 * 1024;

void describe_prices(PriceOverrides& prices, FieldVisitor& visit) {
    for (std::size_t i = 0; i < price_keys.size(); ++i) {
        visit.price({price_keys[i].key, price_keys[i].text}, prices.figures[i]);
    }
    std::optional<std::int64_t> both;
    visit.price({"cost_per_token", "both input_cost_per_token and output_cost_per_token"}, both);
    // The first two keys are those two.
    if (both && !prices.figures[0]) prices.figures[0] = both;
    if (both && !prices.figures[1]) prices.figures[1] = both;
}

void describe_cloud(CloudSettings& cloud, FieldVisitor& visit) {
    visit.value({"aws_region_name", "AWS region of Bedrock"}, cloud.aws_region_name);
    visit.value({"aws_access_key_id", "AWS access key"}, cloud.aws_access_key_id);
    visit.value({"aws_secret_access_key", "its secret"}, cloud.aws_secret_access_key);
    visit.value({"aws_session_token", "token of a temporary key"}, cloud.aws_session_token);
    visit.value({"aws_profile_name", "profile of the AWS files"}, cloud.aws_profile_name);
    visit.value({"aws_role_name", "ARN of a role to assume"}, cloud.aws_role_name);
    visit.value({"aws_session_name", "name of the role's session"}, cloud.aws_session_name);
    visit.value({"aws_external_id", "external id that the role asks for"}, cloud.aws_external_id);
    visit.value({"aws_web_identity_token", "path of a web identity token, for the role"},
                cloud.aws_web_identity_token);
    visit.value({"aws_sts_endpoint", "URL of STS instead of AWS's own"}, cloud.aws_sts_endpoint);
    visit.value({"aws_bedrock_runtime_endpoint", "URL of Bedrock instead of AWS's own"},
                cloud.aws_bedrock_runtime_endpoint);
    visit.value({"aws_use_fips_endpoint", "use Bedrock's FIPS endpoint"},
                cloud.aws_use_fips_endpoint);
    visit.value({"model_id", "Bedrock model id, profile or ARN that stands in the path"},
                cloud.model_id);
    visit.value({"vertex_project", "Google Cloud project"}, cloud.vertex_project);
    visit.value({"vertex_location", "region, `global`, `us` or `eu`"}, cloud.vertex_location);
    visit.value({"vertex_credentials", "service account key: a path, or the JSON itself"},
                cloud.vertex_credentials);
    visit.value({"azure_ad_token", "ready Entra token"}, cloud.azure_ad_token);
    visit.value({"tenant_id", "Entra tenant"}, cloud.tenant_id);
    visit.value({"client_id", "Entra application, or a managed identity's"}, cloud.client_id);
    visit.value({"client_secret", "secret of the Entra application"}, cloud.client_secret);
    visit.value({"azure_scope", "scope of the Entra token"}, cloud.azure_scope);
}

}  // namespace

const std::string_view top_level_used =
    "server logging telemetry providers tiers routing stores billing alerts audit "
    "cache health_check rate_limits config tenants_dir model_list litellm_settings "
    "router_settings general_settings environment_variables include "
    "fallback_models tenant_configs cost_tracking";
const std::string_view top_level_later =
    "callback_settings guardrails mcp_servers mcp_tools vector_store_registry search_tools "
    "credential_list files_settings finetune_settings assistant_settings prompts policies "
    "policy_attachments agent_list default_vertex_config security auth models ui";

void each_word(std::string_view list, char separator,
               const std::function<void(std::string_view)>& use) {
    while (!list.empty()) {
        const std::size_t end = list.find(separator);
        const std::string_view word = list.substr(0, end);
        if (!word.empty()) use(word);
        if (end == std::string_view::npos) return;
        list.remove_prefix(end + 1);
    }
}

void describe(ServerConfig& server, FieldVisitor& visit) {
    visit.value({"listen", "address and port of the gateway"}, server.listen);
    visit.section({"tls", "serve HTTPS with these PEM files"}, [&](FieldVisitor& tls) {
        tls.value({"cert", "certificate chain"}, server.tls.certificate);
        tls.value({"key", "private key"}, server.tls.key);
    });
    visit.value({"workers", "event loops; 0: one per core", 0, 1024}, server.workers);
    visit.section({"limits", "what clients may ask of the server"}, [&](FieldVisitor& limits) {
        ServerLimits& l = server.limits;
        limits.value({"body", "largest request body", 1024, gibibyte}, l.body);
        limits.value({"head", "largest request head", 1024, 1024 * 1024}, l.head);
        limits.value({"connections", "open client connections", 1, 10'000'000}, l.connections);
        limits.value({"in_flight", "requests being answered", 1, 10'000'000}, l.in_flight);
        limits.value({"queue", "requests that wait when in_flight is reached; 0: none", 0,
                      10'000'000},
                     l.queue);
        limits.value({"queue_per_tenant", "of those, one tenant's", 1, 10'000'000},
                     l.queue_per_tenant);
        limits.value({"queue_timeout", "longest wait of a request", 0.1, 3600}, l.queue_timeout);
        limits.value({"head_timeout", "for a whole head to arrive", 0.1, 3600}, l.head_timeout);
        limits.value({"body_timeout", "without progress of a body", 0.1, 3600}, l.body_timeout);
        limits.value({"idle_timeout", "between requests of a connection", 0.1, week_seconds},
                     l.idle_timeout);
        limits.value({"write_timeout", "for a client that takes nothing", 0.1, 3600},
                     l.write_timeout);
    });
    visit.section({"drain", "how the server stops"}, [&](FieldVisitor& drain) {
        drain.value({"delay", "time between readiness turning 503 and closing", 0, 3600},
                    server.drain.delay);
        drain.value({"timeout", "for running streams", 0, week_seconds}, server.drain.timeout);
        drain.value({"plain_timeout", "for requests that do not stream", 0, week_seconds},
                    server.drain.plain_timeout);
    });
    visit.value({"metrics_listen", "address of /metrics; `main`: on the main listener, `off`"},
                server.metrics_listen);
    visit.value({"data_dir", "folder for what the gateway keeps"}, server.data_dir);
}

void describe(LoggingConfig& logging, FieldVisitor& visit) {
    constexpr double low = 0, high = 0;
    visit.value({"level", "least severe level that is logged", low, high, "debug|info|warn|error"},
                logging.level);
    visit.value({"format", "`auto` is human on a terminal, JSON otherwise", low, high,
                 "auto|json|human"},
                logging.format);
    visit.value({"access", "one line per request"}, logging.access);
    visit.later("destinations");
}

void describe(TelemetryConfig& telemetry, FieldVisitor& visit) {
    visit.value({"otlp_endpoint", "URL of an OpenTelemetry collector (not used yet)"},
                telemetry.otlp_endpoint);
}

void describe(ProviderAccount& account, FieldVisitor& visit) {
    visit.value({"type", "provider type; left out: the account's name. `openai` or `anthropic` "
                         "with api_base serves any URL of that shape"},
                account.type);
    visit.value({"api_base", "base URL instead of the type's own"}, account.api_base);
    visit.value({"api_key", "credential, best as a reference"}, account.api_key);
    visit.value({"api_version", "API version, where the provider has one"}, account.api_version);
    describe_cloud(account.cloud, visit);
    visit.value({"headers", "headers sent with each request"}, account.headers);
    visit.value({"priority", "higher is preferred where all else is equal", -1000, 1000},
                account.priority);
    visit.value({"timeout", "until the provider's answer begins", 0, week_seconds},
                account.timeout);
    visit.value({"drop_params", "remove what the provider cannot carry, and say so"},
                account.drop_params);
    visit.value({"verify_tls", "check the provider's certificate"}, account.verify_tls);
    visit.value({"ca_file", "PEM file of certificate authorities to trust instead"},
                account.ca_file);
    visit.value({"health_check", "whether it answers is found out by asking for its `models`, or "
                                 "for a `completion` of a few tokens; left out: as the section "
                                 "health_check says",
                 0, 0, "off|models|completion"},
                account.health_check);
}

void describe(Tiers& tiers, FieldVisitor& visit) {
    visit.value({"opus", "what Claude Opus names mean"}, tiers.opus);
    visit.value({"sonnet", "what Claude Sonnet names mean"}, tiers.sonnet);
    visit.value({"haiku", "what Claude Haiku names mean"}, tiers.haiku);
    visit.value({"fable", "what Claude Fable names mean"}, tiers.fable);
    visit.value({"default", "what all other Claude names mean"}, tiers.fallback);
}

void describe(RouterSettings& router, FieldVisitor& visit) {
    visit.value({"routing_strategy", "how a deployment is picked; see routing.strategy",
                 0, 0,
                 "simple-shuffle|least-busy|usage-based-routing|usage-based-routing-v2|"
                 "latency-based-routing|cost-based-routing"},
                router.routing_strategy);
    visit.value({"num_retries", "retries after the first attempt", 0, 100}, router.num_retries);
    visit.value({"max_fallbacks", "fallback models tried at most", 0, 100}, router.max_fallbacks);
    visit.value({"timeout", "until a provider's answer begins", 0, week_seconds}, router.timeout);
    visit.value({"stream_timeout", "the same for streams", 0, week_seconds},
                router.stream_timeout);
    visit.value({"request_timeout", "until the answer begins, and between its bytes", 0,
                 week_seconds},
                router.request_timeout);
    visit.value({"retry_after", "shortest wait before a retry", 0, 3600}, router.retry_after);
    visit.value({"allowed_fails", "failures in a row after which the next opens the circuit", 0,
                 1e6},
                router.allowed_fails);
    Duration cooldown = router.cooldown_time.value_or(Duration{0});
    visit.value({"cooldown_time", "as routing.circuit.cooldown", 0, week_seconds}, cooldown);
    if (cooldown.count() > 0) router.cooldown_time = cooldown;
    visit.value({"disable_cooldowns", "circuits never open"}, router.disable_cooldowns);
    visit.value({"enable_caching", "as cache.enabled"}, router.enable_caching);
    visit.value({"cache_ttl", "as cache.ttl", 1, 30 * 86'400}, router.cache_ttl);
    visit.value({"max_parallel_requests", "requests at a time per instance", 1, 10'000'000},
                router.max_parallel_requests);
    visit.value({"default_fallbacks", "models tried after any other"}, router.default_fallbacks);
    visit.value({"redis_url", "as stores.redis"}, router.redis_url);
    visit.value({"redis_host", "with redis_port, redis_password and redis_db: as stores.redis"},
                router.redis_host);
    visit.value({"redis_port", "left out: 6379"}, router.redis_port);
    visit.value({"redis_password", "best as a reference"}, router.redis_password);
    visit.value({"redis_db", "number of the database"}, router.redis_db);
    visit.later(
        "routing_strategy_args "
        "cache_responses cache_kwargs caching_groups client_ttl default_litellm_params "
        "default_max_parallel_requests enable_pre_call_checks optional_pre_call_checks "
        "deployment_affinity_ttl_seconds model_group_affinity_config enable_tag_filtering "
        "tag_filtering_match_any retry_policy model_group_retry_policy "
        "allowed_fails_policy provider_budget_config "
        "polling_interval default_priority ignore_invalid_deployments search_tools guardrail_list "
        "assistants_config alerting_config router_general_settings debug_level set_verbose "
        "enable_health_check_routing health_check_staleness_threshold "
        "health_check_ignore_transient_errors");
}

void describe(GeneralSettings& general, FieldVisitor& visit) {
    visit.value({"master_key", "the key that may do everything"}, general.master_key);
    visit.value({"database_url", "as stores.database"}, general.database_url);
    visit.value({"redis_url", "as stores.redis"}, general.redis_url);
    visit.value({"cache_enabled", "as cache.enabled"}, general.cache_enabled);
    visit.value({"cache_ttl", "as cache.ttl", 1, 30 * 86'400}, general.cache_ttl);
    visit.value({"background_health_checks", "as health_check.enabled"},
                general.background_health_checks);
    visit.value({"health_check_interval", "as health_check.interval", 10, 86'400},
                general.health_check_interval);
    visit.later(
        "database_connection_pool_limit database_connection_timeout "
        "database_connection_pool_timeout store_model_in_db supported_db_objects "
        "store_prompts_in_spend_logs disable_spend_logs disable_spend_updates disable_error_logs "
        "disable_reset_budget proxy_batch_write_at proxy_budget_rescheduler_min_time "
        "proxy_budget_rescheduler_max_time proxy_batch_polling_interval "
        "maximum_spend_logs_retention_period maximum_spend_logs_retention_interval "
        "maximum_spend_logs_cleanup_cron use_redis_transaction_buffer "
        "allow_requests_on_db_unavailable user_api_key_cache_ttl custom_auth "
        "custom_auth_run_common_checks custom_key_generate custom_sso enable_jwt_auth "
        "litellm_jwtauth enable_oauth2_auth enable_oauth2_proxy_auth litellm_key_header_name "
        "allowed_routes admin_only_routes public_routes allowed_ips use_x_forwarded_for "
        "max_parallel_requests global_max_parallel_requests max_request_size_mb "
        "max_response_size_mb enforced_params enforce_user_param user_header_name "
        "user_header_mappings reject_clientside_metadata_tags default_team_disabled "
        "forward_client_headers_to_llm_api forward_openai_org_id "
        "forward_llm_provider_auth_headers allow_client_side_credentials pass_through_endpoints "
        "use_client_credentials_pass_through_routes infer_model_from_keys completion_model "
        "embedding_model image_generation_model moderation_model "
        "health_check_concurrency health_check_details "
        "use_shared_health_check alerting alerting_threshold alert_types alert_to_webhook_url "
        "alerting_args alert_type_config spend_report_frequency key_management_system "
        "key_management_settings ui_access_mode token_rate_limit_type "
        "always_include_stream_usage disable_responses_id_security service_account_settings "
        "role_permissions enforce_rbac mcp_internal_ip_ranges mcp_trusted_proxy_ranges "
        "control_plane_url litellm_license");
}

void describe(LitellmSettings& settings, FieldVisitor& visit) {
    visit.value({"drop_params", "remove what a target cannot carry, and say so"},
                settings.drop_params);
    visit.value({"request_timeout", "until the answer begins, and between its bytes", 0,
                 week_seconds},
                settings.request_timeout);
    visit.value({"num_retries", "retries after the first attempt", 0, 100}, settings.num_retries);
    visit.value({"max_fallbacks", "fallback models tried at most", 0, 100},
                settings.max_fallbacks);
    visit.value({"max_budget", "US dollars that everybody together may spend", 0, 9e9},
                settings.max_budget);
    visit.value({"budget_duration", "period of max_budget: 30d, 1d, ...; left out: for ever"},
                settings.budget_duration);
    visit.value({"cache", "as cache.enabled"}, settings.cache);
    visit.section({"cache_params", "of that cache"}, [&](FieldVisitor& params) {
        params.value({"type", "whatever it says: `cache` tells where answers are kept"},
                     settings.cache_type);
        params.value({"mode", "`default_off` leaves the cache off", 0, 0,
                      "default_on|default_off"},
                     settings.cache_mode);
        params.value({"ttl", "as cache.ttl", 1, 30 * 86'400}, settings.cache_ttl);
        params.later(
            "host port password username ssl namespace s3_bucket_name s3_region_name "
            "s3_api_version s3_path s3_endpoint_url s3_aws_access_key_id s3_aws_secret_access_key "
            "s3_aws_session_token similarity_threshold supported_call_types redis_startup_nodes "
            "redis_semantic_cache_embedding_model redis_flush_size default_in_memory_ttl "
            "default_in_redis_ttl service_name sentinel_nodes disk_cache_dir qdrant_api_base "
            "qdrant_api_key qdrant_collection_name qdrant_quantization_config max_connections");
    });
    visit.later(
        "modify_params allowed_fails success_callback failure_callback callbacks "
        "service_callback service_callbacks input_callback audit_log_callbacks "
        "turn_off_message_logging redact_user_api_key_info redact_messages_in_exceptions "
        "log_raw_request_response standard_logging_payload_excluded_fields langfuse_default_tags "
        "json_logs set_verbose force_ipv4 ssl_verify ssl_certificate ssl_security_level "
        "ssl_ecdh_curve disable_aiohttp_transport enable_redis_auth_cache "
        "max_user_budget max_internal_user_budget "
        "internal_user_budget_duration max_ui_session_budget max_end_user_budget "
        "max_end_user_budget_id disable_end_user_cost_tracking "
        "disable_end_user_cost_tracking_prometheus_only default_internal_user_params "
        "default_team_params default_team_settings default_key_generate_params "
        "upperbound_key_generate_params key_generation_settings "
        "enable_key_alias_format_validation custom_prometheus_metadata_labels "
        "custom_prometheus_tags prometheus_metrics_config prometheus_initialize_budget_metrics "
        "prometheus_emit_stream_label require_auth_for_metrics_endpoint cost_discount_config "
        "cost_margin_config include_cost_in_streaming_usage forward_traceparent_to_llm_provider "
        "add_user_information_to_llm_headers extra_spend_tag_headers "
        "disable_add_user_agent_to_request_tags store_audit_logs model_group_settings "
        "public_model_groups mcp_aliases use_chat_completions_url_for_anthropic_messages "
        "reasoning_auto_summary disable_token_counter disable_hf_tokenizer_download "
        "enable_json_schema_validation enable_preview_features network_mock priority_reservation "
        "guardrails skip_system_message_in_guardrail telemetry");
}

void describe_params(ModelEntry& entry, FieldVisitor& visit) {
    visit.value({"model", "provider/model; `*` stands for what the name's `*` matched"},
                entry.model);
    visit.value({"api_key", "credential, best as a reference"}, entry.api_key);
    visit.value({"api_base", "base URL instead of the provider's own"}, entry.api_base);
    visit.value({"api_version", "API version, where the provider has one"}, entry.api_version);
    visit.value({"custom_llm_provider", "provider type, when `model` does not begin with it"},
                entry.custom_llm_provider);
    visit.value({"organization", "OpenAI organization"}, entry.organization);
    visit.value({"extra_headers", "headers sent with each request"}, entry.extra_headers);
    visit.json_map({"extra_body", "body fields set on each request"}, entry.extra_body);
    visit.value({"rpm", "requests per minute of this deployment", 0}, entry.rpm);
    visit.value({"tpm", "tokens per minute of this deployment", 0}, entry.tpm);
    visit.value({"max_parallel_requests", "requests at a time at this deployment", 1},
                entry.max_parallel_requests);
    visit.value({"weight", "share among the group's deployments", 0, 1e9}, entry.weight);
    visit.value({"order", "lower is tried first", -1e6, 1e6}, entry.order);
    visit.value({"timeout", "until the provider's answer begins", 0, week_seconds},
                entry.timeout);
    visit.value({"stream_timeout", "the same for streams", 0, week_seconds},
                entry.stream_timeout);
    visit.value({"max_tokens", "output limit when the client names none", 1, 1e9},
                entry.max_tokens);
    visit.value({"max_output_tokens", "cap above what the client may ask", 1, 1e9},
                entry.max_output_tokens);
    visit.value({"temperature", "when the client names none", 0, 10}, entry.temperature);
    visit.value({"num_ctx", "context that Ollama loads", 0, 1e9}, entry.num_ctx);
    visit.value({"drop_params", "remove what the target cannot carry, and say so"},
                entry.drop_params);
    visit.value({"tags", "labels of the deployment"}, entry.tags);
    describe_cloud(entry.cloud, visit);
    describe_prices(entry.prices, visit);
    visit.later(
        "max_retries litellm_credential_name region_name max_budget "
        "budget_duration use_in_pass_through use_litellm_proxy merge_reasoning_content_in_choices "
        "model_info mock_response configurable_clientside_auth_params "
        "cache_control_injection_points additional_drop_params allowed_openai_params "
        "max_file_size_mb cooldown_time tag_regex azure_username azure_password "
        "watsonx_region_name auto_router_config auto_router_config_path "
        "auto_router_default_model auto_router_embedding_model complexity_router_config "
        "input_cost_per_second output_cost_per_second input_cost_per_character "
        "output_cost_per_character input_cost_per_image search_context_cost_per_query");
}

void describe(ModelInfo& info, FieldVisitor& visit) {
    visit.value({"id", "stable name of the deployment"}, info.id);
    visit.value({"mode", "what the model does", 0, 0,
                 "chat|completion|responses|embedding|image_generation|audio_transcription|"
                 "audio_speech|rerank|realtime|batch|moderation|video_generation|ocr|search"},
                info.mode);
    visit.value({"base_model", "catalog entry whose limits and prices hold"}, info.base_model);
    visit.value({"max_tokens", "context, or output limit", 1, 1e9}, info.max_tokens);
    visit.value({"max_input_tokens", "context", 1, 1e9}, info.max_input_tokens);
    visit.value({"max_output_tokens", "longest answer", 1, 1e9}, info.max_output_tokens);
    visit.value({"supports_vision", "takes images"}, info.supports_vision);
    visit.value({"supports_function_calling", "takes tools"}, info.supports_function_calling);
    visit.value({"supports_reasoning", "thinks"}, info.supports_reasoning);
    visit.value({"supports_pdf_input", "takes PDF files"}, info.supports_pdf_input);
    visit.value({"supports_response_schema", "takes JSON schemas for its answer"},
                info.supports_response_schema);
    visit.value({"supports_system_messages", "takes system messages"},
                info.supports_system_messages);
    visit.value({"access_groups", "names under which keys may be given this model"},
                info.access_groups);
    visit.value({"quality_score", "what routing compares by: 0 to 1", 0, 1}, info.quality_score);
    visit.value({"avg_latency_ms", "to the first token, until it is measured", 0, 3'600'000},
                info.avg_latency_ms);
    describe_prices(info.prices, visit);
    visit.later(
        "team_id team_public_model_name tier supported_environments health_check_model "
        "health_check_timeout health_check_max_tokens disable_background_health_check db_model "
        "created_at created_by updated_at updated_by blocked description litellm_provider "
        "supports_prompt_caching supports_parallel_function_calling supports_tool_choice "
        "supports_audio_input supports_audio_output supports_web_search supports_assistant_prefill "
        "supports_computer_use supports_native_streaming supports_embedding_image_input");
}

void describe(TenantModel& model, FieldVisitor& visit) {
    visit.value({"alias", "the name this tenant uses"}, model.alias);
    visit.value({"provider", "provider/model, or a name of the gateway"}, model.provider);
    visit.value({"max_tokens", "output limit when the client names none", 1, 1e9},
                model.max_tokens);
}

}  // namespace tollgate::config
