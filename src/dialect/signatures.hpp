// Signatures of thinking blocks that we make for other providers' reasoning: `tg1.` followed by
// base64url of the provider's type and an opaque payload of its own. A client carries them from
// turn to turn like a genuine one; before an Anthropic target such blocks are removed.
// Pure functions. A signature needs no JSON escaping.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"

namespace tollgate::dialect {

constexpr std::string_view signature_mark = "tg1.";

struct PackedSignature {
    std::string provider;  // its type: "deepseek", "openai"
    std::string payload;   // bytes of that provider's choice, may be empty
};

// REQUIRES: `provider` holds no line feed.
std::string pack_signature(std::string_view provider, std::string_view payload);
// Nothing for a signature that is not ours, or ours but damaged.
std::optional<PackedSignature> unpack_signature(std::string_view signature);
inline bool is_own_signature(std::string_view signature) {
    return signature.starts_with(signature_mark);
}
inline bool is_own_signature(json::Escaped signature) { return is_own_signature(signature.raw); }

}  // namespace tollgate::dialect
