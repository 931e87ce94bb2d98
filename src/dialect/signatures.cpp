#include "dialect/signatures.hpp"

#include "base/base64.hpp"

namespace tollgate::dialect {

std::string pack_signature(std::string_view provider, std::string_view payload) {
    std::string inside(provider);
    inside += '\n';
    inside += payload;
    std::string out(signature_mark);
    out += base::base64url_encode(inside);
    return out;
}

std::optional<PackedSignature> unpack_signature(std::string_view signature) {
    if (!is_own_signature(signature)) return std::nullopt;
    signature.remove_prefix(signature_mark.size());
    std::string inside;
    if (!base::base64_decode(signature, inside, base::Base64::url)) return std::nullopt;
    const std::size_t end = inside.find('\n');
    if (end == std::string::npos) return std::nullopt;
    return PackedSignature{inside.substr(0, end), inside.substr(end + 1)};
}

}  // namespace tollgate::dialect
