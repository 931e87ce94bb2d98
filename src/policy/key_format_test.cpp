#include "policy/key_format.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

namespace tollgate::policy {
namespace {

constexpr const char* installation_text = "an installation key of 40 characters....";

TEST(KeyFormat, WhatIsMadeIsOurs_AndNoTwoAreAlike) {
    std::set<std::string> made;
    for (int i = 0; i < 200; ++i) {
        const std::string key = make_key();
        EXPECT_EQ(key.size(), 55U);
        EXPECT_TRUE(key.starts_with("sk-tg-"));
        EXPECT_EQ(form_of(key), KeyForm::ours) << key;
        made.insert(key);
    }
    EXPECT_EQ(made.size(), 200U);
}

TEST(KeyFormat, ChecksumIsCrc32InBase62) {
    // The check value of CRC-32, 0xCBF43926, as six digits.
    EXPECT_EQ(key_checksum("123456789"), "3jZRME");
}

TEST(KeyFormat, EveryOneCharacterTypoAndSwapIsSeen) {
    const std::string key = make_key();
    for (std::size_t i = key_start.size(); i < key.size(); ++i) {
        std::string typo = key;
        typo[i] = typo[i] == 'x' ? 'y' : 'x';
        EXPECT_EQ(form_of(typo), KeyForm::mistyped) << i;
        if (i + 1 < key.size() && key[i] != key[i + 1]) {
            std::string swapped = key;
            std::swap(swapped[i], swapped[i + 1]);
            EXPECT_EQ(form_of(swapped), KeyForm::mistyped) << i;
        }
    }
    EXPECT_EQ(form_of(key.substr(0, key.size() - 1)), KeyForm::mistyped);
    EXPECT_EQ(form_of(key + "x"), KeyForm::mistyped);
    EXPECT_EQ(form_of("sk-eng-key"), KeyForm::other);
}

TEST(KeyFormat, DisplayTellsKeysApartWithoutTellingThem) {
    const std::string key = make_key();
    EXPECT_EQ(display_of(key).prefix, key.substr(0, 10));
    EXPECT_EQ(display_of(key).last_four, key.substr(51));
    EXPECT_EQ(masked(display_of("sk-1234567890")), "sk-...7890");
    EXPECT_EQ(masked(display_of("sk-eng-key")), "sk-...ey");
    EXPECT_EQ(masked(display_of("sk-1")), "sk-...");
    EXPECT_EQ(masked(display_of("mistyped-but-long")), "...long");
}

TEST(KeyFormat, ShortAndMonotonousKeysAreCalledWeak) {
    EXPECT_EQ(weakness_of(make_key()), "");
    EXPECT_EQ(weakness_of("sk-litellm-9f8e7d6c5b4a"), "");
    EXPECT_NE(weakness_of("sk-1234567890").find("only 13 characters"), std::string::npos);
    EXPECT_NE(weakness_of("aaaaaaaaaaaaaaaaaaaaaaaaaaaa").find("different"), std::string::npos);
}

TEST(InstallationKey, HmacIsRfc2104s) {
    for (const std::string& text :
         {std::string(installation_text), std::string(64, 'k'), std::string(100, 'k')}) {
        auto key = InstallationKey::of(text);
        ASSERT_TRUE(key.ok());
        for (const char* secret : {"", "sk-tg-x",
                                   "a much longer secret that fills over one block "
                                   "of the hash function, 64 bytes"}) {
            EXPECT_EQ(key->hmac(secret), crypto::hmac_sha256(text, secret));
        }
    }
    EXPECT_EQ(hash_of(*InstallationKey::of(installation_text), "k"),
              crypto::hex(crypto::hmac_sha256(installation_text, "k")));
}

TEST(InstallationKey, ShortOnesAreRefusedWithoutBeingTold) {
    auto key = InstallationKey::of("too-short-secret");
    ASSERT_FALSE(key.ok());
    EXPECT_NE(key.error().message.find("at least 32 characters"), std::string::npos);
    EXPECT_EQ(key.error().message.find("too-short"), std::string::npos);
}

class InstallationKeyFile : public ::testing::Test {
protected:
    InstallationKeyFile() {
        std::string pattern = (std::filesystem::temp_directory_path() / "keyXXXXXX").string();
        directory = ::mkdtemp(pattern.data());
    }
    ~InstallationKeyFile() override { std::filesystem::remove_all(directory); }
    std::string path() const { return directory + "/installation_key"; }
    std::string directory;
};

TEST_F(InstallationKeyFile, IsMadeOnce_Mode0600_AndReadThereafter) {
    auto first = InstallationKey::open(directory, "");
    ASSERT_TRUE(first.ok()) << first.error().message;
    struct stat status{};
    ASSERT_EQ(::stat(path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
    auto second = InstallationKey::open(directory, "");
    ASSERT_TRUE(second.ok());
    EXPECT_EQ(first->fingerprint(), second->fingerprint());
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory), {}), 1);
}

TEST_F(InstallationKeyFile, EnvironmentWins) {
    auto of_file = InstallationKey::open(directory, "");
    auto of_environment = InstallationKey::open(directory, installation_text);
    ASSERT_TRUE(of_environment.ok());
    EXPECT_NE(of_file->fingerprint(), of_environment->fingerprint());
    EXPECT_EQ(of_environment->fingerprint(), InstallationKey::of(installation_text)->fingerprint());
    auto bad = InstallationKey::open(directory, "short");
    ASSERT_FALSE(bad.ok());
    EXPECT_NE(bad.error().message.find("TOLLGATE_INSTALLATION_KEY"), std::string::npos);
}

TEST_F(InstallationKeyFile, ACutFileIsNamed_NotReplaced) {
    std::ofstream(path()) << "abc\n";
    auto key = InstallationKey::open(directory, "");
    ASSERT_FALSE(key.ok());
    EXPECT_NE(key.error().message.find(path()), std::string::npos);
    std::string kept;
    std::ifstream(path()) >> kept;
    EXPECT_EQ(kept, "abc");
}

TEST_F(InstallationKeyFile, AMissingDirectoryIsNamed) {
    auto key = InstallationKey::open(directory + "/nowhere", "");
    ASSERT_FALSE(key.ok());
    EXPECT_NE(key.error().message.find("/nowhere/installation_key"), std::string::npos);
}

}  // namespace
}  // namespace tollgate::policy
