// Conversations stay where their prompt is cached: which conversation a request belongs to, and
// what an answer says of its cache. The table of assignments is the process's.
#pragma once
#include <optional>
#include <string_view>

#include "gateway/generation.hpp"
#include "routing/affinity_table.hpp"

namespace tollgate::gateway {

// By the client's session, else by what the conversation begins with; `name`: the model after
// aliases. nullopt: nothing tells it from another. REQUIRES: the body was parsed.
std::optional<routing::SessionKey> conversation_of(const Generation& generation,
                                                   std::string_view name);
// The same of a parsed body of which no headers are known.
std::optional<routing::SessionKey> conversation_of(json::Value root, std::string_view tenant,
                                                   std::string_view name);
// The first element of the list that holds the conversation, as it is spelled: it stays the same
// from turn to turn. "" : there is none.
std::string_view first_message_of(json::Value root);

// Whether the client asks to be handed the provider's own state, encrypted, to send it with the
// next turn: nobody else could read it there.
bool binds_conversation(const Generation& generation);

// After a good answer of `endpoint`: the conversation is there now, with that much cached.
void remember_conversation(Generation& generation, const Endpoint& endpoint);

}  // namespace tollgate::gateway
