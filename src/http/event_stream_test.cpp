#include "http/event_stream.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdint>
#include <vector>

namespace tollgate::http {
namespace {

std::string from_hex(std::string_view hex) {
    auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        bytes += static_cast<char>(digit(hex[i]) << 4 | digit(hex[i + 1]));
    }
    return bytes;
}

// Made with AWS's own encoder.
const std::string chunk_frame = from_hex(
    "0000006b0000004b6ace012d0b3a6576656e742d747970650700056368756e6b0d3a636f6e74656e742d7479706507"
    "00106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b226279746573"
    "223a226533303d227d3651dbfe");
const std::string exception_frame = from_hex(
    "0000008000000061ee713e350f3a657863657074696f6e2d747970650700137468726f74746c696e67457863657074"
    "696f6e0d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d74"
    "797065070009657863657074696f6e7b226d657373616765223a2278227dba01546f");
const std::string empty_frame = from_hex("000000100000000005c248eb7d98c8ff");

std::string number(std::uint64_t value, int bytes) {
    std::string text;
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
        text += static_cast<char>(value >> shift & 0xFF);
    }
    return text;
}

std::string checksum(const std::string& bytes) {
    return number(crc32_z(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()),
                  4);
}

// A message whose checksums are right, whatever its headers are.
std::string frame_of(const std::string& headers, const std::string& payload) {
    std::string frame = number(16 + headers.size() + payload.size(), 4) +
                        number(headers.size(), 4);
    frame += checksum(frame);
    frame += headers + payload;
    return frame + checksum(frame);
}

std::string header(const std::string& name, char type, const std::string& value) {
    return number(name.size(), 1) + name + std::string(1, type) + value;
}
std::string text_header(const std::string& name, const std::string& value) {
    return header(name, 7, number(value.size(), 2) + value);
}

struct Message {
    bool failed;
    std::string type, payload;
    bool operator==(const Message&) const = default;
};

struct Outcome {
    std::vector<Message> messages;
    std::string error;
    std::size_t pending = 0;
};

// Feeds `pieces`, taking every message as soon as it is there.
Outcome parse(const std::vector<std::string>& pieces) {
    Outcome outcome;
    EventStreamParser parser;
    EventStreamFrame frame;
    for (const std::string& piece : pieces) {
        parser.feed(piece);
        while (true) {
            auto more = parser.next(frame);
            if (!more.ok()) {
                EXPECT_EQ(more.error().code, base::ErrorCode::provider);
                outcome.error = more.error().message;
                return outcome;
            }
            if (!*more) break;
            outcome.messages.push_back(
                {frame.failed, std::string(frame.type), std::string(frame.payload)});
        }
    }
    outcome.pending = parser.pending();
    return outcome;
}

const Message chunk_message = {false, "chunk", R"({"bytes":"e30="})"};
const Message exception_message = {true, "throttlingException", R"({"message":"x"})"};

TEST(EventStream, PublishedFrames_AreRead) {
    const Outcome outcome = parse({chunk_frame + empty_frame + exception_frame});
    EXPECT_EQ(outcome.error, "");
    EXPECT_EQ(outcome.messages,
              (std::vector<Message>{chunk_message, {false, "", ""}, exception_message}));
    EXPECT_EQ(outcome.pending, 0u);
}

TEST(EventStream, FramesCutAnywhere_AreReadAllTheSame) {
    const std::string all = chunk_frame + exception_frame + chunk_frame;
    const std::vector<Message> expected = {chunk_message, exception_message, chunk_message};
    for (std::size_t cut = 0; cut <= all.size(); ++cut) {
        EXPECT_EQ(parse({all.substr(0, cut), all.substr(cut)}).messages, expected) << cut;
        for (std::size_t second = cut; second <= all.size(); second += 7) {
            const Outcome outcome = parse(
                {all.substr(0, cut), all.substr(cut, second - cut), all.substr(second)});
            EXPECT_EQ(outcome.messages, expected) << cut << " " << second;
            EXPECT_EQ(outcome.pending, 0u);
        }
    }
    std::vector<std::string> bytes;
    for (char c : all) bytes.emplace_back(1, c);
    EXPECT_EQ(parse(bytes).messages, expected);
}

TEST(EventStream, ChunksOfBytesThatDie_AreCopied) {
    EventStreamParser parser;
    EventStreamFrame frame;
    {
        std::string first = chunk_frame.substr(0, 50);
        parser.feed(first);
        auto more = parser.next(frame);
        ASSERT_TRUE(more.ok());
        ASSERT_FALSE(*more);
        first.assign(first.size(), 'x');
    }
    const std::string rest = chunk_frame.substr(50);
    parser.feed(rest);
    auto more = parser.next(frame);
    ASSERT_TRUE(more.ok());
    ASSERT_TRUE(*more);
    EXPECT_EQ(frame.payload, chunk_message.payload);
}

TEST(EventStream, EveryDamagedByte_IsNoticed) {
    for (std::size_t at = 0; at < chunk_frame.size(); ++at) {
        for (const unsigned flip : {0x01u, 0x80u, 0xFFu}) {
            std::string damaged = chunk_frame;
            damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ flip);
            const Outcome whole = parse({damaged + chunk_frame});
            EXPECT_NE(whole.error, "") << at;
            EXPECT_TRUE(whole.messages.empty()) << at;
            const Outcome pieces = parse({damaged.substr(0, at), damaged.substr(at)});
            EXPECT_NE(pieces.error, "") << at;
            EXPECT_TRUE(pieces.messages.empty()) << at;
        }
    }
}

