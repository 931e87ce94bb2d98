// Signatures of thoughts on their way through a client that takes them for base64.
#include <algorithm>

#include "base/base64.hpp"
#include "dialect/gemini_client.hpp"
#include "dialect/signatures.hpp"

namespace tollgate::dialect::gemini_client {
namespace {

// base64url as base64 has it (RFC 4648 section 4), but for the padding.
std::string standard(std::string text) {
    std::replace(text.begin(), text.end(), '-', '+');
    std::replace(text.begin(), text.end(), '_', '/');
    return text;
}

}  // namespace

std::string carried_signature(std::string_view signature) {
    if (!is_own_signature(signature)) return std::string(signature);
    return base::base64_encode(signature);
}

json::Escaped restored_signature(json::Value given, base::Arena& arena) {
    const std::string text = given.text();
    if (is_own_signature(text)) return given.escaped();
    std::string inside;
    const bool sound = base::base64_decode(text, inside, base::Base64::either);
    // One that unpacks needs no escaping.
    if (sound && unpack_signature(inside)) return {arena.store(inside)};
    // Python's SDK writes what it has decoded in the other alphabet.
    return {arena.store(standard(std::string(given.escaped().raw)))};
}

}  // namespace tollgate::dialect::gemini_client
