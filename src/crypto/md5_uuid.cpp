#include "crypto/md5_uuid.hpp"

#include <openssl/evp.h>

#include <array>
#include <stdexcept>

namespace tollgate::crypto {

std::string md5_uuid(std::string_view name) {
    constexpr std::size_t md5_bytes = 16;
    static constexpr char digits[] = "0123456789abcdef";
    std::array<unsigned char, md5_bytes> digest{};
    unsigned int size = 0;
    if (EVP_Digest(name.data(), name.size(), digest.data(), &size, EVP_md5(), nullptr) != 1) {
        throw std::runtime_error("MD5 is not available");
    }
    std::string text;
    for (std::size_t i = 0; i < digest.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += digits[digest[i] >> 4];
        text += digits[digest[i] & 15];
    }
    return text;
}

}  // namespace tollgate::crypto
