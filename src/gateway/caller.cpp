#include "gateway/caller.hpp"

#include "policy/authenticate.hpp"

namespace tollgate::gateway {

base::Result<const domain::Principal*> authenticate_caller(const Snapshot& snapshot,
                                                           const http::Headers& headers) {
    return policy::authenticate(snapshot.keys, headers);
}

}  // namespace tollgate::gateway
