#include <strings.h>

#include "base/log.hpp"
#include "gateway/router.hpp"

// Requests with the credential that their user brought.
namespace tollgate::gateway {
namespace {

// One request's: the credential is wiped with it.
struct OwnEndpoint final : Endpoint {
    explicit OwnEndpoint(const Endpoint& shared) : Endpoint(shared) {}
    OwnEndpoint(const OwnEndpoint&) = delete;
    OwnEndpoint& operator=(const OwnEndpoint&) = delete;
    ~OwnEndpoint() {
        ::explicit_bzero(deployment.api_key.data(), deployment.api_key.size());
    }
};

}  // namespace

// The same deployment with the user's credential; null: nobody can read that any more.
EndpointPointer Router::with_own_key(const EndpointPointer& endpoint,
                                     const policy::OwnKeys& keys) const {
    const policy::OwnKey* key = own_key_for(endpoint->deployment, &keys);
    if (key == nullptr) return nullptr;
    auto opened = keys.open(*key);
    if (!opened.ok()) {
        base::log().warn("own_key_unreadable", {{"key", key->id},
                                                {"provider", key->owner.provider},
                                                {"problem", opened.error().message}});
        return nullptr;
    }
    auto own = std::make_shared<OwnEndpoint>(*endpoint);
    own->deployment.api_key = std::move(opened).value();
    own->credential = nullptr;
    own->own_key = key->id;
    return own;
}

base::Result<void> Router::own_keys_only() const {
    return base::Error{base::ErrorCode::permission,
                       "your own provider key cannot be read any more: set it again at PUT "
                       "/api/v1/llm/users/me/byok/PROVIDER",
                       "model"};
}

}  // namespace tollgate::gateway
