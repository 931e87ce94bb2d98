#include "crypto/md5_uuid.hpp"

#include <gtest/gtest.h>

namespace tollgate::crypto {
namespace {

// MD5 of nothing and of "abc" stand in RFC 1321, section A.5.
TEST(Md5Uuid, IsTheDigestInTheFormOfAUuid) {
    EXPECT_EQ(md5_uuid(""), "d41d8cd9-8f00-b204-e980-0998ecf8427e");
    EXPECT_EQ(md5_uuid("abc"), "90015098-3cd2-4fb0-d696-3f7d28e17f72");
}

}  // namespace
}  // namespace tollgate::crypto
