// A private Redis and instances with short intervals, for tests of what only Redis brings.
#pragma once
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>

#include "shared_state/clients_test.hpp"
#include "shared_state/redis.hpp"

namespace tollgate::shared_state {

using Refused = std::optional<Refusal>;

class RedisTest : public ::testing::Test {
protected:
    void SetUp() override {
        TOLLGATE_NEEDS_REDIS();
        server = std::make_unique<RedisServer>();
    }
    RedisOptions options() const {
        RedisOptions made;
        made.url = server->url();
        made.sync_every = std::chrono::milliseconds(20);
        return made;
    }
    static MeterSpec money(const char* key) {
        return {key, MeterKind::money, std::chrono::milliseconds(0), 0};
    }
    static MeterSpec slots(const char* key) {
        return {key, MeterKind::slots, std::chrono::milliseconds(0), 0};
    }
    static MeterSpec window(const char* key, std::chrono::milliseconds length) {
        return {key, MeterKind::window, length, 0};
    }
    static net::Task<Refused> take(SharedState& state, const MeterPointer& meter,
                                   std::int64_t amount, std::int64_t limit,
                                   std::string owner = "r", Moment* at = nullptr) {
        const std::array asks{Ask{meter.get(), amount, limit}};
        co_return co_await state.take(asks, owner, at);
    }
    static void settle(SharedState& state, const MeterPointer& meter, std::int64_t taken,
                       std::int64_t used, const std::string& owner = "r", Moment at = 0) {
        const std::array done{SharedState::Settlement{meter.get(), taken, used, at}};
        state.settle(done, owner);
    }
    // Asks until it is granted, five seconds long.
    static net::Task<bool> granted_in_time(SharedState& state, const MeterPointer& meter,
                                           std::int64_t amount, std::int64_t limit) {
        for (int tries = 0; tries < 500; ++tries) {
            const Refused refused = co_await take(state, meter, amount, limit, "in time");
            if (!refused) co_return true;
            co_await net::sleep_for(std::chrono::milliseconds(10));
        }
        co_return false;
    }
    // Exactly so much is counted as spent, once every lease and account is home.
    static net::Task<void> expect_spent(SharedState& state, const MeterPointer& meter,
                                        std::int64_t spent) {
        if (!co_await granted_in_time(state, meter, 1, spent + 1)) {
            const Refused refused = co_await take(state, meter, 1, spent + 1);
            ADD_FAILURE() << "more than " << spent << " is counted: "
                          << (refused ? refused->used : spent);
            co_return;
        }
        const Refused refused = co_await take(state, meter, 1, spent + 1);
        EXPECT_TRUE(refused) << "less than " << spent << " is counted";
    }

    std::unique_ptr<RedisServer> server;
};

}  // namespace tollgate::shared_state
