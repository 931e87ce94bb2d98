#include "assembly/deployments.hpp"

#include <algorithm>
#include <functional>

#include "assembly/cloud.hpp"
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

// One server, whatever the path: what may see a credential may see it under every path of its own.
bool same_place(const std::string& a, const std::string& b) {
    if (a == b) return true;
    const auto one = http::parse_origin(a), other = http::parse_origin(b);
    return one.ok() && other.ok() && one->pool_key() == other->pool_key();
}

// Tells deployments of one model apart: by address and credential, of which nothing can be read.
std::string key_of(const domain::Deployment& deployment) {
    return domain::target_name(deployment) + "@" + deployment.base_url + " " +
           crypto::hex(crypto::sha256(deployment.api_key)).substr(0, 16);
}

// REQUIRES: a word that the configuration's reader lets through.
domain::HealthCheck health_check_of(std::string_view word) {
    if (word == "off") return domain::HealthCheck::off;
    if (word == "models") return domain::HealthCheck::models;
    if (word == "completion") return domain::HealthCheck::completion;
    return domain::HealthCheck::by_default;
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
    if (info.mode == "embedding") model.mode = domain::ModelMode::embedding;
    if (entry.chat() && !info.mode.empty()) model.mode = domain::ModelMode::chat;
    if (info.max_input_tokens) model.context_tokens = *info.max_input_tokens;
    if (info.max_output_tokens) model.output_tokens_max = *info.max_output_tokens;
    if (info.supports_vision) model.vision = *info.supports_vision;
    if (info.supports_function_calling) model.tools = *info.supports_function_calling;
    if (info.supports_pdf_input) model.pdf = *info.supports_pdf_input;
    if (info.supports_response_schema) model.json_schema = *info.supports_response_schema;
    if (info.quality_score) model.quality = *info.quality_score;
    if (info.avg_latency_ms) model.first_token_ms = static_cast<double>(*info.avg_latency_ms);
    entry.prices.apply(model.prices);
}

// What is said nearer to the model stands above what is said for its provider.
template <typename Fields, typename Equal>
void add_missing(const Fields& general, Fields& own, Equal equal) {
    for (const auto& field : general) {
        const bool there = std::any_of(own.begin(), own.end(), [&](const auto& other) {
            return equal(std::string_view(other.first), std::string_view(field.first));
        });
        if (!there) own.push_back(field);
    }
}

// OpenAI serves these families only through Responses, catalogued or not.
bool only_by_responses(const domain::ProviderTraits& row, std::string_view model) {
    if (!row.responses || row.type != "openai") return false;
    return routing::glob_match("codex-mini*", model) || routing::glob_match("o3-pro*", model) ||
           routing::glob_match("gpt-5*-codex*", model) || routing::glob_match("*-pro", model);
}

// Names become parts of paths at some providers, where these parts would lead to other resources
// than models: whoever holds a key of ours must not get there with the provider's.
base::Result<void> check_name(std::string_view model) {
    for (std::string_view rest = model; !rest.empty();) {
        const std::string_view part = rest.substr(0, rest.find('/'));
        if (part == "." || part == "..") {
            return base::invalid("model: '" + std::string(model) + "' has a part '" +
                                     std::string(part) + "', which no name of a model has",
                                 "model");
        }
        rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    }
    return {};
}

}  // namespace

EndpointMaker::EndpointMaker(const BuildInput& input)
    : accounts_(input.config.providers),
      routing_(input.config.routing),
      catalog_(input.catalog),
      environment_(input.environment),
      registry_(input.registry),
      shared_(&input.shared),
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

std::string EndpointMaker::own_url(const domain::ProviderTraits& row) const {
    for (const std::string& name : row.base_url_env) {
        if (auto value = environment_.lookup(name)) return *value;
    }
    return row.base_url;
}

