#include "dialect/signatures.hpp"

#include <gtest/gtest.h>

namespace tollgate::dialect {
namespace {

TEST(Base64Url, PublishedVectors_MatchRfc4648) {
    EXPECT_EQ(base64url_encode(""), "");
    EXPECT_EQ(base64url_encode("f"), "Zg");
    EXPECT_EQ(base64url_encode("fo"), "Zm8");
    EXPECT_EQ(base64url_encode("foobar"), "Zm9vYmFy");
    EXPECT_EQ(base64url_encode("\xfb\xff"), "-_8");
    EXPECT_EQ(base64url_decode("-_8"), "\xfb\xff");
    EXPECT_EQ(base64url_decode("Zm9vYg"), "foob");
    EXPECT_FALSE(base64url_decode("Zm9v+"));
    EXPECT_FALSE(base64url_decode("Z"));
}

TEST(Signature, PackedAndUnpacked_IsTheSame) {
    std::string payload("\0id\n{\"a\":1}\xff", 12);
    std::string packed = pack_signature("openai", payload);
    EXPECT_TRUE(is_own_signature(packed));
    auto unpacked = unpack_signature(packed);
    ASSERT_TRUE(unpacked);
    EXPECT_EQ(unpacked->provider, "openai");
    EXPECT_EQ(unpacked->payload, payload);
}

TEST(Signature, GenuineOrDamaged_IsNotOurs) {
    EXPECT_FALSE(is_own_signature("EqQBCgIYAhIM"));
    EXPECT_FALSE(unpack_signature("EqQBCgIYAhIM"));
    EXPECT_FALSE(unpack_signature("tg1.???"));
    EXPECT_FALSE(unpack_signature("tg1." + base64url_encode("no separator")));
}

}  // namespace
}  // namespace tollgate::dialect
