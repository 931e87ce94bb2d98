// Who gets a place and when: fairness, bounds, those who leave, several loops at a time.
#include "gateway/admission.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <thread>

namespace tollgate::gateway {
namespace {

using base::ErrorCode;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// One request: asks for a place, and keeps it until told to leave.
struct Caller {
    std::string name;
    net::CancelScope scope;
    std::optional<base::Result<Admission>> answer;

    bool waits() const { return !answer.has_value(); }
    bool admitted() const { return answer.has_value() && answer->ok(); }
    const base::Error& error() const { return answer->error(); }
};

net::Task<void> ask(AdmissionQueue& queue, Caller& caller, std::string tenant,
                    std::vector<std::string>& order) {
    auto answer = co_await queue.enter(tenant, caller.scope);
    caller.answer.emplace(std::move(answer));
    if (caller.answer->ok()) order.push_back(caller.name);
}

class AdmissionTest : public testing::Test {
protected:
    void configure(std::int64_t running, std::int64_t waiting = 100, std::int64_t per_tenant = 100,
                   milliseconds wait_max = seconds(60)) {
        queue_.configure({running, waiting, per_tenant, wait_max});
    }
    // The name begins with the tenant's: "a1" is a request of tenant "a".
    Caller& enter(const std::string& name) {
        callers_.push_back(std::make_unique<Caller>());
        callers_.back()->name = name;
        net::spawn(ask(queue_, *callers_.back(), name.substr(0, 1), order_), "test");
        return *callers_.back();
    }
    void leave(Caller& caller) {
        caller.answer.reset();
        turn();
    }
    // One of those who have a place leaves.
    void leave_any() {
        for (auto& caller : callers_) {
            if (caller->admitted()) return leave(*caller);
        }
    }
    void turn() { loop_.run_once(0); }
    std::vector<std::string> admitted_one_by_one() {
        order_.clear();
        while (queue_.waiting() > 0) leave_any();
        return order_;
    }
    void TearDown() override {
        for (auto& caller : callers_) {
            caller->scope.cancel(loop_, net::CancelReason::client_gone);
        }
        turn();
        EXPECT_EQ(queue_.waiting(), 0);
    }

