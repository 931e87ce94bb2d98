#include "accounting/token_count.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "base/arena.hpp"

namespace tollgate::accounting {
namespace {

namespace fs = std::filesystem;

struct Sample {
    std::string name, kind, text;
    std::int64_t truth = 0;
};

// Files of tests/golden/tokens: what it is, `class:`, `o200k:` (the true count, made with the
// published o200k_base vocabulary), a line of dashes, the text.
std::vector<Sample> samples() {
    std::vector<Sample> out;
    for (const auto& entry : fs::directory_iterator(TOLLGATE_SOURCE_DIR "/tests/golden/tokens")) {
        std::ifstream in(entry.path());
        Sample one{entry.path().stem().string(), "", "", 0};
        std::string line;
        std::getline(in, line);
        while (std::getline(in, line) && line != "----------") {
            if (line.starts_with("class: ")) one.kind = line.substr(7);
            if (line.starts_with("o200k: ")) one.truth = std::stoll(line.substr(7));
        }
        std::ostringstream rest;
        rest << in.rdbuf();
        one.text = rest.str();
        out.push_back(std::move(one));
    }
    return out;
}

std::int64_t of_text(std::string_view text) { return estimate_text(text); }

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

std::string png(int width, int height) {
    std::string out("\x89PNG\r\n\x1A\n\0\0\0\x0DIHDR", 16);
    for (const int value : {width, height}) {
        for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
    }
    return base64(out + std::string(60, '\0'));
}

TEST(TokenCount, EachTextOfTheCorpus_IsWithinTenPercentOfTheTruth) {
    const auto all = samples();
    ASSERT_GE(all.size(), 15u);
    std::map<std::string, std::pair<std::int64_t, std::int64_t>> classes;
    for (const Sample& sample : all) {
        ASSERT_GT(sample.truth, 100) << sample.name;
        const std::int64_t estimate = of_text(sample.text);
        EXPECT_GE(estimate * 10, sample.truth * 9) << sample.name;
        EXPECT_LE(estimate * 10, sample.truth * 11) << sample.name;
        classes[sample.kind].first += estimate;
        classes[sample.kind].second += sample.truth;
    }
    EXPECT_EQ(classes.size(), 3u) << "prose, code, json";
    for (const auto& [kind, sums] : classes) {
        EXPECT_NEAR(static_cast<double>(sums.first) / static_cast<double>(sums.second), 1.0, 0.06)
            << kind;
    }
}

TEST(TokenCount, EscapedText_CountsAsThePlainText) {
    for (const Sample& sample : samples()) {
        base::Arena arena;
        const auto plain = of_text(sample.text);
        EXPECT_EQ(estimate_text(json::escape(sample.text, arena)), plain) << sample.name;
    }
    const json::Escaped ascii{"Gr\\u00fc\\u00dfe \\ud83d\\ude00"};
    EXPECT_EQ(estimate_text(ascii), of_text("Gr\xC3\xBC\xC3\x9F"
                                            "e \xF0\x9F\x98\x80"));
}

TEST(TokenCount, BrokenInput_IsCountedAndNotReadBeyondItsEnd) {
    for (const char* text : {"\\", "\\u", "\\u12", "\\ud83d", "\\ud83d\\u", "\\uzzzz", "\xC3",
                             "\xF0\x9F", "\xFF\xFE", "\x80\x80"}) {
        const json::Escaped escaped{text};
        EXPECT_GE(estimate_text(escaped), 1) << text;
        EXPECT_GE(of_text(text), 1) << text;
    }
    EXPECT_EQ(of_text(""), 0);
}

TEST(TokenCount, SmallTexts_AreExact) {
    EXPECT_EQ(of_text("Hello, world!"), 4);
    EXPECT_EQ(of_text("12345678"), 3);
    EXPECT_EQ(of_text("\n\n\n"), 1);
    EXPECT_EQ(of_text("I don't"), 2);
}

TEST(TokenCount, Request_CountsSystemMessagesToolsAndResults) {
    const std::string text = "How many files are in this folder, and how large are they?";
    const std::int64_t words = of_text(text);
    domain::Request request;
    request.client = domain::Protocol::openai_chat;
    const std::int64_t empty = estimate_request(request);
    EXPECT_EQ(empty, message_overhead_tokens);
    domain::Part part;
    part.kind = domain::PartKind::text;
    part.text = {text};
    request.system = {part};
    EXPECT_EQ(estimate_request(request), empty + words + message_overhead_tokens);
    request.messages.push_back({domain::Role::user, {part}, {}});
    domain::Part result;
    result.kind = domain::PartKind::tool_result;
    result.content = {part, part};
    request.messages.push_back({domain::Role::user, {result}, {}});
    const std::int64_t with_messages =
        empty + 4 * words + 3 * message_overhead_tokens + tool_overhead_tokens;
    EXPECT_EQ(estimate_request(request), with_messages);
    domain::Tool tool;
    tool.name = "list";
    tool.description = {text};
    tool.schema = R"({"type":"object"})";
    request.tools.push_back(tool);
    const std::int64_t with_tool =
        with_messages + words + tool_overhead_tokens + of_text(tool.name) + of_text(tool.schema);
    EXPECT_EQ(estimate_request(request), with_tool);
    request.client = domain::Protocol::anthropic;
    EXPECT_EQ(estimate_request(request), with_tool + tools_preamble_tokens);
}

TEST(TokenCount, Image_CountsBySizeInPixels) {
    using namespace std::string_literals;
    EXPECT_EQ(estimate_image(png(200, 200)), 54);
    EXPECT_EQ(estimate_image(png(1000, 1000)), 1334);
    EXPECT_EQ(estimate_image(png(8000, 800)), 328) << "scaled to 1568 by 156.8";
    EXPECT_EQ(estimate_image(png(3000, 3000)), image_tokens_max);
    EXPECT_EQ(estimate_image("not an image"), image_tokens_max);
    EXPECT_EQ(estimate_image(""), image_tokens_max);
    EXPECT_EQ(estimate_image(base64("GIF89a\x2C\x01\xC8\0"s)), 80);
    const std::string jpeg = "\xFF\xD8\xFF\xE0\0\x04xx\xFF\xC0\0\x11\x08\0\xC8\x01\x2C\x03tail"s;
    EXPECT_EQ(estimate_image(base64(jpeg)), 80);
    const std::string webp = "RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0\x2B\x01\0\xC7\0\0"s;
    EXPECT_EQ(estimate_image(base64(webp)), 80);
}

TEST(TokenCount, PartsThatAreNoText_FollowTheDocumentedRules) {
    domain::Request request;
    request.client = domain::Protocol::openai_chat;
    const auto with = [&](const domain::Part& part) {
        request.messages = {{domain::Role::user, {part}, {}}};
        return estimate_request(request) - 2 * message_overhead_tokens;
    };
    domain::Part part;
    part.kind = domain::PartKind::image;
    part.media.source = domain::MediaSource::url;
    EXPECT_EQ(with(part), image_tokens_max);
    part.media.detail = "low";
    EXPECT_EQ(with(part), image_low_detail_tokens);
    const std::string pdf(400'000, 'A');
    part = {};
    part.kind = domain::PartKind::document;
    part.media.source = domain::MediaSource::base64;
    part.media.data = {pdf};
    EXPECT_EQ(with(part), 7 * document_page_tokens);
    part.media.source = domain::MediaSource::text;
    part.media.data = {"A short note."};
    EXPECT_EQ(with(part), of_text("A short note."));
}

TEST(TokenCount, QuickEstimate_IsNearTheTruthForBodies) {
    std::string body = R"({"model":"claude","messages":[)";
    std::int64_t truth = 0;
    for (const Sample& sample : samples()) {
        body += R"({"role":"user","content":)";
        json::append_string(body, sample.text);
        body += "},";
        truth += sample.truth;
    }
    body += "]}";
    EXPECT_NEAR(static_cast<double>(quick_estimate(body)) / static_cast<double>(truth), 1.1, 0.15);
    EXPECT_EQ(quick_estimate(""), message_overhead_tokens);
    EXPECT_LT(quick_estimate("{}"), 10);
}

TEST(TokenCount, QuickEstimate_DoesNotReadAPictureAsText) {
    std::string body = R"({"messages":[{"role":"user","content":")";
    const std::int64_t without = quick_estimate(body);
    for (int i = 0; i < 1'000'000; ++i) body += "ABCDabcd0123+/"[i * 7 % 14];
    const std::int64_t with = quick_estimate(body);
    EXPECT_GT(with, without + image_tokens_max / 2);
    EXPECT_LT(with, without + 6 * image_tokens_max);
}

}  // namespace
}  // namespace tollgate::accounting
