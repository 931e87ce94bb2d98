#include "crypto/jwt_sign.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>

#include "base/base64.hpp"

namespace tollgate::crypto {
namespace {

template <auto release>
struct Releases {
    template <typename T>
    void operator()(T* object) const {
        release(object);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Releases<EVP_PKEY_free>>;
using Context = std::unique_ptr<EVP_MD_CTX, Releases<EVP_MD_CTX_free>>;
using Memory = std::unique_ptr<BIO, Releases<BIO_free_all>>;

// A key that wants a passphrase is refused: nobody is there to type one.
int no_passphrase(char*, int, int, void*) { return -1; }

base::Result<Key> read_key(std::string_view pem) {
    const Memory memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    Key key(PEM_read_bio_PrivateKey(memory.get(), nullptr, no_passphrase, nullptr));
    ERR_clear_error();
    if (key == nullptr) return base::invalid("the private key is no PEM without a passphrase");
    if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) {
        return base::invalid("the private key is no RSA key");
    }
    return key;
}

}  // namespace

base::Result<std::string> sign_jwt_rs256(std::string_view header, std::string_view claims,
                                         std::string_view private_key_pem) {
    TRY(const Key key, read_key(private_key_pem));
    std::string token = base::base64url_encode(header) + "." + base::base64url_encode(claims);
    const Context context(EVP_MD_CTX_new());
    const auto* bytes = reinterpret_cast<const unsigned char*>(token.data());
    std::size_t size = 0;
    bool good = EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1;
    good = good && EVP_DigestSign(context.get(), nullptr, &size, bytes, token.size()) == 1;
    std::string signature(size, '\0');
    auto* out = reinterpret_cast<unsigned char*>(signature.data());
    good = good && EVP_DigestSign(context.get(), out, &size, bytes, token.size()) == 1;
    ERR_clear_error();
    if (!good) return base::invalid("the private key cannot sign with RS256");
    signature.resize(size);
    return token + "." + base::base64url_encode(signature);
}

}  // namespace tollgate::crypto