    base::Registry registry_;
    net::Loop loop_;
    AdmissionQueue queue_{registry_};
    AdmissionMetrics counted_{registry_};
    std::vector<std::string> order_;
    std::vector<std::unique_ptr<Caller>> callers_;
};

TEST_F(AdmissionTest, BelowTheBound_EveryoneEntersAtOnceAndGivesTheirPlaceBack) {
    configure(2);
    Caller& first = enter("a1");
    Caller& second = enter("a2");
    EXPECT_TRUE(first.admitted());
    EXPECT_TRUE(second.admitted());
    EXPECT_EQ(first.answer->value().waited().count(), 0);
    EXPECT_EQ(queue_.running(), 2);
    Admission moved = std::move(*first.answer).value();
    leave(first);
    EXPECT_EQ(queue_.running(), 2) << "a place that has moved is not given back twice";
    leave(second);
    EXPECT_EQ(queue_.running(), 1);
}

TEST_F(AdmissionTest, PlacesGoRoundTheTenantsThatWait) {
    configure(1);
    enter("x");
    for (const char* name : {"a1", "a2", "a3", "a4", "b1", "c1", "c2"}) enter(name);
    EXPECT_EQ(queue_.waiting(), 7);
    EXPECT_THAT(admitted_one_by_one(), ElementsAre("a1", "b1", "c1", "a2", "c2", "a3", "a4"));
    EXPECT_EQ(queue_.running(), 1);
}

TEST_F(AdmissionTest, AFloodDelaysALoneRequestByOneTurn) {
    configure(2);
    for (int i = 0; i < 50; ++i) enter("a" + std::to_string(i));
    for (int i = 0; i < 10; ++i) {
        Caller& lone = enter("b" + std::to_string(i));
        EXPECT_TRUE(lone.waits());
        leave_any();
        if (lone.waits()) leave_any();
        EXPECT_TRUE(lone.admitted()) << "after one of the others at most";
        leave(lone);
    }
}

TEST_F(AdmissionTest, NobodyOvertakesThoseWhoWait) {
    configure(1);
    Caller& holder = enter("a1");
    Caller& waiting = enter("a2");
    holder.answer.reset();  // a place is free, and promised
    Caller& newcomer = enter("a3");
    turn();
    EXPECT_TRUE(waiting.admitted());
    EXPECT_TRUE(newcomer.waits());
    leave(waiting);
    EXPECT_TRUE(newcomer.admitted());
    EXPECT_GT(newcomer.answer->value().waited().count(), 0);
}

TEST_F(AdmissionTest, BeyondATenantsQueueItIsRefusedAndOthersAreNot) {
    configure(1, 100, 2);
    enter("a1");
    enter("a2");
    enter("a3");
    Caller& refused = enter("a4");
    ASSERT_FALSE(refused.waits());
    EXPECT_EQ(refused.error().code, ErrorCode::rate_limited);
    EXPECT_GE(refused.error().retry_after, seconds(1));
    EXPECT_THAT(refused.error().message, HasSubstr("server.limits.queue_per_tenant"));
    EXPECT_TRUE(enter("b1").waits());
    EXPECT_EQ(queue_.waiting(), 3);
    EXPECT_EQ(counted_.tenant_queue.value(), 1U);
}

TEST_F(AdmissionTest, TheWholeQueueIsBounded_AndFewTenantsCannotFillIt) {
    configure(1, 8, 100);
    enter("x");
    int first = 0, second = 0;
    while (enter("a" + std::to_string(first)).waits()) ++first;
    EXPECT_EQ(first, 4) << "as much again is left";
    while (enter("b" + std::to_string(second)).waits()) ++second;
    EXPECT_EQ(second, 2);
    EXPECT_TRUE(enter("c").waits());
    EXPECT_TRUE(enter("d").waits());
    Caller& refused = enter("e");
    ASSERT_FALSE(refused.waits());
    EXPECT_EQ(refused.error().code, ErrorCode::overloaded);
    EXPECT_GE(refused.error().retry_after, seconds(1));
    EXPECT_THAT(refused.error().message, HasSubstr("server.limits.queue"));
    EXPECT_EQ(counted_.queue.value(), 1U);
}

TEST_F(AdmissionTest, WithoutAQueueWhatFindsNoPlaceIsRefused) {
    configure(1, 0);
    Caller& holder = enter("a1");
    Caller& refused = enter("b1");
    ASSERT_FALSE(refused.waits());
    EXPECT_EQ(refused.error().code, ErrorCode::overloaded);
    EXPECT_THAT(refused.error().message, HasSubstr("server.limits.in_flight"));
    leave(holder);
    EXPECT_TRUE(enter("b2").admitted());
}

TEST_F(AdmissionTest, WhoFindsNoPlaceInTimeIsRefused) {
    configure(1, 100, 100, milliseconds(100));
    enter("a1");
    Caller& late = enter("b1");
    while (late.waits()) loop_.run_once(1000);
    EXPECT_EQ(late.error().code, ErrorCode::overloaded);
    EXPECT_EQ(late.error().retry_after, seconds(1));
    EXPECT_THAT(late.error().message, HasSubstr("within 0.1 s (server.limits.queue_timeout)"));
    EXPECT_EQ(queue_.waiting(), 0);
    EXPECT_EQ(queue_.running(), 1);
    EXPECT_EQ(counted_.timeout.value(), 1U);
}

TEST_F(AdmissionTest, WhoLeavesWhileWaitingGivesTheirTurnUpAtOnce) {
    configure(1);
    Caller& holder = enter("a1");
    Caller& gone = enter("b1");
    Caller& next = enter("c1");
    gone.scope.cancel(loop_, net::CancelReason::client_gone);
    turn();
    ASSERT_FALSE(gone.waits());
    EXPECT_EQ(gone.error().code, ErrorCode::cancelled);
    EXPECT_EQ(queue_.waiting(), 1);
    leave(holder);
    EXPECT_TRUE(next.admitted());
}

// The place was given to it on another thread while its own had not heard of it yet.
TEST_F(AdmissionTest, WhoLeavesJustWhenAdmittedHandsThePlaceOn) {
    configure(1);
    Caller& holder = enter("a1");
    Caller& gone = enter("b1");
    Caller& next = enter("c1");
    std::thread([&] {
        net::Loop elsewhere;
        holder.answer.reset();
    }).join();
    gone.scope.cancel(loop_, net::CancelReason::client_gone);
    turn();
    turn();
    ASSERT_FALSE(gone.waits());
    EXPECT_EQ(gone.error().code, ErrorCode::cancelled);
    EXPECT_TRUE(next.admitted());
    EXPECT_EQ(queue_.running(), 1);
}

TEST_F(AdmissionTest, AReloadWithMorePlacesAdmitsThoseWhoWait) {
    configure(1);
    Caller& first = enter("a1");
    Caller& second = enter("a2");
    Caller& third = enter("b1");
    configure(3);
    turn();
    EXPECT_TRUE(second.admitted());
    EXPECT_TRUE(third.admitted());
    configure(1);
    Caller& fourth = enter("c1");
    leave(first);
    leave(second);
    EXPECT_TRUE(fourth.waits()) << "there is one place now, and it is taken";
    leave(third);
    EXPECT_TRUE(fourth.admitted());
}

TEST_F(AdmissionTest, WhoIsCutOffByAShutdownIsTold) {
    configure(1);
    enter("a1");
    Caller& waiting = enter("b1");
    waiting.scope.cancel(loop_, net::CancelReason::shutdown);
    turn();
    ASSERT_FALSE(waiting.waits());
    EXPECT_EQ(waiting.error().code, ErrorCode::unavailable);
}

// --- several loops -------------------------------------------------------------------------------

// What all threads together see.
struct Crowd {
    AdmissionQueue& queue;
    std::atomic<std::int64_t> inside{0}, most_inside{0}, admitted{0}, refused{0}, gone{0};
};

net::Task<void> visit(Crowd& crowd, net::CancelScope& scope, unsigned seed, std::size_t& left) {
    std::mt19937 random(seed);
    for (int i = 0; i < 40; ++i) {
        const std::string tenant(1, static_cast<char>('a' + random() % 5));
        auto admission = co_await crowd.queue.enter(tenant, scope);
        if (!admission.ok()) {
            ++(admission.error().code == ErrorCode::cancelled ? crowd.gone : crowd.refused);
            if (scope.cancelled()) scope.reset();
            continue;
        }
        ++crowd.admitted;
        const std::int64_t now = ++crowd.inside;
        std::int64_t most = crowd.most_inside.load();
        while (now > most && !crowd.most_inside.compare_exchange_weak(most, now)) {
        }
        if (random() % 4 != 0) co_await net::sleep_for(milliseconds(random() % 3));
        --crowd.inside;
    }
    --left;
}

// Now and then one of them is called away, wherever it is just then.
net::Task<void> call_away(net::Loop& loop, std::vector<net::CancelScope>& scopes, unsigned seed,
                          const std::size_t& left) {
    std::mt19937 random(seed);
    while (left > 0) {
        co_await net::sleep_for(milliseconds(1));
        net::CancelScope& scope = scopes[random() % scopes.size()];
        scope.cancel(loop, net::CancelReason::client_gone);
    }
    loop.stop();
}

TEST(Admission, OnSeveralLoopsNoPlaceAndNoWakeUpIsLost) {
    constexpr std::size_t threads_count = 4, visitors = 30, visits = 40;
    base::Registry registry;
    AdmissionQueue queue(registry);
    queue.configure({7, 60, 30, seconds(600)});  // a lost wake-up would hang the test
    Crowd crowd{queue};
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < threads_count; ++t) {
        threads.emplace_back([&crowd, t] {
            net::Loop loop;
            std::vector<net::CancelScope> scopes(visitors);
            std::size_t left = visitors;
            for (unsigned i = 0; i < visitors; ++i) {
                net::spawn(visit(crowd, scopes[i], t * 1000 + i, left), "visit");
            }
            net::spawn(call_away(loop, scopes, t, left), "call_away");
            loop.run();
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(queue.running(), 0);
    EXPECT_EQ(queue.waiting(), 0);
    EXPECT_EQ(crowd.admitted + crowd.refused + crowd.gone,
              static_cast<std::int64_t>(threads_count * visitors * visits));
    EXPECT_LE(crowd.most_inside, 7);
    EXPECT_GT(crowd.admitted, 0);
    EXPECT_GT(crowd.gone, 0);
}

}  // namespace
}  // namespace tollgate::gateway
