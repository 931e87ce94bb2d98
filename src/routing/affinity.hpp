// A conversation stays with the deployment that has its prompt cached (routing.md section 4): what
// such an assignment is, what its cached prefix is worth, and when moving elsewhere pays. Pure;
// times are Unix seconds, since assignments are shared between instances. The table of assignments
// is in affinity_table.hpp.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "domain/target.hpp"
#include "routing/facts.hpp"

namespace tollgate::routing {

constexpr std::int64_t cache_seconds_short = 300;   // of a cached prefix
constexpr std::int64_t cache_seconds_long = 3'600;  // where the client marked it so

struct Assignment {
    std::string deployment;          // identity, alike on all instances
    std::string rule;                // id of the rule under which it was made, "" : none
    std::int64_t last_used = 0;      // the assignment itself lives for an hour from here
    std::int64_t cached_at = 0;      // the prefix was written or read; each hit renews it
    std::int64_t cache_seconds = cache_seconds_short;
    std::int64_t cached_tokens = 0;  // of the prefix, as the provider counted them
    std::int64_t turns = 0;          // so far
    // It holds state that only this deployment can read (encrypted reasoning) or a user's own key
    // was used: it does not move to save money.
    bool bound = false;
    std::int64_t shared_at = 0;      // the other instances were told; known here alone
    friend bool operator==(const Assignment&, const Assignment&) = default;
};

// Tokens of the prefix that are still cached; 0 once its time is over.
std::int64_t tokens_cached(const Assignment& assignment, std::int64_t now);

// What reading those tokens from the cache saves against reading them anew, USD. 0 where prices are
// not known.
double cached_saving_usd(std::int64_t tokens, const domain::TokenRates& rates);

// The next turns of a conversation: the prefix is sent again, more is added, an answer comes.
struct TurnShape {
    std::int64_t prefix_tokens = 0, new_tokens = 0, output_tokens = 0;
};
// What one turn costs at these rates once its prefix is cached there, USD; -1: prices not known.
// Where the provider has no price for cache reads, all of the prompt is paid in full.
double turn_cost_usd(const TurnShape& turn, const domain::TokenRates& rates);
// What writing the prefix costs beyond reading it, USD: the price of a cold start. 0 where there is
// no cache. REQUIRES: turn_cost_usd() is not -1.
double cold_start_usd(const TurnShape& turn, const domain::TokenRates& rates);

// How many more turns are to come: as many as there were so far, between these bounds.
constexpr std::int64_t remaining_turns_min = 1, remaining_turns_max = 50;
std::int64_t remaining_turns(std::int64_t turns);

// Both figures belong into the trace.
struct MoveVerdict {
    bool pays = false;
    std::int64_t turns = 0;          // that are expected to follow
    double saving_usd = 0;           // over these turns
    double lost_cache_usd = 0;       // the cold start there, less the one that is due here anyway
};
// Moving pays when the saving is above the price of the lost cache. Where a price is not known it
// does not.
MoveVerdict moving_pays(const Assignment& assignment, const TurnShape& turn,
                        const domain::TokenRates& here, const domain::TokenRates& there,
                        std::int64_t now);

enum class AffinityEnd : std::uint8_t {
    holds,
    not_a_candidate,  // the request may not go there, or the snapshot has it no more
    unhealthy,        // its circuit is open
    rule_changed,
    moving_pays,
};
std::string_view to_string(AffinityEnd end);

struct AffinityScene {
    bool candidate = false;          // the deployment is among those that may be used
    CircuitState circuit = CircuitState::closed;
    std::string_view rule;           // that the request met
    MoveVerdict move;                // to the best other candidate
};
// Whether the request is pinned. A bound assignment ends with its deployment only.
AffinityEnd judge_affinity(const Assignment& assignment, const AffinityScene& scene);

// One answer, as far as it says where its conversation is.
struct AnsweredTurn {
    std::string_view deployment;     // identity
    std::string_view rule;           // id of the rule that the request met, "" : none
    std::int64_t cached_tokens = 0;  // that the deployment holds of the prompt now
    std::int64_t cache_seconds = cache_seconds_short;  // where tokens are cached
    bool binds = false;
};
// Where the conversation is after it; nullopt: as before. A turn that went elsewhere and left
// nothing to stay for was a detour: the former place, where the prompt may still be cached, stays.
std::optional<Assignment> after_turn(const Assignment* known, const AnsweredTurn& turn,
                                     std::int64_t now);

// For Redis: one line of text; the deployment's identity and the rule's id must not hold line
// breaks or tabs. Decoding fails: invalid_request, of a later version too.
std::string encode(const Assignment& assignment);
base::Result<Assignment> decode_assignment(std::string_view text);

}  // namespace tollgate::routing
