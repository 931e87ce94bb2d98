// Answers that all instances share, in Redis: what one has kept for exact repeats, another repeats
// too. The cache of this process is always looked at first, and is all there is where Redis is
// gone. Loop threads.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "gateway/generation.hpp"
#include "gateway/response_cache.hpp"

namespace tollgate::gateway {

// How long a request waits for an answer that may be there: asking the provider costs more.
constexpr std::chrono::milliseconds answer_patience{50};
// A longer answer stays with the instance that has it.
constexpr std::size_t shared_answer_bytes_max = 8 * 1024 * 1024;

bool shares_answers(const Generation& generation);

// The answer of another instance, kept here too from now on; null: nobody has one.
// REQUIRES: shares_answers(); the key is a shared one.
net::Task<CachedAnswerPointer> shared_answer(Generation& generation, CacheKey key);

// Hands on what was kept here. Never waits. REQUIRES: shares_answers().
void share_answer(Generation& generation, const NotedAnswer& noted, const CachedAnswer& answer);

// An answer as it stands in Redis: a line of JSON that says what it is, then its bytes. `unix_ms`
// is the time at which its life ends.
std::string encode(const CachedAnswer& answer, std::int64_t unix_ms);
// nullopt: not one, or of a later version. `expires` is what is left of its life from `unix_ms`;
// one whose life is over is none.
std::optional<CachedAnswer> decode_answer(std::string_view text, std::int64_t unix_ms,
                                          std::chrono::steady_clock::time_point now);

}  // namespace tollgate::gateway
