// Values and news that instances share, and what happens to who asks when Redis is slow or gone.
#include "shared_state/redis_values.hpp"

#include "shared_state/redis_fixture_test.hpp"

namespace tollgate::shared_state {
namespace {

using std::chrono::milliseconds;
using Value = std::optional<std::string>;

class RedisValuesTest : public RedisTest {
protected:
    static constexpr milliseconds patience{500};
    static net::Task<Value> get(RedisState& state, std::string key,
                                milliseconds wait = patience) {
        co_return co_await state.values().get(ValueKind::answer, std::move(key), wait);
    }
    // Until it is there, five seconds long.
    static net::Task<Value> get_in_time(RedisState& state, std::string key) {
        for (int tries = 0; tries < 500; ++tries) {
            Value found = co_await get(state, key);
            if (found) co_return found;
            co_await net::sleep_for(milliseconds(10));
        }
        co_return std::nullopt;
    }
    static void put(RedisState& state, const std::string& key, std::string value,
                    milliseconds life = milliseconds(60'000)) {
        state.values().put(ValueKind::answer, key, std::move(value), life);
    }
};

TEST_F(RedisValuesTest, WhatOnePuts_AnotherGets_UntilItsLifeEnds) {
    Clients clients;
    RedisState& one = clients.add(options());
    RedisState& other = clients.add(options());
    auto work = [&]() -> net::Task<void> {
        const std::string whole("zero\0byte\r\nand lines", 20);
        put(one, "t:1", whole);
        put(one, "t:2", "short", milliseconds(80));
        const Value found = co_await get_in_time(other, "t:1");
        EXPECT_EQ(found, whole);
        const Value missing = co_await get(other, "t:3");
        EXPECT_EQ(missing, std::nullopt);
        co_await net::sleep_for(milliseconds(120));
        const Value ended = co_await get(other, "t:2");
        EXPECT_EQ(ended, std::nullopt);
        put(one, "t:1", "newer");
        co_await net::sleep_for(milliseconds(50));
        const Value newer = co_await get(other, "t:1");
        EXPECT_EQ(newer, "newer");
    };
    clients.run(work());
    EXPECT_GE(other.values().count(ValueKind::answer, Lookup::found), 2u);
    EXPECT_GE(other.values().count(ValueKind::answer, Lookup::missing), 2u);
    EXPECT_EQ(other.values().count(ValueKind::conversation, Lookup::found), 0u);
    EXPECT_NE(server->command("EXISTS tollgate:answer:t:1").find(":1"), std::string::npos);
}

TEST_F(RedisValuesTest, LargeValues_ArriveWhole_AndTooLargeOnesAreNotKept) {
    Clients clients;
    RedisState& one = clients.add(options());
    RedisState& other = clients.add(options());
    auto work = [&]() -> net::Task<void> {
        const std::string large(4 * 1024 * 1024, 'x');
        put(one, "large", large);
        put(one, "too large", std::string(value_bytes_max + 1, 'x'));
        const Value found = co_await get_in_time(other, "large");
        EXPECT_TRUE(found && *found == large);
        const Value none = co_await get(other, "too large");
        EXPECT_EQ(none, std::nullopt);
    };
    clients.run(work());
}

TEST_F(RedisValuesTest, RedisIsSlow_OneWaitsAndTheOthersDoNot) {
    Clients clients;
    RedisState& state = clients.add(options());
    clients.get_ready();
    auto work = [&]() -> net::Task<void> {
        (void)co_await get(state, "warm");
        server->command("CLIENT PAUSE 700 ALL");
        const auto begun = net::Clock::now();
        (void)co_await get(state, "slow", milliseconds(60));
        const auto waited = net::Clock::now() - begun;
        EXPECT_GE(waited, milliseconds(50));
        EXPECT_LT(waited, milliseconds(400));
        const auto again = net::Clock::now();
        for (int i = 0; i < 100; ++i) (void)co_await get(state, "slow", milliseconds(60));
        EXPECT_LT(net::Clock::now() - again, milliseconds(50));
        EXPECT_EQ(state.values().count(ValueKind::answer, Lookup::late), 1u);
        EXPECT_EQ(state.values().count(ValueKind::answer, Lookup::lost), 100u);
        // The late answer has come: it is asked again.
        put(state, "after", "it");
        const Value found = co_await get_in_time(state, "after");
        EXPECT_EQ(found, "it");
    };
    clients.run(work());
}

TEST_F(RedisValuesTest, RedisIsGoneAndBack_NobodyWaitsAndItIsSharedAgain) {
    Clients clients;
    RedisState& one = clients.add(options());
    RedisState& other = clients.add(options());
    clients.get_ready();
    auto before = [&]() -> net::Task<void> {
        put(one, "k", "v");
        const Value found = co_await get_in_time(other, "k");
        EXPECT_EQ(found, "v");
    };
    clients.run(before());
    server->stop();
    auto during = [&]() -> net::Task<void> {
        const auto begun = net::Clock::now();
        for (int i = 0; i < 50; ++i) {
            put(one, "k", "lost");
            const Value none = co_await get(other, "k", milliseconds(50));
            EXPECT_EQ(none, std::nullopt);
        }
        const bool told = co_await one.values().tell("lost");
        EXPECT_FALSE(told);
        EXPECT_LT(net::Clock::now() - begun, milliseconds(1000));
    };
    clients.run(during());
    server->start();
    auto after = [&]() -> net::Task<void> {
        for (int tries = 0; tries < 500; ++tries) {
            put(one, "k", "again");
            const Value found = co_await get(other, "k");
            if (found) co_return;
            co_await net::sleep_for(milliseconds(10));
        }
        ADD_FAILURE() << "not shared again";
    };
    clients.run(after());
}

class RedisNewsTest : public RedisTest {
protected:
    struct Heard {
        std::string text;
        milliseconds age;
    };
    // An instance that keeps what it hears.
    RedisState& listening(Clients& clients, std::vector<Heard>& heard) {
        RedisState& state = clients.add(options());
        // Before the loop has turned once: nothing is read yet.
        state.listen([&heard](std::string_view text, milliseconds age) {
            heard.push_back({std::string(text), age});
        });
        return state;
    }
    static net::Task<void> tell(RedisState& state, std::string text) {
        const bool told = co_await state.values().tell(std::move(text));
        EXPECT_TRUE(told);
    }
};

TEST_F(RedisNewsTest, NewsReachAllOthersInOrder_AndNotTheTeller) {
    std::vector<Heard> first, second;
    Clients clients;
    RedisState& one = listening(clients, first);
    listening(clients, second);
    clients.get_ready();
    for (int i = 0; i < 20; ++i) clients.run(tell(one, "news " + std::to_string(i)));
    ASSERT_TRUE(clients.eventually([&] { return second.size() == 20; }));
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(second[static_cast<std::size_t>(i)].text, "news " + std::to_string(i));
        EXPECT_LT(second[static_cast<std::size_t>(i)].age, milliseconds(2000));
    }
    EXPECT_TRUE(first.empty());
}

TEST_F(RedisNewsTest, WhoBeginsLater_HearsWhatWasToldShortlyBefore_WithItsAge) {
    std::vector<Heard> first, later;
    Clients clients;
    RedisState& one = listening(clients, first);
    clients.get_ready();
    clients.run(tell(one, "opened"));
    clients.run(tell(one, "closed"));
    auto wait = []() -> net::Task<void> { co_await net::sleep_for(milliseconds(150)); };
    clients.run(wait());
    listening(clients, later);
    ASSERT_TRUE(clients.eventually([&] { return later.size() == 2; }));
    EXPECT_EQ(later[0].text, "opened");
    EXPECT_EQ(later[1].text, "closed");
    EXPECT_GE(later[0].age, milliseconds(100));
    EXPECT_LT(later[0].age, milliseconds(5000));
}

TEST_F(RedisNewsTest, AfterAnOutage_NewsAreHeardAgain) {
    std::vector<Heard> first, second;
    Clients clients;
    RedisState& one = listening(clients, first);
    listening(clients, second);
    clients.get_ready();
    clients.run(tell(one, "before"));
    ASSERT_TRUE(clients.eventually([&] { return second.size() == 1; }));
    server->stop();
    ASSERT_TRUE(clients.eventually([&] { return !one.trouble().empty(); }));
    server->start();
    ASSERT_TRUE(clients.eventually([&] { return one.trouble().empty(); }));
    clients.run(tell(one, "after"));
    ASSERT_TRUE(clients.eventually([&] { return second.size() == 2; }));
    EXPECT_EQ(second[1].text, "after");
}

}  // namespace
}  // namespace tollgate::shared_state
