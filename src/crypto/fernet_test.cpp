// The vectors of the public specification (generate.json, verify.json, invalid.json), and what a
// list of keys does.
#include "crypto/fernet.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace tollgate::crypto {
namespace {

constexpr std::string_view secret = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
constexpr std::int64_t made = 499162800;  // 1985-10-26T01:20:00-07:00
constexpr std::chrono::seconds lifetime{60};
const std::string good =
    "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU"
    "4IwqDA==";

FernetKey key() { return std::move(FernetKey::of(secret)).value(); }
FernetKeys keys(const std::string& list) { return std::move(FernetKeys::of(list)).value(); }

TEST(Fernet, TheVectorToGenerate_ComesOutByteByByte) {
    FernetKey::Vector vector;
    for (std::size_t i = 0; i < vector.size(); ++i) vector[i] = static_cast<std::uint8_t>(i);
    EXPECT_EQ(key().encrypt("hello", made, vector), good);
}

TEST(Fernet, TheVectorToVerify_GivesItsContent) {
    const auto opened = key().decrypt(good, made + 1, lifetime);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    EXPECT_EQ(opened->plain, "hello");
    EXPECT_EQ(opened->made, made);
}

TEST(Fernet, TheInvalidVectors_AreAllRefused) {
    struct Case {
        const char* name;
        const char* token;
        std::int64_t now = made + 1;
    };
    const Case cases[] = {
        {"incorrect mac",
         "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykQUFBQ"
         "UFBQUFBQQ=="},
        {"too short", "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPA=="},
        {"invalid base64",
         "%%%%%%%%%%%%%AECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH"
         "-p1YsUD2Q=="},
        {"payload size not multiple of block size",
         "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPOm73QeoCk9uGib28Xe5vz6oxq5nmxbx_v7mr"
         "fyudzUm"},
        {"payload padding error",
         "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0ODz4LEpdELGQAad7aNEHbf-JkLPIpuiYRLQ3RtXatOYREu2FWke6CnJNYI"
         "bkuKNqOhw=="},
        {"far-future time",
         "gAAAAAAdwStRAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAnja1xKYyhd-Y6mSkTOyTGJmw2Xc2a6kBd-i"
         "X9b_qXQcw=="},
        {"expired",
         "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH"
         "-p1YsUD2Q==",
         made + 91},
        {"incorrect vector (padding error)",
         "gAAAAAAdwJ6xBQECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAkLhFLHpGtDBRLRTZeUfWgHSv49TF2AUEZ1T"
         "IvcZjK1zQ=="},
    };
    for (const Case& each : cases) {
        const auto opened = key().decrypt(each.token, each.now, lifetime);
        ASSERT_FALSE(opened.ok()) << each.name;
        EXPECT_EQ(opened.error().code, base::ErrorCode::invalid_request) << each.name;
    }
    // The expired one is sound in itself.
    EXPECT_TRUE(key().decrypt(cases[6].token, made + 1, lifetime).ok());
    EXPECT_TRUE(key().decrypt(cases[6].token, made + 91).ok());
}

TEST(Fernet, TwoSpellingsOfOneToken_AreNotBothTaken) {
    std::string other = good;
    // The last digit before the padding holds 4 bits that mean nothing.
    other[other.size() - 3] = 'B';
    EXPECT_FALSE(key().decrypt(other, made).ok());
    EXPECT_FALSE(key().decrypt(good.substr(0, good.size() - 2), made).ok());
    EXPECT_FALSE(key().decrypt(good + "====", made).ok());
    EXPECT_FALSE(key().decrypt(" " + good, made).ok());
}

TEST(Fernet, AnyChangedByte_IsRefused) {
    for (std::size_t i = 0; i < good.size() - 2; ++i) {
        std::string changed = good;
        changed[i] = changed[i] == 'A' ? 'Z' : 'A';
        if (changed == good) continue;
        EXPECT_FALSE(key().decrypt(changed, made).ok()) << i;
    }
}

TEST(Fernet, AKeyThatIsNone_IsRefusedInWordsWithoutIt) {
    for (const char* text : {"", "short", "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4",
                             "cw_0x689RpI-jtRR7oE8h/eQsKImvJapLeSbXpwF4e4=",
                             "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e5="}) {
        const auto made_of = FernetKey::of(text);
        ASSERT_FALSE(made_of.ok()) << text;
        EXPECT_NE(made_of.error().message.find("32 bytes"), std::string::npos);
        EXPECT_EQ(made_of.error().message.find("cw_0x"), std::string::npos);
    }
    EXPECT_TRUE(FernetKey::of(" " + std::string(secret) + "\n").ok());
    EXPECT_TRUE(FernetKey::of(FernetKey::make_text()).ok());
    EXPECT_NE(FernetKey::make_text(), FernetKey::make_text());
}

TEST(Fernet, EveryLength_ComesBack) {
    const FernetKeys one = keys(FernetKey::make_text());
    for (std::size_t size = 0; size < 70; ++size) {
        const std::string plain(size, 'x');
        const std::string token = one.encrypt(plain);
        EXPECT_EQ(one.decrypt(token).value(), plain);
        EXPECT_NE(token, one.encrypt(plain)) << "each has a vector of its own";
        EXPECT_TRUE(token.starts_with("gAAAAA"));
    }
}

TEST(FernetKeys, TheFirstEncrypts_AllDecrypt) {
    const std::string old_text = FernetKey::make_text(), new_text = FernetKey::make_text();
    const FernetKeys before = keys(old_text), both = keys(new_text + ", " + old_text);
    const std::string token = before.encrypt("provider key");
    EXPECT_EQ(both.decrypt(token).value(), "provider key");
    EXPECT_FALSE(both.is_newest(token).value());
    const std::string fresh = both.encrypt("another");
    EXPECT_TRUE(both.is_newest(fresh).value());
    EXPECT_FALSE(before.decrypt(fresh).ok());
    EXPECT_EQ(both.ids(), (std::vector{both.newest_id(), before.newest_id()}));
    EXPECT_NE(both.newest_id(), before.newest_id());
    EXPECT_EQ(both.newest_id().size(), 16U);
}

TEST(FernetKeys, Rotation_KeepsContentAndTime) {
    const std::string fresh_text = FernetKey::make_text();
    const FernetKeys both = keys(fresh_text + "," + std::string(secret));
    const auto rotated = both.rotate(good);
    ASSERT_TRUE(rotated.ok());
    const FernetKey fresh = std::move(FernetKey::of(fresh_text)).value();
    const auto opened = fresh.decrypt(*rotated, made, lifetime);
    ASSERT_TRUE(opened.ok());
    EXPECT_EQ(opened->plain, "hello");
    EXPECT_EQ(opened->made, made);
    EXPECT_FALSE(both.rotate("rubbish").ok());
}

TEST(FernetKeys, AListThatIsWrong_SaysWhichKey) {
    EXPECT_FALSE(FernetKeys::of("").ok());
    EXPECT_FALSE(FernetKeys::of("  ").ok());
    const std::string one = FernetKey::make_text();
    EXPECT_NE(FernetKeys::of(one + ",wrong").error().message.find("key 2"), std::string::npos);
    EXPECT_NE(FernetKeys::of(one + "," + one).error().message.find("twice"), std::string::npos);
    EXPECT_TRUE(FernetKeys::of(one + ",").ok()) << "a comma at the end is none";
}

}  // namespace
}  // namespace tollgate::crypto
