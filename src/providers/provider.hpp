// A provider: how a deployment is addressed and how its refusals are read. Pure: it builds requests
// and classifies answers, it never sends anything (gateway::call_provider does).
// Providers are stateless, const and thread-safe; the registry owns them.
#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "dialect/dialect.hpp"
#include "domain/target.hpp"
#include "http/message.hpp"

namespace tollgate::providers {

// What the administration's form for this provider asks for.
struct Description {
    std::string type;
    std::string display_name;
    std::vector<std::string> fields;  // api_key, api_base, num_ctx, ...
};

// Headers of one provider call, in order; values are owned.
using HeaderList = std::vector<std::pair<std::string, std::string>>;

struct ErrorVerdict {
    dialect::ProviderFailure failure;
    std::chrono::milliseconds retry_after{-1};  // -1: not stated
};

class Provider {
public:
    virtual ~Provider() = default;
    virtual Description describe() const = 0;
    // The protocol this request takes at this deployment (OpenAI: Chat, or Responses where the
    // model wants it), given whether it has tools and reasoning.
    virtual domain::Protocol protocol_for(const domain::Deployment& target,
                                          const dialect::Outline& outline) const = 0;
    virtual const dialect::ProviderDialect& dialect(domain::Protocol protocol) const = 0;
    // The path below target.base_url for a body of `protocol`, relayed or translated, with the
    // query to send.
    virtual std::string relay_path(const domain::Deployment& target, domain::Protocol protocol,
                                   std::string_view client_query) const = 0;
    // Where the provider counts tokens of a body of its protocol; nullopt: it does not count.
    virtual std::optional<std::string> count_tokens_path(const domain::Deployment& target,
                                                         std::string_view client_query) const {
        (void)target, (void)client_query;
        return std::nullopt;
    }
    // Authorization and the provider's own headers. `client` are the client's headers, of which
    // only those that the protocol passes on are taken (Anthropic's open lists).
    virtual HeaderList headers(const domain::Deployment& target, domain::Protocol client_protocol,
                               const http::Headers& client) const = 0;
    virtual ErrorVerdict classify_error(int status, const http::Headers& headers,
                                        std::string_view body,
                                        domain::Protocol protocol) const = 0;
};

}  // namespace tollgate::providers
