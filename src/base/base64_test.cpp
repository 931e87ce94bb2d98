#include "base/base64.hpp"

#include <gtest/gtest.h>

namespace tollgate::base {
namespace {

std::string decoded(std::string_view text, Base64 alphabet = Base64::standard) {
    std::string out;
    return base64_decode(text, out, alphabet) ? out : "(no base64)";
}

TEST(Base64, VectorsOfTheStandard_BothWays) {
    const std::pair<const char*, const char*> vectors[] = {
        {"", ""},           {"f", "Zg=="},         {"fo", "Zm8="},        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
    for (const auto& [bytes, text] : vectors) {
        EXPECT_EQ(base64_encode(bytes), text);
        EXPECT_EQ(decoded(text), bytes);
        EXPECT_EQ(base64url_encode(bytes, Base64Padding::filled), text);
        std::string bare = text;
        while (bare.ends_with('=')) bare.pop_back();
        EXPECT_EQ(base64url_encode(bytes), bare);
        EXPECT_EQ(decoded(bare), bytes) << "padding may be missing";
    }
    std::string out = "before ";
    append_base64(out, "foo");
    EXPECT_EQ(out, "before Zm9v");
}

TEST(Base64, Alphabets_AreToldApartUnlessEitherIsTaken) {
    const std::string bytes = "\xFB\xEF\xFF";
    EXPECT_EQ(base64_encode(bytes), "++//");
    EXPECT_EQ(base64url_encode(bytes), "--__");
    EXPECT_EQ(decoded("++//"), bytes);
    EXPECT_EQ(decoded("--__"), "(no base64)");
    EXPECT_EQ(decoded("--__", Base64::url), bytes);
    EXPECT_EQ(decoded("++//", Base64::url), "(no base64)");
    EXPECT_EQ(decoded("+-/_", Base64::either), "\xFB\xEF\xFF");
}

TEST(Base64, EveryLengthAndByte_ComesBack) {
    std::string bytes;
    for (int i = 0; i < 300; ++i) {
        EXPECT_EQ(decoded(base64_encode(bytes)), bytes);
        EXPECT_EQ(decoded(base64url_encode(bytes), Base64::url), bytes);
        std::string exact;
        EXPECT_TRUE(base64url_decode_exact(base64url_encode(bytes), Base64Padding::none, exact));
        EXPECT_EQ(exact, bytes);
        bytes += static_cast<char>(i * 7);
    }
}

TEST(Base64, WhatIsNone_IsRefusedBehindWhatCameBefore) {
    for (const char* text : {"Zm9vY", "Zm=vYg==", "Zm9v\xC3\xA4", "Zg===", "Z", "Zm9v Zg"}) {
        EXPECT_EQ(decoded(text), "(no base64)") << text;
    }
    std::string out;
    EXPECT_FALSE(base64_decode("Zm9v!m9v", out));
    EXPECT_EQ(out, "foo");
}

TEST(Base64, Exact_TakesTheOneSpellingOnly) {
    const auto taken = [](std::string_view text, Base64Padding padding) {
        std::string out;
        return base64url_decode_exact(text, padding, out);
    };
    EXPECT_TRUE(taken("Zg", Base64Padding::none));
    EXPECT_TRUE(taken("Zg==", Base64Padding::filled));
    EXPECT_TRUE(taken("Zm8=", Base64Padding::filled));
    EXPECT_FALSE(taken("Zg==", Base64Padding::none)) << "padding";
    EXPECT_FALSE(taken("Zg=", Base64Padding::filled)) << "half a padding";
    EXPECT_FALSE(taken("Zg", Base64Padding::filled)) << "no padding";
    EXPECT_FALSE(taken("Zh", Base64Padding::none)) << "the same byte as Zg";
    EXPECT_FALSE(taken("Zm9", Base64Padding::none)) << "the same bytes as Zm8";
    EXPECT_FALSE(taken("Zg=A", Base64Padding::filled)) << "padding in the middle";
    EXPECT_FALSE(taken("Z", Base64Padding::none));
    EXPECT_TRUE(taken("", Base64Padding::none));
}

}  // namespace
}  // namespace tollgate::base
