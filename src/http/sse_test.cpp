#include "http/sse.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tollgate::http {
namespace {

struct Frame {
    std::string raw, event, data;
    bool comment_only = false;
    friend bool operator==(const Frame&, const Frame&) = default;
};
void PrintTo(const Frame& frame, std::ostream* out) {
    *out << "{" << testing::PrintToString(frame.raw) << ", " << frame.event << ", "
         << testing::PrintToString(frame.data) << (frame.comment_only ? ", comment}" : "}");
}

Frame copy(const SseFrame& frame) {
    return {std::string(frame.raw), std::string(frame.event), std::string(frame.data),
            frame.comment_only};
}

// The frames of a stream that arrives in the given pieces, each in memory of its own that is gone
// when the next one comes.
std::vector<Frame> frames(const std::vector<std::string>& pieces, bool finish = true) {
    std::vector<Frame> out;
    SseParser parser;
    SseFrame frame;
    for (const std::string& piece : pieces) {
        std::vector<char> exact(piece.begin(), piece.end());
        parser.feed({exact.data(), exact.size()});
        while (true) {
            auto more = parser.next(frame);
            EXPECT_TRUE(more.ok());
            if (!more.ok() || !*more) break;
            out.push_back(copy(frame));
        }
    }
    if (finish && parser.finish(frame)) out.push_back(copy(frame));
    EXPECT_FALSE(finish && parser.finish(frame));
    return out;
}

const std::vector<std::string>& streams() {
    static const std::vector<std::string> all = {
        "event: a\ndata: {\"x\":1}\n\ndata: two\n\n",
        "event: a\r\ndata: {\"x\":1}\r\n\r\n: ping\r\n\r\ndata: two\r\n\r\n",
        "event: a\rdata: 1\r\rdata: 2\r\r",
        "\xef\xbb\xbf"
        "data: after a mark\n\ndata:x\n\n",
        "data: one\ndata: two\ndata:  three\ndata\n\ndata: next\n\n",
        ": comment\n\n\n\nid: 7\nretry: 5\n\ndata: [DONE]\n\n",
        "data: caf\xc3\xa9 \xe2\x82\xac\n\ndata: no blank line at the end",
        "data: no blank line\n",
        "data: mixed\r\n\ndata: b\n\r\ndata: c\r\r\n\ndata: d\n\r\n",
        "event:message_start\ndata:" + std::string(100, 'x') + "\n\nevent:e\ndata:y\n\n",
        "\r\n\r\ndata: blank lines first\r\n\r\n",
        "\r\r\n\n\r\n\r",
        "data: a\r\n\r",
    };
    return all;
}

TEST(SseParser, CutAtEveryPairOfBytes_GivesTheSameFrames) {
    for (const std::string& text : streams()) {
        auto whole = frames({text});
        std::string together;
        for (const Frame& frame : whole) together += frame.raw;
        EXPECT_EQ(together, text);
        for (std::size_t a = 0; a <= text.size(); ++a) {
            for (std::size_t b = a; b <= text.size(); ++b) {
                auto cut = frames({text.substr(0, a), text.substr(a, b - a), text.substr(b)});
                ASSERT_EQ(cut, whole) << testing::PrintToString(text) << " at " << a << ", " << b;
            }
        }
    }
}

TEST(SseParser, ByteByByte_GivesTheSameFrames) {
    for (const std::string& text : streams()) {
        std::vector<std::string> bytes;
        for (char c : text) bytes.emplace_back(1, c);
        EXPECT_EQ(frames(bytes), frames({text})) << testing::PrintToString(text);
    }
}

TEST(SseParser, FieldsAndLineEnds_AreReadAsTheStandardSays) {
    auto got = frames({"event: a\r\ndata: one\r\ndata: two\r\ndata\r\ndata:\r\n\r\n"});
    ASSERT_EQ(got.size(), 1u);
    EXPECT_EQ(got[0].event, "a");
    EXPECT_EQ(got[0].data, "one\ntwo\n\n");
    EXPECT_FALSE(got[0].comment_only);

    got =
        frames({"\xef\xbb\xbf"
                "data:  keeps one space\n\n"});
    ASSERT_EQ(got.size(), 1u);
    EXPECT_EQ(got[0].data, " keeps one space");

    got = frames({"database: x\ndata x\nevents: y\nDATA: z\n\n"});
    ASSERT_EQ(got.size(), 1u);
    EXPECT_TRUE(got[0].comment_only);

    got = frames({": OPENROUTER PROCESSING\n\nevent: ping\n\n"});
    ASSERT_EQ(got.size(), 2u);
    EXPECT_TRUE(got[0].comment_only);
    EXPECT_EQ(got[1].event, "ping");
    EXPECT_FALSE(got[1].comment_only);
}

TEST(SseParser, CompleteFrames_AreGivenAtOnceAndWithoutCopying) {
    SseParser parser;
    SseFrame frame;
    for (std::string text : {"data: x\n\n", "data: x\r\n\r\n", "data: x\r\r"}) {
        parser.feed(text);
        ASSERT_TRUE(*parser.next(frame)) << testing::PrintToString(text);
        EXPECT_EQ(frame.data, "x");
        EXPECT_EQ(frame.raw.data(), text.data());
        EXPECT_EQ(parser.pending(), 0u);
        ASSERT_FALSE(*parser.next(frame));
    }
}

TEST(SseParser, FrameAfterACarriedOne_IsAViewAgain) {
    SseParser parser;
    SseFrame frame;
    parser.feed("data: x");
    ASSERT_FALSE(*parser.next(frame));
    EXPECT_EQ(parser.pending(), 7u);
    std::string rest = "y\n\ndata: z\n\ndata";
    parser.feed(rest);
    ASSERT_TRUE(*parser.next(frame));
    EXPECT_EQ(frame.data, "xy");
    ASSERT_TRUE(*parser.next(frame));
    EXPECT_EQ(frame.data, "z");
    EXPECT_EQ(frame.raw.data(), rest.data() + 3);
    ASSERT_FALSE(*parser.next(frame));
    EXPECT_EQ(parser.pending(), 4u);
}

TEST(SseParser, FrameLongerThanTheLimit_IsRefused) {
    SseParser parser;
    SseFrame frame;
    std::string piece(1024 * 1024, 'x');
    for (std::size_t fed = 0; fed < sse_frame_bytes_max; fed += piece.size()) {
        parser.feed(piece);
        auto more = parser.next(frame);
        ASSERT_TRUE(more.ok());
        ASSERT_FALSE(*more);
    }
    parser.feed(piece);
    auto refused = parser.next(frame);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, base::ErrorCode::provider);
}

std::vector<std::string> lines(const std::vector<std::string>& pieces) {
    std::vector<std::string> out;
    NdjsonParser parser;
    std::string_view line;
    for (const std::string& piece : pieces) {
        std::vector<char> exact(piece.begin(), piece.end());
        parser.feed({exact.data(), exact.size()});
        while (true) {
            auto more = parser.next(line);
            EXPECT_TRUE(more.ok());
            if (!more.ok() || !*more) break;
            out.emplace_back(line);
        }
    }
    if (parser.finish(line)) out.emplace_back(line);
    EXPECT_FALSE(parser.finish(line));
    return out;
}

TEST(NdjsonParser, CutAtEveryPairOfBytes_GivesTheSameLines) {
    std::string text = "{\"a\":1}\n\n{\"b\":2}\r\n\r\n{\"c\":3}";
    std::vector<std::string> expected = {"{\"a\":1}", "{\"b\":2}", "{\"c\":3}"};
    for (std::size_t a = 0; a <= text.size(); ++a) {
        for (std::size_t b = a; b <= text.size(); ++b) {
            ASSERT_EQ(lines({text.substr(0, a), text.substr(a, b - a), text.substr(b)}), expected);
        }
    }
}

}  // namespace
}  // namespace tollgate::http
