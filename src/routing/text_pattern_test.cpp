#include "routing/text_pattern.hpp"

#include <gtest/gtest.h>

namespace tollgate::routing {
namespace {

using Kind = domain::TextPattern::Kind;

bool matches(Kind kind, const char* pattern, std::string_view text) {
    auto made = CompiledPattern::make({kind, pattern});
    EXPECT_TRUE(made) << pattern;
    return made && made->matches(text);
}

TEST(TextPattern, Glob_StandsForTheWholeText_CaseFolded) {
    EXPECT_TRUE(matches(Kind::glob, "refactor*", "Refactor the parser,\nplease"));
    EXPECT_FALSE(matches(Kind::glob, "refactor*", "please refactor the parser"));
    EXPECT_TRUE(matches(Kind::glob, "*SQL injection*", "is there an sql Injection here?"));
    EXPECT_TRUE(matches(Kind::glob, "fix ?", "fix 7"));
    EXPECT_FALSE(matches(Kind::glob, "fix ?", "fix 77"));
    EXPECT_TRUE(matches(Kind::glob, "*a*b*c", "xxaxxbxxbxxc"));
    EXPECT_FALSE(matches(Kind::glob, "*a*b*c", "xxaxxcxxb"));
}

TEST(TextPattern, Expression_IsFoundAnywhere_CaseFolded) {
    EXPECT_TRUE(matches(Kind::expression, R"(\b(cve-\d{4}|exploit)\b)", "is CVE-2024 in here?"));
    EXPECT_FALSE(matches(Kind::expression, R"(^translate)", "please translate"));
    EXPECT_TRUE(matches(Kind::expression, "a.b", "a\nb"));
}

TEST(TextPattern, BadExpression_IsRefusedWithItsFault) {
    const auto made = CompiledPattern::make({Kind::expression, "a(b"});
    ASSERT_FALSE(made);
    EXPECT_NE(made.error().message.find("missing )"), std::string::npos) << made.error().message;
    EXPECT_FALSE(CompiledPattern::make({Kind::glob, ""}));
    EXPECT_FALSE(CompiledPattern::make({Kind::glob, std::string(1001, 'a')}));
}

TEST(TextPattern, ManyStarsOverALongText_TakeLinearTime) {
    const std::string text(60'000, 'a');
    EXPECT_FALSE(matches(Kind::glob, "*a*a*a*a*a*a*b", text));
    EXPECT_FALSE(matches(Kind::expression, "(a*)*b", text));
}

}  // namespace
}  // namespace tollgate::routing
