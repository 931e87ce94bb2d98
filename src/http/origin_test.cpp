#include <gtest/gtest.h>

#include "http/client.hpp"

namespace tollgate::http {
namespace {

TEST(Origin, BaseUrls_AreSplitOrRefused) {
    Origin plain = *parse_origin("https://api.example.com/v1//");
    EXPECT_TRUE(plain.tls);
    EXPECT_EQ(plain.host, "api.example.com");
    EXPECT_EQ(plain.port, 443);
    EXPECT_EQ(plain.authority, "api.example.com");
    EXPECT_EQ(plain.base_path, "/v1");
    EXPECT_EQ(plain.pool_key(), "https://api.example.com:443");
    Origin numeric = *parse_origin("HTTP://[::1]:8080");
    EXPECT_FALSE(numeric.tls);
    EXPECT_EQ(numeric.host, "::1");
    EXPECT_EQ(numeric.authority, "[::1]:8080");
    EXPECT_EQ(numeric.base_path, "");
    for (const char* url :
         {"", "api.example.com", "ftp://a", "http://", "http:///v1", "http://u:p@a", "http://a:0",
          "http://a:70000", "http://a:", "http://a:x", "http://a/v1?x=1", "http://a/#f",
          "http://a b", "http://a/b c", "http://[::1", "http://[::1]x", "http://a\r\nb"}) {
        auto refused = parse_origin(url);
        ASSERT_FALSE(refused.ok()) << url;
        EXPECT_EQ(refused.error().field, "base_url");
    }
}

}  // namespace
}  // namespace tollgate::http
