#include "dialect/plain_words.hpp"

#include <gtest/gtest.h>

namespace tollgate::dialect {
namespace {

TEST(PlainWords, TextIsKeptWithoutBlanksAroundIt) {
    EXPECT_EQ(plain_words("\r\n upstream connect error \n"), "upstream connect error");
    EXPECT_EQ(plain_words(""), "");
    EXPECT_EQ(plain_words(" \n"), "");
}

TEST(PlainWords, PagesSayNothing) {
    EXPECT_EQ(plain_words("<html><body>502 Bad Gateway</body></html>"), "");
    EXPECT_EQ(plain_words("\n<!DOCTYPE html>"), "");
}

TEST(PlainWords, LongText_IsCutBetweenCharacters) {
    const std::string text = std::string(plain_words_bytes_max - 1, 'a') + "\xE2\x82\xAC";
    EXPECT_EQ(plain_words(text), std::string(plain_words_bytes_max - 1, 'a'));
    EXPECT_EQ(plain_words(std::string(plain_words_bytes_max, 'b')).size(), plain_words_bytes_max);
    EXPECT_EQ(plain_words(std::string(2 * plain_words_bytes_max, '\x80')), "");
}

}  // namespace
}  // namespace tollgate::dialect
