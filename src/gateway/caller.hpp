// Who is asking, for handlers outside the generation story.
#pragma once
#include "base/result.hpp"
#include "domain/principal.hpp"
#include "gateway/snapshot.hpp"
#include "http/message.hpp"

namespace tollgate::gateway {

// The result borrows `snapshot`. Fails: authentication.
base::Result<const domain::Principal*> authenticate_caller(const Snapshot& snapshot,
                                                           const http::Headers& headers);

}  // namespace tollgate::gateway
