// Every version of the compact copies writes the same bytes, whatever stands wherever.
#include "base/json_compact.hpp"

#include <gtest/gtest.h>

#include <random>

namespace tollgate::json::detail {
namespace {

void expect_same_copies(std::string_view text) {
    const std::vector<char> exact(text.begin(), text.end());  // sanitizers see a read past its end
    const Raw value(exact.data(), exact.size());
    const auto versions = compact_versions();
    std::string copied = "before", escaped = "before";
    versions.front().copy(copied, value);
    versions.front().escape(escaped, value);
    for (std::size_t i = 1; i < versions.size(); ++i) {
        std::string copy = "before", escape = "before";
        versions[i].copy(copy, value);
        versions[i].escape(escape, value);
        ASSERT_EQ(copy, copied) << i << ": " << text;
        ASSERT_EQ(escape, escaped) << i << ": " << text;
    }
}

TEST(JsonCompact, AnythingAnywhere_IsCopiedAlike) {
    for (const char* special :
         {"\"", " ", "\t", "\n", "\r", "\" \"", "\\", "\\\"", "\\\\", "\\n", "\x01", "\x0b", "\x1f",
          "\x7f", "é", "—", "\xff", " \" \" ", "  \n"}) {
        for (std::size_t before = 0; before < 140; ++before) {
            const std::string inside(before, 'a');
            for (std::size_t after : {0, 1, 31, 32, 63, 64, 65}) {
                const std::string text = inside + special + std::string(after, 'b');
                expect_same_copies(text);
                expect_same_copies("\"" + text);
                expect_same_copies("[\"" + text + "\" , 1]");
            }
        }
    }
    expect_same_copies("");
}

TEST(JsonCompact, MixedTexts_AreCopiedAlike) {
    std::mt19937 random(11);
    static const std::string_view pieces[] = {"{\"key\": ", "\"a value\"", ", ",  "\n\t  ", "}",
                                              "[1,2]",      "\\\"",        "\\n", "\"",     "\\\\",
                                              "\x02",       "—",           " "};
    for (int round = 0; round < 30'000; ++round) {
        std::string text;
        const unsigned kinds = 6 + random() % 8;
        for (unsigned count = random() % 60; count > 0; --count) text += pieces[random() % kinds];
        expect_same_copies(text);
    }
}

TEST(JsonCompact, LongValue_IsCopiedWhole) {
    std::string text = "[", compact = "[", escaped = "[";
    for (int i = 0; i < 5000; ++i) {
        text += R"( "\n\"" ,)";
        compact += R"("\n\"",)";
        escaped += R"(\"\\n\\\"\",)";
    }
    for (const CompactVersion& version : compact_versions()) {
        std::string copy, escape;
        version.copy(copy, text + "0 ]");
        version.escape(escape, text + "0 ]");
        EXPECT_EQ(copy, compact + "0]");
        EXPECT_EQ(escape, escaped + "0]");
    }
}

}  // namespace
}  // namespace tollgate::json::detail
