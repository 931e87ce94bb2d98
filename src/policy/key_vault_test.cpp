#include "policy/key_vault.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <thread>
#include <vector>

#include "base/temporary_folder_test.hpp"
#include "policy/own_keys.hpp"
#include "policy/secret_file.hpp"

namespace tollgate::policy {
namespace {

const CredentialOwner ann{"acme", "user-ann", "openai"};

class KeyVaultFile : public ::testing::Test {
protected:
    KeyVault opened() { return std::move(KeyVault::open(folder_, "")).value(); }
    std::string text() {
        std::ifstream in(folder_ + "/encryption_keys");
        return {std::istreambuf_iterator<char>(in), {}};
    }
    const base::TemporaryFolder made_;
    const std::string& folder_ = made_.path;
};

TEST_F(KeyVaultFile, IsMadeOnce_ForItsOwnerAlone) {
    const KeyVault vault = opened();
    EXPECT_TRUE(vault.made());
    struct stat status{};
    ASSERT_EQ(::stat((folder_ + "/encryption_keys").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
    EXPECT_EQ(text().size(), 45U);
    const KeyVault again = opened();
    EXPECT_FALSE(again.made());
    EXPECT_EQ(again.ids(), vault.ids());
    const auto sealed = vault.seal(ann, "sk-secret");
    EXPECT_EQ(again.open(ann, sealed.token).value(), "sk-secret");
}

TEST_F(KeyVaultFile, ANewKey_IsPutBeforeTheOthers) {
    KeyVault vault = opened();
    KeyVault other = opened();  // another instance with the same folder
    const auto old = vault.seal(ann, "sk-secret");
    ASSERT_TRUE(vault.add_key().ok());
    EXPECT_EQ(vault.ids().size(), 2U);
    EXPECT_NE(vault.newest_id(), old.key_id);
    const auto fresh = vault.rewrap(ann, old.token);
    ASSERT_TRUE(fresh.ok());
    EXPECT_EQ(fresh->key_id, vault.newest_id());
    EXPECT_EQ(vault.open(ann, old.token).value(), "sk-secret") << "the old key still opens";
    EXPECT_FALSE(other.open(ann, fresh->token).ok());
    ASSERT_TRUE(other.reload().ok());
    EXPECT_EQ(other.open(ann, fresh->token).value(), "sk-secret");
    EXPECT_EQ(opened().ids(), vault.ids());
}

TEST_F(KeyVaultFile, RotationsAtOnce_LoseNoKey) {
    constexpr int adders = 4, each = 6;  // a list holds 32
    (void)opened();
    std::vector<std::thread> threads;
    std::mutex guard;
    std::vector<KeyVault::Sealed> sealed;
    for (int i = 0; i < adders; ++i) {
        threads.emplace_back([&] {
            KeyVault vault = opened();
            for (int round = 0; round < each; ++round) {
                if (!vault.add_key().ok()) return;
                std::lock_guard lock(guard);
                sealed.push_back(vault.seal(ann, "sk-secret"));
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(sealed.size(), static_cast<std::size_t>(adders * each));
    const KeyVault after = opened();
    EXPECT_EQ(after.ids().size(), 1U + adders * each);
    for (const auto& one : sealed) EXPECT_TRUE(after.open(ann, one.token).ok());
}

TEST_F(KeyVaultFile, AFullList_SaysWhatToTakeOff) {
    KeyVault vault = opened();
    while (vault.ids().size() < crypto::fernet_keys_max) ASSERT_TRUE(vault.add_key().ok());
    const auto added = vault.add_key();
    ASSERT_FALSE(added.ok());
    EXPECT_NE(added.error().message.find("take its last lines"), std::string::npos);
    EXPECT_EQ(opened().ids(), vault.ids()) << "the file is as it was";
}

TEST_F(KeyVaultFile, AFileThatIsTooLong_IsRefusedNotCut) {
    std::ofstream(folder_ + "/encryption_keys") << std::string(secret_file_bytes_max + 1, 'a');
    const auto vault = KeyVault::open(folder_, "");
    ASSERT_FALSE(vault.ok());
    EXPECT_NE(vault.error().message.find("more than 65536 bytes"), std::string::npos)
        << vault.error().message;
}

TEST_F(KeyVaultFile, AFileThatIsNone_IsRefused) {
    std::ofstream(folder_ + "/encryption_keys") << "rubbish\n";
    const auto vault = KeyVault::open(folder_, "");
    ASSERT_FALSE(vault.ok());
    EXPECT_NE(vault.error().message.find("encryption_keys"), std::string::npos);
    EXPECT_EQ(vault.error().message.find("rubbish"), std::string::npos);
    EXPECT_EQ(KeyVault::open("/nowhere/at/all", "").error().code, base::ErrorCode::unavailable);
}

TEST_F(KeyVaultFile, AConfiguredList_StandsAboveIt) {
    const std::string list = crypto::FernetKey::make_text();
    auto vault = KeyVault::open(folder_, list);
    ASSERT_TRUE(vault.ok());
    EXPECT_EQ(vault->file(), "");
    EXPECT_FALSE(vault->add_key().ok());
    EXPECT_TRUE(vault->reload().ok());
    EXPECT_FALSE(std::filesystem::exists(folder_ + "/encryption_keys"));
    const auto wrong = KeyVault::open(folder_, "wrong-" + list);
    ASSERT_FALSE(wrong.ok());
    EXPECT_EQ(wrong.error().field, "BYOK_ENCRYPTION_KEY");
    EXPECT_EQ(wrong.error().message.find(list), std::string::npos);
}

TEST(KeyVault, ATokenInAnotherRow_OpensNothing) {
    const auto vault = KeyVault::of(crypto::FernetKey::make_text());
    const auto sealed = vault->seal(ann, "sk-secret");
    EXPECT_EQ(vault->open(ann, sealed.token).value(), "sk-secret");
    for (const CredentialOwner& other :
         {CredentialOwner{"acme", "user-bob", "openai"},
          CredentialOwner{"globex", "user-ann", "openai"},
          CredentialOwner{"acme", "user-ann", "anthropic"},
          CredentialOwner{"acme", "", "openai"}}) {
        const auto opened = vault->open(other, sealed.token);
        ASSERT_FALSE(opened.ok());
        EXPECT_EQ(opened.error().code, base::ErrorCode::permission);
        EXPECT_EQ(opened.error().message.find("sk-secret"), std::string::npos);
        EXPECT_FALSE(vault->rewrap(other, sealed.token).ok());
    }
}

TEST(KeyVault, ATokenOfAnotherSystem_IsRefused) {
    const std::string text = crypto::FernetKey::make_text();
    const auto vault = KeyVault::of(text);
    const auto keys = crypto::FernetKeys::of(text);
    EXPECT_FALSE(vault->open(ann, keys->encrypt("sk-secret")).ok());
    EXPECT_FALSE(vault->open(ann, keys->encrypt(R"({"secret":"sk-secret"})")).ok());
}

TEST(KeyVault, Masks_ShowNoMoreThanThePrefix) {
    EXPECT_EQ(masked_key("sk-abcdefghijklmnop"), "sk-...****");
    EXPECT_EQ(masked_key("gsk_abcdefghijklmnop"), "gsk...****");
    EXPECT_EQ(masked_key("short"), "...****");
    EXPECT_EQ(masked_key(""), "...****");
}

TEST(OwnKeys, OfOneUser_AreFoundByTypeAndOpened) {
    const auto vault =
        std::make_shared<const KeyVault>(std::move(KeyVault::of(crypto::FernetKey::make_text()))
                                             .value());
    OwnKey key;
    key.owner = ann;
    key.token = vault->seal(ann, "sk-secret").token;
    OwnKey copied = key;
    copied.owner = {"acme", "user-bob", "groq"};
    const OwnKeys keys(vault, {key, copied});
    ASSERT_NE(keys.find("openai"), nullptr);
    EXPECT_EQ(keys.find("anthropic"), nullptr);
    EXPECT_EQ(keys.open(*keys.find("openai")).value(), "sk-secret");
    EXPECT_EQ(keys.open(*keys.find("groq")).error().code, base::ErrorCode::permission);
}

}  // namespace
}  // namespace tollgate::policy
