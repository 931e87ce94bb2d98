// Several clients of one shared state on one loop, for tests: in the process they are one object,
// with Redis each is an instance of its own.
#pragma once
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "shared_state/in_process.hpp"
#include "shared_state/redis.hpp"
#include "shared_state/redis_server_test.hpp"

namespace tollgate::shared_state {

class Clients {
public:
    Clients() = default;
    ~Clients() {
        if (instances_.empty()) return;
        auto close_all = [this]() -> net::Task<void> {
            for (auto& instance : instances_) co_await instance->close();
        };
        run(close_all());
        // Connections end on their loop.
        for (int i = 0; i < 20; ++i) loop.run_once(1);
    }
    Clients(const Clients&) = delete;
    Clients& operator=(const Clients&) = delete;

    void add(std::unique_ptr<InProcess> state) { in_process_ = std::move(state); }
    RedisState& add(RedisOptions options) {
        auto made = RedisState::make(std::move(options));
        EXPECT_TRUE(made.ok());
        instances_.push_back(std::move(*made));
        instances_.back()->start(loop);
        return *instances_.back();
    }
    // All instances know of each other.
    void get_ready() {
        auto all_ready = [this]() -> net::Task<void> {
            for (int round = 0; round < 2; ++round) {
                for (auto& instance : instances_) co_await instance->ready();
            }
        };
        run(all_ready());
    }
    SharedState& state(std::size_t index) {
        if (in_process_) return *in_process_;
        return *instances_[index % instances_.size()];
    }
    void run(net::Task<void> work) {
        bool done = false;
        // Begun by the loop itself: several may live on this thread.
        loop.post([&] { net::spawn(finish(std::move(work), done), "test"); });
        const auto until = net::Clock::now() + std::chrono::seconds(60);
        while (!done && net::Clock::now() < until) loop.run_once(100);
        ASSERT_TRUE(done) << "not done within 60 s";
    }
    // Lets the loop turn until `condition` holds, ten seconds at most.
    template <typename Condition>
    bool eventually(Condition condition) {
        const auto until = net::Clock::now() + std::chrono::seconds(10);
        while (!condition()) {
            if (net::Clock::now() > until) return false;
            loop.run_once(5);
        }
        return true;
    }

    net::Loop loop;

private:
    static net::Task<void> finish(net::Task<void> work, bool& done) {
        co_await work;
        done = true;
    }
    std::unique_ptr<InProcess> in_process_;
    std::vector<std::unique_ptr<RedisState>> instances_;
};

}  // namespace tollgate::shared_state
