#include "journal/crc32c.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tollgate::journal {
namespace {

TEST(Crc32c, KnownTexts_GiveThePublishedValues) {
    EXPECT_EQ(crc32c(0, ""), 0u);
    EXPECT_EQ(crc32c(0, "123456789"), 0xE3069283u);
    EXPECT_EQ(crc32c(0, std::string(32, '\0')), 0x8A9136AAu);
    EXPECT_EQ(crc32c(0, std::string(32, '\xFF')), 0x62A8AB43u);
}

TEST(Crc32c, InstructionAndTable_AgreeAtEveryLength) {
    std::string text;
    for (int i = 0; i < 300; ++i) {
        EXPECT_EQ(crc32c(7, text), crc32c_by_table(7, text)) << i;
        text.push_back(static_cast<char>(i * 37));
    }
}

TEST(Crc32c, InTwoParts_IsThatOfTheWhole) {
    const std::string text = "a record of the journal, cut anywhere";
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
        const std::string_view whole = text;
        EXPECT_EQ(crc32c(crc32c(0, whole.substr(0, cut)), whole.substr(cut)), crc32c(0, whole));
    }
}

}  // namespace
}  // namespace tollgate::journal
