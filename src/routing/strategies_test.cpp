#include "routing/strategies.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <string>

#include "routing/decide.hpp"

namespace tollgate::routing {
namespace {

using domain::Strategy;

// How often each candidate is first in `rounds` decisions.
template <std::size_t count>
std::array<int, count> firsts(const std::array<CandidateFacts, count>& candidates,
                              Strategy strategy, int rounds) {
    std::array<int, count> out{};
    DecisionInput input;
    input.strategy = strategy;
    input.candidates = candidates;
    for (int round = 0; round < rounds; ++round) {
        input.turn = static_cast<std::uint64_t>(round);
        input.random = static_cast<std::uint64_t>(round) * 7919 + 13;
        ++out[decide(input).order.front().index];
    }
    return out;
}

// Four standard deviations of a binomial share: one wrong alarm in 16,000 for a right share, and
// the numbers are the same in every run.
void expect_share(int hits, int rounds, double share) {
    const double expected = share * rounds;
    const double bound = 4 * std::sqrt(rounds * share * (1 - share));
    EXPECT_NEAR(hits, expected, bound);
}

std::array<CandidateFacts, 3> three() {
    std::array<CandidateFacts, 3> out;
    out[0].name = "a/model";
    out[1].name = "b/model";
    out[2].name = "c/model";
    return out;
}

TEST(Strategies, Weighted_SharesFollowTheWeights) {
    auto candidates = three();
    candidates[0].weight = 1;
    candidates[1].weight = 3;
    candidates[2].weight = 6;
    const int rounds = 20'000;
    const auto hits = firsts(candidates, Strategy::weighted, rounds);
    expect_share(hits[0], rounds, 0.1);
    expect_share(hits[1], rounds, 0.3);
    expect_share(hits[2], rounds, 0.6);
}

TEST(Strategies, Weighted_EqualWeightsAreASimpleShuffle_NoughtIsNeverFirst) {
    auto candidates = three();
    candidates[2].weight = 0;
    const int rounds = 10'000;
    const auto hits = firsts(candidates, Strategy::weighted, rounds);
    expect_share(hits[0], rounds, 0.5);
    expect_share(hits[1], rounds, 0.5);
    EXPECT_EQ(hits[2], 0);
}

TEST(Strategies, Weighted_AllNoughtAreDrawnEvenly) {
    auto candidates = three();
    for (auto& candidate : candidates) candidate.weight = 0;
    const int rounds = 12'000;
    for (const auto hits : firsts(candidates, Strategy::weighted, rounds)) {
        expect_share(hits, rounds, 1.0 / 3);
    }
}

TEST(Strategies, RoundRobin_EachHasItsTurn) {
    const auto hits = firsts(three(), Strategy::round_robin, 300);
    EXPECT_EQ(hits, (std::array<int, 3>{100, 100, 100}));
}

TEST(Strategies, LeastBusy_EqualOnesShareTheLoad) {
    auto candidates = three();
    candidates[1].in_flight = 1;
    const int rounds = 10'000;
    const auto hits = firsts(candidates, Strategy::least_busy, rounds);
    expect_share(hits[0], rounds, 0.5);
    EXPECT_EQ(hits[1], 0);
}

// Of three, two are compared: the fastest is among them in two cases of three, the slowest is never
// the faster one. The probe share goes to either of the slower two.
TEST(Strategies, Latency_TwoChoicesAndAProbeShare) {
    auto candidates = three();
    candidates[0].latency_ms = 900;
    candidates[1].latency_ms = 300;
    candidates[2].latency_ms = 600;
    const int rounds = 60'000;
    const auto hits = firsts(candidates, Strategy::latency, rounds);
    expect_share(hits[1], rounds, (1 - probe_share) * 2 / 3);
    expect_share(hits[2], rounds, (1 - probe_share) / 3 + probe_share / 2);
    expect_share(hits[0], rounds, probe_share / 2);
}

TEST(Strategies, Latency_NobodyMeasuredThem_AllAreSeen) {
    const int rounds = 12'000;
    for (const auto hits : firsts(three(), Strategy::latency, rounds)) {
        EXPECT_GT(hits, rounds / 5);
    }
}

TEST(Strategies, ChanceIsTheRequestsOwn_TheSameNumberDecidesTheSame) {
    auto candidates = three();
    DecisionInput input;
    input.candidates = candidates;
    for (const auto strategy : {Strategy::weighted, Strategy::latency, Strategy::usage}) {
        input.strategy = strategy;
        input.random = 42;
        const auto one = decide(input), other = decide(input);
        for (std::size_t at = 0; at < one.order.size(); ++at) {
            EXPECT_EQ(one.order[at].index, other.order[at].index);
        }
    }
}

TEST(Decide, NoCandidates_AnEmptyOrderAndNoNotice) {
    const DecisionInput input;
    const auto decision = decide(input);
    EXPECT_TRUE(decision.order.empty());
    EXPECT_EQ(decision.usable, 0u);
    EXPECT_FALSE(decision.all_open);
    EXPECT_TRUE(decision.notices.empty());
}

TEST(Decide, TheFirstOnesAreThose_OfTheWholeOrder) {
    std::array<CandidateFacts, 60> candidates;
    std::array<std::string, 60> names;
    for (std::size_t at = 0; at < candidates.size(); ++at) {
        auto& facts = candidates[at];
        names[at] = "p/" + std::to_string(at);
        facts.name = names[at];
        facts.provider_type = at % 4 == 0 ? "together" : "openai";
        facts.cost_per_1k = facts.cost = 0.0001 * static_cast<double>(at * 17 % 31 + 1);
        facts.latency_ms = static_cast<double>(at * 29 % 37 + 1);
        facts.quality = 0.01 * static_cast<double>(at * 13 % 89);
        facts.in_flight = static_cast<std::int64_t>(at % 5);
        facts.headroom = 0.1 * static_cast<double>(at % 9);
    }
    for (std::size_t strategy = 0; strategy < domain::strategies_count; ++strategy) {
        for (std::uint64_t random = 0; random < 50; ++random) {
            DecisionInput input;
            input.strategy = static_cast<Strategy>(strategy);
            input.level = domain::PowerLevel::balanced;
            input.level_settings = &domain::built_in_level(input.level);
            input.candidates = candidates;
            input.turn = input.random = random;
            const auto whole = decide(input);
            input.ranked_max = 7;
            const auto first = decide(input);
            ASSERT_EQ(first.order.size(), whole.order.size());
            for (std::size_t at = 0; at < input.ranked_max; ++at) {
                EXPECT_EQ(first.order[at].index, whole.order[at].index)
                    << domain::to_string(input.strategy);
            }
        }
    }
}

TEST(Decide, EveryCandidateIsEitherRankedOrExcludedOnce) {
    std::array<CandidateFacts, 40> candidates;
    std::array<std::string, 40> names;
    for (std::size_t at = 0; at < candidates.size(); ++at) {
        names[at] = "p/" + std::to_string(at % 7);
        candidates[at].name = names[at];
        candidates[at].provider_type = at % 3 == 0 ? "groq" : "openai";
        candidates[at].cost_per_1k = candidates[at].cost = 0.0002 * static_cast<double>(at);
        candidates[at].order = static_cast<std::int64_t>(at % 4);
        candidates[at].pinned = at == 11;
        if (at % 5 == 0) candidates[at].circuit = CircuitState::open;
        if (at % 9 == 0) candidates[at].excluded = "too small";
    }
    for (std::size_t strategy = 0; strategy < domain::strategies_count; ++strategy) {
        for (const auto level : {domain::PowerLevel::none, domain::PowerLevel::eco}) {
            DecisionInput input;
            input.strategy = static_cast<Strategy>(strategy);
            input.level = level;
            input.level_settings = &domain::built_in_level(level);
            input.candidates = candidates;
            input.quality_margin = 0.1;
            const auto decision = decide(input);
            std::array<int, 40> seen{};
            for (const auto& ranked : decision.order) ++seen[ranked.index];
            for (const auto& excluded : decision.excluded) ++seen[excluded.index];
            for (const auto times : seen) EXPECT_EQ(times, 1);
            for (std::size_t at = 0; at < decision.order.size(); ++at) {
                const auto circuit = candidates[decision.order[at].index].circuit;
                EXPECT_EQ(circuit == CircuitState::open, at >= decision.usable);
            }
        }
    }
}

}  // namespace
}  // namespace tollgate::routing
