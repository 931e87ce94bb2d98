// From a request to its candidates in the order of trying: aliases, rule, task, level, strategy,
// health. The whole decision of routing.md; it looks and decides, it sends nothing. Pure but for
// the turns of round robin, which count up.
#pragma once
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "gateway/candidate_facts.hpp"
#include "gateway/generation.hpp"
#include "gateway/route_trace.hpp"
#include "routing/request_features.hpp"

namespace tollgate::gateway {

// What is asked. Borrows everything.
struct RouteInput {
    const Snapshot& snapshot;
    const KeyPolicy& policy;
    std::string_view model;           // as the client named it
    // What the model is to do; embeddings know nothing of conversations and tasks.
    domain::ModelMode mode = domain::ModelMode::chat;
    // A header by its lower-case name; nullopt: not there.
    std::function<std::optional<std::string_view>(std::string_view)> header;
    std::span<const std::string> tags;  // the key's and the request's; empty: the key's alone
    std::string_view body_level;      // the body's power_level, "" : none
    const routing::BodySource* body = nullptr;
    // Detected before; null: it is looked for when something asks.
    const routing::TaskVerdict* task = nullptr;
    std::string_view session_id, request_id;     // "" : none; for arms of experiments
    std::function<std::int64_t()> input_tokens;  // estimated; asked for when something needs it
    std::int64_t output_tokens_max = 0;          // 0: the client named none
    net::Instant now;
    std::int64_t unix_now = 0;
    std::uint64_t random = 0, shadow_random = 0;
    // Where the request's turn of round robin is kept from one decision about it to the next; null:
    // there is one decision.
    std::optional<std::uint64_t>* turn = nullptr;
    // Where conversations are, and which this one is, by the name after aliases. Empty: nowhere.
    routing::AffinityTable* conversations = nullptr;
    std::function<std::optional<routing::SessionKey>(std::string_view)> conversation;
    bool counts = true;               // false: only asked, no turn is taken
};

// Never empty on success. `trace`, when there is one, is filled whole.
// Fails: not_found with the nearest names; permission; invalid_request naming the header or field;
// unavailable saying why each candidate is left out.
base::Result<Plan> route(const RouteInput& input, RouteTrace* trace = nullptr);

// The same of a request that is being answered: fills its plan, and notes rule, strategy, level and
// trace in its record. `counts`: as RouteInput::counts. REQUIRES: the plan is empty.
base::Result<void> route(Generation& generation, bool counts = true);

}  // namespace tollgate::gateway