TEST(EventStream, DamageInTheLengths_IsNoticedBeforeTheBytesTheyName) {
    std::string damaged = chunk_frame;
    damaged[0] = '\x7F';  // two gigabytes
    EXPECT_NE(parse({damaged.substr(0, 12)}).error, "");
}

TEST(EventStream, EveryCutEnd_LeavesBytesPending) {
    for (std::size_t size = 1; size < chunk_frame.size(); ++size) {
        const Outcome outcome = parse({chunk_frame + chunk_frame.substr(0, size)});
        EXPECT_EQ(outcome.messages.size(), 1u);
        EXPECT_EQ(outcome.pending, size);
    }
}

TEST(EventStream, HeadersOfAllTypes_ArePassedOver) {
    const std::string headers =
        header("a", 0, "") + header("b", 1, "") + header("c", 2, "x") +
        header("d", 3, "xx") + header("e", 4, "xxxx") + header("f", 5, std::string(8, 'x')) +
        header("g", 6, number(3, 2) + "abc") + header("h", 8, std::string(8, 'x')) +
        header("i", 9, std::string(16, 'x')) + text_header(":message-type", "event") +
        text_header(":event-type", "metadata");
    EXPECT_EQ(parse({frame_of(headers, "{}")}).messages,
              (std::vector<Message>{{false, "metadata", "{}"}}));
}

TEST(EventStream, ErrorMessages_CarryTheirCodeAndWords) {
    const std::string headers = text_header(":message-type", "error") +
                                text_header(":error-code", "InternalError") +
                                text_header(":error-message", "An internal error");
    EXPECT_EQ(parse({frame_of(headers, "")}).messages,
              (std::vector<Message>{{true, "InternalError", "An internal error"}}));
}

TEST(EventStream, HeadersThatOverrun_AreRefused) {
    const std::vector<std::string> bad = {
        number(0, 1),                                   // no name
        number(5, 1) + "ab",                            // a name cut
        number(1, 1) + "a",                             // no type
        header("a", 10, ""),                            // no such type
        header("a", static_cast<char>(-1), ""),
        header("a", 4, "xxx"),                          // a value cut
        header("a", 7, number(2, 1)),                   // half a length
        header("a", 7, number(4, 2) + "abc"),           // a text cut
        header("a", 6, number(0xFFFF, 2) + "abc"),
        header("a", 9, std::string(15, 'x')),
        text_header(":event-type", "x") + "\x01",
    };
    for (std::size_t i = 0; i < bad.size(); ++i) {
        EXPECT_NE(parse({frame_of(bad[i], "{}")}).error, "") << i;
    }
}

TEST(EventStream, LengthsThatContradict_AreRefused) {
    auto prelude = [](std::uint64_t total, std::uint64_t headers) {
        const std::string lengths = number(total, 4) + number(headers, 4);
        return lengths + checksum(lengths) + std::string(64, '\0');
    };
    EXPECT_NE(parse({prelude(15, 0)}).error, "");
    EXPECT_NE(parse({prelude(0, 0)}).error, "");
    EXPECT_NE(parse({prelude(16, 1)}).error, "");
    EXPECT_NE(parse({prelude(40, 0xFFFFFFFF)}).error, "");
    EXPECT_NE(parse({prelude(0xFFFFFFFF, 0)}).error, "");
    EXPECT_NE(parse({prelude(17 * 1024 * 1024, 0)}).error, "");
    EXPECT_NE(parse({prelude(300 * 1024, 200 * 1024)}).error, "");
}

TEST(EventStream, LargestPayload_Passes) {
    const std::string payload(event_stream_payload_bytes_max, 'p');
    const std::string frame = frame_of(text_header(":event-type", "chunk"), payload);
    std::vector<std::string> pieces;
    for (std::size_t at = 0; at < frame.size(); at += 65'536) {
        pieces.push_back(frame.substr(at, 65'536));
    }
    const Outcome outcome = parse(pieces);
    ASSERT_EQ(outcome.messages.size(), 1u);
    EXPECT_EQ(outcome.messages[0].payload.size(), payload.size());
    const std::string longer = frame_of("", payload + "pp" + std::string(128 * 1024, 'p'));
    EXPECT_NE(parse({longer}).error, "");
}

TEST(EventStream, ManyMessagesInOneRead_AreTakenOneByOne) {
    std::string all;
    for (int i = 0; i < 1000; ++i) all += i % 2 ? exception_frame : chunk_frame;
    EXPECT_EQ(parse({all}).messages.size(), 1000u);
    EXPECT_EQ(parse({all.substr(0, 777), all.substr(777)}).messages.size(), 1000u);
}

TEST(EventStream, WrittenMessages_AreThePublishedOnes) {
    std::string out;
    append_event_stream_message(out,
                                {{":event-type", "chunk"},
                                 {":content-type", "application/json"},
                                 {":message-type", "event"}},
                                chunk_message.payload);
    append_event_stream_message(out,
                                {{":exception-type", "throttlingException"},
                                 {":content-type", "application/json"},
                                 {":message-type", "exception"}},
                                exception_message.payload);
    append_event_stream_message(out, {}, "");
    EXPECT_EQ(out, chunk_frame + exception_frame + empty_frame);
}

}  // namespace
}  // namespace tollgate::http
