#include "routing/health.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace tollgate::routing {
namespace {

using domain::ErrorClass;
using namespace std::chrono_literals;

class Health : public testing::Test {
protected:
    CircuitChange attempt(ErrorClass error_class, std::chrono::milliseconds retry_after = -1ms) {
        return health.finished(health.started(now),
                               {.error_class = error_class, .retry_after = retry_after}, settings,
                               now);
    }
    void fail(int times) {
        for (int i = 0; i < times; ++i) attempt(ErrorClass::provider_fault);
    }
    CircuitState circuit() const { return health.view(now).circuit; }

    domain::CircuitSettings settings;
    DeploymentHealth health;
    Instant now = Instant() + 100h;
};

TEST_F(Health, FiveFailuresInARow_OpenForFiveSeconds) {
    fail(4);
    EXPECT_EQ(circuit(), CircuitState::closed);
    const auto change = attempt(ErrorClass::timeout);
    EXPECT_TRUE(change.changed);
    EXPECT_EQ(change.state, CircuitState::open);
    EXPECT_EQ(change.open_for, 5s);
    EXPECT_EQ(change.reason, OpenReason::failures_in_a_row);
    EXPECT_EQ(circuit(), CircuitState::open);
    EXPECT_EQ(health.view(now + 2s).opens_in, 3s);
    EXPECT_FALSE(health.started(now + 4'999ms).admitted());
}

TEST_F(Health, ASuccessBetween_BeginsTheRowAnew) {
    fail(4);
    attempt(ErrorClass::none);
    fail(4);
    EXPECT_EQ(circuit(), CircuitState::closed);
}

TEST_F(Health, RequestsRefusedForTheirOwnSake_AreNotTheDeploymentsFault) {
    for (const auto error_class :
         {ErrorClass::bad_request, ErrorClass::context_overflow, ErrorClass::content_policy}) {
        for (int i = 0; i < 20; ++i) attempt(error_class);
    }
    EXPECT_EQ(circuit(), CircuitState::closed);
    EXPECT_EQ(health.view(now).error_rate, 0);
}

TEST_F(Health, MoreThanHalfOfTenInThirtySeconds_Open) {
    for (int i = 0; i < 4; ++i) {
        attempt(ErrorClass::none);
        attempt(ErrorClass::overloaded);
    }
    EXPECT_EQ(circuit(), CircuitState::closed);  // 4 of 8
    attempt(ErrorClass::overloaded);             // 5 of 9
    EXPECT_EQ(circuit(), CircuitState::closed);
    const auto change = attempt(ErrorClass::overloaded);  // 6 of 10
    EXPECT_TRUE(change.changed);
    EXPECT_EQ(change.reason, OpenReason::error_rate);
}

TEST_F(Health, ExactlyHalf_StaysClosed) {
    for (int i = 0; i < 10; ++i) {
        attempt(ErrorClass::none);
        attempt(ErrorClass::overloaded);
    }
    EXPECT_EQ(circuit(), CircuitState::closed);
}

TEST_F(Health, FailuresOlderThanTheWindow_DoNotCount) {
    for (int i = 0; i < 4; ++i) {
        attempt(ErrorClass::overloaded);
        attempt(ErrorClass::overloaded);
        attempt(ErrorClass::none);
        now += 11s;  // 8 failures of 12 in 33 s, but 6 of 9 in any 30
    }
    EXPECT_EQ(circuit(), CircuitState::closed);
}

TEST_F(Health, HalfOpen_OneProbe_ItsSuccessCloses) {
    fail(5);
    now += 5s;
    EXPECT_EQ(circuit(), CircuitState::half_open);
    auto probe = health.started(now);
    EXPECT_TRUE(probe.admitted());
    EXPECT_TRUE(probe.probe());
    EXPECT_EQ(circuit(), CircuitState::open);
    EXPECT_FALSE(health.started(now).admitted());
    const auto change = health.finished(std::move(probe), {}, settings, now);
    EXPECT_TRUE(change.changed);
    EXPECT_EQ(change.state, CircuitState::closed);
    EXPECT_EQ(circuit(), CircuitState::closed);
    fail(4);  // what failed before the probe is forgotten
    EXPECT_EQ(circuit(), CircuitState::closed);
}

TEST_F(Health, FailedProbes_DoubleTheCooldownUpToFiveMinutes) {
    fail(5);
    std::vector<std::int64_t> seconds;
    for (int i = 0; i < 8; ++i) {
        const auto open_for = health.view(now).opens_in;
        seconds.push_back(std::chrono::duration_cast<std::chrono::seconds>(open_for).count());
        now += open_for;
        EXPECT_EQ(attempt(ErrorClass::timeout).reason, OpenReason::probe_failed);
    }
    EXPECT_EQ(seconds, (std::vector<std::int64_t>{5, 10, 20, 40, 80, 160, 300, 300}));
    now += 300s;
    attempt(ErrorClass::none);
    fail(5);
    EXPECT_EQ(health.view(now).opens_in, 5s);
}

TEST_F(Health, AnAbandonedProbe_LetsTheNextOneGo) {
    fail(5);
    now += 5s;
    { const auto probe = health.started(now); }
    EXPECT_EQ(circuit(), CircuitState::half_open);
    health.finished(health.started(now), {.abandoned = true}, settings, now);
    EXPECT_EQ(circuit(), CircuitState::half_open);
    EXPECT_EQ(health.view(now).in_flight, 0);
}

TEST_F(Health, AProbeThatNeverEnds_BlocksTenMinutesAtMost) {
    fail(5);
    now += 5s;
    auto lost = health.started(now);
    EXPECT_FALSE(health.started(now + 599s).admitted());
    EXPECT_TRUE(health.started(now + 600s).admitted());
}

TEST_F(Health, RateLimit_OpensAtOnceUntilItResets_ThenClosesByItself) {
    const auto change = attempt(ErrorClass::rate_limited, 12s);
    EXPECT_TRUE(change.changed);
    EXPECT_EQ(change.open_for, 12s);
    EXPECT_FALSE(health.started(now + 11s).admitted());
    now += 12s;
    EXPECT_EQ(circuit(), CircuitState::closed);
    const auto one = health.started(now), other = health.started(now);
    EXPECT_TRUE(one.admitted() && other.admitted());
    EXPECT_FALSE(one.probe() || other.probe());
}

TEST_F(Health, RateLimitWithoutAReset_CoolsDownAndIsProbed) {
    EXPECT_EQ(attempt(ErrorClass::rate_limited).open_for, 5s);
    now += 5s;
    EXPECT_EQ(circuit(), CircuitState::half_open);
    EXPECT_EQ(attempt(ErrorClass::rate_limited).open_for, 10s);
}

TEST_F(Health, RateLimitsOfManyRequestsAtOnce_TheLatestResetHolds) {
    auto one = health.started(now), other = health.started(now), third = health.started(now);
    const AttemptOutcome short_one{.error_class = ErrorClass::rate_limited, .retry_after = 5s};
    const AttemptOutcome long_one{.error_class = ErrorClass::rate_limited, .retry_after = 9s};
    EXPECT_TRUE(health.finished(std::move(one), short_one, settings, now).changed);
    EXPECT_TRUE(health.finished(std::move(other), long_one, settings, now).changed);
    EXPECT_FALSE(health.finished(std::move(third), short_one, settings, now).changed);
    EXPECT_EQ(health.view(now).opens_in, 9s);
}

TEST_F(Health, CredentialError_OpensAtOnce) {
    const auto change = attempt(ErrorClass::credential);
    EXPECT_TRUE(change.changed);
    EXPECT_EQ(change.reason, OpenReason::credential);
    EXPECT_EQ(change.open_for, 5s);
}

TEST_F(Health, RetryAfterOfAnOverload_IsTheCooldown) {
    fail(4);
    EXPECT_EQ(attempt(ErrorClass::overloaded, 30s).open_for, 30s);
    now += 30s;
    EXPECT_EQ(circuit(), CircuitState::half_open);
}

TEST_F(Health, ManyFailTogether_TheCooldownDoublesOnce) {
    std::vector<Flight> flights;
    for (int i = 0; i < 20; ++i) flights.push_back(health.started(now));
    int changes = 0;
    for (auto& flight : flights) {
        changes += health.finished(std::move(flight), {.error_class = ErrorClass::timeout},
                                   settings, now)
                       .changed;
    }
    EXPECT_EQ(changes, 1);
    EXPECT_EQ(health.view(now).opens_in, 5s);
    EXPECT_EQ(health.view(now).openings, 1);
}

TEST_F(Health, ALateSuccess_DoesNotCloseWhatOpenedMeanwhile) {
    auto early = health.started(now);
    fail(5);
    EXPECT_FALSE(health.finished(std::move(early), {}, settings, now).changed);
    EXPECT_EQ(circuit(), CircuitState::open);
}

TEST_F(Health, Forced_TriesAnOpenCircuit_AndItsSuccessCloses) {
    fail(5);
    auto flight = health.started(now, Admission::forced);
    EXPECT_TRUE(flight.admitted());
    auto second = health.started(now, Admission::forced);
    EXPECT_TRUE(second.admitted());
    EXPECT_FALSE(second.probe());
    EXPECT_TRUE(health.finished(std::move(flight), {}, settings, now).changed);
    EXPECT_EQ(circuit(), CircuitState::closed);
}

TEST_F(Health, InFlight_CountsWhatWasAdmittedAndHasNotEnded) {
    auto one = health.started(now);
    {
        auto other = health.started(now);
        EXPECT_EQ(health.view(now).in_flight, 2);
    }
    EXPECT_EQ(health.view(now).in_flight, 1);
    one = Flight();
    EXPECT_EQ(health.view(now).in_flight, 0);
}

TEST_F(Health, TwentySamples_MeasurementCountsMoreThanTheCatalog) {
    const CatalogFigures catalog{
        .first_token_ms = 900, .token_ms = 20, .error_rate = 0.01, .quality = 0.8};
    const AttemptOutcome good{.first_token = 200ms, .duration = 1'190ms, .output_tokens = 100};
    CandidateFacts facts;
    for (int i = 0; i < 19; ++i) {
        health.finished(health.started(now), good, settings, now);
        set_live_facts(health.view(now), catalog, 50, 0, 0, facts);
        EXPECT_DOUBLE_EQ(facts.latency_ms, 900 + 50 * 20);
        EXPECT_DOUBLE_EQ(facts.error_rate, 0.01);
    }
    attempt(ErrorClass::timeout);
    set_live_facts(health.view(now), catalog, 50, 0, 0, facts);
    EXPECT_DOUBLE_EQ(facts.latency_ms, 200 + 50 * 10);
    EXPECT_DOUBLE_EQ(facts.error_rate, 0.05);
    EXPECT_DOUBLE_EQ(facts.quality, 0.8);
    set_live_facts(health.view(now + 6min), catalog, 50, 0, 0, facts);
    EXPECT_DOUBLE_EQ(facts.latency_ms, 900 + 50 * 20);
}

TEST_F(Health, Percentile_IsTheTimeWithinWhichNineteenOfTwentyCame) {
    for (int i = 0; i < 19; ++i) {
        health.finished(health.started(now), {.first_token = 100ms}, settings, now);
        EXPECT_LT(health.first_token_p95_ms(), 0);
    }
    health.finished(health.started(now), {.first_token = 5'000ms}, settings, now);
    EXPECT_GE(health.first_token_p95_ms(), 100);
    EXPECT_LE(health.first_token_p95_ms(), 120);
    for (int i = 0; i < 10; ++i) {
        health.finished(health.started(now), {.first_token = 5'000ms}, settings, now);
    }
    EXPECT_GE(health.first_token_p95_ms(), 5'000);
    EXPECT_LE(health.first_token_p95_ms(), 6'000);
}

TEST_F(Health, Means_FollowTheNewestAnswers) {
    for (int i = 0; i < 30; ++i) {
        health.finished(health.started(now), {.first_token = 100ms}, settings, now);
    }
    EXPECT_NEAR(health.view(now).first_token_ms, 100, 0.01);
    for (int i = 0; i < 50; ++i) {
        health.finished(health.started(now), {.first_token = 400ms}, settings, now);
    }
    EXPECT_NEAR(health.view(now).first_token_ms, 400, 3);
}

TEST_F(Health, RateLimitHeaders_GiveUseAndHeadroomUntilTheyReset) {
    RateLimits limits;
    limits.requests = {.limit = 100, .remaining = 60, .reset_in = 20s};
    limits.tokens = {.limit = 10'000, .remaining = 1'000, .reset_in = 10s};
    attempt(ErrorClass::none);
    health.observe(limits, now);
    CandidateFacts facts;
    set_live_facts(health.view(now), {}, 0, 0, 0, facts);
    EXPECT_NEAR(facts.limit_use, 0.9, 1e-9);
    EXPECT_NEAR(facts.headroom, 0.1, 1e-9);
    EXPECT_NEAR(health.view(now + 10s).limit_use, 0.4, 1e-9);
    EXPECT_LT(health.view(now + 20s).limit_use, 0);
}

TEST_F(Health, OwnBoundsPerMinute_CountForTheHeadroom) {
    for (int i = 0; i < 30; ++i) {
        health.finished(health.started(now), {.input_tokens = 90, .output_tokens = 10}, settings,
                        now);
    }
    CandidateFacts facts;
    set_live_facts(health.view(now), {}, 0, 60, 4'000, facts);
    EXPECT_NEAR(facts.headroom, 0.25, 1e-9);
    EXPECT_EQ(facts.minute_tokens, 3'000);
    EXPECT_LT(facts.limit_use, 0);
    set_live_facts(health.view(now + 70s), {}, 0, 60, 4'000, facts);
    EXPECT_NEAR(facts.headroom, 1, 1e-9);
}

TEST_F(Health, TryAgain_LetsTheNextRequestProbeBeforeTheCooldownEnds) {
    EXPECT_FALSE(health.try_again(now)) << "nothing is shut off";
    fail(5);
    now += 1s;
    EXPECT_FALSE(health.started(now).admitted());
    EXPECT_TRUE(health.try_again(now));
    EXPECT_EQ(circuit(), CircuitState::half_open);
    EXPECT_FALSE(health.try_again(now)) << "it may be tried already";
    const auto change = attempt(ErrorClass::provider_fault);
    EXPECT_EQ(change.reason, OpenReason::probe_failed);
    EXPECT_EQ(change.open_for, 10s) << "a probe that fails doubles the cool-down";
    EXPECT_TRUE(health.try_again(now));
    EXPECT_EQ(attempt(ErrorClass::none).state, CircuitState::closed);
    EXPECT_EQ(circuit(), CircuitState::closed);
}

TEST_F(Health, TryAgain_DoesNotEndARateLimit) {
    attempt(ErrorClass::rate_limited, 20s);
    EXPECT_FALSE(health.try_again(now));
    EXPECT_EQ(circuit(), CircuitState::open);
}

TEST_F(Health, Reset_ClosesAndForgets) {
    fail(25);
    health.reset();
    EXPECT_EQ(circuit(), CircuitState::closed);
    EXPECT_EQ(health.view(now).samples, 0);
}

TEST_F(Health, ManyThreads_NothingIsLostAndOneProbeIsOut) {
    constexpr int threads = 4, rounds = 5'000;
    const AttemptOutcome good{.first_token = 10ms, .duration = 20ms, .output_tokens = 2};
    std::vector<std::thread> running;
    running.reserve(threads);
    for (int t = 0; t < threads; ++t) {
        running.emplace_back([&] {
            for (int i = 0; i < rounds; ++i) {
                health.finished(health.started(now), good, settings, now);
            }
        });
    }
    for (auto& thread : running) thread.join();
    EXPECT_EQ(health.view(now).in_flight, 0);
    EXPECT_EQ(health.view(now).samples, threads * rounds);
    EXPECT_EQ(health.view(now).minute_requests, threads * rounds);

    fail(5 + threads * rounds);
    now += 5s;
    std::vector<Flight> probes(threads);
    running.clear();
    for (int t = 0; t < threads; ++t) {
        running.emplace_back([&, t] { probes[t] = health.started(now); });
    }
    for (auto& thread : running) thread.join();
    int admitted = 0;
    for (const auto& probe : probes) admitted += probe.admitted();
    EXPECT_EQ(admitted, 1);
}

}  // namespace
}  // namespace tollgate::routing
