#include "gateway/shared_answer.hpp"

#include <gtest/gtest.h>

namespace tollgate::gateway {
namespace {

using std::chrono::seconds;
const std::chrono::steady_clock::time_point now{seconds(1'000)};
constexpr std::int64_t unix_ms = 1'700'000'000'000;

CachedAnswer sample() {
    CachedAnswer answer;
    answer.tenant = "acme \"quoted\"";
    answer.bytes = "event: message\ndata: {\"a\":1}\n\n";
    answer.bytes += '\0';
    answer.bytes += " and more";
    answer.endpoint = "openai/gpt-5.4@https://api.openai.com/v1 0123456789abcdef";
    answer.own_key = "key-1";
    answer.price_version = "2026-11";
    answer.usage.input = 12;
    answer.usage.output = 34;
    answer.usage.cache_read = 5;
    answer.usage.provider_cost_nano_usd = 6;
    answer.usage.estimated = true;
    answer.list_cost = 789;
    answer.priced = false;
    answer.translated = true;
    return answer;
}

TEST(SharedAnswer, ComesBackAsItWas_WithWhatIsLeftOfItsLife) {
    const CachedAnswer answer = sample();
    const auto back = decode_answer(encode(answer, unix_ms + 60'000), unix_ms + 20'000, now);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->tenant, answer.tenant);
    EXPECT_EQ(back->bytes, answer.bytes);
    EXPECT_EQ(back->endpoint, answer.endpoint);
    EXPECT_EQ(back->own_key, answer.own_key);
    EXPECT_EQ(back->price_version, answer.price_version);
    EXPECT_EQ(back->usage.input, 12);
    EXPECT_EQ(back->usage.output, 34);
    EXPECT_EQ(back->usage.cache_read, 5);
    EXPECT_EQ(back->usage.cache_write_5m, -1) << "nobody said";
    EXPECT_EQ(back->usage.provider_cost_nano_usd, 6);
    EXPECT_TRUE(back->usage.estimated);
    EXPECT_EQ(back->list_cost, 789);
    EXPECT_FALSE(back->priced);
    EXPECT_TRUE(back->translated);
    EXPECT_EQ(back->expires, now + seconds(40));
}

TEST(SharedAnswer, WhoseLifeIsOver_IsNone) {
    EXPECT_FALSE(decode_answer(encode(sample(), unix_ms), unix_ms, now));
    EXPECT_TRUE(decode_answer(encode(sample(), unix_ms + 1), unix_ms, now));
}

TEST(SharedAnswer, WhatIsNotOne_IsRefused) {
    const std::string good = encode(sample(), unix_ms + 60'000);
    const auto taken = [](const std::string& text) {
        return decode_answer(text, unix_ms, now).has_value();
    };
    ASSERT_TRUE(taken(good));
    EXPECT_FALSE(taken(""));
    EXPECT_FALSE(taken("{}"));
    EXPECT_FALSE(taken("{}\nbytes"));
    EXPECT_FALSE(taken("no json\nbytes"));
    EXPECT_FALSE(taken(good.substr(0, good.size() - 1))) << "cut short";
    EXPECT_FALSE(taken(good + "x"));
    std::string later = good;
    later.replace(later.find("\"version\":1"), 11, "\"version\":2");
    EXPECT_FALSE(taken(later)) << "of a later version";
    std::string fewer = good;
    fewer.replace(fewer.find("\"usage\":[12,"), 12, "\"usage\":[");
    EXPECT_FALSE(taken(fewer));
}

}  // namespace
}  // namespace tollgate::gateway
