#include "base/glob.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tollgate::base {
namespace {

TEST(GlobMatch, Stars_StandForAnyText) {
    EXPECT_TRUE(glob_match("a-*", "a-2025"));
    EXPECT_TRUE(glob_match("a-*", "a-"));
    EXPECT_TRUE(glob_match("*-b*c", "x-b-b-c"));
    EXPECT_TRUE(glob_match("a*b*c", "aXXbYYc"));
    EXPECT_TRUE(glob_match("*", ""));
    EXPECT_FALSE(glob_match("a-*", "b-a-1"));
    EXPECT_FALSE(glob_match("a*b*c", "aXXcYYb"));
}

TEST(GlobMatch, WithoutStars_IsTheWholeText) {
    EXPECT_TRUE(glob_match("abc", "abc"));
    EXPECT_TRUE(glob_match("", ""));
    EXPECT_FALSE(glob_match("abc", "abcd"));
    EXPECT_FALSE(glob_match("abc", "ABC"));
    EXPECT_FALSE(glob_match("", "a"));
}

TEST(GlobMatch, ManyStarsInALongText_AreQuick) {
    EXPECT_FALSE(glob_match("*a*a*a*a*a*a*a*a*b", std::string(5000, 'a')));
}

TEST(GlobMatch, BytesThatFit_AreTheCallersBusiness) {
    const auto any_of_a_question = [](char a, char b) { return a == '?' || a == b; };
    EXPECT_TRUE(glob_match("a?c*", "axcd", any_of_a_question));
    EXPECT_FALSE(glob_match("a?c", "ac", any_of_a_question));
}

}  // namespace
}  // namespace tollgate::base
