// Access tokens of Google Cloud: by a key file of any kind, or by the metadata server of the
// machine.
#pragma once
#include <string>

#include "credentials/google_key.hpp"

namespace tollgate::credentials {

struct GoogleSettings {
    GoogleKeyPlace key;       // empty: the metadata server
    std::string metadata;     // GCE_METADATA_HOST; "": metadata.google.internal
    TlsContext tls;
};

// "http://metadata.google.internal", or `host` where it is named.
std::string google_metadata_url(const std::string& host);

class GoogleFetcher final : public Fetcher {
public:
    explicit GoogleFetcher(GoogleSettings settings);
    net::Task<base::Result<domain::Credential>> fetch(const FetchContext& context) const override;
    std::string describe() const override;

private:
    using Token = net::Task<base::Result<domain::Credential>>;
    Token of_key(const FetchContext& context, const GoogleKey& key) const;
    Token of_service_account(const FetchContext& context, const GoogleKey& key) const;
    Token of_user(const FetchContext& context, const GoogleKey& key) const;
    Token of_external(const FetchContext& context, const GoogleKey& key) const;
    Token of_impersonated(const FetchContext& context, const GoogleKey& key) const;
    Token of_metadata(const FetchContext& context) const;
    net::Task<base::Result<std::string>> subject_token(const FetchContext& context,
                                                       const GoogleKey& key) const;
    // The service account's token, for whoever may stand in for it.
    Token impersonate(const FetchContext& context, const GoogleKey& key,
                      const std::string& bearer) const;
    TokenCall post_form(std::string what, const std::string& url, const Pairs& fields) const;

    const GoogleSettings settings_;
};

}  // namespace tollgate::credentials
