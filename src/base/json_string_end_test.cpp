// Every version of the walk over a string finds the same ends, whatever stands wherever.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <random>
#include <vector>

#include "base/json_scan.hpp"
#include "base/json_text.hpp"

namespace tollgate::json::detail {
namespace {

// In memory of just its size, so that sanitizers see a read past its end.
std::vector<char> exact(std::string_view text) { return {text.begin(), text.end()}; }

// The inside of a string and what follows it: what each version finds is what the portable one
// finds, and nobody who leaves no check to the caller has missed anything.
void expect_same_end(std::string_view text) {
    const std::vector<char> bytes = exact(text);
    const char* const begin = bytes.data();
    const char* const end = begin + bytes.size();
    const auto versions = string_end_versions();
    const StringEnd plain = versions.front()(begin, end);
    const bool closed = plain.at != end && *plain.at == '"';
    const bool valid = simdjson::validate_utf8(begin, static_cast<std::size_t>(plain.at - begin));
    for (std::size_t i = 0; i < versions.size(); ++i) {
        const StringEnd found = versions[i](begin, end);
        ASSERT_EQ(found.at - begin, plain.at - begin) << "version " << i << ": " << text;
        ASSERT_EQ(plain.flags & ~found.flags & flag_escapes, 0u) << i << ": " << text;
        if (!closed || valid) continue;
        ASSERT_NE(found.flags & flag_unchecked, 0u) << "version " << i << ": " << text;
    }
}

TEST(JsonStringEnd, AnyBytesAnywhere_HaveOneEnd) {
    static const std::string_view specials[] = {"\"",
                                                "\\\"",
                                                "\\\\",
                                                "\\\\\"",
                                                "\\n",
                                                "\\b",
                                                "\\/",
                                                "\\u00e9",
                                                "\\uD83d\\uDE00",
                                                "\\u12\"",
                                                "\\u12g4",
                                                "\\u\\u1234",
                                                "\\x",
                                                "\\",
                                                "\\\x01",
                                                "\\\xc3\xa9",
                                                "\x01",
                                                "\x1f",
                                                "\x7f",
                                                "é",
                                                "—",
                                                "😀",
                                                "\x80",
                                                "\xc3",
                                                "\xe2\x80",
                                                "\xf0\x9f\x98",
                                                "\xc0\x80",
                                                "\xe0\x9f\xbf",
                                                "\xed\xa0\x80",
                                                "\xf0\x8f\xbf\xbf",
                                                "\xf4\x90\x80\x80",
                                                "\xf5\x80\x80\x80",
                                                "\xff"};
    for (const std::string_view special : specials) {
        for (std::size_t before = 0; before < 140; ++before) {
            for (const std::size_t after : {0, 1, 2, 3, 59, 60, 61, 62, 63, 64, 65, 130}) {
                std::string text = std::string(before, 'a');
                text += special;
                text += std::string(after, 'b');
                expect_same_end(text);
                expect_same_end(text + "\"");
                expect_same_end(text + "\", \"\\q\x80\"");
            }
        }
    }
}

TEST(JsonStringEnd, EveryByteAndEveryEscape_HaveOneEnd) {
    for (int byte = 0; byte < 256; ++byte) {
        for (std::size_t before : {0, 5, 61, 62, 63, 64, 126, 127, 128}) {
            const std::string text(before, 'a');
            const std::string after = static_cast<char>(byte) + std::string(70, 'b') + "\"";
            expect_same_end(text + after);
            expect_same_end(text + "\\" + after);
            expect_same_end(text + "\\u1" + after);
            expect_same_end(text + "\\\\\\" + after);
        }
    }
}

// All that tells the sequences of up to four bytes apart, over the border of two blocks.
TEST(JsonStringEnd, EverySequenceOfBytes_IsJudgedAsUtf8) {
    static const unsigned char bytes[] = {'a',  0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2,
                                          0xdf, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5};
    const auto versions = string_end_versions();
    std::string text = std::string(61, 'a') + "1234" + std::string(80, 'a') + "\"";
    std::size_t left_to_check = 0, valid = 0;
    for (const unsigned first : bytes) {
        for (const unsigned second : bytes) {
            for (const unsigned third : bytes) {
                for (const unsigned fourth : bytes) {
                    const unsigned values[] = {first, second, third, fourth};
                    for (int i = 0; i < 4; ++i) text[61 + i] = static_cast<char>(values[i]);
                    const bool right = valid_utf8_prefix(text) == text.size();
                    valid += right ? 1 : 0;
                    for (const FindStringEnd version : versions) {
                        const auto found = version(text.data(), text.data() + text.size());
                        const bool unchecked = (found.flags & flag_unchecked) != 0;
                        ASSERT_TRUE(right || unchecked) << text;
                        left_to_check += right && unchecked && version != versions[0] ? 1 : 0;
                    }
                }
            }
        }
    }
    EXPECT_GT(valid, 100u);
    EXPECT_EQ(left_to_check, 0u);  // the wide vectors know for themselves
}

TEST(JsonStringEnd, MixedTexts_HaveOneEnd) {
    std::mt19937 random(7);
    static const std::string_view pieces[] = {"abcdefg", "\\\\", "\\\"", "\\n",  "\\u00e9", "\\u12",
                                              "\\x",     "é",    "—",    "\x80", "\x01",    "\""};
    for (int round = 0; round < 50'000; ++round) {
        std::string text;
        for (unsigned count = random() % 40; count > 0; --count) {
            const unsigned rare = random() % 100;
            text += pieces[rare < 8 ? random() % std::size(pieces) : random() % 5];
        }
        expect_same_end(text);
    }
}

}  // namespace
}  // namespace tollgate::json::detail
