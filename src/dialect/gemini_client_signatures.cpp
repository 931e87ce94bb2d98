// Signatures of thoughts on their way through a client that takes them for base64.
#include <algorithm>

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
    std::string carried = standard(base64url_encode(signature));
    carried.append((4 - carried.size() % 4) % 4, '=');
    return carried;
}

json::Escaped restored_signature(json::Value given, base::Arena& arena) {
    std::string text = given.text();
    if (is_own_signature(text)) return given.escaped();
    while (text.ends_with('=')) text.pop_back();
    std::replace(text.begin(), text.end(), '+', '-');
    std::replace(text.begin(), text.end(), '/', '_');
    const auto inside = base64url_decode(text);
    // One that unpacks is sound, and needs no escaping.
    if (inside && unpack_signature(*inside)) return {arena.store(*inside)};
    // Python's SDK writes what it has decoded in the other alphabet.
    return {arena.store(standard(std::string(given.escaped().raw)))};
}

}  // namespace tollgate::dialect::gemini_client
