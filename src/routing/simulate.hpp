// What recorded traffic would have cost under another configuration: requests are replayed in the
// order they came, each is sent where that configuration would send it, and its tokens are paid at
// the prices there. Records hold figures and no words; what cannot be decided without words is kept
// as it was, and said.
//
// The provider's prompt cache is followed: a conversation that stays where it was keeps the cache
// reads of its records; one that moves pays the prefix anew at its first turn there and reads it
// after that, as long as the cache there lives. What all conversations of a client begin with is
// read by the next one too, where one of them was before. Whether a conversation stays is judged as
// the gateway judges it.
//
// Pure; one thread. Times are Unix microseconds, money is nano-dollars.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "domain/target.hpp"
#include "domain/usage_record.hpp"
#include "routing/affinity.hpp"
#include "routing/shared_prefixes.hpp"

namespace tollgate::routing {

struct SimulatedTarget {
    std::string name;                             // provider/model, as usage records say it
    const domain::TokenPrices* prices = nullptr;  // outlives the simulation
    bool free = false;                            // the built-in echo provider
    std::string key;  // tells deployments of one name apart, "" : the name does
    const std::string& identity() const { return key.empty() ? name : key; }
};
// Where a request would go; one of `candidates`, `unknown` and `refused` is filled.
struct SimulatedRoute {
    std::string rule;                         // that applies, "" : none
    std::vector<SimulatedTarget> candidates;  // in the order of trying
    std::string unknown;                      // what had to be known and was not recorded
    std::string refused;                      // why nobody would serve it
    std::int64_t output_expected = 0;         // tokens that costs are reckoned with
};
using RouteRecord = std::function<SimulatedRoute(const domain::UsageRecord& record)>;

struct SimulationSettings {
    bool affinity = true;               // conversations stay where they are
    std::int64_t idle_seconds = 3'600;  // that long after their last use
};

struct SimulatedSum {
    std::int64_t requests = 0;
    domain::NanoUsd cost = 0;
};
// `did`: as it was; `would`: under the other configuration.
struct SimulatedLine {
    std::string name;  // of a rule or provider/model; "" : none
    SimulatedSum did, would;
};
struct SimulatedReason {
    std::string reason;
    SimulatedSum did;
};

struct SimulationReport {
    std::int64_t from = 0, to = 0;              // of the records
    SimulatedLine total;
    std::vector<SimulatedLine> by_rule, by_model;  // dearest first
    std::int64_t moved_requests = 0;            // that would go to another model or provider
    std::int64_t conversations = 0, moved_conversations = 0;  // that have an id
    domain::NanoUsd prefixes_anew = 0;          // what lost caches cost, less what new ones gave
    std::vector<SimulatedReason> kept, refused;
    std::int64_t unpriced_requests = 0;
    std::vector<std::string> models_without_price;
    std::vector<std::string> assumptions;       // in words, for whoever reads the figures
};

class Simulation {
public:
    Simulation(RouteRecord route, const SimulationSettings& settings);

    // Looks at a record before the simulation begins, so that what conversations have in common is
    // known; without it that is paid anew by each that moves. REQUIRES: the oldest first.
    void learn(const domain::UsageRecord& record) { would_share_.learn(record); }
    // Records of attempts are passed over. REQUIRES: the oldest first.
    void add(const domain::UsageRecord& record);
    SimulationReport report() const;

private:
    // A conversation at one deployment.
    struct Place {
        std::int64_t would_at = 0;              // its last turn there, 0: none
        std::int64_t cached = 0;                // tokens of the prefix
        std::int64_t cache_micros = 0;          // how long they live after a use
    };
    struct Conversation {
        std::map<std::string, Place, std::less<>> places;          // by identity
        std::map<std::string, std::int64_t, std::less<>> did_at;   // in truth, by name
        std::optional<Assignment> assigned;     // as the gateway would have it
        std::int64_t shared = 0;                // tokens that others had cached when it began
        std::string kind;                       // of SharedPrefixes
        bool has_id = false, moved = false;
    };
    // What a turn finds in the cache of where it goes.
    struct Found {
        bool as_recorded = false;
        std::int64_t tokens = 0;
    };
    struct Paid {
        domain::NanoUsd cost = 0;
        bool priced = true;
    };
    Conversation& conversation_of(const domain::UsageRecord& record);
    const SimulatedTarget& choose(const SimulatedRoute& route, const Conversation& conversation,
                                  const domain::UsageRecord& record) const;
    Found find_cached(const SimulatedRoute& route, const SimulatedTarget& target,
                      const Conversation& conversation, const domain::UsageRecord& record) const;
    Found find_shared(const SimulatedRoute& route, const SimulatedTarget& target,
                      const Conversation& conversation, const domain::UsageRecord& record) const;
    void assign(Conversation& conversation, const std::string& identity, const std::string& rule,
                const domain::UsageRecord& record, std::int64_t cached,
                std::int64_t cache_micros) const;
    void keep(const domain::UsageRecord& record, const std::string& reason);
    void refuse(const domain::UsageRecord& record, const SimulatedRoute& route);
    void send(const domain::UsageRecord& record, const SimulatedRoute& route);
    void count_would(const std::string& rule, const std::string& model, domain::NanoUsd cost);

    const RouteRecord route_;
    const SimulationSettings settings_;
    std::unordered_map<std::string, Conversation> conversations_;
    SharedPrefixes did_share_, would_share_;  // places by name, and by identity
    std::unordered_map<std::string, std::string> identities_;  // the first seen of each name
    std::map<std::string, SimulatedLine> by_rule_, by_model_;
    std::map<std::string, SimulatedSum> kept_, refused_;
    std::set<std::string> without_price_;
    SimulationReport sums_;  // what is counted while records come
    std::int64_t forgotten_ = 0, several_attempts_ = 0, stated_costs_ = 0;
};

void append_json(std::string& out, const SimulationReport& report);

}  // namespace tollgate::routing
