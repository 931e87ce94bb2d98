// What a request says to the response cache: which answer it would repeat, and what its header
// asks for. Pure functions.
#pragma once
#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "domain/conversation.hpp"
#include "gateway/response_cache.hpp"

namespace tollgate::gateway {

struct CacheKeyInput {
    std::string_view tenant;
    domain::Protocol protocol = domain::Protocol::anthropic;  // the client's
    std::uint64_t snapshot = 0;        // a reload may change what a name means
    std::string_view configuration;    // the same, alike on all instances; of shared keys
    std::string_view name;             // after aliases
    std::string_view route, level;     // what else decides who answers
    std::string_view provider, betas;  // of the client's headers
    const std::vector<json::TopField>* fields = nullptr;  // of the body, which is valid JSON
};

// Equal for bodies whose top-level fields are the same but for their order, for white space, and
// for what says who asks rather than what is asked: metadata, user, session_id and their like.
// `seed`: secret and alike for one cache, so that nobody can make keys meet.
CacheKey cache_key(const CacheKeyInput& input, std::uint64_t seed);
// The same without a secret, so that it is alike on all instances: half of a SHA-256, which takes
// longer. `configuration` counts, `snapshot` does not.
CacheKey shared_cache_key(const CacheKeyInput& input);

// False for requests whose answer depends on what the provider remembers of earlier ones.
bool can_be_repeated(const std::vector<json::TopField>& fields);

// The header x-tollgate-cache.
struct CacheWishes {
    bool no_cache = false;  // the provider shall answer; what it says is kept
    bool no_store = false;  // the answer is not kept
    std::optional<std::chrono::seconds> ttl;
};
// Words separated by commas: `no-cache`, `no-store`, `ttl=SECONDS`. Fails: invalid_request naming
// the header, and the word that it does not know.
base::Result<CacheWishes> cache_wishes(std::string_view header);

}  // namespace tollgate::gateway
