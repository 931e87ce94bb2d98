#include "gateway/authorize.hpp"

#include "base/clock.hpp"

namespace tollgate::gateway {

net::Task<base::Result<credentials::CredentialPointer>> authorize(http::Client& client,
                                                                  const Endpoint& endpoint,
                                                                  Prepared& prepared,
                                                                  net::CancelScope* scope) {
    if (!endpoint.credential) co_return credentials::CredentialPointer();
    auto credential = co_await endpoint.credential->get(client, scope);
    if (!credential.ok()) co_return credential;
    const providers::SignableRequest request{"POST", endpoint.origin.authority, prepared.target,
                                             prepared.pieces, base::unix_seconds()};
    endpoint.provider->authorize(endpoint.deployment, **credential, request, prepared.headers);
    co_return credential;
}

}  // namespace tollgate::gateway
