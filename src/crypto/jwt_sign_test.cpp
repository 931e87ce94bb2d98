#include "crypto/jwt_sign.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/base64.hpp"

namespace tollgate::crypto {
namespace {

using ::testing::HasSubstr;

std::string pem_of(EVP_PKEY* key) {
    BIO* memory = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(memory, key, nullptr, nullptr, 0, nullptr, nullptr);
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory, &data);
    std::string text(data, static_cast<std::size_t>(size));
    BIO_free_all(memory);
    return text;
}

std::string plain(std::string_view base64url_text) {
    std::string text(base64url_text);
    for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
    const std::size_t padding = (4 - text.size() % 4) % 4;
    text.append(padding, '=');
    std::string bytes(text.size(), '\0');
    const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
    bytes.resize(static_cast<std::size_t>(size) - padding);
    return bytes;
}

TEST(JwtSign, Signature_IsVerifiedByThePublicKey) {
    EVP_PKEY* key = EVP_RSA_gen(2048);
    const std::string header = R"({"alg":"RS256","typ":"JWT"})", claims = R"({"iss":"a@b"})";
    auto token = sign_jwt_rs256(header, claims, pem_of(key));
    ASSERT_TRUE(token.ok()) << token.error().message;
    const std::size_t last = token->rfind('.');
    const std::string input = token->substr(0, last);
    EXPECT_EQ(input, base::base64url_encode(header) + "." + base::base64url_encode(claims));
    const std::string signature = plain(std::string_view(*token).substr(last + 1));
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, key);
    EXPECT_EQ(EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(signature.data()),
                               signature.size(),
                               reinterpret_cast<const unsigned char*>(input.data()), input.size()),
              1);
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
}

TEST(JwtSign, KeyThatCannotBeUsed_IsRefused) {
    EXPECT_THAT(sign_jwt_rs256("{}", "{}", "no key").error().message, HasSubstr("no PEM"));
    EVP_PKEY* curve = EVP_EC_gen("P-256");
    EXPECT_THAT(sign_jwt_rs256("{}", "{}", pem_of(curve)).error().message,
                HasSubstr("no RSA key"));
    EVP_PKEY_free(curve);
}

}  // namespace
}  // namespace tollgate::crypto
