#include "http/scan.hpp"

#include <gtest/gtest.h>

#include <string>

#include "http/codec.hpp"
#include "http/message.hpp"

namespace tollgate::http {
namespace {

bool by_table(std::string_view text, std::uint8_t kind) {
    return skip_kind(text.data(), text.data() + text.size(), kind) == text.data() + text.size();
}

TEST(Scan, EveryByteAtEveryPlace_IsSeenAsTheTableSeesIt) {
    for (std::size_t size = 0; size <= 35; ++size) {
        for (std::size_t place = 0; place < size; ++place) {
            for (int byte = 0; byte < 256; ++byte) {
                std::string text(size, 'a');
                text[place] = static_cast<char>(byte);
                const char* const end = text.data() + size;
                ASSERT_EQ(all_token(text), by_table(text, kind_token)) << size << " " << byte;
                ASSERT_EQ(all_value(text), by_table(text, kind_value)) << size << " " << byte;
                ASSERT_EQ(all_target(text), by_table(text, kind_target)) << size << " " << byte;
                ASSERT_EQ(skip_token(text.data(), end), skip_kind(text.data(), end, kind_token));
                ASSERT_EQ(skip_value(text.data(), end), skip_kind(text.data(), end, kind_value));
            }
        }
    }
}

TEST(Scan, Names_CompareWithoutRegardToCaseAndToNothingElse) {
    EXPECT_TRUE(iequals("", ""));
    EXPECT_TRUE(iequals("Content-Type", "content-TYPE"));
    EXPECT_FALSE(iequals("content-type", "content-types"));
    EXPECT_FALSE(iequals("content-type", "Content_type"));
    // They differ in the bit that tells capitals from small letters, and are no letters.
    EXPECT_FALSE(iequals("@", "`"));
    EXPECT_FALSE(iequals("a[", "a{"));
}

TEST(Scan, Names_CompareAsByteByByteAtEveryPlace) {
    const auto small = [](unsigned byte) {
        return byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte;
    };
    for (const std::size_t size : {1u, 7u, 8u, 9u, 16u, 21u}) {
        std::string a(size, 'x'), b(size, 'X');
        for (unsigned first = 0; first < 256; ++first) {
            for (unsigned second = 0; second < 256; ++second) {
                const std::size_t at = (first + second) % size;
                a[at] = static_cast<char>(first);
                b[at] = static_cast<char>(second);
                ASSERT_EQ(iequals(a, b), small(first) == small(second)) << first << " " << second;
                a[at] = b[at] = 'x';
            }
        }
    }
}

TEST(HeadWriter, TextOfAnyLength_StandsBehindWhatIsThere) {
    const std::string letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    BodyBuffer out;
    HeadWriter(out, 16).put("before\r\n");
    std::string wanted = "before\r\n";
    for (std::size_t size = 0; size <= letters.size(); ++size) {
        const std::string_view name = std::string_view(letters).substr(0, size);
        const std::string_view value = std::string_view(letters).substr(letters.size() - size);
        HeadWriter(out, HeadWriter::bytes_of({name, value})).put_header(name, value);
        wanted.append(name).append(": ").append(value).append("\r\n");
    }
    HeadWriter(out, number_bytes_max).put_number(18'446'744'073'709'551'615u);
    EXPECT_EQ(out.view(), wanted + "18446744073709551615");
}

TEST(HeadWriter, NumberOfAnyLength_IsSpelledInDecimal) {
    BodyBuffer out;
    std::string wanted;
    std::uint64_t number = 0;
    for (int digits = 0; digits <= 20; ++digits) {
        for (const std::uint64_t each : {number, number + 1, number * 7}) {
            HeadWriter(out, number_bytes_max).put_number(each);
            wanted += std::to_string(each);
        }
        number = number == 0 ? 9 : number * 10 + 9;
    }
    EXPECT_EQ(out.view(), wanted);
}

TEST(Headers, NameThatIsAbsent_IsNotFoundAndOneThatIsThereIsInAnySpelling) {
    Headers headers;
    EXPECT_EQ(headers.find(""), std::nullopt);
    headers.add("Content-Type", "text/plain");
    headers.add("x-empty", "");
    EXPECT_EQ(headers.get("CONTENT-type"), "text/plain");
    EXPECT_EQ(headers.find("X-Empty"), "");
    // Of one length, and with the same first and last letters.
    EXPECT_EQ(headers.find("Content-Tape"), std::nullopt);
    headers.clear();
    EXPECT_EQ(headers.find("content-type"), std::nullopt);
}

}  // namespace
}  // namespace tollgate::http
