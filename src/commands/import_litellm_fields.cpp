#include "commands/import_litellm_fields.hpp"

#include <array>

namespace tollgate::commands::litellm {
namespace {

constexpr std::string_view mcp_advice =
    "MCP servers, vector stores and agents are not served here";
constexpr std::string_view model_budget_advice =
    "a budget per model of one key does not exist: give that model a key of its own, or the "
    "provider a budget (tollgate budgets create)";
constexpr std::string_view policy_advice =
    "LiteLLM's policies and guardrails do not run here: see the policies of the configuration";
constexpr std::string_view group_advice =
    "access groups do not exist: name their models, or globs, as allowed models";
constexpr std::string_view routing_advice =
    "routing is the same for every key: router_settings of the configuration";
constexpr std::string_view cache_advice = "there are no cache permissions of keys";

constexpr std::array key_unsupported = {
    Advice{"config", "settings of a key's calls do not exist: set them in model_list"},
    Advice{"router_settings", routing_advice},
    Advice{"agent_id", mcp_advice},
    Advice{"project_id", "projects do not exist: use a team or tags"},
    Advice{"permissions", "use allowed models and allowed routes of the key"},
    Advice{"allowed_cache_controls", cache_advice},
    Advice{"policies", policy_advice},
    Advice{"access_group_ids", group_advice},
    Advice{"model_max_budget", model_budget_advice},
    Advice{"budget_limits", "several windows of one key: make a budget for each "
                            "(tollgate budgets create)"},
    Advice{"object_permission_id", mcp_advice},
};
constexpr std::array team_unsupported = {
    Advice{"model_max_budget", model_budget_advice},
    Advice{"router_settings", routing_advice},
    Advice{"team_member_permissions", "members administer nothing: use a tenant_admin's key"},
    Advice{"access_group_ids", group_advice},
    Advice{"policies", policy_advice},
    Advice{"object_permission_id", mcp_advice},
    Advice{"allow_team_guardrail_config", policy_advice},
    Advice{"budget_limits", "several windows of one team: make a budget for each "
                            "(tollgate budgets create)"},
    Advice{"default_team_member_models", "name the models at the team or at the keys"},
};
constexpr std::array user_unsupported = {
    Advice{"password", "passwords of LiteLLM's UI are not taken over"},
    Advice{"allowed_cache_controls", cache_advice},
    Advice{"policies", policy_advice},
    Advice{"model_max_budget", model_budget_advice},
    Advice{"object_permission_id", mcp_advice},
};
constexpr std::array organization_unsupported = {Advice{"object_permission_id", mcp_advice}};
constexpr std::array budget_unsupported = {Advice{"model_max_budget", model_budget_advice}};

constexpr std::array metadata_unsupported = {
    Advice{"guardrails", policy_advice},
    Advice{"policies", policy_advice},
    Advice{"model_rpm_limit", "limits per model of one key do not exist: limit the model for all "
                              "(tollgate limits create) or give it a key of its own"},
    Advice{"model_tpm_limit", "limits per model of one key do not exist: limit the model for all "
                              "(tollgate limits create) or give it a key of its own"},
    Advice{"logging", "callbacks of one key do not exist: usage is exported for all keys"},
    Advice{"callback_settings", "callbacks of one key do not exist: usage is exported for all"},
    Advice{"temp_budget_increase", "raise the budget itself, and lower it later"},
    Advice{"enforced_params", "no parameter can be demanded of a client"},
    Advice{"prompts", "stored prompts do not exist"},
    Advice{"allowed_passthrough_routes", "there are no pass-through routes"},
};

constexpr std::array tables_unsupported = {
    Advice{"EndUserTable", "end users (customers) have no rows here: give each a user or a key "
                           "with its own budget"},
    Advice{"TagTable", "tags are reported by, but have no budgets: use teams or keys"},
    Advice{"ProxyModelTable", "models kept in LiteLLM's database, with encrypted credentials: "
                              "write them into the configuration's model_list"},
    Advice{"CredentialsTable", "credentials kept encrypted in LiteLLM's database: name them in "
                               "the configuration as os.environ/NAME or file:/path"},
    Advice{"ProjectTable", "projects do not exist: use a team or tags"},
    Advice{"Config", "settings kept in LiteLLM's database: write them into the configuration"},
    Advice{"MCPServerTable", mcp_advice},
    Advice{"AgentsTable", mcp_advice},
    Advice{"GuardrailsTable", policy_advice},
    Advice{"PolicyTable", policy_advice},
    Advice{"AccessGroupTable", group_advice},
    Advice{"PromptTable", "stored prompts do not exist"},
    Advice{"SearchToolsTable", "search tools of the gateway do not exist"},
    Advice{"SkillsTable", "stored skills do not exist"},
    Advice{"ManagedFileTable", "files are kept by the provider that made them"},
    Advice{"ManagedVectorStoresTable", mcp_advice},
    Advice{"JWTKeyMapping", "tokens of an identity provider are not mapped to keys"},
    Advice{"SSOConfig", "single sign-on is set in the configuration"},
};

}  // namespace

const TableFields& organization_fields() {
    static constexpr TableFields fields{
        "organization_id organization_alias budget_id metadata models spend model_spend "
        "created_at created_by updated_at updated_by",
        organization_unsupported};
    return fields;
}

const TableFields& team_fields() {
    static constexpr TableFields fields{
        "team_id team_alias organization_id admins members members_with_roles metadata max_budget "
        "soft_budget spend models max_parallel_requests tpm_limit rpm_limit budget_duration "
        "budget_reset_at blocked created_at updated_at model_spend model_id",
        team_unsupported};
    return fields;
}

const TableFields& user_fields() {
    static constexpr TableFields fields{
        "user_id user_alias team_id sso_user_id organization_id teams user_role max_budget spend "
        "user_email models metadata max_parallel_requests tpm_limit rpm_limit budget_duration "
        "budget_reset_at model_spend created_at updated_at",
        user_unsupported};
    return fields;
}

const TableFields& key_fields() {
    static constexpr TableFields fields{
        "token key_name key_alias soft_budget_cooldown spend expires models aliases user_id "
        "team_id max_parallel_requests metadata blocked tpm_limit rpm_limit max_budget "
        "budget_duration budget_reset_at allowed_routes model_spend budget_id organization_id "
        "created_at created_by updated_at updated_by last_active rotation_count auto_rotate "
        "rotation_interval last_rotation_at key_rotation_at",
        key_unsupported};
    return fields;
}

const TableFields& budget_fields() {
    static constexpr TableFields fields{
        "budget_id max_budget soft_budget max_parallel_requests tpm_limit rpm_limit "
        "budget_duration budget_reset_at created_at created_by updated_at updated_by",
        budget_unsupported};
    return fields;
}

std::span<const Advice> metadata_fields() { return metadata_unsupported; }

std::span<const Advice> other_tables() { return tables_unsupported; }

}  // namespace tollgate::commands::litellm
