#include "providers/azure_ai.hpp"

#include "providers/azure_openai.hpp"
#include "providers/header_list.hpp"
#include "providers/registry.hpp"

namespace tollgate::providers {
namespace {

using domain::Protocol;

constexpr std::string_view models_version = "2024-05-01-preview";

bool is_claude(const domain::Deployment& target) {
    return target.model_name.find("claude") != std::string::npos ||
           target.model.family.starts_with("claude") || !target.model.tier.empty();
}

// The row describes what the models of OpenAI's protocol take; Claude takes what it takes anywhere.
class ClaudeDialect final : public dialect::ProviderDialect {
public:
    explicit ClaudeDialect(const dialect::ProviderDialect& anthropic) : anthropic_(anthropic) {}
    Protocol protocol() const override { return anthropic_.protocol(); }
    dialect::Framing framing() const override { return anthropic_.framing(); }
    base::Result<dialect::EncodedRequest> encode_request(
        const domain::Request& request, const domain::Deployment& target) const override {
        domain::Deployment claude = target;
        domain::ProviderTraits& row = claude.provider;
        row.protocol = Protocol::anthropic;
        row.files = row.images = row.cache_control = row.top_k = row.tools = true;
        row.json_schema = row.tool_choice_named = true;
        row.tool_id_charset = "a-zA-Z0-9_-";
        row.tool_id_max = row.tool_name_max = 128;
        row.tool_id_exact = false;
        row.schema_drop.clear();
        return anthropic_.encode_request(request, claude);
    }
    std::unique_ptr<dialect::StreamDecoder> stream_decoder(
        const domain::Deployment& target,
        const dialect::Translation& translation) const override {
        return anthropic_.stream_decoder(target, translation);
    }
    base::Result<std::vector<domain::Event>> decode_answer(
        std::string_view body, const domain::Deployment& target,
        const dialect::Translation& translation, base::Arena& arena) const override {
        return anthropic_.decode_answer(body, target, translation, arena);
    }
    dialect::ProviderFailure decode_error(int status, std::string_view body) const override {
        return anthropic_.decode_error(status, body);
    }

private:
    const dialect::ProviderDialect& anthropic_;
};

// The host of one of the resources that hold several models, where the key has a header of its own.
bool is_resource(std::string_view base_url) {
    const auto at = base_url.find("://");
    if (at != std::string_view::npos) base_url.remove_prefix(at + 3);
    const std::string_view host = base_url.substr(0, base_url.find_first_of("/:"));
    for (const std::string_view end : {".services.ai.azure.com", ".openai.azure.com",
                                       ".cognitiveservices.azure.com"}) {
        if (host.ends_with(end)) return true;
    }
    return false;
}

std::string chat_path(const domain::Deployment& target) {
    constexpr std::string_view operation = "/chat/completions";
    const std::string_view base = target.base_url;
    const AzurePath form = azure_form(base, target.place.api_version);
    const std::string query =
        "?api-version=" + (form.version.empty() ? std::string(models_version) : form.version);
    if (form.form == AzurePath::Form::whole) return form.version.empty() ? "" : query;
    if (base.ends_with("/models")) return std::string(operation) + query;
    const std::string preview = form.version.empty() ? "" : query;
    if (base.ends_with("/v1")) return std::string(operation) + preview;
    if (form.form == AzurePath::Form::classic) return "/models" + std::string(operation) + query;
    if (is_resource(base)) return "/openai/v1" + std::string(operation) + preview;
    return "/v1" + std::string(operation);
}

}  // namespace

AzureAi::AzureAi(const Dialects& dialects, const BetaFilter& betas)
    : OpenAiCompatible(dialects),
      claude_(dialects, betas),
      claude_dialect_(std::make_unique<ClaudeDialect>(*dialects.anthropic)) {}

AzureAi::~AzureAi() = default;

Description AzureAi::describe() const {
    return {"azure_ai",
            "Azure AI Foundry",
            {"api_key", "api_base", "api_version", "azure_ad_token", "tenant_id", "client_id",
             "client_secret"}};
}

base::Result<std::string> AzureAi::default_base_url(const domain::Deployment&) const {
    return base::invalid(
        "azure_ai needs api_base, the resource's own URL "
        "(https://RESOURCE.services.ai.azure.com): set it, or the variable AZURE_AI_API_BASE",
        "api_base");
}

Protocol AzureAi::protocol_for(const domain::Deployment& target, const dialect::Outline& outline,
                               Protocol client) const {
    if (is_claude(target)) return Protocol::anthropic;
    return OpenAiCompatible::protocol_for(target, outline, client);
}

const dialect::ProviderDialect& AzureAi::dialect(Protocol protocol) const {
    return protocol == Protocol::anthropic ? *claude_dialect_
                                           : OpenAiCompatible::dialect(protocol);
}

std::string AzureAi::relay_path(const domain::Deployment& target, Protocol protocol,
                                std::string_view client_query, bool) const {
    if (protocol != Protocol::anthropic) return chat_path(target);
    const std::string_view base = target.base_url;
    std::string path = "/anthropic/v1/messages";
    if (base.ends_with("/anthropic")) path = "/v1/messages";
    else if (base.ends_with("/anthropic/v1")) path = "/messages";
    else if (base.ends_with("/messages")) path.clear();
    if (!client_query.empty()) path.append(1, '?').append(client_query);
    return path;
}

base::Result<std::vector<dialect::Splice>> AzureAi::body_splices(
    const domain::Deployment& target, Protocol protocol, std::string_view body,
    const dialect::Outline& outline, const http::Headers& client,
    dialect::Translation& translation) const {
    if (protocol != Protocol::anthropic) return std::vector<dialect::Splice>();
    return claude_.body_splices(target, protocol, body, outline, client, translation);
}

std::optional<CountTokensCall> AzureAi::count_tokens(const domain::Deployment& target,
                                                     Protocol protocol,
                                                     std::string_view client_query,
                                                     std::string_view) const {
    if (protocol != Protocol::anthropic) return std::nullopt;
    std::string path = relay_path(target, protocol, {}, false) + "/count_tokens";
    if (!client_query.empty()) path.append(1, '?').append(client_query);
    return CountTokensCall{std::move(path), {}};
}

HeaderList AzureAi::headers(const domain::Deployment& target, Protocol client_protocol,
                            const http::Headers& client) const {
    const bool claude = is_claude(target);
    HeaderList list = claude ? claude_.headers(target, client_protocol, client)
                             : OpenAiCompatible::headers(target, client_protocol, client);
    if (target.api_key.empty() || target.provider.auth != domain::AuthStyle::api_key) return list;
    if (!claude && is_resource(target.base_url)) return list;
    list.erase("api-key");
    if (claude) list.set("x-api-key", target.api_key);
    else list.set("authorization", list.keep("Bearer " + target.api_key));
    return list;
}

ErrorVerdict AzureAi::classify_error(int status, const http::Headers& headers,
                                     std::string_view body, Protocol protocol) const {
    if (protocol == Protocol::anthropic) {
        return claude_.classify_error(status, headers, body, protocol);
    }
    return OpenAiCompatible::classify_error(status, headers, body, protocol);
}

}  // namespace tollgate::providers
