#include "providers/header_list.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace tollgate::providers {
namespace {

std::string dump(const HeaderList& list) {
    std::string out;
    for (const http::Header& header : list) {
        out.append(header.name).append("=").append(header.value).append(";");
    }
    return out;
}

TEST(HeaderList, Set_ReplacesUnderAnySpellingAndKeepsTheFirstOne) {
    HeaderList list = {{"Accept", "a"}, {"x", "1"}};
    list.set("ACCEPT", "b");
    list.set_default("accept", "c");
    list.set_default("y", "2");
    EXPECT_EQ(dump(list), "Accept=b;x=1;y=2;");
    list.erase("X");
    list.erase("absent");
    EXPECT_EQ(dump(list), "Accept=b;y=2;");
    EXPECT_FALSE(list.has("x"));
    EXPECT_EQ(list.get("Y"), "2");
    EXPECT_EQ(list.get("x"), "");
}

TEST(HeaderList, KeptText_StaysWhereItIsWhileTheListGrowsAndMoves) {
    HeaderList list;
    list.append("short", list.keep("s"));
    const char* const at = list.get("short").data();
    for (int i = 0; i < 100; ++i) {
        list.append(list.keep("name-" + std::to_string(i)), list.keep(std::string(50, 'v')));
    }
    const HeaderList moved = std::move(list);
    EXPECT_EQ(moved.get("short").data(), at);
    EXPECT_EQ(moved.get("name-99"), std::string(50, 'v'));
}

TEST(HeaderList, CopyAndOwnedList_OutliveWhatTheyWereMadeOf) {
    auto text = std::make_unique<std::string>("borrowed");
    HeaderList list;
    list.append("a", *text);
    list.append("empty", "");
    list.append("kept", list.keep("k"));
    const HeaderList copy = list;
    list.own();
    *text = "overwritten";
    text.reset();
    EXPECT_EQ(dump(list), "a=borrowed;empty=;kept=k;");
    EXPECT_EQ(dump(copy), "a=borrowed;empty=;kept=k;");
}

// What the codec has found sound is sent as it is: a value from elsewhere must be looked at.
TEST(HeaderList, ReplacedValue_IsNoLongerSound) {
    HeaderList list;
    list.append(http::Header{"x", "1", true});
    EXPECT_TRUE(list.all().front().sound);
    list.set("x", "2");
    EXPECT_FALSE(list.all().front().sound);
}

}  // namespace
}  // namespace tollgate::providers
