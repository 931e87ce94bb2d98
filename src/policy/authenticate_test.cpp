#include "policy/authenticate.hpp"

#include <gtest/gtest.h>

#include "policy/key_format.hpp"

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
    for (const auto& [name, value] :
         std::vector<std::pair<std::string, std::string>>{{"Authorization", "Bearer sk-acme"},
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
    EXPECT_NE(message(none).find("x-goog-api-key"), std::string::npos);
    EXPECT_NE(message(wrong).find("api-key is unknown"), std::string::npos);
    EXPECT_NE(message(login).find("ANTHROPIC_AUTH_TOKEN"), std::string::npos);
}

TEST_F(Authenticate, WhatBecameOfAKeyIsTold) {
    const auto put = [this](const char* key, KeyState state, domain::UnixMicros expires,
                            domain::UnixMicros replaced_until) {
        domain::Principal principal{"acme", "acme/" + std::string(key), false, 0};
        ASSERT_TRUE(keys.add(key, principal, {state, expires, replaced_until}).ok());
    };
    put("revoked", KeyState::revoked, 0, 0);
    put("blocked", KeyState::blocked, 0, 0);
    put("tenant", KeyState::tenant_disabled, 0, 0);
    put("team", KeyState::team_disabled, 0, 0);
    put("user", KeyState::user_disabled, 0, 0);
    put("expired", KeyState::active, 1'000'000, 0);
    put("replaced", KeyState::active, 0, 2'000'000);
    const std::vector<std::pair<const char*, const char*>> expected = {
        {"revoked", "the key in x-api-key was revoked: "},
        {"blocked", "the key in x-api-key is blocked: "},
        {"tenant", "belongs to a tenant that is disabled"},
        {"team", "belongs to a team that is disabled"},
        {"user", "belongs to a user who is disabled"},
        {"expired", "expired at 1970-01-01T00:00:01"},
        {"replaced", "replaced by a rotation, and its time of grace ended at 1970-01-01T00:00:02"},
    };
    for (const auto& [key, words] : expected) {
        http::Headers headers;
        headers.add("x-api-key", key);
        EXPECT_NE(message(headers).find(words), std::string::npos) << message(headers);
        EXPECT_EQ(authenticate(keys, headers).error().code, base::ErrorCode::authentication);
    }
}

TEST_F(Authenticate, ATypoIsToldFromAnUnknownKey_AndNeitherIsRepeated) {
    const std::string key = make_key();
    std::string typo = key;
    typo[20] = typo[20] == 'a' ? 'b' : 'a';
    http::Headers mistyped, unknown;
    mistyped.add("x-api-key", typo);
    unknown.add("x-api-key", key);
    EXPECT_NE(message(mistyped).find("is mistyped"), std::string::npos);
    EXPECT_EQ(message(mistyped).find(typo), std::string::npos);
    EXPECT_NE(message(unknown).find("is unknown"), std::string::npos);
}

TEST_F(Authenticate, TwoUsersOfATenantAreTwoOwners_TwoKeysOfOneUserAreOne) {
    domain::Principal ann{"acme", "acme/ann-1", false, 1}, bob{"acme", "acme/bob", false, 1};
    ann.user = "ann";
    bob.user = "bob";
    ASSERT_TRUE(keys.add("ann-1", ann).ok());
    ASSERT_TRUE(keys.add("bob", bob).ok());
    ann.key_name = "acme/ann-2";
    ASSERT_TRUE(keys.add("ann-2", ann).ok());
    http::Headers two, one;
    two.add("authorization", "Bearer ann-1");
    two.add("x-api-key", "bob");
    one.add("authorization", "Bearer ann-1");
    one.add("x-api-key", "ann-2");
    EXPECT_NE(message(two).find("different owners"), std::string::npos);
    ASSERT_TRUE(authenticate(keys, one).ok());
    EXPECT_EQ((*authenticate(keys, one))->key_name, "acme/ann-1");
}

}  // namespace
}  // namespace tollgate::policy
