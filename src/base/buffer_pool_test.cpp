#include "base/buffer_pool.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>
#include <vector>

namespace tollgate::base {
namespace {

TEST(BufferPool, ReturnedBlock_IsHandedOutAgain) {
    Buffer first = take_buffer();
    char* block = first.data();
    std::memset(block, 'x', Buffer::size());
    first.release();
    EXPECT_FALSE(first);
    Buffer second = take_buffer();
    EXPECT_EQ(second.data(), block);
}

TEST(BufferPool, MovedBuffer_LeavesNothingBehind) {
    Buffer first = take_buffer();
    char* block = first.data();
    Buffer second = std::move(first);
    EXPECT_EQ(first.data(), nullptr);
    EXPECT_EQ(second.data(), block);
    std::size_t before = buffers_kept();
    Buffer third = take_buffer();
    third = std::move(second);  // gives its own block back
    EXPECT_EQ(third.data(), block);
    EXPECT_GE(buffers_kept(), before);
}

TEST(BufferPool, MoreThanTheLimitReturned_OnlyTheLimitIsKept) {
    std::vector<Buffer> taken;
    for (std::size_t i = 0; i < buffers_kept_max + 10; ++i) taken.push_back(take_buffer());
    taken.clear();
    EXPECT_EQ(buffers_kept(), buffers_kept_max);
}

TEST(BufferPool, GivenBackOnAnotherThread_StaysThere) {
    Buffer buffer = take_buffer();
    std::size_t before = buffers_kept();
    std::thread other([&] {
        buffer.release();
        EXPECT_EQ(buffers_kept(), 1u);
    });
    other.join();
    EXPECT_EQ(buffers_kept(), before);
}

}  // namespace
}  // namespace tollgate::base
