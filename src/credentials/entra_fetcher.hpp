// Tokens of Microsoft Entra ID for Azure's model services: an application with a secret or with a
// federated token (workload identity), or the machine's managed identity.
#pragma once
#include <string>

#include "credentials/fetcher.hpp"
#include "credentials/token_call.hpp"

namespace tollgate::credentials {

constexpr const char* entra_default_scope = "https://cognitiveservices.azure.com/.default";

struct EntraSettings {
    std::string token;  // a ready one; its end is not known
    std::string tenant_id, client_id, client_secret;
    std::string federated_token_file;
    std::string authority;  // "": https://login.microsoftonline.com
    std::string scope;      // "": entra_default_scope
    // App Service, Functions and Container Apps; else the instance metadata service.
    std::string identity_endpoint, identity_header;
    std::string instance_host;  // AZURE_POD_IDENTITY_AUTHORITY_HOST; "": http://169.254.169.254
    TlsContext tls;
};

// Uses the first that is there: token; tenant_id and client_id with client_secret, or with
// federated_token_file; the managed identity (client_id chooses among several).
class EntraFetcher final : public Fetcher {
public:
    explicit EntraFetcher(EntraSettings settings);
    net::Task<base::Result<domain::Credential>> fetch(const FetchContext& context) const override;
    std::string describe() const override;

private:
    enum class Way : std::uint8_t { ready, application, managed };
    Way way() const;
    net::Task<base::Result<domain::Credential>> of_application(const FetchContext& context) const;
    net::Task<base::Result<domain::Credential>> of_managed(const FetchContext& context) const;
    TokenCall managed_call() const;

    const EntraSettings settings_;
};

}  // namespace tollgate::credentials
