#include "dialect/openai_responses_freeform.hpp"

#include <gtest/gtest.h>

namespace tollgate::dialect {
namespace {

// The text that comes out when `arguments` arrive in pieces of `size` bytes of their escaped form.
std::string text_of(const std::string& arguments, std::size_t size) {
    std::string escaped;
    json::append_escaped(escaped, arguments);
    FreeformText text;
    std::string out;
    std::size_t end = 0;
    for (std::size_t at = 0; at < escaped.size(); at = end) {
        end = std::min(at + size, escaped.size());
        // Providers cut between characters: each fragment is a JSON string.
        while (end < escaped.size() && (escaped[end] & '\xC0') == '\x80') ++end;
        text.feed({std::string_view(escaped).substr(at, end - at)}, out);
        std::string check = "\"" + out + "\"";
        json::Document document;
        EXPECT_TRUE(document.parse(check).ok()) << "what is out must be a whole string: " << check;
    }
    text.finish(out);
    std::string plain;
    json::append_unescaped(plain, {out});
    return plain;
}

TEST(FreeformText, ArgumentsInPiecesOfAnySize_GiveTheText) {
    const std::string patch =
        "*** Begin Patch\n+a \"quoted\" \\ back\tslash \xC3\xBC\n*** End Patch";
    std::string arguments = "{ \"input\" :\n\"";
    json::append_escaped(arguments, patch);
    arguments += "\"}";
    for (std::size_t size = 1; size <= arguments.size() + 8; ++size) {
        EXPECT_EQ(text_of(arguments, size), patch) << size;
    }
}

TEST(FreeformText, SurrogatePairsByNumber_AreNeverCutInTwo) {
    const std::string arguments = R"({"input":"a\ud83d\ude80b"})";
    for (std::size_t size = 1; size <= 40; ++size) {
        EXPECT_EQ(text_of(arguments, size), "a\xF0\x9F\x9A\x80" "b") << size;
    }
}

TEST(FreeformText, PairEscapedOutside_StaysWhole) {
    FreeformText text;
    std::string out;
    text.feed({R"({\"input\":\"x\ud83d)"}, out);
    EXPECT_EQ(out, "x");
    text.feed({R"(\ude80\"})"}, out);
    EXPECT_EQ(out, R"(x\ud83d\ude80)");
}

TEST(FreeformText, OtherForms_AreHeldUntilTheEnd) {
    EXPECT_EQ(text_of(R"({"patch":"*** Begin"})", 3), "*** Begin");
    EXPECT_EQ(text_of(R"({"note":1,"input":"text"})", 4), "text");
    EXPECT_EQ(text_of(R"("just a string")", 5), "just a string");
    EXPECT_EQ(text_of("*** no JSON at all", 2), "*** no JSON at all");
    EXPECT_EQ(text_of(R"({"a":1,"b":2})", 2), R"({"a":1,"b":2})");
    EXPECT_EQ(text_of("{}", 1), "");
    EXPECT_EQ(text_of("", 1), "");
}

TEST(FreeformText, BareLineFeedInAString_IsKept) {
    EXPECT_EQ(text_of("{\"input\":\"a\nb\"}", 1), "a\nb");
}

TEST(FreeformText, CutArguments_GiveWhatCame) {
    EXPECT_EQ(text_of(R"({"input":"half a te)", 4), "half a te");
}

TEST(FreeformArguments, AreReadBackAsTheyWere) {
    base::Arena arena;
    const json::Raw raw = freeform_arguments({R"(a \"b\" \n c)"}, arena);
    EXPECT_EQ(raw, R"({"input":"a \"b\" \n c"})");
    EXPECT_EQ(text_of(std::string(raw), 1), "a \"b\" \n c");
}

}  // namespace
}  // namespace tollgate::dialect
