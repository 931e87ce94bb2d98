#include "dialect/tool_names.hpp"

#include <gtest/gtest.h>

namespace tollgate::dialect {
namespace {

TEST(Charset, RangesAndSingles_AreHeld) {
    EXPECT_TRUE(in_charset('q', "a-zA-Z0-9_-"));
    EXPECT_TRUE(in_charset('-', "a-zA-Z0-9_-"));
    EXPECT_FALSE(in_charset('.', "a-zA-Z0-9_-"));
    EXPECT_TRUE(in_charset('.', ""));
}

TEST(ToolName, ThatFits_IsKeptAndNotNoted) {
    domain::Deployment target;
    Translation translation;
    EXPECT_EQ(tool_name_for(target, "mcp__files__read", translation), "mcp__files__read");
    EXPECT_TRUE(translation.tool_names.empty());
}

TEST(ToolName, TooLong_IsShortenedStablyAndMappedBack) {
    domain::Deployment target;
    Translation translation;
    std::string longer(80, 'n');
    std::string sent = tool_name_for(target, longer, translation);
    EXPECT_EQ(sent.size(), 64u);
    EXPECT_EQ(sent, tool_name_for(target, longer, translation));
    EXPECT_EQ(translation.tool_names.size(), 1u);
    EXPECT_EQ(translation.client_tool_name(sent), longer);
    EXPECT_NE(sent, tool_name_for(target, longer + "x", translation));
}

TEST(ToolName, ForeignCharacters_AreReplacedAndTwoNamesStayTwo) {
    domain::Deployment target;
    Translation translation;
    std::string dotted = tool_name_for(target, "a.b", translation);
    std::string slashed = tool_name_for(target, "a/b", translation);
    EXPECT_EQ(dotted.substr(0, 4), "a_b_");
    EXPECT_NE(dotted, slashed);
    EXPECT_EQ(translation.client_tool_name(slashed), "a/b");
}

TEST(ToolId, ExactLength_IsMetByHash) {
    domain::ProviderTraits mistral;
    mistral.tool_id_charset = "a-zA-Z0-9";
    mistral.tool_id_max = 9;
    mistral.tool_id_exact = true;
    std::string id = tool_id_for(mistral, "toolu_01ABC");
    EXPECT_EQ(id.size(), 9u);
    EXPECT_EQ(id, tool_id_for(mistral, "toolu_01ABC"));
    EXPECT_EQ(tool_id_for(mistral, "abcDEF123"), "abcDEF123");
}

TEST(ToolId, TooLongOrForeign_IsHashed) {
    domain::ProviderTraits openai;
    openai.tool_id_charset = "a-zA-Z0-9_-";
    openai.tool_id_max = 40;
    EXPECT_EQ(tool_id_for(openai, "call_1"), "call_1");
    EXPECT_LE(tool_id_for(openai, std::string(60, 'x')).size(), 40u);
    EXPECT_NE(tool_id_for(openai, "functions.Bash:0"), "functions.Bash:0");
}

TEST(FreshToolId, SeedAndOrdinal_MakeItUnique) {
    EXPECT_NE(fresh_tool_id("frame", 1), fresh_tool_id("frame", 2));
    EXPECT_NE(fresh_tool_id("frame", 1), fresh_tool_id("other", 1));
    EXPECT_TRUE(fresh_tool_id("frame", 1).starts_with("call_"));
}

}  // namespace
}  // namespace tollgate::dialect
