// base64 (RFC 4648 section 4) and base64url (section 5). Pure functions, any thread.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace tollgate::base {

enum class Base64 : std::uint8_t { standard, url, either };
enum class Base64Padding : std::uint8_t { none, filled };

std::string base64_encode(std::string_view bytes);  // with padding
void append_base64(std::string& out, std::string_view bytes);
std::string base64url_encode(std::string_view bytes, Base64Padding padding = Base64Padding::none);

// Appends the bytes to `out`. False when `text` is no base64 of that alphabet (padding may be
// missing); `out` then holds what the groups of four before that place say.
bool base64_decode(std::string_view text, std::string& out, Base64 alphabet = Base64::standard);

// The same of base64url in its only spelling: padded as said, and no bit set that stands for
// nothing. No two texts are the same bytes then.
bool base64url_decode_exact(std::string_view text, Base64Padding padding, std::string& out);

}  // namespace tollgate::base
