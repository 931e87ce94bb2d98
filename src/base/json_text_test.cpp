// Texts of strings: what is read in blocks is what is read byte by byte.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/arena.hpp"
#include "base/json.hpp"
#include "base/json_text.hpp"

namespace tollgate::json {
namespace {

TEST(JsonText, Unescape_InBlocksAsInPieces) {
    const std::vector<std::pair<std::string, std::string>> pieces = {
        {R"(\")", "\""},
        {R"(\\)", "\\"},
        {R"(\/)", "/"},
        {R"(\n)", "\n"},
        {R"(\t)", "\t"},
        {R"(\b\f\r)", "\b\f\r"},
        {R"(\u00e9)", "\xc3\xa9"},
        {R"(\ud83d\ude00)", "\xf0\x9f\x98\x80"},
        {R"(\ud83d)", "\xef\xbf\xbd"},
        {"plain", "plain"},
        {"sixteen letters!", "sixteen letters!"},
        {"\xe2\x80\x94", "\xe2\x80\x94"},
        {"x", "x"},
        {"u", "u"}};
    std::mt19937 random(7);
    for (int round = 0; round < 3000; ++round) {
        std::string escaped, expected;
        const std::size_t count = random() % 60;
        for (std::size_t i = 0; i < count; ++i) {
            // A lone half would join the one behind it.
            const auto& [text, meaning] = pieces[random() % pieces.size()];
            if (expected.ends_with("\xef\xbf\xbd") && text.starts_with("\\ud")) continue;
            escaped += text;
            expected += meaning;
        }
        // Of exactly the size, so that sanitizers see a read or a write past the end.
        const std::vector<char> exact(escaped.begin(), escaped.end());
        const Escaped inside{{exact.data(), exact.size()}};
        std::string out = "before";
        append_unescaped(out, inside);
        ASSERT_EQ(out, "before" + expected) << escaped;
        base::Arena arena;
        ASSERT_EQ(unescape(inside, arena), expected) << escaped;
        for (const detail::Unescape version : detail::unescape_versions()) {
            std::vector<char> room(exact.size());
            const std::size_t written = version(inside.raw, room.data());
            ASSERT_EQ(std::string_view(room.data(), written), expected) << escaped;
        }
    }
}

// Each at each place of a block, and behind each number of backslashes.
TEST(JsonText, Unescape_VersionsAgree) {
    const auto versions = detail::unescape_versions();
    const auto expect_same = [&](const std::string& text) {
        const std::vector<char> exact(text.begin(), text.end());
        std::vector<char> expected(exact.size());
        expected.resize(versions.front()({exact.data(), exact.size()}, expected.data()));
        for (const detail::Unescape version : versions) {
            std::vector<char> room(exact.size());
            room.resize(version({exact.data(), exact.size()}, room.data()));
            ASSERT_EQ(room, expected) << text;
        }
    };
    for (const char* special : {"\\", "\\n", "\\r\\t", "\\u0041", "\\u12", "\\x",
                                "\\ud83d\\ude00", "\\\\n", "\\\"\\/\\b\\f"}) {
        for (std::size_t before = 0; before < 140; ++before) {
            for (std::size_t slashes = 0; slashes < 4; ++slashes) {
                for (std::size_t after : {0, 1, 62, 63, 64, 130}) {
                    expect_same(std::string(before, 'a') + std::string(slashes, '\\') + special +
                                std::string(after, 'n'));
                }
            }
        }
    }
    for (std::size_t length = 0; length < 300; ++length) expect_same(std::string(length, '\\'));
}

// What nobody validated yields its own bytes.
TEST(JsonText, Unescape_OfWhatIsNoEscape) {
    const std::pair<std::string_view, std::string_view> cases[] = {
        {"\\", "\\"},
        {"fifteen letters\\", "fifteen letters\\"},
        {"fourteen lette\\x and more", "fourteen lette\\x and more"},
        {"a \\u12 and twenty letters", "a \\u12 and twenty letters"},
        {R"(sixteen letters!\u00)", R"(sixteen letters!\u00)"},
    };
    for (const auto& [escaped, expected] : cases) {
        std::string out;
        append_unescaped(out, Escaped{escaped});
        EXPECT_EQ(out, expected);
    }
}

TEST(JsonText, KeyEquals_BoundsTheLengthOfEscapes) {
    EXPECT_TRUE(key_equals(R"(\u0074\u0079\u0070\u0065)", "type"));
    EXPECT_TRUE(key_equals(R"(t\u0079pe)", "type"));
    EXPECT_FALSE(key_equals(R"(\u0074\u0079\u0070\u0065\u0065)", "type"));
    EXPECT_FALSE(key_equals(R"(\\\\\\\\\\\\\\\\\\\\\\\\\\\\\)", "type"));
    EXPECT_TRUE(key_equals("", ""));
    EXPECT_FALSE(key_equals("a", ""));
    EXPECT_FALSE(key_equals("", "a"));
}

}  // namespace
}  // namespace tollgate::json
