// Text that both databases can hold: PostgreSQL refuses bytes that are not UTF-8, and a NUL ends
// its parameters. What comes from clients (user agents, model names) may have either, and a batch
// of usage must not be refused for it. Pure; any thread.
#pragma once
#include <string>
#include <string_view>

namespace tollgate::store {

// Valid UTF-8 (RFC 3629: no surrogates, no overlong forms) without NUL.
bool is_plain_text(std::string_view text);
// The same with U+FFFD in place of each byte that is not.
std::string plain_text(std::string_view text);

}  // namespace tollgate::store
