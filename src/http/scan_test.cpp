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

TEST(Codec, Headers_AreWrittenAsOneByOne) {
    const Header headers[] = {{"a", "1"}, {"empty", {}}, {"Long-Name", "a value"}};
    std::string together = "before\r\n", one_by_one = together;
    append_headers(together, headers);
    for (const Header& header : headers) append_header(one_by_one, header.name, header.value);
    EXPECT_EQ(together, one_by_one);
}

}  // namespace
}  // namespace tollgate::http
