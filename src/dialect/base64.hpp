// base64 with padding (RFC 4648 section 4), as clouds wrap bytes in JSON. Pure functions.
#pragma once
#include <string>
#include <string_view>

namespace tollgate::dialect {

std::string base64_encode(std::string_view bytes);
// Appends the bytes to `out`. False when `text` is no base64 (padding may be missing); `out` then
// holds what came before.
bool base64_decode(std::string_view text, std::string& out);

}  // namespace tollgate::dialect
