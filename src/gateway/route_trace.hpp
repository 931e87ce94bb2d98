// Why a request went where it went: filled while the candidates are chosen, kept with the usage
// record, shown by the explain call. Plain values.
#pragma once
#include <string>
#include <vector>

#include "routing/decide.hpp"
#include "routing/rules.hpp"

namespace tollgate::gateway {

struct TracedCandidate {
    std::string name;        // provider/model
    std::string group;       // the public name it stands under
    std::int64_t stage = 0;  // lower ones are tried before higher ones
    std::string excluded;    // why it is not tried, in words; "" : it is
    bool byok = false, pinned = false, preferred = false;
    double cost = -1, cost_per_1k = -1, worst_cost = -1, cached_saving = 0;  // USD
    double latency_ms = -1, quality = -1, error_rate = 0, limit_use = -1;
    std::string circuit;     // closed, half_open, open
    routing::ScoreTerms terms;
};

struct RouteTrace {
    std::string requested;   // the name the client asked for
    std::string renamed;     // by an alias of the key, its team or tenant; "" : none
    std::string name;        // what it led to: a group, a chain, provider/model
    std::string rule;        // that applied, "" : none
    std::vector<routing::RuleOutcome> rules;  // tried, where somebody wants to know all
    std::string experiment, arm;
    std::string task, task_evidence;          // "" : nobody asked for it
    double task_confidence = 0;
    std::string work;        // in a loop of tools, the task of the last words; "" : the same
    std::string strategy;
    std::string level, level_source;          // "" : none
    std::string affinity;                     // in words, "" : nothing to say
    std::int64_t input_tokens = 0, output_tokens = 0;  // that costs are reckoned with
    std::vector<TracedCandidate> order;       // as they are tried
    std::vector<TracedCandidate> excluded;
    std::vector<std::string> notices;
};

constexpr std::size_t kept_trace_bytes_max = 4096;

// A JSON object. `whole`: with the rules that did not apply and every figure; else what a usage
// record keeps, without figures that nobody knows, in at most kept_trace_bytes_max bytes: with
// fewer candidates where all would be too long.
std::string to_json(const RouteTrace& trace, bool whole);

}  // namespace tollgate::gateway
