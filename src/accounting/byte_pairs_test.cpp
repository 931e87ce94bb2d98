#include "accounting/byte_pairs.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace tollgate::accounting {
namespace {

std::vector<std::string> pieces(SplitPattern pattern, std::string_view text) {
    PieceSplitter splitter(pattern, text);
    std::vector<std::string> out;
    for (std::string_view piece = splitter.next(); !piece.empty(); piece = splitter.next()) {
        out.emplace_back(piece);
    }
    return out;
}
using Pieces = std::vector<std::string>;

TEST(PieceSplitter, Words_TakeTheBlankBeforeThem) {
    for (const SplitPattern each : {SplitPattern::cl100k, SplitPattern::o200k}) {
        EXPECT_EQ(pieces(each, "Hello big  world"), (Pieces{"Hello", " big", " ", " world"}));
        EXPECT_EQ(pieces(each, "(foo) .bar"), (Pieces{"(foo", ")", " .", "bar"}));
        EXPECT_EQ(pieces(each, "\tx"), (Pieces{"\tx"}));
        EXPECT_EQ(pieces(each, "\nx"), (Pieces{"\n", "x"}));
    }
}

TEST(PieceSplitter, O200k_CutsWhereTheCaseChanges) {
    const auto cut = [](std::string_view text) { return pieces(SplitPattern::o200k, text); };
    EXPECT_EQ(cut("getStatusCode"), (Pieces{"get", "Status", "Code"}));
    EXPECT_EQ(cut("HTTPServer"), (Pieces{"HTTPServer"}));
    EXPECT_EQ(cut("ABC"), (Pieces{"ABC"}));
    EXPECT_EQ(cut("éÉcole"), (Pieces{"é", "École"}));
    EXPECT_EQ(cut("日本語ABC"), (Pieces{"日本語", "ABC"}));
    EXPECT_EQ(cut("ABC日本D"), (Pieces{"ABC日本", "D"})) << "the end must be one both parts take";
    EXPECT_EQ(pieces(SplitPattern::cl100k, "getStatus"), (Pieces{"getStatus"}));
}

TEST(PieceSplitter, Contractions) {
    EXPECT_EQ(pieces(SplitPattern::o200k, "I don't"), (Pieces{"I", " don't"}));
    EXPECT_EQ(pieces(SplitPattern::o200k, "WE'LL go"), (Pieces{"WE'LL", " go"}));
    EXPECT_EQ(pieces(SplitPattern::cl100k, "I don't"), (Pieces{"I", " don", "'t"}));
    EXPECT_EQ(pieces(SplitPattern::cl100k, "'hello"), (Pieces{"'hello"}));
    EXPECT_EQ(pieces(SplitPattern::cl100k, "rock'n"), (Pieces{"rock", "'n"}));
}

TEST(PieceSplitter, Numbers_InGroupsOfThreeOrOneByOne) {
    EXPECT_EQ(pieces(SplitPattern::o200k, "12345678"), (Pieces{"123", "456", "78"}));
    EXPECT_EQ(pieces(SplitPattern::qwen, "1234"), (Pieces{"1", "2", "3", "4"}));
    EXPECT_EQ(pieces(SplitPattern::o200k, "a 12"), (Pieces{"a", " ", "12"}));
}

TEST(PieceSplitter, MarksAndBlanks) {
    EXPECT_EQ(pieces(SplitPattern::o200k, "{\n    \"a\": 1\n}"),
              (Pieces{"{\n", "   ", " \"", "a", "\":", " ", "1", "\n", "}"}));
    EXPECT_EQ(pieces(SplitPattern::o200k, "a//b"), (Pieces{"a", "//", "b"}));
    EXPECT_EQ(pieces(SplitPattern::o200k, "x;\n/y"), (Pieces{"x", ";\n/", "y"}));
    EXPECT_EQ(pieces(SplitPattern::cl100k, "x;\n/y"), (Pieces{"x", ";\n", "/y"}));
    EXPECT_EQ(pieces(SplitPattern::o200k, "a \n \n  b"), (Pieces{"a", " \n \n", " ", " b"}));
    EXPECT_EQ(pieces(SplitPattern::o200k, "a   "), (Pieces{"a", "   "}));
}

TEST(PieceSplitter, AllBytesComeBackWhateverTheyAre) {
    std::string text;
    for (int i = 0; i < 20'000; ++i) text += static_cast<char>((i * 7919 + i / 256 * 31) & 0xFF);
    for (const SplitPattern each :
         {SplitPattern::cl100k, SplitPattern::qwen, SplitPattern::o200k}) {
        std::string joined;
        for (const std::string& piece : pieces(each, text)) joined += piece;
        EXPECT_EQ(joined, text);
    }
}

std::string base64(std::string_view bytes) {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    std::uint32_t bits = 0;
    int have = 0;
    for (const char c : bytes) {
        bits = bits << 8 | static_cast<unsigned char>(c);
        for (have += 8; have >= 6; have -= 6) out += digits[bits >> (have - 6) & 63];
    }
    if (have > 0) out += digits[bits << (6 - have) & 63];
    while (out.size() % 4 != 0) out += '=';
    return out;
}

// The 256 bytes, then these tokens in the order of their ranks.
std::string vocabulary(const std::vector<std::string>& tokens) {
    std::string out;
    std::uint32_t rank = 0;
    for (int byte = 0; byte < 256; ++byte) {
        const char one = static_cast<char>(byte);
        out += base64(std::string_view(&one, 1)) + " " + std::to_string(rank++) + "\n";
    }
    for (const std::string& token : tokens) {
        out += base64(token) + " " + std::to_string(rank++) + "\n";
    }
    return out;
}

std::int64_t counted(const std::vector<std::string>& tokens, std::string_view text) {
    const auto pairs = BytePairs::parse(vocabulary(tokens), SplitPattern::cl100k);
    if (!pairs.ok()) throw std::runtime_error(pairs.error().message);
    return (*pairs)->count(text);
}

TEST(BytePairs, MergesTheLowestRankFirstAndTheLeftmostOfEquals) {
    EXPECT_EQ(counted({}, "abc"), 3);
    EXPECT_EQ(counted({"bc", "ab", "abc"}, "abc"), 1) << "the whole piece is a token";
    EXPECT_EQ(counted({"bc", "ab"}, "abc"), 2);
    EXPECT_EQ(counted({"aa"}, "aaaaa"), 3) << "aa aa a";
    EXPECT_EQ(counted({"aa", "aaa"}, "aaaa"), 2) << "aa aa, never aaa a";
    EXPECT_EQ(counted({"he", "ll", "hell", "hello"}, "hello"), 1);
    EXPECT_EQ(counted({"he", "ll", "hell"}, "hello"), 2);
    EXPECT_EQ(counted({" a"}, "a a a"), 3) << "no merge crosses pieces";
}

TEST(BytePairs, EscapedTextCountsAsThePlainText) {
    const auto pairs = BytePairs::parse(vocabulary({"\n\n", "ü"}), SplitPattern::o200k);
    ASSERT_TRUE(pairs.ok());
    EXPECT_EQ((*pairs)->count(json::Escaped{"\\n\\n\\u00fc"}), 2);
    EXPECT_EQ((*pairs)->count(std::string_view("")), 0);
}

TEST(BytePairs, LongPiecesTakeNoSquareTime) {
    const std::string text(200'000, 'a');
    EXPECT_EQ(counted({"aa", "aaaa"}, text), 50'000);
}

TEST(BytePairs, WhatIsNoVocabulary_IsRefusedWithItsLine) {
    const auto refused = [](const std::string& lines) {
        const auto pairs = BytePairs::parse(lines, SplitPattern::o200k);
        return pairs.ok() ? std::string() : pairs.error().message;
    };
    EXPECT_NE(refused("IQ== 0\n?? 1\n").find("line 2"), std::string::npos);
    EXPECT_NE(refused("IQ==\n").find("line 1"), std::string::npos);
    EXPECT_NE(refused("IQ== x\n").find("rank"), std::string::npos);
    EXPECT_NE(refused("IQ== 0\n").find("the byte 0"), std::string::npos);
    EXPECT_NE(refused(vocabulary({"ab", "ab"})).find("twice"), std::string::npos);
    EXPECT_NE(refused("").find("byte"), std::string::npos);
}

TEST(VocabularyFolder, ReadsWhatIsThereAndTellsWhatIsWrong) {
    namespace fs = std::filesystem;
    const fs::path folder = fs::path(testing::TempDir()) / "tollgate_vocabulary_test";
    fs::remove_all(folder);
    std::vector<std::string> problems;
    EXPECT_EQ(VocabularyFolder::load(folder.string(), problems).size(), 0u) << "no folder";
    EXPECT_TRUE(problems.empty());
    fs::create_directories(folder);
    std::ofstream(folder / "o200k_base.tiktoken") << vocabulary({"ab"});
    std::ofstream(folder / "qwen.tiktoken") << "nonsense\n";
    const VocabularyFolder found = VocabularyFolder::load(folder.string(), problems);
    EXPECT_EQ(found.size(), 1u);
    ASSERT_NE(found.find(Vocabulary::o200k), nullptr);
    EXPECT_EQ(found.find(Vocabulary::o200k)->size(), 257u);
    EXPECT_EQ(found.find(Vocabulary::claude), nullptr);
    ASSERT_EQ(problems.size(), 1u);
    EXPECT_NE(problems[0].find("qwen.tiktoken: line 1"), std::string::npos);
    fs::remove_all(folder);
}

}  // namespace
}  // namespace tollgate::accounting