std::string EndpointMaker::credential(const Located& at, const config::ModelEntry& entry) const {
    if (!entry.api_key.empty()) return entry.api_key.value;
    const std::string own = own_url(*at.row);
    const bool has_account_url = at.account != nullptr && !at.account->api_base.empty();
    const std::string& account_url = has_account_url ? at.account->api_base : own;
    const std::string& url = entry.api_base.empty() ? account_url : entry.api_base;
    // A credential belongs to the address that it was given for, not to any other.
    if (at.account != nullptr && !at.account->api_key.empty() && same_place(url, account_url)) {
        return at.account->api_key.value;
    }
    // A row without an address of its own (a customer's resource) has none to be given for.
    if (at.row->credential_required && !own.empty() && !same_place(url, own)) return {};
    for (const std::string& name : at.row->credential_env) {
        if (auto value = environment_.lookup(name)) return *value;
    }
    return {};
}

bool EndpointMaker::usable(const std::string& account_or_type) const {
    const config::ModelEntry entry;
    auto found = locate(entry, account_or_type + "/x");
    return found.ok() && deployment(*found, entry).ok();
}

base::Result<void> EndpointMaker::check(const config::ModelEntry& entry) const {
    TRY(const Located found, locate(entry, entry.model));
    auto made = deployment(found, entry);
    if (!made.ok()) return std::move(made).error();
    return {};
}

base::Result<EndpointMaker::Located> EndpointMaker::locate(const config::ModelEntry& entry,
                                                           const std::string& model) const {
    const routing::ModelString parts = routing::split_model(model);
    std::string provider_name(parts.provider);
    Located found;
    found.model_name = parts.model;
    if (!entry.custom_llm_provider.empty()) {
        // LiteLLM: the model string may or may not repeat the provider.
        if (provider_name != entry.custom_llm_provider) found.model_name = model;
        provider_name = entry.custom_llm_provider;
    }
    if (provider_name.empty()) {
        found.known = catalog_->model(found.model_name);
        if (found.known == nullptr) {
            return base::Error{base::ErrorCode::not_found,
                               "'" + model +
                                   "' names no provider and is not in the catalog: write "
                                   "PROVIDER/MODEL, e.g. openai/" +
                                   model};
        }
        const routing::ModelString full = routing::split_model(found.known->id);
        provider_name = full.provider;
        found.model_name = full.model;
    }
    TRY_VOID(check_name(found.model_name));
    found.account = account(provider_name);
    const std::string type = found.account != nullptr ? found.account->type : provider_name;
    found.row = catalog_->provider(type);
    if (found.row == nullptr) {
        return base::Error{base::ErrorCode::not_found,
                           "the provider '" + type + "'" + std::string(built_later)};
    }
    const std::string& described =
        entry.info.base_model.empty() ? found.model_name : entry.info.base_model;
    if (found.known == nullptr) found.known = catalog_->model_at(found.row->type, described);
    if (found.known == nullptr) found.known = known_otherwise(*found.row, described);
    if (found.known == nullptr) found.known = catalog_->model(described);
    return found;
}

// The row of a model whose name has a cloud's additions around it.
const domain::ModelTraits* EndpointMaker::known_otherwise(const domain::ProviderTraits& row,
                                                          std::string_view model) const {
    const std::string names = registry_->serving(row).catalog_names(model);
    for (std::string_view rest = names; !rest.empty();) {
        const std::string_view name = rest.substr(0, rest.find(' '));
        if (const auto* known = catalog_->model_at(row.type, name)) return known;
        rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    }
    return nullptr;
}

void EndpointMaker::describe(const Located& at, const config::ModelEntry& entry,
                             domain::Deployment& made) const {
    made.provider = *at.row;
    made.model_name = at.model_name;
    if (at.known != nullptr) {
        made.model = *at.known;
        made.model.in_catalog = true;
        if (at.known->reasoning_control) {
            made.provider.reasoning_control = *at.known->reasoning_control;
        }
        if (!at.known->parallel_tool_calls) made.provider.parallel_tool_calls = false;
        if (!at.known->id.starts_with(at.row->type + "/")) {
            // Another provider's refusals are not this one's: it may serve tools or images itself.
            made.model.tools = made.model.vision = true;
        }
    } else if (only_by_responses(*at.row, at.model_name)) {
        made.model.responses_only = true;
    }
    apply_info(entry, made.model);
    catalog_->figures.complete(made.provider.type, made.model_name, made.model);
}

