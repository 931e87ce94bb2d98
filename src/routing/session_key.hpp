// Which conversation a request belongs to, as a key that is the same on every instance. Pure.
#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tollgate::routing {

// 128 bits. It spreads; it keeps nothing secret and resists no forger: what is found by it must be
// checked against what the request may use.
struct SessionKey {
    std::uint64_t high = 0, low = 0;
    friend auto operator<=>(const SessionKey&, const SessionKey&) = default;
};
std::string to_string(const SessionKey& key);  // 32 hexadecimal digits
// nullopt: not what to_string() writes.
std::optional<SessionKey> parse_session_key(std::string_view digits);

struct SessionSource {
    std::string_view tenant;         // id; conversations of tenants never meet
    std::string_view model;          // the name after aliases: a session talks to several models,
                                     // and each has its own cached prefix
    std::string_view session_id;     // x-claude-code-session-id, "" : none
    std::string_view agent_id;       // x-claude-code-agent-id, "" : the main conversation
    std::string_view metadata_user;  // metadata.user_id, plain text
    std::string_view system_text, first_user_text;  // where there is no id; may be cut
};

// How much of each text tells conversations apart.
constexpr std::size_t session_text_bytes = 4096;

// The id in metadata.user_id: the member `session_id` of a JSON object, or what follows
// `_session_`; "" when there is none. Views borrow `storage` or the argument.
std::string_view session_of_metadata(std::string_view metadata_user, std::string& storage);

// nullopt: nothing tells this conversation from another one (no id and no text).
std::optional<SessionKey> session_key(const SessionSource& source);

}  // namespace tollgate::routing
