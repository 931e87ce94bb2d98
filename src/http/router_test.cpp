#include "http/router.hpp"

#include <gtest/gtest.h>

namespace tollgate::http {
namespace {

net::Task<void> nothing(Exchange&) { co_return; }

std::string found(const Router& router, Method method, std::string_view path) {
    const auto match = router.find(method, path);
    return match.route == nullptr ? "" : match.route->pattern;
}

Router sample() {
    Router router;
    router.add(Method::post, "/v1/messages", nothing);
    router.add(Method::get, "/v1/models/*", nothing);
    router.add(Method::get, "/api/v1/keys", nothing);
    router.add(Method::get, "/api/v1/keys/{id}", nothing);
    router.add(Method::del, "/api/v1/keys/{id}", nothing);
    router.add(Method::post, "/api/v1/keys/{id}/rotate", nothing);
    router.add(Method::post, "/key/{key}/regenerate", nothing);
    router.add(Method::post, "/{any}/last", nothing);
    return router;
}

TEST(Router, ExactPathsAndRestsAreFoundAsBefore) {
    const Router router = sample();
    EXPECT_EQ(found(router, Method::post, "/v1/messages"), "/v1/messages");
    EXPECT_EQ(found(router, Method::post, "/v1/messages/"), "");
    EXPECT_EQ(found(router, Method::get, "/v1/models/a/b"), "/v1/models/*");
    EXPECT_EQ(found(router, Method::get, "/v1/models/"), "");
    EXPECT_EQ(found(router, Method::head, "/api/v1/keys"), "/api/v1/keys");
}

TEST(Router, ANamedSegmentMatchesOneSegmentThatIsNotEmpty) {
    const Router router = sample();
    EXPECT_EQ(found(router, Method::get, "/api/v1/keys/7"), "/api/v1/keys/{id}");
    EXPECT_EQ(found(router, Method::get, "/api/v1/keys/"), "");
    EXPECT_EQ(found(router, Method::get, "/api/v1/keys/7/8"), "");
    EXPECT_EQ(found(router, Method::get, "/api/v1/keys/7/"), "");
    EXPECT_EQ(found(router, Method::post, "/api/v1/keys/7/rotate"), "/api/v1/keys/{id}/rotate");
    EXPECT_EQ(found(router, Method::post, "/api/v1/keys//rotate"), "");
    EXPECT_EQ(found(router, Method::post, "/api/v1/keys/7/rotate/"), "");
    EXPECT_EQ(found(router, Method::post, "/key/sk-1/regenerate"), "/key/{key}/regenerate");
    EXPECT_EQ(found(router, Method::post, "/x/last"), "/{any}/last");
}

TEST(Router, AnotherMethodOfAKnownPathIsToldWithTheAllowedOnes) {
    const Router router = sample();
    const auto match = router.find(Method::put, "/api/v1/keys/7");
    EXPECT_EQ(match.route, nullptr);
    EXPECT_TRUE(match.path_known);
    EXPECT_EQ(match.allowed, "GET, DELETE");
    EXPECT_FALSE(router.find(Method::put, "/api/v1/nothing").path_known);
}

TEST(Router, PathValuesAreDecodedAndInOrder) {
    const auto values = path_values("/a/{x}/b/{y}", "/a/one%2Ftwo/b/%C3%A9");
    ASSERT_TRUE(values.has_value());
    ASSERT_EQ(values->size(), 2U);
    EXPECT_EQ((*values)[0], (std::pair<std::string, std::string>("x", "one/two")));
    EXPECT_EQ((*values)[1], (std::pair<std::string, std::string>("y", "\xC3\xA9")));
    EXPECT_FALSE(path_values("/a/{x}", "/b/1").has_value());
    EXPECT_TRUE(path_values("/a", "/a")->empty());
}

}  // namespace
}  // namespace tollgate::http
