// What a third party may learn about who asks: keyed hashes, stable per user and per session, never
// the client's own identifiers. Pure functions.
#pragma once
#include <string>
#include <string_view>

namespace tollgate::dialect {

// The part of a client's user id that stays the same from session to session: of Claude Code's two
// forms (a JSON object; user_X_account_Y_session_Z) the session is left out.
std::string stable_user(std::string_view user_id);
// 32 hexadecimal digits. `identity_key` is the tenant's (Deployment::identity_key).
std::string user_identifier(std::string_view identity_key, std::string_view user_id);
std::string session_identifier(std::string_view identity_key, std::string_view session_id);

}  // namespace tollgate::dialect
