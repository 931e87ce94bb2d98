// Rows of the table: providers, models, routing rules, users' own keys, encryption keys.
#include "commands/resource_table.hpp"

namespace tollgate::commands {
namespace {

constexpr std::string_view an_id_or_slug = "An id or a slug";
constexpr Field enabled{"--enabled", "enabled", FieldType::boolean, "Whether it is served"};
constexpr Field only_enabled{"--enabled-only", "enabled_only", FieldType::boolean,
                             "Only enabled ones"};
constexpr Field key_file{"--api-key-file", "api_key", FieldType::secret_file,
                         "The provider's key is what this file holds; - : standard input"};
constexpr Field force{"--force", "force", FieldType::boolean,
                      "true: although routing rules name it", {}, true};
constexpr Field no_trial{"--validate", "validate", FieldType::boolean,
                         "false: the key is kept without a call to the provider", {}, true};
constexpr Field preferred{"--preferred-models", "preferences.preferred_models", FieldType::names,
                          "Models that the key is for, comma separated"};
constexpr Field most{"--max-cost-per-request", "preferences.max_cost_per_request",
                     FieldType::money, "US dollars; none: no bound"};

std::vector<Field> provider_fields() {
    return {key_file,
            {"--api-base-url", "api_base_url", FieldType::text, "Another address than the type's"},
            enabled,
            {"--priority", "priority", FieldType::integer, "Higher is preferred"},
            {"--timeout", "config.timeout", FieldType::integer, "Seconds until the headers"}};
}

std::vector<Field> model_fields() {
    return {{"--display-name", "display_name", FieldType::text, "For people"},
            {"--input-cost", "cost_per_1m_input_tokens", FieldType::money,
             "US dollars per million tokens"},
            {"--output-cost", "cost_per_1m_output_tokens", FieldType::money,
             "US dollars per million tokens"},
            {"--context-length", "context_length", FieldType::integer, "Tokens"},
            enabled};
}

Action rotation() {
    Action rotate{"rotate", "Puts every stored credential under the newest encryption key",
                  "  tollgate secrets rotate\n  tollgate secrets rotate --new-key true", "POST",
                  "/api/v1/secrets/rotate", Shape::object};
    rotate.fields = {{"--new-key", "new_key", FieldType::boolean,
                      "true: makes a new key first, where the keys are a file"}};
    return rotate;
}

}  // namespace

Noun providers_noun() {
    Action create{"create", "A new provider; its connection is tested in the background",
                  "  tollgate providers create openrouter --type openrouter --api-key-file key\n"
                  "  tollgate providers create vllm --type openai --api-base-url "
                  "http://gpu:8000/v1",
                  "POST", "/api/v1/llm/providers", Shape::object, "NAME", "The provider's name",
                  "name"};
    create.fields = provider_fields();
    create.fields.insert(create.fields.begin(),
                         {"--type", "type", FieldType::text,
                          "openai, anthropic, openrouter, ...", {}, false, true});
    create.fields.push_back({"--tenant", "tenant", FieldType::text,
                             "Whose requests alone use it; everybody's without it"});
    create.takes_object = true;
    Action list{"list", "All providers", "  tollgate providers list", "GET",
                "/api/v1/llm/providers", Shape::list};
    list.fields = {only_enabled, tenant_filter()};
    list.columns = {{"NAME", "name"},         {"SLUG", "slug"},       {"TYPE", "type"},
                    {"STATUS", "status"},     {"PRIORITY", "priority"}, {"KEY", "api_key"},
                    {"HEALTH", "health_status"}, {"MODELS", "models"}, {"ID", "id"}};
    Action get{"get", "One provider", "  tollgate providers get openrouter", "GET",
               "/api/v1/llm/providers/{}", Shape::object, "PROVIDER", an_id_or_slug};
    Action update{"update", "Changes a provider: only what is named",
                  "  tollgate providers update openrouter --priority 90\n"
                  "  tollgate providers update openrouter --api-key-file -",
                  "PATCH", "/api/v1/llm/providers/{}", Shape::object, "PROVIDER", an_id_or_slug};
    update.fields = provider_fields();
    update.fields.insert(update.fields.begin(), {"--name", "name", FieldType::text, "A new name"});
    update.takes_object = true;
    Action test{"test", "A real call of at most 5 output tokens",
                "  tollgate providers test openrouter --model qwen/qwen3-coder", "POST",
                "/api/v1/llm/test", Shape::object, "PROVIDER", an_id_or_slug, "provider_id"};
    test.fields = {{"--model", "model", FieldType::text, "As the provider knows it"}};
    Action remove{"delete", "Deletes a provider with its models",
                  "  tollgate providers delete openrouter --yes", "DELETE",
                  "/api/v1/llm/providers/{}", Shape::done, "PROVIDER", an_id_or_slug};
    remove.fields = {force};
    remove.question = "Delete provider {} with its models?";
    return {"providers", "Providers of models that the database has, beside the file's",
            "  tollgate providers create openrouter --type openrouter --api-key-file key",
            {create, list, get, update, test, remove}};
}

Noun models_noun() {
    Action create{"create", "A new model of a provider",
                  "  tollgate models create gpt-4o --provider openai --input-cost 2.5 "
                  "--output-cost 10",
                  "POST", "/api/v1/llm/models", Shape::object, "NAME",
                  "As the provider knows it", "name"};
    create.fields = model_fields();
    create.fields.insert(create.fields.begin(), {"--provider", "provider_id", FieldType::text,
                                                 an_id_or_slug, {}, false, true});
    create.takes_object = true;
    Action list{"list", "All stored models",
                "  tollgate models list --provider openrouter --sort-by cost", "GET",
                "/api/v1/llm/models", Shape::list};
    list.fields = {{"--provider", "provider_id", FieldType::text, an_id_or_slug},
                   only_enabled,
                   {"--sort-by", "sort_by", FieldType::word, "The order",
                    "cost|latency|name"},
                   tenant_filter()};
    list.columns = {{"NAME", "name"},          {"PROVIDER", "provider_name"},
                    {"ENABLED", "enabled"},    {"IN USD/M", "cost_per_1m_input"},
                    {"OUT USD/M", "cost_per_1m_output"}, {"CONTEXT", "context_length"},
                    {"ORIGIN", "origin"},      {"ID", "id"}};
    Action get{"get", "One model", "  tollgate models get ID", "GET", "/api/v1/llm/models/{}",
               Shape::object, "MODEL", "An id"};
    Action update{"update", "Changes a model: only what is named",
                  "  tollgate models update ID --enabled true", "PATCH",
                  "/api/v1/llm/models/{}", Shape::object, "MODEL", "An id"};
    update.fields = model_fields();
    update.takes_object = true;
    Action sync{"sync", "The provider's own list against what is stored",
                "  tollgate models sync openrouter", "POST", "/api/v1/llm/models/sync",
                Shape::object, "PROVIDER", an_id_or_slug, "provider_id"};
    sync.fields = {{"--enable", "enable", FieldType::boolean, "Whether new models are served"}};
    Action remove{"delete", "Deletes a model", "  tollgate models delete ID --yes", "DELETE",
                  "/api/v1/llm/models/{}", Shape::done, "MODEL", "An id"};
    remove.fields = {force};
    remove.question = "Delete model {}?";
    return {"models", "Models of the database's providers",
            "  tollgate models sync openrouter\n  tollgate models list --sort-by cost",
            {create, list, get, update, sync, remove}};
}

Noun routing_noun() {
    Action get{"get", "The interface's routing rules, with the power levels",
               "  tollgate routing-rules get", "GET", "/api/v1/llm/routing/rules",
               Shape::object};
    get.fields = {tenant_filter()};
    Action update{"update", "Changes the routing rules: only what is named",
                  "  tollgate routing-rules update --strategy cost --aliases fast=groq/llama",
                  "PATCH", "/api/v1/llm/routing/rules", Shape::object};
    update.fields = {tenant_filter(),
                     {"--strategy", "strategy", FieldType::word, "How candidates are ordered",
                      "cost|latency|balanced|custom"},
                     {"--fallback-providers", "fallback_providers", FieldType::names,
                      "Ids, slugs or types, comma separated; \"\" : none"},
                     {"--aliases", "model_aliases", FieldType::pairs, "As name=model"}};
    update.takes_object = true;
    return {"routing-rules", "How candidates are ordered where no rule of a file fits",
            "  tollgate routing-rules get", {get, update}};
}

Noun byok_noun() {
    Action set{"set", "A key of one's own for a provider, tried with a call of a few tokens",
               "  tollgate byok set me --provider openai --api-key-file key", "POST",
               "/api/v1/llm/users/{}/byok", Shape::object, "USER",
               "An id, an OIDC subject, or me"};
    set.fields = {{"--provider", "provider_type", FieldType::text, "openai, anthropic, ...", {},
                   false, true},
                  {"--api-key-file", "api_key", FieldType::secret_file,
                   "The key is what this file holds; - : standard input", {}, false, true},
                  {"--enabled", "enabled", FieldType::boolean, "Whether it is used"},
                  preferred,
                  most,
                  no_trial};
    Action list{"list", "A user's own keys, masked", "  tollgate byok list me", "GET",
                "/api/v1/llm/users/{}/byok", Shape::object, "USER",
                "An id, an OIDC subject, or me"};
    constexpr std::string_view whose_and_where = "The user's id, or me, a slash, the provider";
    Action update{"update", "Changes a key: only what is named; admins may switch one off",
                  "  tollgate byok update me/openai --api-key-file -\n"
                  "  tollgate byok update USER/openai --enabled false",
                  "PATCH", "/api/v1/llm/users/{}/byok/{}", Shape::object, "USER/PROVIDER",
                  whose_and_where};
    update.fields = {{"--api-key-file", "api_key", FieldType::secret_file,
                      "The key is what this file holds; - : standard input"},
                     {"--enabled", "enabled", FieldType::boolean, "Whether it is used"},
                     preferred,
                     most,
                     no_trial};
    Action remove{"delete", "Deletes a key", "  tollgate byok delete me/openai --yes", "DELETE",
                  "/api/v1/llm/users/{}/byok/{}", Shape::object, "USER/PROVIDER",
                  whose_and_where};
    remove.question = "Delete the provider key {}?";
    Action rotate = rotation();
    rotate.examples = "  tollgate byok rotate";
    return {"byok", "Provider keys that users bring", "  tollgate byok list me",
            {set, list, update, remove, rotate}};
}

Noun secrets_noun() {
    return {"secrets", "Encryption of stored credentials", "  tollgate secrets rotate",
            {rotation()}};
}

}  // namespace tollgate::commands
