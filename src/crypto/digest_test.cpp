#include "crypto/digest.hpp"

#include <gtest/gtest.h>

namespace tollgate::crypto {
namespace {

// Vectors: FIPS 180-4 ("abc"), RFC 4231 case 2.
TEST(Digest, PublishedVectors) {
    EXPECT_EQ(hex(sha256("abc")),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Digest, PiecesHashAsTheirSum) {
    const std::string_view pieces[] = {"a", "", "bc"};
    EXPECT_EQ(sha256(pieces), sha256("abc"));
}

TEST(Digest, EqualityNeedsTheSameLengthAndBytes) {
    EXPECT_TRUE(equal_constant_time("abc", "abc"));
    EXPECT_FALSE(equal_constant_time("abc", "abd"));
    EXPECT_FALSE(equal_constant_time("abc", "abcd"));
}

TEST(Random, TextsHaveTheWantedLengthAndDiffer) {
    EXPECT_EQ(random_base62(43).size(), 43U);
    EXPECT_NE(random_base62(43), random_base62(43));
}

}  // namespace
}  // namespace tollgate::crypto
