#include "providers/vertex.hpp"

#include <algorithm>
#include <array>

#include "base/json.hpp"
#include "providers/gemini.hpp"
#include "providers/header_list.hpp"
#include "providers/registry.hpp"
#include "providers/retry_after.hpp"

namespace tollgate::providers {
namespace {

using domain::Protocol;

// Model names may come with their publisher, as the console shows them.
std::string_view bare_name(std::string_view name) {
    for (std::string_view prefix : {"publishers/google/models/", "publishers/anthropic/models/",
                                    "google/", "anthropic/"}) {
        if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
    }
    return name;
}

std::string_view bare_name(const domain::Deployment& target) {
    return bare_name(target.model_name);
}

bool is_claude(const domain::Deployment& target) { return bare_name(target).starts_with("claude"); }

// A maker's name and a model's: served in OpenAI's protocol.
bool is_open_model(const domain::Deployment& target) {
    const std::string_view name = bare_name(target);
    return name.find('/') != name.npos && !name.starts_with("endpoints/");
}

bool is_number(std::string_view name) {
    return !name.empty() &&
           std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string place_path(const domain::Deployment& target) {
    std::string path = ends_in_version(target.base_url) ? "" : "/v1";
    const domain::CloudPlace& place = target.place;
    if (!place.project.empty()) {
        path += "/projects/" + google_path(place.project) + "/locations/" +
                google_path(place.region.empty() ? "global" : place.region);
    }
    return path;
}

std::string gemini_path(const domain::Deployment& target, std::string_view method) {
    const std::string_view name = bare_name(target);
    std::string path = place_path(target);
    if (is_number(name)) path += "/endpoints/";  // a tuned model, deployed
    else path += name.starts_with("endpoints/") ? "/" : "/publishers/google/models/";
    path += google_path(name);
    path += ':';
    path += method;
    return path;
}

std::string claude_path(const domain::Deployment& target, std::string_view model,
                        std::string_view method) {
    return place_path(target) + "/publishers/anthropic/models/" + google_path(model) + ":" +
           std::string(method);
}

// The row describes what Gemini and Claude take; open models are served by plainer servers.
class OpenModelDialect final : public dialect::ProviderDialect {
public:
    explicit OpenModelDialect(const dialect::ProviderDialect& chat) : chat_(chat) {}
    Protocol protocol() const override { return chat_.protocol(); }
    dialect::Framing framing() const override { return chat_.framing(); }
    base::Result<dialect::EncodedRequest> encode_request(
        const domain::Request& request, const domain::Deployment& target) const override {
        domain::Deployment open = target;
        domain::ProviderTraits& row = open.provider;
        row.protocol = Protocol::openai_chat;
        row.envelope = domain::Envelope::none;
        row.cache_control = row.files = row.audio = row.parallel_tool_calls = false;
        return chat_.encode_request(request, open);
    }
    std::unique_ptr<dialect::StreamDecoder> stream_decoder(
        const domain::Deployment& target,
        const dialect::Translation& translation) const override {
        return chat_.stream_decoder(target, translation);
    }
    base::Result<std::vector<domain::Event>> decode_answer(
        std::string_view body, const domain::Deployment& target,
        const dialect::Translation& translation, base::Arena& arena) const override {
        return chat_.decode_answer(body, target, translation, arena);
    }
    dialect::ProviderFailure decode_error(int status, std::string_view body) const override {
        return chat_.decode_error(status, body);
    }

private:
    const dialect::ProviderDialect& chat_;
};

// An error of the cloud itself: {"error":{"code":...,"status":"..."}}, alone or in a list.
bool is_googles_error(std::string_view body) {
    json::Document document;
    const auto parsed = document.parse(body);
    if (!parsed.ok()) return true;  // a page of some proxy, say: no envelope of the model's
    json::Value root = *parsed;
    for (json::Value each : root.elements()) {
        root = each;
        break;
    }
    return !root["type"].equals("error") && root["error"]["type"].kind() == json::Kind::absent;
}

// The top-level members of `body` of these names, with their commas, without braces.
template <std::size_t N>
std::string members_of(std::string_view body, const std::array<std::string_view, N>& names) {
    std::vector<json::TopField> fields;
    std::string members;
    if (!json::scan_top_level(body, fields).ok()) return members;
    for (const json::TopField& field : fields) {
        const bool wanted = std::any_of(names.begin(), names.end(), [&](std::string_view name) {
            return json::key_equals(field.key, name);
        });
        if (!wanted) continue;
        if (!members.empty()) members += ',';
        json::append_string(members, json::Escaped{field.key});
        members += ':';
        members += field.value;
    }
    return members;
}

base::Error missing(std::string_view setting, std::string_view variables) {
    std::string message = "vertex_ai needs ";
    message += setting;
    message += ": set it, or the variable ";
    message += variables;
    return base::invalid(std::move(message), std::string(setting));
}

}  // namespace

std::string vertex_host(std::string_view location) {
    if (location.empty() || location == "global") return "aiplatform.googleapis.com";
    if (location == "us" || location == "eu") {
        return "aiplatform." + std::string(location) + ".rep.googleapis.com";
    }
    return std::string(location) + "-aiplatform.googleapis.com";
}

Vertex::Vertex(const Dialects& dialects, const BetaFilter& betas)
    : dialects_(dialects),
      claude_(dialects, betas),
      others_(dialects),
      chat_(std::make_unique<OpenModelDialect>(*dialects.openai_chat)) {}

Vertex::~Vertex() = default;

Description Vertex::describe() const {
    return {"vertex_ai",
            "Google Vertex AI",
            {"vertex_project", "vertex_location", "vertex_credentials", "api_key", "api_base"}};
}

base::Result<std::string> Vertex::default_base_url(const domain::Deployment& target) const {
    const domain::CloudPlace& place = target.place;
    const bool place_in_key = target.api_key.starts_with("AIza") ||
                              target.api_key.starts_with("AQ.");
    if (place.project.empty() && !place_in_key) {
        return missing("vertex_project", "VERTEXAI_PROJECT");
    }
    if (place.region.empty() && !place_in_key) {
        return missing("vertex_location",
                       "VERTEXAI_LOCATION (global, us, eu, or a region such as us-east5)");
    }
    const bool plain = std::all_of(place.region.begin(), place.region.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
    if (!plain) {
        return base::invalid("vertex_location: \"" + place.region +
                                 "\" is no location: use global, us, eu, or a region such as "
                                 "us-east5",
                             "vertex_location");
    }
    return "https://" + vertex_host(place.region);
}

std::string Vertex::catalog_names(std::string_view model_name) const {
    const std::string_view bare = bare_name(model_name);
    std::string names(bare);
    if (const std::size_t at = bare.find('@'); at != bare.npos) {
        names.append(1, ' ').append(bare.substr(0, at));
    }
    return names;
}

Protocol Vertex::protocol_for(const domain::Deployment& target, const dialect::Outline&,
                              Protocol) const {
    if (is_claude(target)) return Protocol::anthropic;
    return is_open_model(target) ? Protocol::openai_chat : Protocol::gemini;
}

const dialect::ProviderDialect& Vertex::dialect(Protocol protocol) const {
    if (protocol == Protocol::anthropic) return *dialects_.anthropic;
    return protocol == Protocol::openai_chat ? *chat_ : *dialects_.gemini;
}

std::string Vertex::relay_path(const domain::Deployment& target, Protocol protocol,
                               std::string_view, bool stream) const {
    if (protocol == Protocol::anthropic) {
        return claude_path(target, bare_name(target), stream ? "streamRawPredict" : "rawPredict");
    }
    if (protocol == Protocol::openai_chat) {
        return place_path(target) + "/endpoints/openapi/chat/completions";
    }
    return gemini_path(target, stream ? "streamGenerateContent?alt=sse" : "generateContent");
}

base::Result<std::vector<dialect::Splice>> Vertex::body_splices(
    const domain::Deployment& target, Protocol protocol, std::string_view body,
    const dialect::Outline& outline, const http::Headers& client,
    dialect::Translation& translation) const {
    if (protocol != Protocol::anthropic) return std::vector<dialect::Splice>();
    return claude_.body_splices(target, protocol, body, outline, client, translation);
}

bool Vertex::splices_translated(const domain::Deployment&, Protocol protocol) const {
    return protocol == Protocol::anthropic;
}

std::optional<CountTokensCall> Vertex::count_tokens(const domain::Deployment& target,
                                                    Protocol protocol, std::string_view,
                                                    std::string_view body) const {
    if (protocol == Protocol::anthropic) {
        constexpr std::array<std::string_view, 8> counted = {
            "anthropic_version", "messages", "system", "tools", "tool_choice", "thinking",
            "cache_control", "anthropic_beta"};
        const std::string_view name = bare_name(target);
        CountTokensCall call{claude_path(target, "count-tokens", "rawPredict"), R"({"model":)"};
        json::append_string(call.body, name.substr(0, name.find('@')));
        const std::string members = members_of(body, counted);
        if (!members.empty()) call.body.append(1, ',').append(members);
        call.body += '}';
        return call;
    }
    if (protocol != Protocol::gemini) return std::nullopt;
    constexpr std::array<std::string_view, 4> counted = {"contents", "systemInstruction", "tools",
                                                         "generationConfig"};
    return CountTokensCall{gemini_path(target, "countTokens"),
                           "{" + members_of(body, counted) + "}"};
}

std::optional<std::int64_t> Vertex::read_token_count(std::string_view answer) const {
    const auto total = google_token_count(answer);
    return total ? total : Provider::read_token_count(answer);
}

HeaderList Vertex::headers(const domain::Deployment& target, Protocol client_protocol,
                           const http::Headers& client) const {
    HeaderList list = is_claude(target)
                          ? claude_.headers_without_key(target, client_protocol, client)
                          : others_.headers_without_key(target);
    add_google_credential(list, target);
    return list;
}

ErrorVerdict Vertex::classify_error(int status, const http::Headers& headers,
                                    std::string_view body, Protocol protocol) const {
    if (protocol == Protocol::gemini || is_googles_error(body)) {
        ErrorVerdict verdict = google_error(*dialects_.gemini, status, headers, body);
        verdict.foreign_body = protocol != Protocol::gemini;
        return verdict;
    }
    if (protocol == Protocol::anthropic) {
        return claude_.classify_error(status, headers, body, protocol);
    }
    return others_.classify_error(status, headers, body, protocol);
}

}  // namespace tollgate::providers
