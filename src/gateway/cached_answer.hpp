// Answers from the response cache, and answers on their way into it. Loop thread only.
#pragma once
#include "gateway/generation.hpp"

namespace tollgate::gateway {

// Whether the caller's tenant, or else the configuration, wants answers kept.
inline bool caches_answers(const Generation& generation) {
    return generation.policy().response_cache.value_or(generation.snapshot->cache.enabled);
}

// Answers from the cache, if it can: true. Else the answer that is about to come is noted for it,
// unless the client wants none kept. REQUIRES: caches_answers(), a plan, limits taken.
// Fails: invalid_request naming x-tollgate-cache.
net::Task<base::Result<bool>> serve_cached(Generation& generation);

// The whole answer, free of errors, has been noted and is paid for: it is kept. Before its last
// bytes leave, so that who asks again at once is answered from here. REQUIRES: generation.noted and
// concluded. Later calls do nothing.
void keep_answer(Generation& generation);

}  // namespace tollgate::gateway
