#include "providers/bedrock.hpp"

#include <algorithm>
#include <array>

#include "base/base64.hpp"
#include "crypto/sigv4.hpp"
#include "dialect/bedrock_failure.hpp"
#include "dialect/bedrock_model.hpp"
#include "providers/bedrock_signature.hpp"
#include "providers/header_list.hpp"
#include "providers/registry.hpp"
#include "providers/retry_after.hpp"

namespace tollgate::providers {
namespace {

using dialect::BedrockApi;
using dialect::BedrockFamily;
using domain::Protocol;

constexpr std::int64_t max_tokens_of_a_count = 4096;

std::string path_of(std::string_view model, std::string_view operation) {
    std::string path = "/model/" + crypto::percent_encode(model);
    path += '/';
    path += operation;
    return path;
}

std::string_view model_of(const domain::Deployment& target) {
    if (!target.place.model_id.empty()) return target.place.model_id;
    return dialect::bedrock_name(target.model_name).model;
}

const json::TopField* find_field(const std::vector<json::TopField>& fields,
                                 std::string_view name) {
    const auto found = std::ranges::find_if(
        fields, [&](const auto& field) { return json::key_equals(field.key, name); });
    return found == fields.end() ? nullptr : &*found;
}

// A body of InvokeModel is counted as it would be sent, and max_tokens is part of one.
std::string countable_invocation(const domain::Deployment& target, std::string_view body) {
    std::vector<json::TopField> fields;
    std::string whole(body);
    const auto scanned = json::scan_top_level(body, fields);
    if (scanned.ok() && find_field(fields, "max_tokens") == nullptr && !fields.empty()) {
        const std::int64_t most = target.model.output_tokens_max;
        whole.insert(whole.find('{') + 1,
                     "\"max_tokens\":" +
                         std::to_string(most > 0 ? most : max_tokens_of_a_count) + ",");
    }
    std::string wrapped;
    json::Writer writer(wrapped);
    writer.begin_object().key("input").begin_object().key("invokeModel").begin_object();
    writer.string("body", base::base64_encode(whole));
    writer.end_object().end_object().end_object();
    return wrapped;
}

// Of a body of Converse only what is counted is accepted.
std::string countable_conversation(std::string_view body) {
    constexpr std::array<std::string_view, 4> counted = {"messages", "system", "toolConfig",
                                                         "additionalModelRequestFields"};
    std::vector<json::TopField> fields;
    if (!json::scan_top_level(body, fields).ok()) return {};
    std::string wrapped;
    json::Writer writer(wrapped);
    writer.begin_object().key("input").begin_object().key("converse").begin_object();
    for (const std::string_view name : counted) {
        if (const json::TopField* field = find_field(fields, name)) writer.raw(name, field->value);
    }
    writer.end_object().end_object().end_object();
    return wrapped;
}

// Puts the betas among the model's own fields of a Converse body.
std::vector<dialect::Splice> converse_betas(std::string_view body, const dialect::Outline& outline,
                                            const std::vector<std::string>& betas) {
    std::vector<dialect::Splice> splices;
    if (betas.empty()) return splices;
    std::string list;
    json::Writer writer(list);
    writer.key("anthropic_beta").begin_array();
    for (const std::string& beta : betas) writer.string(beta);
    writer.end_array();
    const json::TopField* own = find_field(outline.fields, "additionalModelRequestFields");
    if (own == nullptr) {
        const std::size_t open = body.find('{');
        const std::string_view more = outline.fields.empty() ? "" : ",";
        splices.push_back({open, open + 1,
                           "{\"additionalModelRequestFields\":{" + list + "}" + std::string(more)});
        return splices;
    }
    std::vector<json::TopField> members;
    if (!json::scan_top_level(own->value, members).ok()) return splices;
    if (find_field(members, "anthropic_beta") != nullptr) return splices;  // configured
    if (!members.empty()) list += ',';
    splices.push_back({own->offset, own->offset + 1, "{" + list});
    return splices;
}

}  // namespace

Description Bedrock::describe() const {
    return {"bedrock",
            "Amazon Bedrock",
            {"aws_region_name", "aws_access_key_id", "aws_secret_access_key", "aws_session_token",
             "aws_profile_name", "aws_role_name", "aws_session_name", "aws_external_id",
             "aws_web_identity_token", "aws_sts_endpoint", "aws_bedrock_runtime_endpoint",
             "aws_use_fips_endpoint", "model_id", "api_key", "api_base"}};
}

base::Result<std::string> Bedrock::default_base_url(const domain::Deployment& target) const {
    TRY(const std::string region, aws_host_region("bedrock", target));
    std::string url = "https://bedrock-runtime";
    if (target.place.fips) url += "-fips";
    url += "." + region + ".amazonaws.com";
    if (region.starts_with("cn-")) url += ".cn";
    return url;
}

Protocol Bedrock::protocol_for(const domain::Deployment& target, const dialect::Outline&,
                               Protocol client) const {
    const bool claude = dialect::bedrock_family(target) == BedrockFamily::claude;
    const BedrockApi wanted = dialect::bedrock_name(target.model_name).api;
    if (!claude || wanted == BedrockApi::converse) return Protocol::bedrock_converse;
    const bool invoke = wanted == BedrockApi::invoke || client == Protocol::anthropic;
    return invoke ? Protocol::anthropic : Protocol::bedrock_converse;
}

const dialect::ProviderDialect& Bedrock::dialect(Protocol protocol) const {
    return protocol == Protocol::anthropic ? *dialects_.bedrock_invoke
                                           : *dialects_.bedrock_converse;
}

std::string Bedrock::relay_path(const domain::Deployment& target, Protocol protocol,
                                std::string_view, bool stream) const {
    const std::string_view model = model_of(target);
    if (protocol == Protocol::anthropic) {
        return path_of(model, stream ? "invoke-with-response-stream" : "invoke");
    }
    return path_of(model, stream ? "converse-stream" : "converse");
}

base::Result<std::vector<dialect::Splice>> Bedrock::body_splices(
    const domain::Deployment& target, Protocol protocol, std::string_view body,
    const dialect::Outline& outline, const http::Headers& client,
    dialect::Translation& translation) const {
    if (protocol == Protocol::anthropic) {
        return betas_.body_splices(target, body, outline, client, translation);
    }
    return converse_betas(body, outline, betas_.body_betas(target, client, {}, translation));
}

bool Bedrock::splices_translated(const domain::Deployment& target, Protocol) const {
    return dialect::bedrock_family(target) == BedrockFamily::claude;
}

std::optional<CountTokensCall> Bedrock::count_tokens(const domain::Deployment& target,
                                                     Protocol protocol, std::string_view,
                                                     std::string_view body) const {
    std::string_view model = dialect::bedrock_foundation_model(target.model_name);
    if (model.empty()) model = dialect::bedrock_foundation_model(target.place.model_id);
    if (model.empty()) return std::nullopt;
    std::string wrapped = protocol == Protocol::anthropic ? countable_invocation(target, body)
                                                          : countable_conversation(body);
    if (wrapped.empty()) return std::nullopt;
    return CountTokensCall{path_of(model, "count-tokens"), std::move(wrapped)};
}

std::optional<std::int64_t> Bedrock::read_token_count(std::string_view answer) const {
    json::Document document;
    const auto root = document.parse(answer);
    if (!root.ok()) return std::nullopt;
    return (*root)["inputTokens"].integer();
}

HeaderList Bedrock::headers(const domain::Deployment& target, Protocol,
                            const http::Headers&) const {
    HeaderList list = {{"content-type", "application/json"},
                       {"accept", "*/*"},
                       {"user-agent", gateway_user_agent}};
    add_configured(list, target);
    // Both stand in the body there.
    list.erase("anthropic-beta");
    list.erase("anthropic-version");
    add_credential(list, target);
    return list;
}

void Bedrock::authorize(const domain::Deployment& target, const domain::Credential& credential,
                        const SignableRequest& request, HeaderList& headers) const {
    sign_for_aws("bedrock", target, credential, request, headers);
}

ErrorVerdict Bedrock::classify_error(int status, const http::Headers& headers,
                                     std::string_view body, Protocol protocol) const {
    const dialect::BedrockProblem problem = dialect::read_bedrock_problem(body);
    const std::string_view stated = headers.get("x-amzn-errortype");
    ErrorVerdict verdict;
    verdict.failure = dialect::bedrock_failure(
        status, stated.empty() ? std::string_view(problem.type) : stated, problem.message);
    verdict.retry_after = retry_after(status, headers);
    verdict.foreign_body = protocol != Protocol::bedrock_converse;
    return verdict;
}

}  // namespace tollgate::providers
