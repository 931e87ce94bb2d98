#include "gateway/conclude.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "accounting/pricing.hpp"
#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "gateway/own_key_use.hpp"
#include "gateway/prepared.hpp"
#include "gateway/reach.hpp"

namespace tollgate::gateway {
namespace {

using domain::NanoUsd;
using std::chrono::duration_cast;
using std::chrono::microseconds;

// Output that a token limit reserves on entry; what is really used replaces it at the end.
constexpr std::int64_t expected_output_tokens = 1'024;
// Output beside the thinking of a request, which must be less than the whole.
constexpr std::int64_t thinking_room = 1'024;
constexpr std::size_t error_bytes_max = 500;  // of the words kept in a record
constexpr std::size_t tags_max = 20;
constexpr std::size_t tag_bytes_max = 100;

std::int64_t micros(net::Instant from, net::Instant to) {
    return duration_cast<microseconds>(to - from).count();
}

std::int64_t unix_micros_of(net::Instant when) {
    const auto ago = net::Clock::now() - when;
    const auto then = std::chrono::system_clock::now() - ago;
    return duration_cast<microseconds>(then.time_since_epoch()).count();
}

// "00-<32 hex>-<16 hex>-01". Format: W3C Trace Context.
std::string trace_of(std::string_view traceparent) {
    constexpr std::size_t id_at = 3, id_size = 32, whole = 55;
    return traceparent.size() >= whole ? std::string(traceparent.substr(id_at, id_size))
                                       : std::string();
}

// What the same tokens would have cost on the baseline model.
void add_baseline(Generation& generation, domain::UsageRecord& row) {
    const Snapshot& snapshot = *generation.snapshot;
    if (!snapshot.priced_model) return;
    const KeyPolicy& policy = generation.policy();
    const domain::ModelTraits* baseline = nullptr;
    if (row.alias.find("claude") != std::string::npos) {
        baseline = snapshot.priced_model(row.alias);
    }
    for (const std::string* name : {&policy.baseline_model, &snapshot.billing.baseline_model}) {
        if (baseline == nullptr && !name->empty()) baseline = snapshot.priced_model(*name);
    }
    if (baseline == nullptr) {
        row.baseline_cost = row.list_cost;
        return;
    }
    domain::Usage usage = row.usage;
    usage.provider_cost_nano_usd = -1;
    row.baseline_model = baseline->id;
    row.baseline_cost = accounting::cost_of(baseline->prices, usage).list;
}

// What the request's own row and those of its attempts share.
void fill_common(Generation& generation, domain::UsageRecord& row) {
    static const domain::UsageRecord empty;
    const RequestRecord& record = generation.record;
    const KeyPolicy& policy = generation.policy();
    const http::Headers& headers = generation.exchange.headers();
    row = empty;  // the strings keep their memory
    row.request_id = record.request_id;
    row.at = unix_micros_of(record.arrived);
    row.trace_id = trace_of(headers.get("traceparent"));
    row.session_id = record.session_id;
    row.agent_id = record.agent_id;
    row.parent_agent_id = record.parent_agent_id;
    row.tenant = record.tenant;
    row.team = policy.team;
    row.user = policy.user;
    row.key_id = policy.key_id;
    row.key_name = record.key_name;
    row.project = headers.get("x-tollgate-project").substr(0, tag_bytes_max);
    row.protocol = record.protocol;
    row.alias = record.alias;
    row.stream = record.stream;
    row.request_bytes = static_cast<std::int64_t>(record.request_bytes);
    row.client_address = record.client_address;
    row.user_agent = headers.get("user-agent").substr(0, 200);
    row.cache = record.cache;
}

void fill_attempt(domain::UsageRecord& row, const AttemptRecord& attempt) {
    row.attempt = attempt.number;
    row.provider = attempt.provider;
    row.provider_type = attempt.provider_type;
    row.model = attempt.model;
    row.provider_request_id = attempt.provider_request_id;
    row.status = attempt.status;
    row.error_class = attempt.error_class;
    row.error = attempt.error.substr(0, error_bytes_max);
    row.usage = attempt.usage;
    row.cost = attempt.cost.billed;
    row.list_cost = attempt.cost.list;
    row.priced = attempt.cost.priced;
    row.price_version = attempt.price_version;
    row.translated = attempt.translated;
    row.zone = attempt.zone;
    row.total_us = attempt.total_us;
    row.byok = attempt.byok;
    row.fee = attempt.fee;
}

void write_rows(Generation& generation) {
    accounting::UsageSink* sink = generation.worker.usage.get();
    if (sink == nullptr || generation.attempts.empty()) return;
    RequestRecord& record = generation.record;
    // One for each thread, so that its thirty texts are not made anew for every request.
    thread_local domain::UsageRecord row;
    fill_common(generation, row);
    row.tags = tags_of(generation);
    // The attempts first: a request's own row tells that all of it is there. A single one says
    // nothing that the request's row does not; where others were refused before it, its number.
    const bool several = record.attempts > 1;
    for (const AttemptRecord& attempt : generation.attempts) {
        fill_attempt(row, attempt);
        if (several) sink->add(row);
    }
    // The request's row carries what all its attempts used and cost.
    domain::Usage used;
    for (const AttemptRecord& attempt : generation.attempts) used.add(attempt.usage);
    // One that was overtaken may stand behind the one that answered.
    fill_attempt(row, generation.attempts[generation.attempt_at]);
    row.attempt = 0;
    row.fee = 0;
    for (const AttemptRecord& attempt : generation.attempts) row.fee += attempt.fee;
    row.status = record.client_gone ? 499 : record.status;
    row.client_gone = record.client_gone;
    row.error_class = record.error.empty() ? "" : domain::to_string(record.error_class);
    row.error = record.error.substr(0, error_bytes_max);
    row.usage = used;
    row.cost = record.cost.billed;
    row.list_cost = record.cost.list;
    row.priced = record.cost.priced;
    row.attempts = record.attempts;
    row.rule = record.rule;
    row.strategy = record.strategy;
    row.power_level = record.power_level;
    row.experiment = record.experiment;
    row.arm = record.arm;
    row.route_trace = record.route_trace;
    if (generation.judge && !row.route_trace.empty()) {
        generation.judge->append_to(row.route_trace);
    }
    row.fallback_reason = record.attempts > 1 ? record.fallback_reason : "";
    const net::Instant now = net::Clock::now();
    row.total_us = micros(record.arrived, now);
    row.first_token_us = record.first_content == net::Instant{}
                             ? -1
                             : micros(record.arrived, record.first_content);
    row.response_bytes = static_cast<std::int64_t>(generation.exchange.bytes_sent());
    add_baseline(generation, row);
    sink->add(row);
}

// 0: it is none.
std::int64_t positive_integer(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = problem == std::errc() && end == text.data() + text.size();
    return whole ? std::max<std::int64_t>(number, 0) : 0;
}

accounting::WorstCase worst_case(Generation& generation, const Endpoint& endpoint) {
    accounting::WorstCase worst;
    worst.input_tokens = generation.input_estimate();
    worst.output_tokens_max = generation.outline.max_tokens;
    for (const json::TopField& field : generation.outline.fields) {
        // Of both spellings the provider may follow either.
        if (json::key_equals(field.key, "max_tokens")) {
            worst.output_tokens_max =
                std::max(worst.output_tokens_max, positive_integer(field.value));
        }
        if (json::key_equals(field.key, "n") || json::key_equals(field.key, "best_of")) {
            worst.answers = std::max(worst.answers, positive_integer(field.value));
        }
    }
    const std::int64_t clamp = output_clamp(generation);
    if (clamp > 0) worst.output_tokens_max = clamp;
    const std::string_view body = generation.body;
    worst.cache_write_5m = marks_of(generation, endpoint).any();
    if (body.find("\"cache_control\"") != std::string_view::npos) {
        worst.cache_write_5m = true;
        worst.cache_write_1h = body.find("\"1h\"") != std::string_view::npos;
    }
    return worst;
}

// "budget_tokens" of the request's thinking; 0: none.
std::int64_t thinking_tokens(const dialect::Outline& outline) {
    constexpr std::string_view name = "\"budget_tokens\"";
    for (const json::TopField& field : outline.fields) {
        if (!json::key_equals(field.key, "thinking")) continue;
        const std::size_t at = field.value.find(name);
        if (at == std::string_view::npos) return 0;
        std::string_view rest = field.value.substr(at + name.size());
        rest.remove_prefix(std::min(rest.find_first_not_of(": \t\r\n"), rest.size()));
        return positive_integer(rest.substr(0, rest.find_first_not_of("0123456789")));
    }
    return 0;
}

AttemptFailure own_failure(const base::Error& error) {
    AttemptFailure failure;
    failure.ours = true;
    failure.own_error = error;
    failure.message = error.message;
    failure.error_class = error.code == base::ErrorCode::rate_limited
                              ? domain::ErrorClass::rate_limited
                              : domain::ErrorClass::bad_request;
    return failure;
}

// A budget's threshold asks for it: the cheapest candidate first; unknown prices last.
void downgrade(Plan& plan) {
    struct Priced {
        NanoUsd cost;
        std::size_t place;
        EndpointPointer endpoint;
        auto rank() const { return std::pair(cost, place); }
    };
    accounting::WorstCase usual;
    usual.input_tokens = 10'000;
    usual.output_tokens_max = 1'000;
    std::vector<Priced> priced;
    for (EndpointPointer& endpoint : plan.candidates) {
        const NanoUsd cost = accounting::worst_cost(endpoint->deployment.model, usual);
        priced.push_back({cost < 0 ? std::numeric_limits<NanoUsd>::max() : cost, priced.size(),
                          std::move(endpoint)});
    }
    std::sort(priced.begin(), priced.end(),
              [](const Priced& a, const Priced& b) { return a.rank() < b.rank(); });
    for (std::size_t i = 0; i < priced.size(); ++i) {
        plan.candidates[i] = std::move(priced[i].endpoint);
    }
}

}  // namespace

std::vector<std::string> tags_of(const Generation& generation) {
    std::vector<std::string> tags = generation.policy().tags;
    std::string_view list = generation.exchange.headers().get("x-tollgate-tags");
    while (!list.empty() && tags.size() < tags_max) {
        const std::size_t end = std::min(list.find(','), list.size());
        std::string_view tag = list.substr(0, end);
        while (!tag.empty() && tag.front() == ' ') tag.remove_prefix(1);
        while (!tag.empty() && tag.back() == ' ') tag.remove_suffix(1);
        tag = tag.substr(0, tag_bytes_max);
        if (!tag.empty() && std::find(tags.begin(), tags.end(), tag) == tags.end()) {
            tags.emplace_back(tag);
        }
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return tags;
}

// What billing sets for requests under a budget, or the rule for its own: the least; 0: none.
static std::int64_t clamp_in_force(const Generation& generation) {
    const bool budget = !generation.policy().governance.budgets.empty();
    const std::int64_t of_billing =
        budget ? generation.snapshot->billing.output_tokens_clamp : std::int64_t{0};
    const domain::RoutingRule* rule = generation.plan.rule;
    const std::int64_t of_rule = rule != nullptr ? rule->output_tokens_max.value_or(0) : 0;
    if (of_billing <= 0 || of_rule <= 0) return std::max(of_billing, of_rule);
    return std::min(of_billing, of_rule);
}

std::int64_t output_clamp(const Generation& generation) {
    const std::int64_t clamp = clamp_in_force(generation);
    if (clamp <= 0) return 0;
    // There the limit stands inside another object.
    const domain::Protocol protocol = generation.protocol();
    if (protocol == domain::Protocol::gemini || protocol == domain::Protocol::bedrock_converse) {
        return 0;
    }
    const std::int64_t asked = generation.outline.max_tokens;
    if (asked > 0 && asked <= clamp) return 0;
    const std::int64_t thinking = thinking_tokens(generation.outline);
    if (thinking == 0) return clamp;
    const std::int64_t least = std::max(clamp, thinking + thinking_room);
    return asked > 0 && asked <= least ? 0 : least;
}

net::Task<base::Result<void>> enter(Generation& generation) {
    accounting::UsageSink* sink = generation.worker.usage.get();
    if (sink != nullptr && !sink->accepts()) {
        co_return base::Error{base::ErrorCode::unavailable,
                              "usage records cannot be kept, so nothing new is answered: " +
                                  sink->trouble() +
                                  " (free space for the journal, or set stores.journal.on_full: "
                                  "drop)",
                              "", std::chrono::seconds(5)};
    }
    policy::Governor* governor = generation.worker.gateway.governor;
    const policy::Governance& governance = generation.policy().governance;
    const Directory& directory = *generation.directory;
    const bool candidates = directory.bounds_candidates();
    if (governor == nullptr || (governance.empty() && !candidates)) {
        co_return base::Result<void>();
    }
    policy::Entry entry;
    entry.request_id = generation.record.request_id;
    entry.candidates = candidates;
    if (governance.counts_tokens || directory.candidates_count_tokens) {
        entry.input_tokens = generation.input_estimate();
        const std::int64_t asked = generation.outline.max_tokens;
        entry.output_tokens_max =
            asked > 0 ? std::min(asked, expected_output_tokens) : expected_output_tokens;
    }
    CO_TRY(generation.ticket, co_await governor->enter(governance, entry));
    if (generation.ticket.action() == domain::BudgetAction::downgrade) downgrade(generation.plan);
    co_return base::Result<void>();
}

net::Task<std::optional<AttemptFailure>> reserve_beside(Generation& generation,
                                                        const Endpoint& endpoint,
                                                        std::int64_t number,
                                                        AttemptRecord& attempt) {
    const KeyPolicy& policy = generation.policy();
    const domain::Deployment& target = endpoint.deployment;
    if (!reaches(policy, target)) co_return own_failure(out_of_reach(policy, target));
    const policy::Governance* bounds =
        generation.directory->bounds_of(endpoint, generation.who->tenant);
    const bool money = !policy.governance.budgets.empty();
    const BillingSettings& billing = generation.snapshot->billing;
    if (money || bounds != nullptr || billing.deny_unknown_price) {
        NanoUsd worst = accounting::worst_cost(target.model, worst_case(generation, endpoint));
        if (worst > 0 && !endpoint.own_key.empty()) {
            worst = std::llround(static_cast<double>(worst) * billing.byok_fee_percent / 100);
        }
        if (worst < 0 && billing.deny_unknown_price && !target.provider.echo) {
            co_return own_failure({base::ErrorCode::permission,
                                   "the price of " + domain::target_name(target) +
                                       " is not known and billing.unknown_price is deny: give it "
                                       "input_cost_per_token and output_cost_per_token",
                                   "model"});
        }
        if (money || bounds != nullptr) {
            auto held = co_await generation.ticket.attempt(worst, bounds);
            if (!held.ok()) co_return own_failure(held.error());
            attempt.held = generation.ticket.attempts();
        }
    }
    note_own_key_use(generation, endpoint, "request");
    attempt.number = number;
    attempt.provider = target.provider.type;
    attempt.provider_type = target.provider.type;
    attempt.model = target.model_name;
    attempt.begun = net::Clock::now();
    attempt.endpoint = &endpoint;
    co_return std::nullopt;
}

void take_up(Generation& generation, AttemptRecord attempt) {
    generation.record.usage = {};
    generation.attempt_at = generation.attempts.size();
    generation.attempts.push_back(std::move(attempt));
    generation.attempt_open = true;
}

net::Task<std::optional<AttemptFailure>> reserve(Generation& generation,
                                                 const Endpoint& endpoint) {
    generation.record.usage = {};
    generation.attempt_open = false;
    AttemptRecord attempt;
    auto refused =
        co_await reserve_beside(generation, endpoint, generation.record.attempts, attempt);
    if (!refused) take_up(generation, std::move(attempt));
    co_return refused;
}

// Who pays the provider himself pays us the fee alone.
static void bill_own_key(const Generation& generation, AttemptRecord& attempt) {
    attempt.byok = true;
    const double share = generation.snapshot->billing.byok_fee_percent / 100;
    attempt.fee = std::llround(static_cast<double>(attempt.cost.list) * share);
    attempt.cost.billed = attempt.fee;
}

// Prices what it used and ends its hold.
static void price(Generation& generation, AttemptRecord& attempt,
                  const AttemptFailure* failure) {
    RequestRecord& record = generation.record;
    const Endpoint& endpoint = *attempt.endpoint;
    attempt.cost = accounting::cost_of(endpoint.deployment.model.prices, attempt.usage);
    // The built-in echo provider costs nothing; a failure that used nothing has no price to miss.
    if (endpoint.deployment.provider.echo || !attempt.usage.known()) attempt.cost.priced = true;
    attempt.price_version = endpoint.deployment.model.as_of;
    attempt.zone = endpoint.deployment.provider.local ? "local" : "";
    attempt.total_us = micros(attempt.begun, net::Clock::now());
    attempt.status = failure == nullptr ? record.status : failure->status;
    if (failure != nullptr) {
        attempt.error_class =
            failure->overtaken ? "overtaken" : domain::to_string(failure->error_class);
        attempt.error = failure->message;
    }
    if (!endpoint.own_key.empty()) bill_own_key(generation, attempt);
    record.cost.billed += attempt.cost.billed;
    record.cost.list += attempt.cost.list;
    record.cost.priced = record.cost.priced && attempt.cost.priced;
    generation.ticket.attempt_done(attempt.cost.billed, attempt.usage, attempt.held);
}

void end_beside(Generation& generation, AttemptRecord attempt, const AttemptFailure& failure) {
    if (failure.ours) {
        generation.ticket.attempt_done(0, {}, attempt.held);
        return;
    }
    price(generation, attempt, &failure);
    generation.attempts.push_back(std::move(attempt));
}

void end_attempt(Generation& generation, const AttemptFailure* failure) {
    if (!generation.attempt_open) return;
    generation.attempt_open = false;
    const auto at = generation.attempts.begin() +
                    static_cast<std::ptrdiff_t>(generation.attempt_at);
    // What could not be told in the provider's words was never sent.
    if (failure != nullptr && failure->ours) {
        generation.ticket.attempt_done(0, {}, at->held);
        generation.attempts.erase(at);
        generation.attempt_at = generation.attempts.empty() ? 0 : generation.attempts.size() - 1;
        return;
    }
    at->usage = generation.record.usage;
    at->provider_request_id = generation.record.provider_request_id;
    at->translated = generation.record.translated;
    price(generation, *at, failure);
}

domain::UsageRecord shadow_row(Generation& generation, const Endpoint& shadow) {
    domain::UsageRecord row;
    fill_common(generation, row);
    const RequestRecord& record = generation.record;
    const domain::Deployment& target = shadow.deployment;
    row.tags = tags_of(generation);
    row.request_id = base::uuid7();
    row.at = unix_micros_of(net::Clock::now());
    row.cache = "off";
    row.attempts = 1;
    row.provider = row.provider_type = target.provider.type;
    row.model = target.model_name;
    row.rule = record.rule;
    row.strategy = domain::UsageRecord::shadow_strategy;
    row.first_token_us = -1;
    json::Writer writer(row.route_trace);
    writer.begin_object().string("shadow_of", record.request_id);
    writer.string("rule", record.rule).end_object();
    return row;
}

void conclude(Generation& generation) {
    if (generation.concluded || generation.who == nullptr) return;
    generation.concluded = true;
    end_attempt(generation, nullptr);
    if (!generation.exchange.answered()) generation.bounds = standing_bounds(generation.ticket);
    generation.ticket.finish(!generation.attempts.empty());
    write_rows(generation);
}

int billing_status(const Generation& generation) {
    if (generation.snapshot->billing.budget_status != 0) {
        return generation.snapshot->billing.budget_status;
    }
    return generation.protocol() == domain::Protocol::anthropic ? 429 : 402;
}

}  // namespace tollgate::gateway
