#include "gateway/response_cache.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace tollgate::gateway {
namespace {

using std::chrono::seconds;
const ResponseCache::Instant start{seconds(1'000)};
constexpr std::size_t kibibyte = 1024;

CachedAnswerPointer answer(const std::string& tenant, const std::string& bytes,
                           seconds lives = seconds(60)) {
    auto made = std::make_shared<CachedAnswer>();
    made->tenant = tenant;
    made->bytes = bytes;
    made->expires = start + lives;
    return made;
}

// One shard: what goes first can be told.
ResponseCacheBounds small(std::size_t entries) { return {64 * kibibyte, 32 * kibibyte, entries}; }

TEST(ResponseCache, Kept_IsFoundUntilItsTimeIsOver) {
    ResponseCache cache;
    cache.configure(small(8));
    ASSERT_TRUE(cache.keep({1, 2}, answer("acme", "hello")));
    const auto found = cache.find({1, 2}, "acme", start + seconds(59));
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->bytes, "hello");
    EXPECT_EQ(cache.find({1, 3}, "acme", start), nullptr);
    EXPECT_EQ(cache.find({1, 2}, "acme", start + seconds(60)), nullptr);
    EXPECT_EQ(cache.totals().entries, 0u);
    EXPECT_EQ(cache.totals().bytes, 0u);
    EXPECT_EQ(found->bytes, "hello") << "who sends it still has it";
}

TEST(ResponseCache, SameKeyOfAnotherTenant_IsNotFound) {
    ResponseCache cache;
    cache.configure(small(8));
    ASSERT_TRUE(cache.keep({1, 2}, answer("acme", "secret")));
    EXPECT_EQ(cache.find({1, 2}, "other", start), nullptr);
    EXPECT_NE(cache.find({1, 2}, "acme", start), nullptr);
}

TEST(ResponseCache, Erased_IsGoneAndItsRoomIsFree) {
    ResponseCache cache;
    cache.configure(small(8));
    ASSERT_TRUE(cache.keep({1, 2}, answer("acme", "old")));
    cache.erase({1, 3});
    EXPECT_EQ(cache.totals().entries, 1u);
    cache.erase({1, 2});
    EXPECT_EQ(cache.find({1, 2}, "acme", start), nullptr);
    EXPECT_EQ(cache.totals().bytes, 0u);
}

TEST(ResponseCache, TooManyEntries_LeastRecentlyUsedGoesFirst) {
    ResponseCache cache;
    cache.configure(small(2));
    ASSERT_TRUE(cache.keep({1, 1}, answer("a", "one")));
    ASSERT_TRUE(cache.keep({2, 2}, answer("a", "two")));
    ASSERT_NE(cache.find({1, 1}, "a", start), nullptr);
    ASSERT_TRUE(cache.keep({3, 3}, answer("a", "three")));
    EXPECT_NE(cache.find({1, 1}, "a", start), nullptr);
    EXPECT_EQ(cache.find({2, 2}, "a", start), nullptr);
    EXPECT_NE(cache.find({3, 3}, "a", start), nullptr);
}

TEST(ResponseCache, TooManyBytes_OldOnesMakeRoom) {
    ResponseCache cache;
    cache.configure(small(1'000));
    const std::string large(20 * kibibyte, 'x');
    for (std::uint64_t i = 1; i <= 10; ++i) ASSERT_TRUE(cache.keep({i, i}, answer("a", large)));
    EXPECT_LE(cache.totals().bytes, 64 * kibibyte);
    EXPECT_EQ(cache.totals().entries, 3u);
    EXPECT_NE(cache.find({10, 10}, "a", start), nullptr);
    EXPECT_EQ(cache.find({7, 7}, "a", start), nullptr);
}

TEST(ResponseCache, TooLargeAnswer_IsNotKeptAndPushesNothingOut) {
    ResponseCache cache;
    cache.configure(small(8));
    ASSERT_TRUE(cache.keep({1, 1}, answer("a", "one")));
    EXPECT_FALSE(cache.keep({2, 2}, answer("a", std::string(33 * kibibyte, 'x'))));
    EXPECT_EQ(cache.totals().entries, 1u);
}

TEST(ResponseCache, KeptAgain_ReplacesAndCountsOnce) {
    ResponseCache cache;
    cache.configure(small(8));
    ASSERT_TRUE(cache.keep({1, 1}, answer("a", std::string(1'000, 'x'))));
    const std::size_t before = cache.totals().bytes;
    ASSERT_TRUE(cache.keep({1, 1}, answer("a", std::string(1'000, 'y'))));
    EXPECT_EQ(cache.totals().bytes, before);
    EXPECT_EQ(cache.find({1, 1}, "a", start)->bytes.front(), 'y');
}

TEST(ResponseCache, NotConfigured_KeepsNothing) {
    ResponseCache cache;
    EXPECT_FALSE(cache.keep({1, 1}, answer("a", "one")));
    EXPECT_EQ(cache.find({1, 1}, "a", start), nullptr);
}

TEST(ResponseCache, OtherBounds_StillFindOrForgetWhole) {
    ResponseCache cache;
    cache.configure({256 * 1024 * kibibyte, 1024 * kibibyte, 100'000});
    for (std::uint64_t i = 0; i < 100; ++i) ASSERT_TRUE(cache.keep({i, i}, answer("a", "x")));
    EXPECT_EQ(cache.totals().entries, 100u);
    cache.configure(small(8));
    EXPECT_EQ(cache.totals().entries, 0u) << "they would lie in shards that nobody looks into";
    ASSERT_TRUE(cache.keep({1, 1}, answer("a", "x")));
    cache.configure(small(16));
    EXPECT_NE(cache.find({1, 1}, "a", start), nullptr);
}

TEST(ResponseCache, ManyThreads_BoundsHold) {
    ResponseCache cache;
    cache.configure({1024 * kibibyte, 16 * kibibyte, 300});
    std::vector<std::jthread> threads;
    for (std::uint64_t t = 0; t < 4; ++t) {
        threads.emplace_back([&cache, t] {
            for (std::uint64_t i = 0; i < 5'000; ++i) {
                const CacheKey key{i % 700, i % 700};
                const auto found = cache.find(key, "a", start);
                if (found != nullptr) {
                    EXPECT_EQ(found->tenant, "a");
                } else {
                    cache.keep(key, answer("a", std::string((i + t) % 9'000, 'x')));
                }
            }
        });
    }
    threads.clear();
    EXPECT_LE(cache.totals().bytes, 1024 * kibibyte);
    EXPECT_LE(cache.totals().entries, 300u);
    EXPECT_GT(cache.totals().entries, 0u);
}

}  // namespace
}  // namespace tollgate::gateway
