#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "http/codec.hpp"

namespace tollgate::http {
namespace {

struct Decoded {
    std::string data;
    std::string rest;   // bytes after the body
    std::string error;  // "" when none
    bool finished = false;
};

// Feeds `wire` in pieces of `step` bytes, each in a buffer of exactly that size.
Decoded decode(const std::string& wire, std::size_t step) {
    Decoded out;
    ChunkedDecoder decoder;
    for (std::size_t at = 0; at < wire.size(); at += step) {
        std::size_t size = std::min(step, wire.size() - at);
        std::vector<char> piece(wire.begin() + static_cast<long>(at),
                                wire.begin() + static_cast<long>(at + size));
        std::size_t consumed = 0;
        auto kept = decoder.decode(piece.data(), piece.size(), consumed);
        if (!kept.ok()) {
            out.error = kept.error().message;
            return out;
        }
        out.data.append(piece.data(), *kept);
        out.rest.append(piece.data() + consumed, piece.size() - consumed);
    }
    out.finished = decoder.finished();
    return out;
}

TEST(ChunkedDecoder, CutAtEveryStep_GivesTheSameBody) {
    std::string big(300, 'b');
    std::string wire = "4\r\nWiki\r\n00A;name=\"va;lue\"\r\n\r\n12345678\r\n12C\r\n" + big +
                       "\r\n0;last\r\nX-Sum: 1\r\nY:\r\n\r\nHTTP/1.1 200";
    for (std::size_t step = 1; step <= wire.size(); ++step) {
        Decoded got = decode(wire, step);
        ASSERT_EQ(got.error, "");
        EXPECT_EQ(got.data, "Wiki\r\n12345678" + big);
        EXPECT_EQ(got.rest, "HTTP/1.1 200");
        EXPECT_TRUE(got.finished);
    }
}

TEST(ChunkedDecoder, CutShort_IsNotFinished) {
    std::string wire = "4\r\nWiki\r\n0\r\n\r\n";
    for (std::size_t size = 0; size < wire.size(); ++size) {
        Decoded got = decode(wire.substr(0, size), 64);
        EXPECT_EQ(got.error, "");
        EXPECT_FALSE(got.finished) << size;
    }
}

TEST(ChunkedDecoder, MalformedFraming_IsRefusedForTheStatedReason) {
    struct Case {
        const char* name;
        std::string wire;
        const char* reason;
    };
    const std::vector<Case> cases = {
        {"no size", "\r\nabc", "hexadecimal"},
        {"not hex", "g\r\n", "hexadecimal"},
        {"prefix", "0x5\r\n", "after the chunk size"},
        {"negative", "-1\r\n", "hexadecimal"},
        {"leading space", " 5\r\n", "hexadecimal"},
        {"trailing space", "5 \r\nhello", "after the chunk size"},
        {"bare lf after the size", "5\nhello", "after the chunk size"},
        {"cr without lf after the size", "5\rhello", "CRLF"},
        {"overflow", "10000000000000000\r\n", "too large"},
        {"zeros without end", std::string(40, '0'), "too large"},
        {"data longer than its size", "3\r\nabcd\r\n", "longer than its size"},
        {"data ended by lf", "3\r\nabc\n0\r\n\r\n", "longer than its size"},
        {"data ended by cr", "3\r\nabc\rX", "CRLF"},
        {"extension with lf", "3;a\nabc", "extension"},
        {"extension with null", std::string("3;a\0b\r\n", 7), "extension"},
        {"extension without end", "3;" + std::string(20'000, 'x'), "16384"},
        {"trailers without end", "0\r\nX: " + std::string(20'000, 'x'), "16384"},
        {"trailer without name", "0\r\n: x\r\n\r\n", "name"},
        {"trailer without colon", "0\r\nabc\r\n\r\n", "name"},
        {"folded trailer", "0\r\nA: b\r\n c\r\n\r\n", "name"},
        {"trailer with lf", "0\r\nA: b\n\r\n", "value"},
        {"end by lf", "0\r\n\n", "name"},
        {"end by cr", "0\r\n\rX", "CRLF"},
    };
    for (const Case& one : cases) {
        SCOPED_TRACE(one.name);
        for (std::size_t step : {std::size_t{1}, one.wire.size()}) {
            Decoded got = decode(one.wire, step);
            EXPECT_NE(got.error.find(one.reason), std::string::npos) << got.error;
        }
    }
}

TEST(ChunkedDecoder, ManySmallExtensions_CountTogether) {
    std::string wire;
    for (int i = 0; i < 2'000; ++i) wire += "1;0123456789\r\nx\r\n";
    EXPECT_NE(decode(wire, 4096).error.find("16384"), std::string::npos);
}

}  // namespace
}  // namespace tollgate::http
