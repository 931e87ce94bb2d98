// Conversations stay where they are on whatever instance their requests land: what this process
// does not know of a conversation it asks of the other instances, by way of Redis, and it tells
// them what it learns. The table of this process is always looked at first; without Redis, or
// while Redis is slow, it is all there is.
#pragma once
#include <string>
#include <string_view>

#include "gateway/generation.hpp"
#include "routing/affinity_table.hpp"

namespace tollgate::gateway {

// How long a request waits for what others know: a lost prompt cache costs more.
constexpr std::chrono::milliseconds conversation_patience{50};
// An assignment that stays as it is, is told again after so many seconds.
constexpr std::int64_t conversation_told_every = 5;

// Whether others may know where the conversation of a routed request is while this process does
// not.
bool may_be_known_elsewhere(const Generation& generation);
// Asks them, and routes the request again when they know. Fails: as route().
// REQUIRES: may_be_known_elsewhere().
net::Task<base::Result<void>> route_as_elsewhere(Generation& generation);

// What the others know of a tenant's conversation, waiting for it conversation_patience at most;
// nullopt: nothing that holds, or nobody can tell. Loop thread.
net::Task<std::optional<routing::Assignment>> known_elsewhere(Gateway& gateway, std::string tenant,
                                                              routing::SessionKey conversation);

// Tells the others of `next`, which is about to take the place of `before` (null: it is new), as
// far as there is something to tell. Never waits. Loop thread.
void share_conversation(Generation& generation, const routing::Assignment* before,
                        routing::Assignment& next);

// What another instance has told of conversations or answers that are here too. False: it is about
// something else. Any thread.
bool hear_news(Gateway& gateway, std::string_view text);
// The news that `what` is not as the others know it any more.
std::string news_of_conversation(const routing::SessionKey& conversation);
std::string news_of_answer(const CacheKey& key);

}  // namespace tollgate::gateway
