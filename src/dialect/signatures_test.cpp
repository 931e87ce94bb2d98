#include "dialect/signatures.hpp"

#include <gtest/gtest.h>

#include "base/base64.hpp"

namespace tollgate::dialect {
namespace {

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
    EXPECT_FALSE(unpack_signature("tg1.b3BlbmFpCg+/")) << "the other alphabet";
    EXPECT_FALSE(unpack_signature("tg1." + base::base64url_encode("no separator")));
}

}  // namespace
}  // namespace tollgate::dialect
