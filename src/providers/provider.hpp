// A provider: how a deployment is addressed and how its refusals are read. Pure: it builds requests
// and classifies answers, it never sends anything (gateway::call_provider does).
// Providers are stateless, const and thread-safe; the registry owns them.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "dialect/dialect.hpp"
#include "domain/credential.hpp"
#include "domain/target.hpp"
#include "http/message.hpp"
#include "providers/header_list.hpp"

namespace tollgate::providers {

// What the administration's form for this provider asks for.
struct Description {
    std::string type;
    std::string display_name;
    std::vector<std::string> fields;  // api_key, api_base, num_ctx, ...
};

struct ErrorVerdict {
    dialect::ProviderFailure failure;
    std::chrono::milliseconds retry_after{-1};  // -1: not stated
    // The body is not in the shape of the protocol that was spoken (a cloud's own error before the
    // model's): no client of that protocol would understand it.
    bool foreign_body = false;
};

// A request that is about to be sent, for those who sign it.
struct SignableRequest {
    std::string_view method = "POST";
    std::string_view authority;  // as the Host header says it
    std::string_view target;     // path and query, as sent
    std::span<const std::string_view> body;
    std::int64_t unix_seconds = 0;
};

// How a provider is asked to count the tokens of a body.
struct CountTokensCall {
    std::string path;  // below the base URL
    std::string body;  // "": the body as it would be sent for generation
};

class Provider {
public:
    virtual ~Provider() = default;
    virtual Description describe() const = 0;
    // The base URL where configuration and the row name none; "" when there is no default. Fails:
    // invalid_request naming the setting that is missing (a region, a project).
    virtual base::Result<std::string> default_base_url(const domain::Deployment& target) const {
        return target.provider.base_url;
    }
    // Further names under which the catalog may describe a model, the nearest first, separated by
    // spaces: what clouds put around a maker's name (Bedrock's regions and versions).
    virtual std::string catalog_names(std::string_view model_name) const {
        (void)model_name;
        return {};
    }
    // The protocol this request takes at this deployment (OpenAI: Chat, or Responses where the
    // model wants it), given whether it has tools and reasoning and what its client speaks.
    virtual domain::Protocol protocol_for(const domain::Deployment& target,
                                          const dialect::Outline& outline,
                                          domain::Protocol client) const = 0;
    virtual const dialect::ProviderDialect& dialect(domain::Protocol protocol) const = 0;
    // The path below target.base_url for a body of `protocol`, relayed or translated, with the
    // query to send. `stream`: the client wants a stream.
    virtual std::string relay_path(const domain::Deployment& target, domain::Protocol protocol,
                                   std::string_view client_query, bool stream) const = 0;
    // Replacements in a body of `protocol` that this target wants besides its dialect's own: fields
    // that it refuses, betas that travel in the body. `body` is the client's own, relayed, or ours,
    // translated; `outline` is of it. Sorted, not overlapping.
    virtual base::Result<std::vector<dialect::Splice>> body_splices(
        const domain::Deployment& target, domain::Protocol protocol, std::string_view body,
        const dialect::Outline& outline, const http::Headers& client,
        dialect::Translation& translation) const {
        (void)target, (void)protocol, (void)body, (void)outline, (void)client, (void)translation;
        return std::vector<dialect::Splice>();
    }
    // True when body_splices() is to be asked for translated bodies too.
    virtual bool splices_translated(const domain::Deployment& target,
                                    domain::Protocol protocol) const {
        (void)target, (void)protocol;
        return false;
    }
    // How this target counts the tokens of `body`, which is of `protocol`; nullopt: it does not.
    virtual std::optional<CountTokensCall> count_tokens(const domain::Deployment& target,
                                                        domain::Protocol protocol,
                                                        std::string_view client_query,
                                                        std::string_view body) const {
        (void)target, (void)protocol, (void)client_query, (void)body;
        return std::nullopt;
    }
    // The count in the target's answer to that; nullopt when it holds none.
    virtual std::optional<std::int64_t> read_token_count(std::string_view answer) const;
    // Authorization and the provider's own headers. `client` are the client's headers, of which
    // only those that the protocol passes on are taken (Anthropic's open lists). The list borrows
    // both arguments.
    virtual HeaderList headers(const domain::Deployment& target, domain::Protocol client_protocol,
                               const http::Headers& client) const = 0;
    // Adds what proves `credential` to the finished headers: a bearer token, or a signature over
    // `request` and `headers`. Called only where the credential was obtained
    // (Endpoint::credential), once per attempt, last.
    virtual void authorize(const domain::Deployment& target, const domain::Credential& credential,
                           const SignableRequest& request, HeaderList& headers) const;
    virtual ErrorVerdict classify_error(int status, const http::Headers& headers,
                                        std::string_view body,
                                        domain::Protocol protocol) const = 0;
};

}  // namespace tollgate::providers
