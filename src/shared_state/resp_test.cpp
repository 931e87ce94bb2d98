#include "shared_state/resp.hpp"

#include <gtest/gtest.h>

#include "shared_state/redis_address.hpp"

namespace tollgate::shared_state {
namespace {

TEST(Resp, CommandsAreArraysOfCountedStrings) {
    std::string out;
    const std::vector<std::string> parts{"SET", "a key", std::string("\r\n\0", 3)};
    append_command(out, parts);
    EXPECT_EQ(out, std::string("*3\r\n$3\r\nSET\r\n$5\r\na key\r\n$3\r\n\r\n\0\r\n", 33));
}

const std::string all_kinds =
    "+OK\r\n:-42\r\n-ERR no\r\n$-1\r\n$4\r\na\r\nb\r\n*3\r\n:1\r\n*1\r\n$0\r\n\r\n*-1\r\n";

void expect_all_kinds(const std::vector<Reply>& replies) {
    ASSERT_EQ(replies.size(), 6u);
    EXPECT_EQ(replies[0].text, "OK");
    EXPECT_EQ(replies[1].integer, -42);
    EXPECT_EQ(replies[2].kind, Reply::Kind::error);
    EXPECT_EQ(replies[2].text, "ERR no");
    EXPECT_EQ(replies[3].kind, Reply::Kind::nothing);
    EXPECT_EQ(replies[4].text, "a\r\nb");
    ASSERT_EQ(replies[5].items.size(), 3u);
    EXPECT_EQ(replies[5].items[0].integer, 1);
    ASSERT_EQ(replies[5].items[1].items.size(), 1u);
    EXPECT_EQ(replies[5].items[1].items[0].kind, Reply::Kind::text);
    EXPECT_EQ(replies[5].items[2].kind, Reply::Kind::nothing);
}

TEST(Resp, RepliesComeOutWholeHoweverTheyAreCut) {
    for (std::size_t piece = 1; piece <= all_kinds.size(); ++piece) {
        ReplyReader reader;
        std::vector<Reply> replies;
        for (std::size_t at = 0; at < all_kinds.size(); at += piece) {
            reader.feed(std::string_view(all_kinds).substr(at, piece));
            while (true) {
                auto next = reader.next();
                ASSERT_TRUE(next.ok());
                if (!next->has_value()) break;
                replies.push_back(std::move(**next));
            }
        }
        expect_all_kinds(replies);
    }
}

TEST(Resp, WhatIsNoProtocolIsRefused) {
    for (const char* wrong : {"HTTP/1.1 400 Bad Request\r\n", "$x\r\n", "$-2\r\n", "$1\r\nab\r\n",
                              "*9999999999\r\n", ":\r\n", "$99999999999\r\n",
                              "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n"}) {
        ReplyReader reader;
        reader.feed(wrong);
        EXPECT_FALSE(reader.next().ok()) << wrong;
    }
}

TEST(RedisAddress, EveryPartOfTheUrlIsRead) {
    auto whole = parse_redis_url("rediss://gate:p%40ss%2Fword@cache.internal:6390/3");
    ASSERT_TRUE(whole.ok());
    EXPECT_TRUE(whole->tls);
    EXPECT_EQ(whole->user, "gate");
    EXPECT_EQ(whole->password, "p@ss/word");
    EXPECT_EQ(whole->host, "cache.internal");
    EXPECT_EQ(whole->port, 6390);
    EXPECT_EQ(whole->database, 3);
    EXPECT_EQ(whole->text(), "redis cache.internal:6390") << "without the password";
    auto bare = parse_redis_url("redis://127.0.0.1");
    ASSERT_TRUE(bare.ok());
    EXPECT_FALSE(bare->tls);
    EXPECT_EQ(bare->port, 6379);
    EXPECT_EQ(bare->database, 0);
    auto v6 = parse_redis_url("redis://:secret@[::1]:7000/");
    ASSERT_TRUE(v6.ok());
    EXPECT_EQ(v6->host, "::1");
    EXPECT_EQ(v6->port, 7000);
    EXPECT_EQ(v6->user, "");
    EXPECT_EQ(v6->password, "secret");
}

TEST(RedisAddress, AWrongUrlNamesTheFieldAndKeepsThePasswordToItself) {
    for (const char* wrong :
         {"", "127.0.0.1:6379", "http://h", "redis://", "redis://h:0", "redis://h:99999",
          "redis://h:x", "redis://h/x", "redis://h/-1", "redis://[::1", "redis://:hunter2@",
          "redis://:hunter2%zz@h"}) {
        auto parsed = parse_redis_url(wrong);
        ASSERT_FALSE(parsed.ok()) << wrong;
        EXPECT_EQ(parsed.error().field, "stores.redis") << wrong;
        EXPECT_EQ(parsed.error().message.find("hunter2"), std::string::npos) << wrong;
    }
}

}  // namespace
}  // namespace tollgate::shared_state
