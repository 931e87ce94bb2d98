#include "providers/azure_openai.hpp"

#include "http/message.hpp"

namespace tollgate::providers {
namespace {

using domain::Protocol;

// The newest dated version that is no preview: for URLs of the classic form that come without one.
constexpr std::string_view classic_version = "2024-10-21";
// Responses exist in the classic form from here on; before, /openai/v1 has them all the same.
constexpr std::string_view responses_since = "2025-03-01";

bool is_date(std::string_view version) {
    return version.size() >= 10 && version[0] >= '0' && version[0] <= '9' && version[4] == '-';
}

bool names_deployment(std::string_view base_url) {
    return base_url.find("/deployments/") != std::string_view::npos;
}

bool ends_in_operation(std::string_view base_url) {
    return base_url.ends_with("/chat/completions");
}

std::string_view operation(Protocol protocol) {
    return protocol == Protocol::openai_responses ? "/responses" : "/chat/completions";
}

// A deployment's name as one segment of a path.
std::string segment(std::string_view name) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : name) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
        if (plain) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

}  // namespace

AzurePath azure_form(std::string_view base_url, std::string_view api_version) {
    AzurePath path;
    path.version = is_date(api_version) || api_version == "preview" ? api_version : "";
    if (names_deployment(base_url)) {
        path.form = ends_in_operation(base_url) ? AzurePath::Form::whole
                                                : AzurePath::Form::classic;
        if (!is_date(path.version)) path.version = classic_version;
    } else if (ends_in_operation(base_url)) {
        path.form = AzurePath::Form::whole;
    } else if (base_url.ends_with("/v1")) {
        if (is_date(path.version)) path.version.clear();
    } else if (is_date(api_version)) {
        path.form = AzurePath::Form::classic;
    }
    return path;
}

Description AzureOpenAi::describe() const {
    return {"azure",
            "Azure OpenAI",
            {"api_key", "api_base", "api_version", "azure_ad_token", "tenant_id", "client_id",
             "client_secret", "azure_scope"}};
}

base::Result<std::string> AzureOpenAi::default_base_url(const domain::Deployment&) const {
    return base::invalid(
        "azure needs api_base, the resource's own URL (https://RESOURCE.openai.azure.com): set it, "
        "or the variable AZURE_API_BASE or AZURE_OPENAI_ENDPOINT", "api_base");
}

Protocol AzureOpenAi::protocol_for(const domain::Deployment& target,
                                   const dialect::Outline& outline, Protocol client) const {
    if (names_deployment(target.base_url) || ends_in_operation(target.base_url)) {
        return Protocol::openai_chat;
    }
    return OpenAiCompatible::protocol_for(target, outline, client);
}

std::string AzureOpenAi::relay_path(const domain::Deployment& target, Protocol protocol,
                                    std::string_view, bool) const {
    AzurePath to = azure_form(target.base_url, target.place.api_version);
    const std::string_view base = target.base_url;
    const bool responses = protocol == Protocol::openai_responses;
    if (responses && to.form == AzurePath::Form::classic && to.version < responses_since) {
        to = {AzurePath::Form::v1, {}};
    }
    std::string path;
    if (to.form != AzurePath::Form::whole) {
        if (to.form == AzurePath::Form::v1 && !base.ends_with("/v1")) {
            path = base.ends_with("/openai") ? "/v1" : "/openai/v1";
        } else if (to.form == AzurePath::Form::classic && !names_deployment(base)) {
            if (!base.ends_with("/openai")) path = "/openai";
            if (!responses) path += "/deployments/" + segment(target.model_name);
        }
        path += operation(protocol);
    }
    if (!to.version.empty()) path += "?api-version=" + to.version;
    return path;
}

ErrorVerdict AzureOpenAi::classify_error(int status, const http::Headers& headers,
                                         std::string_view body, Protocol protocol) const {
    auto verdict = OpenAiCompatible::classify_error(status, headers, body, protocol);
    if (status == 404 && verdict.failure.type == "DeploymentNotFound") {
        verdict.failure.message +=
            " (what stands after azure/ is the deployment's name, not the model's: compare it and "
            "api_base with the deployments of the resource)";
    } else if (status == 404 && body.empty()) {
        verdict.failure.message =
            "nothing answers at this path: api_base must be the resource's URL "
            "(https://RESOURCE.openai.azure.com) and api_version one that exists";
    }
    return verdict;
}

}  // namespace tollgate::providers