base::Result<void> EndpointMaker::reach(const Located& at, const config::ModelEntry& entry,
                                        Made& result) const {
    const domain::ProviderTraits& row = *at.row;
    const config::ProviderAccount* account = at.account;
    domain::Deployment& made = result.deployment;
    const config::CloudSettings cloud =
        merged(entry.cloud, account != nullptr ? &account->cloud : nullptr);
    const std::string& version = entry.api_version.empty() && account != nullptr
                                     ? account->api_version
                                     : entry.api_version;
    made.place = place_of(row, cloud, version, environment_);
    made.api_key = credential(at, entry);
    const bool own_key =
        !entry.api_key.empty() || (account != nullptr && !account->api_key.empty());
    // What is configured for this very model stands above a key of the environment.
    if (!own_key && names_credential(row, cloud)) made.api_key.clear();
    const std::string own = own_url(row);
    std::string url = entry.api_base;
    if (url.empty()) url = cloud.aws_bedrock_runtime_endpoint;
    if (url.empty() && account != nullptr) url = account->api_base;
    if (url.empty()) url = own;
    if (made.api_key.empty() && row.credential != domain::CredentialKind::key) {
        const Asked asked = entry.model.empty() && account == nullptr ? Asked::by_name
                                                                      : Asked::by_configuration;
        complete_place(row, cloud, environment_, *shared_, {asked, waiting_}, made.place);
        TRY(result.credential,
            credential_source(row, cloud, made.place, environment_, *shared_, asked));
    }
    if (made.api_key.empty() && !result.credential && row.credential_required && !row.echo &&
        same_place(url, own)) {
        std::string names;
        for (const std::string& name : row.credential_env) {
            names += (names.empty() ? "" : " or ") + name;
        }
        return base::Error{base::ErrorCode::permission,
                           row.type + " has no credential: set " +
                               (names.empty() ? std::string("api_key") : names) +
                               other_ways(row.credential)};
    }
    if (url.empty()) {
        auto standard = registry_->serving(row).default_base_url(made);
        if (!standard.ok()) {
            // Somebody's keys in the environment do not make a shared configuration wrong.
            const bool meant = own_key || names_credential(row, cloud);
            if (!meant) standard.error().code = base::ErrorCode::permission;
            return std::move(standard).error();
        }
        url = std::move(standard).value();
    }
    TRY(url, expand(url, environment_));
    if (url.empty() && !row.echo) {
        return base::Error{base::ErrorCode::invalid_request, row.type + " needs api_base"};
    }
    made.base_url = without_slash(url);
    return {};
}

base::Result<EndpointMaker::Made> EndpointMaker::deployment(
    const Located& at, const config::ModelEntry& entry) const {
    const domain::ProviderTraits& row = *at.row;
    const config::ProviderAccount* account = at.account;
    Made result;
    domain::Deployment& made = result.deployment;
    describe(at, entry, made);
    TRY_VOID(reach(at, entry, result));
    made.extra_headers = entry.extra_headers;
    if (account != nullptr) add_missing(account->headers, made.extra_headers, http::iequals);
    made.extra_body = entry.extra_body;
    add_missing(row.body, made.extra_body, std::equal_to<std::string_view>());
    made.default_body = entry.default_body;
    made.default_max_tokens = entry.max_tokens;
    made.output_tokens_cap = entry.max_output_tokens;
    made.num_ctx = entry.num_ctx;
    if (at.account != nullptr) {
        made.account = at.account->name;
        made.priority = at.account->priority;
    }
    made.weight = entry.weight.value_or(1);
    made.requests_per_minute = entry.rpm;
    made.tokens_per_minute = entry.tpm;
    made.parallel_max = entry.max_parallel_requests;
    made.order = entry.order;
    made.headers_timeout = entry.timeout;
    if (made.headers_timeout.count() == 0 && account != nullptr) {
        made.headers_timeout = account->timeout;
    }
    made.drop_unsupported = entry.drop_params.value_or(
        routing_.drop_params || (account != nullptr && account->drop_params));
    made.identity_key = identity_key_;
    if (account != nullptr) made.tenant = account->tenant;
    if (account != nullptr) made.health_check = health_check_of(account->health_check);
    return result;
}

