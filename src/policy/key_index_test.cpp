#include "policy/key_index.hpp"

#include <gtest/gtest.h>

#include "policy/key_format.hpp"

namespace tollgate::policy {
namespace {

std::shared_ptr<const InstallationKey> installation() {
    return std::make_shared<InstallationKey>(
        InstallationKey::of("an installation key of 40 characters....").value());
}

domain::Principal of(const std::string& tenant, const std::string& id) {
    domain::Principal principal{tenant, tenant + "/" + id, false, 0};
    principal.key_id = id;
    return principal;
}

TEST(KeyIndex, OneKeyForTwoOwnersIsAConfigurationError) {
    KeyIndex keys;
    EXPECT_TRUE(keys.add("k", {"a", "a/1", false, 0}).ok());
    EXPECT_TRUE(keys.add("k", {"a", "a/1", false, 0}).ok());
    auto twice = keys.add("k", {"b", "b/1", false, 0});
    ASSERT_FALSE(twice.ok());
    EXPECT_EQ(twice.error().message, "one key stands for a/1 and for b/1: give each its own");
    EXPECT_FALSE(keys.add("", {"b", "b/1", false, 0}).ok());
    EXPECT_EQ(keys.find("k")->tenant, "a");
    EXPECT_EQ(keys.size(), 1U);
}

TEST(KeyIndex, FindsByHmacAndBySha256) {
    const auto secret = installation();
    KeyIndex keys(secret);
    domain::Key made, imported;
    made.secret_hash = hash_of(*secret, "sk-made");
    imported.secret_hash = crypto::hex(crypto::sha256("sk-imported"));
    imported.hash_kind = "sha256";
    ASSERT_TRUE(keys.add_stored(made, of("acme", "1"), {}).ok());
    ASSERT_TRUE(keys.add_stored(imported, of("acme", "2"), {}).ok());
    ASSERT_TRUE(keys.add("sk-file", of("file", "3")).ok());
    EXPECT_EQ(keys.find("sk-made")->key_id, "1");
    EXPECT_EQ(keys.find("sk-imported")->key_id, "2");
    EXPECT_EQ(keys.find("sk-file")->key_id, "3");
    EXPECT_EQ(keys.find("sk-mad"), nullptr);
    EXPECT_EQ(keys.find(""), nullptr);
    // A stored hash is no key: whoever reads the database gets nowhere with it.
    EXPECT_EQ(keys.find(made.secret_hash), nullptr);
    EXPECT_EQ(keys.find(imported.secret_hash), nullptr);
}

TEST(KeyIndex, AKindOfHashDoesNotStandForTheOther) {
    const auto secret = installation();
    KeyIndex keys(secret);
    ASSERT_TRUE(keys.add_hmac(crypto::sha256("sk-stolen"), of("a", "1")).ok());
    ASSERT_TRUE(keys.add_digest(crypto::sha256("sk-other"), of("a", "2")).ok());
    EXPECT_EQ(keys.find("sk-stolen"), nullptr);
}

TEST(KeyIndex, PreviousSecretServesUntilItsGraceEnds) {
    const auto secret = installation();
    KeyIndex keys(secret);
    domain::Key key;
    key.secret_hash = hash_of(*secret, "sk-new");
    key.previous_hash = crypto::hex(crypto::sha256("sk-old"));  // it was an imported one
    key.previous_until = 1'000;
    ASSERT_TRUE(keys.add_stored(key, of("a", "1"), {}).ok());
    EXPECT_TRUE(keys.look_up("sk-old")->in_force(999));
    EXPECT_FALSE(keys.look_up("sk-old")->in_force(1'000));
    EXPECT_TRUE(keys.look_up("sk-new")->in_force(1'000));
    EXPECT_EQ(keys.look_up("sk-old")->principal, keys.look_up("sk-new")->principal);
}

TEST(KeyIndex, OnlyKeysInForceAreFound_TheOthersAreKnown) {
    KeyIndex keys;
    KeyTerms revoked, expired;
    revoked.state = KeyState::revoked;
    expired.expires = 1;
    ASSERT_TRUE(keys.add("r", of("a", "1"), revoked).ok());
    ASSERT_TRUE(keys.add("e", of("a", "2"), expired).ok());
    EXPECT_EQ(keys.find("r"), nullptr);
    EXPECT_EQ(keys.find("e"), nullptr);
    EXPECT_EQ(keys.look_up("r")->terms.state, KeyState::revoked);
    EXPECT_TRUE(keys.look_up("e")->in_force(0));
    EXPECT_FALSE(keys.look_up("e")->in_force(1));
}

TEST(KeyIndex, BadHashesNameTheKey) {
    KeyIndex keys;
    domain::Key key;
    key.name = "ci";
    key.secret_hash = "12";
    EXPECT_EQ(keys.add_stored(key, of("a", "1"), {}).error().message,
              "key ci: a key's hash must be 64 hexadecimal digits");
    key.hash_kind = "md5";
    EXPECT_EQ(keys.add_stored(key, of("a", "1"), {}).error().message,
              "key ci: hash_kind must be hmac or sha256, not 'md5'");
}

TEST(KeyIndex, AHundredThousandKeysAreEachFound) {
    const auto secret = installation();
    KeyIndex keys(secret);
    constexpr int count = 100'000;
    for (int i = 0; i < count; ++i) {
        ASSERT_TRUE(
            keys.add_hmac(secret->hmac("sk-" + std::to_string(i)), of("t", std::to_string(i)))
                .ok());
    }
    for (int i = 0; i < count; i += 97) {
        const auto* found = keys.find("sk-" + std::to_string(i));
        ASSERT_NE(found, nullptr);
        EXPECT_EQ(found->key_id, std::to_string(i));
    }
    EXPECT_EQ(keys.find("sk-100000"), nullptr);
}

}  // namespace
}  // namespace tollgate::policy
