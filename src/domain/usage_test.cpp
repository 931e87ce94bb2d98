#include "domain/usage.hpp"

#include <gtest/gtest.h>

namespace tollgate::domain {
namespace {

TEST(Usage, Add_SumsEveryFieldThatSomebodyCounted) {
    Usage sum;
    sum.input = 10;
    sum.audio_input = 4;
    Usage more;
    more.input = 5;
    more.output = 7;
    more.audio_input = 1;
    more.audio_output = 2;
    more.image_output = 3;
    more.images = 1;
    more.estimated = true;
    sum.add(more);
    EXPECT_EQ(sum.input, 15);
    EXPECT_EQ(sum.output, 7);
    EXPECT_EQ(sum.audio_input, 5);
    EXPECT_EQ(sum.audio_output, 2);
    EXPECT_EQ(sum.image_output, 3);
    EXPECT_EQ(sum.images, 1);
    EXPECT_EQ(sum.cache_read, -1) << "nobody counted it";
    EXPECT_TRUE(sum.estimated);
}

TEST(Usage, Update_ReplacesWhatTheLaterOneCounted) {
    Usage usage;
    usage.input = 10;
    usage.output = 1;
    Usage later;
    later.output = 9;
    usage.update(later);
    EXPECT_EQ(usage.input, 10);
    EXPECT_EQ(usage.output, 9);
}

}  // namespace
}  // namespace tollgate::domain