base::Result<gateway::EndpointPointer> EndpointMaker::finish(Made made, bool verify_tls,
                                                             const std::string& ca_file,
                                                             NameOrigin origin) const {
    auto endpoint = std::make_shared<gateway::Endpoint>();
    domain::Deployment& deployment = made.deployment;
    endpoint->credential = std::move(made.credential);
    endpoint->provider = &registry_->serving(deployment.provider);
    if (!deployment.provider.echo) {
        TRY(endpoint->origin, http::parse_origin(deployment.base_url));
        if (endpoint->origin.tls) {
            TRY(endpoint->origin.tls_context, shared_->tls(verify_tls, ca_file));
        }
    }
    // Names that a key holder makes up share one health entry per address and one series: neither
    // memory nor cardinality grows with imagination.
    const bool bounded = origin == NameOrigin::configured || deployment.model.in_catalog;
    endpoint->key = bounded ? key_of(deployment)
                            : deployment.provider.type + "@" + deployment.base_url;
    endpoint->health = shared_->health(endpoint->key);
    if (metrics_ != nullptr) {
        endpoint->metrics =
            metrics_->of(deployment.provider.type, bounded ? deployment.model_name
                                                           : std::string(base::metric_other));
    }
    endpoint->deployment = std::move(deployment);
    return gateway::EndpointPointer(std::move(endpoint));
}

base::Result<gateway::EndpointPointer> EndpointMaker::of_entry(const config::ModelEntry& entry,
                                                               const std::string& model) const {
    TRY(const Located found, locate(entry, model));
    TRY(Made made, deployment(found, entry));
    made.deployment.group = entry.model_name;
    made.deployment.id = entry.info.id.empty() ? entry.model_name : entry.info.id;
    const config::ProviderAccount* account = found.account;
    return finish(std::move(made), account == nullptr || account->verify_tls,
                  account == nullptr ? std::string() : account->ca_file,
                  model == entry.model ? NameOrigin::configured : NameOrigin::requested);
}

std::string EndpointMaker::identity(const config::ModelEntry& entry,
                                    const gateway::Endpoint& endpoint) const {
    // With the account's own address and credential it is what `account/model` by name reaches.
    if (!entry.api_base.empty() || !entry.api_key.empty()) return key_of(endpoint.deployment);
    auto found = locate(entry, entry.model);
    if (!found.ok()) return key_of(endpoint.deployment);
    const std::string& account =
        found->account != nullptr ? found->account->name : found->row->type;
    return account + "/" + found->model_name + "@";
}

base::Result<gateway::EndpointPointer> EndpointMaker::of_name(const std::string& account_or_type,
                                                              const std::string& model) const {
    config::ModelEntry entry;
    entry.model_name = account_or_type + "/" + model;
    return of_entry(entry, entry.model_name);
}

base::Result<gateway::EndpointPointer> EndpointMaker::for_own_key(const std::string& type,
                                                                  const std::string& model) const {
    config::ModelEntry entry;
    entry.model_name = type + "/" + model;
    // Stands for the key that comes with each request; never sent.
    entry.api_key.value = "the user's own key";
    TRY(const auto made, of_entry(entry, entry.model_name));
    auto endpoint = std::make_shared<gateway::Endpoint>(*made);
    endpoint->deployment.api_key.clear();
    endpoint->needs_own_key = true;
    return gateway::EndpointPointer(std::move(endpoint));
}

}  // namespace tollgate::assembly
