// The order in which one strategy would try candidates that are equal in every other respect: of
// one stage, all usable. Pure: chance comes in as a number.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "domain/routing.hpp"
#include "routing/facts.hpp"
#include "routing/score.hpp"

namespace tollgate::routing {

// A candidate's place while it is being ordered. Small: sorting moves it about.
struct Entry {
    double key = 0;            // by strategy; lower is earlier
    double tie = 0;            // after priority, before the name; lower is earlier
    std::int64_t priority = 0;
    std::uint32_t index = 0;   // into the facts
    bool preferred = false;    // by the level or the user
};

struct OrderInput {
    domain::Strategy strategy = domain::Strategy::priority;
    std::span<const CandidateFacts> facts;
    std::span<const ScoreTerms> terms;  // of the same candidates
    std::uint64_t turn = 0;     // round robin: counts up by one per request
    std::uint64_t random = 0;   // fresh for every request
    std::size_t ranked_max = 0;  // how many are wanted in order, the rest as it comes; 0: all
};

// How much better another candidate's score, or how much lower its cost, must be to be tried before
// a preferred one.
constexpr double preference_margin = 0.10;
// The share of requests that the latency strategy sends somewhere else, so that a provider that has
// recovered is seen.
constexpr double probe_share = 0.02;

// Sorts `entries`, whose index and `preferred` are set, in place. Costs O(n log n); allocates only
// where some are preferred.
void order_by_strategy(const OrderInput& input, std::span<Entry> entries);

}  // namespace tollgate::routing
