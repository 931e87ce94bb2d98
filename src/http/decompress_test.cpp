#include "http/decompress.hpp"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <string>

namespace tollgate::http {
namespace {

std::string zlib_pack(const std::string& plain, int window_bits) {
    z_stream stream{};
    EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    std::string out(plain.size() + 1024, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
    stream.avail_in = static_cast<uInt>(plain.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}
std::string gzip(const std::string& plain) { return zlib_pack(plain, 31); }
std::string zstd(const std::string& plain) {
    std::string out(ZSTD_compressBound(plain.size()), '\0');
    out.resize(ZSTD_compress(out.data(), out.size(), plain.data(), plain.size(), 3));
    return out;
}
// {"message":"brotli says hello, hello, hello"} as written by Node's zlib.brotliCompressSync.
const std::string brotli_plain = "{\"message\":\"brotli says hello, hello, hello\"}";
const std::string brotli_packed(
    "\x1b\x2c\x00\xf8\x9d\x09\x76\x4c\xc2\x32\x33\x74\x80\x5e\x8b\x95\xa1\xed\x49\x1d"
    "\xb9\xbe\x16\x61\x61\xa3\x9b\x6c\x69\x6f\x2d\x49\x25\xba\xc4\x23\x13\xd0\xc0\x1d"
    "\x57\x41\x5f\x6f\x36\xe7\x60",
    47);

std::string plain_text() {
    std::string text;
    for (int i = 0; i < 20'000; ++i) text += "event " + std::to_string(i * 7919) + "\n";
    return text;
}

struct Unpacked {
    std::string text;
    std::string error;
};

// Feeds `packed` in pieces and takes the output in pieces.
Unpacked unpack(const std::string& encoding, const std::string& packed, std::size_t step,
                std::size_t room) {
    Unpacked out;
    auto made = Decompressor::make(encoding);
    if (!made.ok()) return {"", made.error().message};
    std::unique_ptr<Decompressor> decompressor = std::move(*made);
    std::string space(room, '\0');
    for (std::size_t at = 0; at < packed.size(); at += step) {
        std::string piece = packed.substr(at, step);
        std::string_view input = piece;
        while (true) {
            auto count = decompressor->decode(input, space.data(), room);
            if (!count.ok()) return {out.text, count.error().message};
            if (*count == 0) break;
            EXPECT_LE(*count, room);
            out.text.append(space.data(), *count);
        }
        EXPECT_TRUE(input.empty());
    }
    auto end = decompressor->finish();
    if (!end.ok()) out.error = end.error().message;
    return out;
}

TEST(Decompressor, EveryCodingInAnyPieces_GivesThePlainText) {
    const std::string plain = plain_text();
    struct Case {
        const char* encoding;
        std::string packed;
        std::string plain;
    };
    const Case cases[] = {
        {"gzip", gzip(plain), plain},
        {"X-GZIP", gzip(plain), plain},
        {"gzip", gzip("first ") + gzip("second"), "first second"},
        {"deflate", zlib_pack(plain, 15), plain},
        {"deflate", zlib_pack(plain, -15), plain},
        {"zstd", zstd(plain), plain},
        {"zstd", zstd("first ") + zstd("second"), "first second"},
        {"br", brotli_packed, brotli_plain},
        {"gzip, zstd", zstd(gzip(plain)), plain},
        {"deflate,identity , gzip,zstd", zstd(gzip(zlib_pack(plain, 15))), plain},
    };
    for (const Case& one : cases) {
        SCOPED_TRACE(one.encoding);
        for (std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{4096}, plain.size()}) {
            Unpacked got = unpack(one.encoding, one.packed, step, 1000);
            EXPECT_EQ(got.error, "");
            EXPECT_TRUE(got.text == one.plain) << step;
        }
        Unpacked got = unpack(one.encoding, one.packed, one.packed.size(), 1);
        EXPECT_TRUE(got.text == one.plain);
    }
}

TEST(Decompressor, FlushedPart_IsGivenBeforeTheEnd) {
    z_stream stream{};
    ASSERT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    std::string packed(1024, '\0');
    std::string event = "data: first\n\n";
    stream.next_in = reinterpret_cast<Bytef*>(event.data());
    stream.avail_in = static_cast<uInt>(event.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    ASSERT_EQ(deflate(&stream, Z_SYNC_FLUSH), Z_OK);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    EXPECT_EQ(unpack("gzip", packed, packed.size(), 4096).text, event);
}

TEST(Decompressor, CutShort_IsAnError) {
    for (const auto& [encoding, packed] :
         {std::pair<std::string, std::string>{"gzip", gzip("hello hello hello")},
          {"deflate", zlib_pack("hello hello hello", 15)},
          {"zstd", zstd("hello hello hello")},
          {"br", brotli_packed},
          {"gzip, zstd", zstd(gzip("hello"))}}) {
        for (std::size_t size = 1; size < packed.size(); ++size) {
            EXPECT_NE(unpack(encoding, packed.substr(0, size), 64, 64).error, "")
                << encoding << " " << size;
        }
        EXPECT_EQ(unpack(encoding, "", 64, 64).error, "") << "an empty body is no stream at all";
    }
}

TEST(Decompressor, MalformedData_IsAnErrorThatNamesTheCoding) {
    const std::string nonsense(64, '\x77');
    for (const char* encoding : {"gzip", "deflate", "zstd", "br"}) {
        Unpacked got = unpack(encoding, nonsense, 64, 4096);
        EXPECT_NE(got.error.find(encoding), std::string::npos) << encoding << ": " << got.error;
    }
    EXPECT_NE(unpack("deflate", zlib_pack("x", 15) + "y", 64, 64).error, "");
    EXPECT_NE(unpack("gzip", gzip("x") + "y", 64, 64).error, "");
    EXPECT_NE(unpack("br", brotli_packed + "y", 4096, 64).error, "");
}

TEST(Decompressor, HeaderValues_AreUnderstoodOrRefused) {
    for (const char* value : {"", "identity", " Identity , "}) {
        auto made = Decompressor::make(value);
        ASSERT_TRUE(made.ok());
        EXPECT_EQ(*made, nullptr);
    }
    EXPECT_NE(Decompressor::make("compress").error().message.find("compress"), std::string::npos);
    EXPECT_FALSE(Decompressor::make("gzip,gzip,gzip,gzip").ok());
    EXPECT_EQ(Decompressor::make("aws-chunked").error().code, base::ErrorCode::provider);
}

TEST(Decompressor, BodyThatGrowsAThousandfold_FillsOnlyTheRoomGiven) {
    std::string packed = gzip(std::string(10'000'000, 'a'));
    auto made = Decompressor::make("gzip");
    std::string_view input = packed;
    std::string space(4096, '\0');
    auto count = (*made)->decode(input, space.data(), space.size());
    ASSERT_TRUE(count.ok());
    EXPECT_EQ(*count, space.size());
    EXPECT_FALSE(input.empty());
}

}  // namespace
}  // namespace tollgate::http
