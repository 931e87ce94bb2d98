// The end of a text, where the parser looks at a block that begins before it; a document's room.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/json_scan.hpp"

namespace tollgate::json {
namespace {

// What a parse says: each value's place, or the error.
void tell(Value value, std::string& out) {
    out += std::to_string(value.offset()) + '+' + std::to_string(value.raw().size()) + ' ';
    const bool escapes = value.escaped().raw.find('\\') != std::string_view::npos;
    if (escapes) EXPECT_TRUE(value.may_have_escapes()) << value.raw();
    for (const Value element : value.elements()) tell(element, out);
    const Value::Range members = value.members();
    for (auto at = members.begin(); !(at == members.end()); ++at) {
        tell(at.key(), out);
        tell(*at, out);
    }
}
std::string told(std::string text, std::size_t space) {
    const std::size_t size = text.size();
    text.append(space, ' ');
    // In memory of just its size, so that sanitizers see a read past its end.
    const std::vector<char> exact(text.begin(), text.end());
    Document document;
    const auto root = document.parse({exact.data(), exact.size()});
    std::string out;
    if (!root.ok()) {
        out = root.error().message;
        const std::size_t number = out.find_first_of("0123456789"), end = out.find(':', number);
        // What was missed at the end is missed behind the space.
        if (std::stoul(out.substr(number)) >= size) out.replace(number, end - number, "(end)");
        return out;
    }
    tell(*root, out);
    return out;
}

// White space behind a text keeps what ends it away from the last block.
TEST(JsonBlocks, EndOfAText_IsReadAsItsMiddleIs) {
    static const std::string_view endings[] = {
        R"({"a":"b"})",   R"(["x","\"","\\"])", R"({"é":"\\\"","n":12})", R"(["","",""])",
        R"({"k":"v","w":[{"x":"y"}]})", R"(["a\\","b"])", R"({"a":"b","c)", R"(["a","b\)",
        "[\"a\",\"b\x01\"]", "[\"a\",\"\x80\"]", R"(["a",tru])", R"(["a","\u00e9"])",
        R"(["a" "b"])"};
    for (const std::string_view ending : endings) {
        for (std::size_t before = 0; before < 140; ++before) {
            for (const std::string_view fill : {"a", "\\\\", "\\\"", "é"}) {
                std::string text = "[\"";
                while (text.size() < before) text += fill;
                text += "\",";
                text += ending;
                text += ']';
                ASSERT_EQ(told(text, 0), told(text, 70)) << text;
            }
        }
    }
}

TEST(JsonBlocks, RandomTexts_AreReadAlikeAtTheirEnds) {
    std::mt19937 random(20261122);
    static const std::string_view pieces[] = {"\"",    "\"a\"", "\\",  "\\\"", "{",  "}",  "[", "]",
                                              ",",     ":",     "12",  "0",    "-1", ".5", "e7",
                                              "\"k\":", "true", "\xc3\xa9", "\x02", " ", "\"\\n\""};
    std::size_t sound = 0;
    for (int round = 0; round < 60'000; ++round) {
        std::string text = "[";
        for (unsigned i = random() % 30; i > 0; --i) {
            text += random() % 4 == 0 ? pieces[random() % std::size(pieces)]
                                      : "\"" + std::string(random() % 9, 'x') + "\"";
            if (random() % 5 != 0) text += ',';
        }
        text += "1]";
        const std::string first = told(text, 0);
        ASSERT_EQ(first, told(text, 64)) << text;
        sound += first.front() != 'm' ? 1 : 0;
    }
    EXPECT_GT(sound, 1'000u);
}

TEST(JsonBlocks, NumbersOfAnySpelling_EndWhereTheyEnd) {
    for (const std::string_view good : {"0", "7", "10", "1234567890123456789012", "-0", "-12",
                                        "0.5", "1.5", "1e5", "1E+5", "0e0", "10.25e-3"}) {
        for (const std::string_view behind : {"", " ", "]", ",1]", "}"}) {
            const bool list = behind.ends_with(']'), object = behind == "}";
            const std::string front = list ? "[" : object ? "{\"a\":" : "";
            const std::string text = front + std::string(good) + std::string(behind);
            Document document;
            const auto root = document.parse(text);
            ASSERT_TRUE(root.ok()) << text;
            const Value number = list ? *root->elements().begin() : object ? (*root)["a"] : *root;
            EXPECT_EQ(number.raw(), good);
        }
    }
    for (const std::string_view bad :
         {"00", "01", "1.", "1e", "-", "-01", "1.e5", "1x", "0x1", "."}) {
        Document document;
        EXPECT_FALSE(document.parse(bad).ok()) << bad;
        EXPECT_FALSE(document.parse('[' + std::string(bad) + ']').ok()) << bad;
    }
}

TEST(JsonBlocks, DocumentOfManySizes_HasRoomForEach) {
    Document document;
    for (const std::size_t count : {1u, 62u, 63u, 64u, 65u, 500u, 3u, 127u, 129u, 20'000u, 0u}) {
        std::string text = "[";
        for (std::size_t i = 0; i < count; ++i) {
            text += (i == 0 ? "" : ",") + std::to_string(i);
        }
        const std::string whole = text + "]";
        const auto root = document.parse(whole);
        ASSERT_TRUE(root.ok());
        ASSERT_EQ(root->size(), count);
        std::int64_t next = 0;
        for (const Value each : root->elements()) ASSERT_EQ(each.integer(), next++);
        ASSERT_EQ(next, static_cast<std::int64_t>(count));
    }
}

// As written down: a backslash that is not escaped itself escapes what follows it.
TEST(JsonBlocks, EscapedBytes_AreThoseBehindUnescapedBackslashes) {
    std::mt19937_64 random(5);
    for (int round = 0; round < 200'000; ++round) {
        std::uint64_t backslashes = random();
        for (unsigned more = random() % 4; more > 0; --more) backslashes |= random();
        if (round % 64 == 0) backslashes = ~std::uint64_t{0};
        const std::uint64_t before = random() % 2;
        std::uint64_t expected = 0, escapes = before;
        for (int at = 0; at < 64; ++at) {
            expected |= escapes << at;
            escapes = escapes == 0 && (backslashes >> at & 1) != 0 ? 1 : 0;
        }
        std::uint64_t carry = before;
        ASSERT_EQ(detail::escaped_bytes(backslashes, carry), expected) << backslashes;
        ASSERT_EQ(carry, escapes) << backslashes;
    }
}

TEST(JsonBlocks, WholeNumbers_ThatNoTypeHolds_AreNone) {
    EXPECT_EQ(whole_number("999999999999999999"), 999'999'999'999'999'999);
    EXPECT_EQ(whole_number("9223372036854775807"), 9'223'372'036'854'775'807);
    EXPECT_EQ(whole_number("9223372036854775808"), std::nullopt);
    EXPECT_EQ(whole_number("12a"), std::nullopt);
    EXPECT_EQ(whole_number("007"), std::nullopt);
    EXPECT_EQ(whole_number("0"), 0);
}

}  // namespace
}  // namespace tollgate::json
