// Google's developer API for Gemini, and every server of that shape. Stateless, thread-safe;
// borrows the dialects, which must outlive it.
#pragma once
#include <string>
#include <string_view>

#include "providers/provider.hpp"

namespace tollgate::providers {

struct Dialects;

class Gemini final : public Provider {
public:
    explicit Gemini(const Dialects& dialects) : dialects_(dialects) {}

    Description describe() const override;
    domain::Protocol protocol_for(const domain::Deployment& target,
                                  const dialect::Outline& outline,
                                  domain::Protocol client) const override;
    const dialect::ProviderDialect& dialect(domain::Protocol protocol) const override;
    // /models/MODEL:generateContent, or :streamGenerateContent?alt=sse; /v1beta before it where the
    // base URL ends in no version.
    std::string relay_path(const domain::Deployment& target, domain::Protocol protocol,
                           std::string_view client_query, bool stream) const override;
    std::optional<CountTokensCall> count_tokens(const domain::Deployment& target,
                                                domain::Protocol protocol,
                                                std::string_view client_query,
                                                std::string_view body) const override;
    // totalTokens; nothing where it is 0, which means that nothing was counted.
    std::optional<std::int64_t> read_token_count(std::string_view answer) const override;
    // The key in x-goog-api-key; an OAuth access token as a bearer.
    HeaderList headers(const domain::Deployment& target, domain::Protocol client_protocol,
                       const http::Headers& client) const override;
    ErrorVerdict classify_error(int status, const http::Headers& headers, std::string_view body,
                                domain::Protocol protocol) const override;

private:
    const Dialects& dialects_;
};

// --- what Google's two hosts share -----------------------------------------------------------
// A path segment (or several: '/' stays) with everything else percent-encoded.
std::string google_path(std::string_view name);
// True when the path of `base_url` ends in an API version: /v1, /v1beta.
bool ends_in_version(std::string_view base_url);
// The credential as Google wants it: API keys in x-goog-api-key, everything else as a bearer.
void add_google_credential(HeaderList& list, const domain::Deployment& target);
// Google's error read by `dialect` (Gemini's), with RetryInfo where no header says when to come
// back.
ErrorVerdict google_error(const dialect::ProviderDialect& dialect, int status,
                          const http::Headers& headers, std::string_view body);
std::optional<std::int64_t> google_token_count(std::string_view answer);

}  // namespace tollgate::providers
