// A provider's request made ready to send: the client's own bytes with a few spans replaced where
// both sides speak one protocol, a translation where they do not. Pure.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "dialect/cache_marks.hpp"
#include "dialect/dialect.hpp"
#include "gateway/continuation.hpp"
#include "gateway/generation.hpp"
#include "providers/provider.hpp"

namespace tollgate::gateway {

struct Prepared {
    domain::Protocol protocol = domain::Protocol::anthropic;
    bool verbatim = false;
    std::string target;                      // path and query
    providers::HeaderList headers;           // borrow the client's and the endpoint's
    std::vector<std::string_view> pieces;    // of the body; views into the client's body and below
    std::vector<dialect::Splice> splices;
    std::string body;                        // translated, but for what is lent
    std::vector<json::Lent> lent;            // texts of the client's body and shared ones
    dialect::Translation translation;

    // The request has been sent and will not be sent again.
    void release_body();
};

// Where marks for the prompt cache are added for this endpoint; nowhere when configuration or the
// client, who sets its own, wants none.
dialect::CacheMarkPlaces marks_of(const Generation& generation, const Endpoint& endpoint);

// Fills `prepared`, which must not move afterwards (its pieces point into it).
// `begun`: the answer that the client has the beginning of, null: none; never verbatim then.
// Fails: invalid_request when the target cannot carry the request.
base::Result<void> prepare(Generation& generation, const Endpoint& endpoint,
                           std::int64_t max_tokens_override, const Continuation* begun,
                           Prepared& prepared);

}  // namespace tollgate::gateway
