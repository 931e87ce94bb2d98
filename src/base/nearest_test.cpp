#include "base/nearest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tollgate::base {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Nearest, DistanceCountsSlipsOfOneLetterAndSwaps) {
    EXPECT_EQ(edit_distance("listen", "listen", 5), 0u);
    EXPECT_EQ(edit_distance("lisen", "listen", 5), 1u);
    EXPECT_EQ(edit_distance("litsen", "listen", 5), 1u);
    EXPECT_EQ(edit_distance("LISTEN", "listen", 5), 0u);
    EXPECT_EQ(edit_distance("", "abc", 5), 3u);
    EXPECT_EQ(edit_distance("kitten", "sitting", 5), 3u);
    EXPECT_EQ(edit_distance("abcdefgh", "zyxwvuts", 2), 3u);  // stopped counting
}

TEST(Nearest, StrictGivesOnlyWhatWasMeant) {
    const std::vector<std::string> names{"listen", "limits", "workers", "drain"};
    EXPECT_THAT(nearest("lissten", names, 1, true), ElementsAre("listen"));
    EXPECT_THAT(nearest("wrokers", names, 3, true), ElementsAre("workers"));
    EXPECT_THAT(nearest("telepathy", names, 3, true), IsEmpty());
    EXPECT_THAT(nearest("telepathy", names, 2, false), ::testing::SizeIs(2));
}

TEST(Nearest, PartsOfANameComeBeforeOtherNames) {
    const std::vector<std::string> names{"deepseek", "gpt-4o-mini-2024", "gpt-4o"};
    EXPECT_EQ(nearest("gpt-4o-mini", names, 1, false).front(), "gpt-4o-mini-2024");
    EXPECT_THAT(nearest("x", std::vector<std::string>{}, 3, false), IsEmpty());
}

}  // namespace
}  // namespace tollgate::base
