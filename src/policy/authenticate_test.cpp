#include "policy/authenticate.hpp"

#include <gtest/gtest.h>

namespace tollgate::policy {
namespace {

class Authenticate : public ::testing::Test {
protected:
    Authenticate() {
        EXPECT_TRUE(keys.add("sk-master", {"", "master", true, 0}).ok());
        EXPECT_TRUE(keys.add("sk-acme", {"acme", "acme/1", false, 1}).ok());
    }
    std::string message(const http::Headers& headers) {
        auto result = authenticate(keys, headers);
        return result.ok() ? "" : result.error().message;
    }
    KeyIndex keys;
};

TEST_F(Authenticate, AnyOfTheThreeHeadersServes) {
    for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{
             {"Authorization", "Bearer sk-acme"},
             {"authorization", "bearer  sk-acme"},
             {"X-Api-Key", "sk-acme"},
             {"api-key", "sk-acme"}}) {
        http::Headers headers;
        headers.add(name, value);
        auto who = authenticate(keys, headers);
        ASSERT_TRUE(who.ok()) << name;
        EXPECT_EQ((*who)->tenant, "acme");
    }
}

TEST_F(Authenticate, AWrongKeyBesideAValidOneDoesNoHarm) {
    http::Headers headers;
    headers.add("Authorization", "Bearer placeholder");
    headers.add("x-api-key", "sk-master");
    auto who = authenticate(keys, headers);
    ASSERT_TRUE(who.ok());
    EXPECT_TRUE((*who)->platform_admin);
}

TEST_F(Authenticate, TwoOwnersAreRefusedNamingBothHeaders) {
    http::Headers headers;
    headers.add("Authorization", "Bearer sk-acme");
    headers.add("x-api-key", "sk-master");
    EXPECT_NE(message(headers).find("Authorization and x-api-key"), std::string::npos);
}

TEST_F(Authenticate, ErrorsSayWhatToDo) {
    http::Headers none, wrong, login;
    wrong.add("api-key", "sk-acm");
    login.add("Authorization", "Bearer sk-ant-oat01-made-up");
    EXPECT_NE(message(none).find("no key"), std::string::npos);
    EXPECT_NE(message(wrong).find("api-key is unknown"), std::string::npos);
    EXPECT_NE(message(login).find("ANTHROPIC_AUTH_TOKEN"), std::string::npos);
}

TEST(KeyIndex, OneKeyForTwoOwnersIsAConfigurationError) {
    KeyIndex keys;
    EXPECT_TRUE(keys.add("k", {"a", "a/1", false, 0}).ok());
    EXPECT_TRUE(keys.add("k", {"a", "a/1", false, 0}).ok());
    EXPECT_FALSE(keys.add("k", {"b", "b/1", false, 0}).ok());
    EXPECT_FALSE(keys.add("", {"b", "b/1", false, 0}).ok());
}

}  // namespace
}  // namespace tollgate::policy
