#include "gateway/conclude.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "accounting/pricing.hpp"
#include "base/clock.hpp"
#include "base/find_bytes.hpp"
#include "base/ids.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "gateway/own_key_use.hpp"
#include "gateway/prepared.hpp"
#include "gateway/reach.hpp"
#include "gateway/usage_rows.hpp"

namespace tollgate::gateway {
namespace {

using domain::NanoUsd;
using std::chrono::duration_cast;
using std::chrono::microseconds;

// Output that a token limit reserves on entry; what is really used replaces it at the end.
constexpr std::int64_t expected_output_tokens = 1'024;
// Output beside the thinking of a request, which must be less than the whole.
constexpr std::int64_t thinking_room = 1'024;
constexpr std::size_t tags_max = 20;
constexpr std::size_t tag_bytes_max = 100;

std::int64_t micros(net::Instant from, net::Instant to) {
    return duration_cast<microseconds>(to - from).count();
}

// 0: it is none.
std::int64_t positive_integer(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = problem == std::errc() && end == text.data() + text.size();
    return whole ? std::max<std::int64_t>(number, 0) : 0;
}

// Whether the body holds the word in quotes. The quote before it is looked at last: bodies are full
// of them, and a search that begins with one stops at each.
bool contains(std::string_view body, std::string_view word_and_quote) {
    for (std::size_t at = 0;; ++at) {
        at = base::find_bytes(body, word_and_quote, at);
        if (at == std::string_view::npos) return false;
        if (at > 0 && body[at - 1] == '"') return true;
    }
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
    if (contains(body, "cache_control\"")) {
        worst.cache_write_5m = true;
        worst.cache_write_1h = contains(body, "1h\"");
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

base::Result<bool> accept(const Generation& generation) {
    accounting::UsageSink* sink = generation.worker.usage.get();
    if (sink != nullptr && !sink->accepts()) [[unlikely]] {
        return base::Error{base::ErrorCode::unavailable,
                              "usage records cannot be kept, so nothing new is answered: " +
                                  sink->trouble() +
                                  " (free space for the journal, or set stores.journal.on_full: "
                                  "drop)",
                              "", std::chrono::seconds(5)};
    }
    const bool bounded = !generation.policy().governance.empty() ||
                         generation.directory->bounds_candidates();
    return generation.worker.gateway.governor != nullptr && bounded;
}

static base::Result<void> keep_ticket(Generation& generation,
                                      base::Result<policy::Ticket> entered) {
    TRY(generation.ticket, std::move(entered));
    if (generation.ticket.action() == domain::BudgetAction::downgrade) downgrade(generation.plan);
    return {};
}

static net::Task<base::Result<void>> enter_later(
    Generation& generation, net::Task<base::Result<policy::Ticket>> entering) {
    auto entered = co_await entering;
    co_return keep_ticket(generation, std::move(entered));
}

net::Task<base::Result<void>> enter(Generation& generation) {
    policy::Governor* governor = generation.worker.gateway.governor;
    const policy::Governance& governance = generation.policy().governance;
    const Directory& directory = *generation.directory;
    policy::Entry entry;
    entry.request_id = generation.record.request_id;
    entry.candidates = directory.bounds_candidates();
    if (governance.counts_tokens || directory.candidates_count_tokens) {
        entry.input_tokens = generation.input_estimate();
        const std::int64_t asked = generation.outline.max_tokens;
        entry.output_tokens_max =
            asked > 0 ? std::min(asked, expected_output_tokens) : expected_output_tokens;
    }
    auto entering = governor->enter(governance, entry);
    if (!entering.is_ready()) return enter_later(generation, std::move(entering));
    return net::Task<base::Result<void>>::ready(keep_ticket(generation, entering.take()));
}

namespace {

// What is to be held before an attempt.
struct Hold {
    bool wanted = false;
    NanoUsd worst = 0;
    const policy::Governance* bounds = nullptr;  // of the endpoint; null: none
};

// A failure when the attempt is not allowed whatever is left.
std::optional<AttemptFailure> weigh(Generation& generation, const Endpoint& endpoint, Hold& hold) {
    const KeyPolicy& policy = generation.policy();
    const domain::Deployment& target = endpoint.deployment;
    if (!reaches(policy, target)) return own_failure(out_of_reach(policy, target));
    hold.bounds = generation.directory->bounds_of(endpoint, generation.who->tenant);
    hold.wanted = !policy.governance.budgets.empty() || hold.bounds != nullptr;
    const BillingSettings& billing = generation.snapshot->billing;
    if (!hold.wanted && !billing.deny_unknown_price) return std::nullopt;
    hold.worst = accounting::worst_cost(target.model, worst_case(generation, endpoint));
    if (hold.worst > 0 && !endpoint.own_key.empty()) {
        hold.worst =
            std::llround(static_cast<double>(hold.worst) * billing.byok_fee_percent / 100);
    }
    if (hold.worst >= 0 || !billing.deny_unknown_price || target.provider.echo) {
        return std::nullopt;
    }
    return own_failure({base::ErrorCode::permission,
                        "the price of " + domain::target_name(target) +
                            " is not known and billing.unknown_price is deny: give it "
                            "input_cost_per_token and output_cost_per_token",
                        "model"});
}

}  // namespace

static AttemptRecord& present_attempt(Generation& generation) {
    generation.record.usage = {};
    generation.attempt_at = generation.attempts.size();
    generation.attempt_open = true;
    return generation.attempts.emplace_back();
}

void take_up(Generation& generation, AttemptRecord attempt) {
    present_attempt(generation) = std::move(attempt);
}

namespace {

// What is about to begin.
struct Beginning {
    const Endpoint& endpoint;
    std::int64_t number;
    net::Instant begun;
    AttemptRecord* beside;  // where its record goes; null: it is the present one from now on
};

// `held`: whether what it asked for was given; `of_ticket`: it asked for something.
std::optional<AttemptFailure> note_attempt(Generation& generation, const Beginning& beginning,
                                           const base::Result<void>& held, bool of_ticket) {
    if (!held.ok()) return own_failure(held.error());
    note_own_key_use(generation, beginning.endpoint, "request");
    const domain::Deployment& target = beginning.endpoint.deployment;
    AttemptRecord& attempt = beginning.beside != nullptr ? *beginning.beside = {}
                                                         : present_attempt(generation);
    attempt.number = beginning.number;
    attempt.provider = target.provider.type;
    attempt.provider_type = target.provider.type;
    attempt.model = target.model_name;
    attempt.begun = beginning.begun;
    attempt.endpoint = &beginning.endpoint;
    if (of_ticket) attempt.held = generation.ticket.attempts();
    return std::nullopt;
}

net::Task<std::optional<AttemptFailure>> note_attempt_later(
    Generation& generation, Beginning beginning, net::Task<base::Result<void>> holding) {
    const auto held = co_await holding;
    co_return note_attempt(generation, beginning, held, true);
}

// Nobody waits where the ticket answers at once, and then there is no coroutine.
net::Task<std::optional<AttemptFailure>> begin_attempt(Generation& generation,
                                                       const Beginning& beginning) {
    using Begun = net::Task<std::optional<AttemptFailure>>;
    Hold hold;
    if (auto refused = weigh(generation, beginning.endpoint, hold)) {
        return Begun::ready(std::move(refused));
    }
    if (!hold.wanted) return Begun::ready(note_attempt(generation, beginning, {}, false));
    auto holding = generation.ticket.attempt(hold.worst, hold.bounds);
    if (!holding.is_ready()) {
        return note_attempt_later(generation, beginning, std::move(holding));
    }
    return Begun::ready(note_attempt(generation, beginning, holding.take(), true));
}

}  // namespace

net::Task<std::optional<AttemptFailure>> reserve(Generation& generation, const Endpoint& endpoint,
                                                 net::Instant begun) {
    generation.record.usage = {};
    generation.attempt_open = false;
    return begin_attempt(generation, {endpoint, generation.record.attempts, begun, nullptr});
}

net::Task<std::optional<AttemptFailure>> reserve_beside(Generation& generation,
                                                        const Endpoint& endpoint,
                                                        std::int64_t number,
                                                        AttemptRecord& attempt) {
    return begin_attempt(generation, {endpoint, number, net::Clock::now(), &attempt});
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
                  const AttemptFailure* failure, net::Instant now) {
    RequestRecord& record = generation.record;
    const Endpoint& endpoint = *attempt.endpoint;
    attempt.cost = accounting::cost_of(endpoint.deployment.model.prices, attempt.usage);
    // The built-in echo provider costs nothing; a failure that used nothing has no price to miss.
    if (endpoint.deployment.provider.echo || !attempt.usage.known()) attempt.cost.priced = true;
    attempt.price_version = endpoint.deployment.model.as_of;
    attempt.zone = endpoint.deployment.provider.local ? "local" : "";
    attempt.total_us = micros(attempt.begun, now);
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
    price(generation, attempt, &failure, net::Clock::now());
    generation.attempts.push_back(std::move(attempt));
}

static void end_attempt_at(Generation& generation, const AttemptFailure* failure,
                           net::Instant now) {
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
    price(generation, *at, failure, now);
}

void end_attempt(Generation& generation, const AttemptFailure* failure) {
    // Where the request was concluded there is none to end.
    if (generation.attempt_open) end_attempt_at(generation, failure, net::Clock::now());
}

void conclude(Generation& generation) {
    if (generation.concluded || generation.who == nullptr) return;
    generation.concluded = true;
    const net::Instant now = base::StretchClock::read();
    if (generation.attempt_open) end_attempt_at(generation, nullptr, now);
    if (!generation.exchange.answered()) generation.bounds = standing_bounds(generation.ticket);
    generation.ticket.finish(!generation.attempts.empty());
    write_rows(generation, now);
}

int billing_status(const Generation& generation) {
    if (generation.snapshot->billing.budget_status != 0) {
        return generation.snapshot->billing.budget_status;
    }
    return generation.protocol() == domain::Protocol::anthropic ? 429 : 402;
}

}  // namespace tollgate::gateway
