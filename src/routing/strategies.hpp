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

// A candidate's place while it is being ordered.
struct Entry {
    std::uint32_t index = 0;   // into the facts
    bool preferred = false;    // by the level or the user
    double key = 0;            // by strategy; lower is earlier
    double tie = 0;            // after priority, before the name; lower is earlier
    ScoreTerms terms;
};

struct OrderInput {
    domain::Strategy strategy = domain::Strategy::priority;
    std::span<const CandidateFacts> facts;
    std::uint64_t turn = 0;     // round robin: counts up by one per request
    std::uint64_t random = 0;   // fresh for every request
};

// How much better another candidate's score, or how much lower its cost, must be to be tried before
// a preferred one.
constexpr double preference_margin = 0.10;
// The share of requests that the latency strategy sends somewhere else, so that a provider that has
// recovered is seen.
constexpr double probe_share = 0.02;

// Sorts `entries` in place. REQUIRES: terms filled. Costs O(n log n), allocates for preferred ones
// only.
void order_by_strategy(const OrderInput& input, std::span<Entry> entries);

}  // namespace tollgate::routing
