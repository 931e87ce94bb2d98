#include "assembly/deployments.hpp"

#include "crypto/digest.hpp"
#include "routing/aliases.hpp"
#include "routing/allowed.hpp"

namespace tollgate::assembly {
namespace {

constexpr std::string_view built_later =
    " is not supported by this version (supported: GET /v1/models, data/providers.yaml)";

std::string without_slash(std::string url) {
    while (!url.empty() && url.back() == '/') url.pop_back();
    return url;
}

// Replaces ${NAME} in a row's URL; fails naming the first variable that is not set.
base::Result<std::string> expand(const std::string& url, const config::Environment& environment) {
    std::string out;
    std::size_t at = 0;
    while (at < url.size()) {
        const std::size_t open = url.find("${", at);
        if (open == std::string::npos) break;
        const std::size_t close = url.find('}', open);
        if (close == std::string::npos) break;
        const std::string name = url.substr(open + 2, close - open - 2);
        const auto value = environment.lookup(name);
        if (!value) {
            return base::Error{base::ErrorCode::permission,
                               "its URL needs the variable " + name + ", which is not set"};
        }
        out += url.substr(at, open - at) + *value;
        at = close + 1;
    }
    return out + url.substr(at);
}

void apply_info(const config::ModelEntry& entry, domain::ModelTraits& model) {
    const config::ModelInfo& info = entry.info;
    if (info.max_input_tokens) model.context_tokens = *info.max_input_tokens;
    if (info.max_output_tokens) model.output_tokens_max = *info.max_output_tokens;
    if (info.supports_vision) model.vision = *info.supports_vision;
    if (info.supports_function_calling) model.tools = *info.supports_function_calling;
    if (info.supports_pdf_input) model.pdf = *info.supports_pdf_input;
    if (info.supports_response_schema) model.json_schema = *info.supports_response_schema;
    const config::PriceOverrides& prices = entry.prices;
    if (prices.input) model.prices.input = *prices.input;
    if (prices.output) model.prices.output = *prices.output;
    if (prices.cache_read) model.prices.cache_read = *prices.cache_read;
    if (prices.cache_write) model.prices.cache_write_5m = *prices.cache_write;
    if (prices.cache_write_1h) model.prices.cache_write_1h = *prices.cache_write_1h;
    if (prices.reasoning) model.prices.reasoning = *prices.reasoning;
}

// OpenAI serves these families only through Responses, catalogued or not.
bool only_by_responses(const domain::ProviderTraits& row, std::string_view model) {
    if (!row.responses || row.type != "openai") return false;
    return routing::glob_match("codex-mini*", model) || routing::glob_match("o3-pro*", model) ||
           routing::glob_match("gpt-5*-codex*", model) || routing::glob_match("*-pro", model);
}

}  // namespace

EndpointMaker::EndpointMaker(const BuildInput& input)
    : accounts_(input.config.providers), routing_(input.config.routing), catalog_(input.catalog),
      environment_(input.environment), registry_(input.registry), shared_(&input.shared),
      metrics_(input.metrics) {
    const std::string& master = input.config.general_settings.master_key.value;
    // Identifiers of users are keyed, so that a provider cannot guess whom they stand for.
    identity_key_ = crypto::hex(
        crypto::hmac_sha256(master.empty() ? input.generated_master_key : master, "identity"));
}

const config::ProviderAccount* EndpointMaker::account(std::string_view name) const {
    for (const config::ProviderAccount& account : accounts_) {
        if (account.name == name) return &account;
    }
    return nullptr;
}

std::string EndpointMaker::credential(const domain::ProviderTraits& row,
                                      const config::ModelEntry& entry,
                                      const config::ProviderAccount* account) const {
    if (!entry.api_key.empty()) return entry.api_key.value;
    if (account != nullptr && !account->api_key.empty()) return account->api_key.value;
    // A credential of the environment belongs to the provider's own address, not to any other.
    if (!entry.api_base.empty() && row.credential_required) return {};
    for (const std::string& name : row.credential_env) {
        if (auto value = environment_.lookup(name)) return *value;
    }
    return {};
}

bool EndpointMaker::usable(const std::string& account_or_type) const {
    config::ModelEntry entry;
    return deployment(entry, account_or_type + "/x").ok();
}

base::Result<domain::Deployment> EndpointMaker::deployment(const config::ModelEntry& entry,
                                                           const std::string& model) const {
    const routing::ModelString parts = routing::split_model(model);
    std::string provider_name(parts.provider);
    std::string model_name(parts.model);
    if (!entry.custom_llm_provider.empty()) {
        // LiteLLM: the model string may or may not repeat the provider.
        if (provider_name != entry.custom_llm_provider) model_name = model;
        provider_name = entry.custom_llm_provider;
    }
    const domain::ModelTraits* known = nullptr;
    if (provider_name.empty()) {
        known = catalog_->model(model_name);
        if (known == nullptr) {
            return base::Error{base::ErrorCode::not_found,
                               "'" + model + "' names no provider and is not in the catalog: write "
                               "PROVIDER/MODEL, e.g. openai/" + model};
        }
        const routing::ModelString full = routing::split_model(known->id);
        provider_name = full.provider;
        model_name = full.model;
    }
    const config::ProviderAccount* account = this->account(provider_name);
    const std::string type = account != nullptr ? account->type : provider_name;
    const domain::ProviderTraits* row = catalog_->provider(type);
    if (row == nullptr) {
        return base::Error{base::ErrorCode::not_found,
                           "the provider '" + type + "'" + std::string(built_later)};
    }
    domain::Deployment made;
    made.provider = *row;
    made.model_name = model_name;
    const std::string& described =
        entry.info.base_model.empty() ? model_name : entry.info.base_model;
    if (known == nullptr) known = catalog_->model_at(row->type, described);
    if (known == nullptr) known = catalog_->model(described);
    if (known != nullptr) {
        made.model = *known;
        made.model.in_catalog = true;
        if (known->reasoning_control) made.provider.reasoning_control = *known->reasoning_control;
        if (!known->parallel_tool_calls) made.provider.parallel_tool_calls = false;
        if (!known->id.starts_with(row->type + "/")) {
            // Another provider's refusals are not this one's: it may serve tools or images itself.
            made.model.tools = made.model.vision = true;
        }
    }
    if (known == nullptr && only_by_responses(*row, model_name)) made.model.responses_only = true;
    apply_info(entry, made.model);
    made.api_key = credential(*row, entry, account);
    const bool own_address = entry.api_base.empty() && (account == nullptr || account->api_base.empty());
    if (made.api_key.empty() && row->credential_required && own_address && !row->echo) {
        std::string names;
        for (const std::string& name : row->credential_env) names += (names.empty() ? "" : " or ") + name;
        return base::Error{base::ErrorCode::permission,
                           row->type + " has no credential: set " +
                               (names.empty() ? std::string("api_key") : names)};
    }
    std::string url = entry.api_base;
    if (url.empty() && account != nullptr) url = account->api_base;
    for (const std::string& name : row->base_url_env) {
        if (!url.empty()) break;
        if (auto value = environment_.lookup(name)) url = *value;
    }
    if (url.empty()) url = row->base_url;
    TRY(url, expand(url, environment_));
    if (url.empty() && !row->echo) {
        return base::Error{base::ErrorCode::invalid_request, row->type + " needs api_base"};
    }
    made.base_url = without_slash(url);
    made.extra_headers = entry.extra_headers;
    if (account != nullptr) {
        for (const auto& header : account->headers) made.extra_headers.push_back(header);
    }
    made.extra_body = entry.extra_body;
    for (const auto& field : row->body) made.extra_body.push_back(field);
    made.default_body = entry.default_body;
    made.default_max_tokens = entry.max_tokens;
    made.output_tokens_cap = entry.max_output_tokens;
    made.num_ctx = entry.num_ctx;
    made.weight = entry.weight.value_or(1);
    made.order = entry.order;
    made.headers_timeout = entry.timeout;
    if (made.headers_timeout.count() == 0 && account != nullptr) {
        made.headers_timeout = account->timeout;
    }
    made.drop_unsupported = entry.drop_params.value_or(
        routing_.drop_params || (account != nullptr && account->drop_params));
    made.identity_key = identity_key_;
    return made;
}

base::Result<gateway::EndpointPointer> EndpointMaker::finish(domain::Deployment deployment,
                                                             bool verify_tls,
                                                             const std::string& ca_file) const {
    auto endpoint = std::make_shared<gateway::Endpoint>();
    endpoint->provider = &registry_->serving(deployment.provider);
    if (!deployment.provider.echo) {
        TRY(endpoint->origin, http::parse_origin(deployment.base_url));
        if (endpoint->origin.tls) {
            TRY(endpoint->origin.tls_context, shared_->tls(verify_tls, ca_file));
        }
    }
    const std::string key = deployment.base_url + " " + domain::target_name(deployment);
    endpoint->health = shared_->health(key);
    if (metrics_ != nullptr) {
        endpoint->metrics = metrics_->of(deployment.provider.type, deployment.model_name);
    }
    endpoint->deployment = std::move(deployment);
    return gateway::EndpointPointer(std::move(endpoint));
}

base::Result<gateway::EndpointPointer> EndpointMaker::of_entry(const config::ModelEntry& entry,
                                                               const std::string& model) const {
    TRY(domain::Deployment made, deployment(entry, model));
    made.group = entry.model_name;
    made.id = entry.info.id.empty() ? entry.model_name : entry.info.id;
    const config::ProviderAccount* account =
        this->account(routing::split_model(model).provider);
    return finish(std::move(made), account == nullptr || account->verify_tls,
                  account == nullptr ? std::string() : account->ca_file);
}

base::Result<gateway::EndpointPointer> EndpointMaker::of_name(const std::string& account_or_type,
                                                              const std::string& model) const {
    config::ModelEntry entry;
    entry.model_name = account_or_type + "/" + model;
    return of_entry(entry, entry.model_name);
}

}  // namespace tollgate::assembly
