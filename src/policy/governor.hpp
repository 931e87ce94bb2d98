// Limits and budgets on a request's way: entered once, raised before a dearer attempt, settled once
// on every way out. The bounds that apply to a principal are joined when the directory is built
// (Governance); the counters behind them live in shared_state and survive reloads.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "domain/money.hpp"
#include "domain/tenancy.hpp"
#include "domain/usage.hpp"
#include "net/task.hpp"
#include "policy/live_budget.hpp"
#include "shared_state/shared_state.hpp"

namespace tollgate::policy {

enum class LimitUnit : std::uint8_t { requests, tokens, input_tokens, output_tokens, concurrent };

// One bound on one subject, with its live counter.
struct LimitUse {
    shared_state::MeterPointer meter;
    LimitUnit unit = LimitUnit::requests;
    std::int64_t limit = 0;
    std::string subject;  // "key ci", "tenant acme", "tier trial": for messages
    std::string window;   // "minute", "hour", "day", "" of concurrency
};

// The bounds that apply to a principal, or to a candidate (its deployment's limits, its provider's
// budgets). Const once built; must outlive the tickets that were taken by it.
struct Governance {
    std::vector<LimitUse> limits;
    std::vector<LiveBudgetPointer> budgets;
    bool counts_tokens = false;  // some limit or budget needs the input's estimate
    bool empty() const { return limits.empty() && budgets.empty(); }
};

// What is known of a request when it enters.
struct Entry {
    std::string_view request_id;
    std::int64_t input_tokens = 0;  // estimated; looked at when counts_tokens
    // Reserved with the input for token limits, as far as the limit allows.
    std::int64_t output_tokens_max = 0;
    // False: costs nothing and uses no tokens (token counts), so neither budgets nor limits of
    // tokens are looked at.
    bool spends = true;
    // Candidates may have bounds of their own, so there is something to hold though nothing bounds
    // the caller.
    bool candidates = false;
};

// What the answer's headers tell (x-ratelimit-*); absent without such a limit.
struct Remaining {
    std::int64_t limit = 0, remaining = 0;
    std::chrono::milliseconds reset{0};
};

// The caller's tightest cap, for anthropic-ratelimit-unified-* and 402's words.
struct CapState {
    domain::NanoUsd limit = 0, used = 0;
    std::int64_t reset_unix = 0;  // 0: never
    domain::BudgetPeriod period = domain::BudgetPeriod::monthly;
    bool hard = true;
    double utilization() const {
        return limit > 0 ? static_cast<double>(used) / static_cast<double>(limit) : 1.0;
    }
};

// A threshold of a budget that a settlement reached, told once per budget object, period and
// threshold; what must be told once over all instances goes through SharedState::first. Called on
// the thread of the settlement, must not block.
using ThresholdReached =
    std::function<void(const LiveBudget& budget, const PeriodBounds& period,
                       const domain::BudgetThreshold& threshold, domain::NanoUsd spent)>;

// What a request holds. Everything is released on destruction unless it was settled. Move-only;
// one thread at a time. Borrows governor, state and governances, which must outlive it.
class Ticket {
public:
    Ticket();
    Ticket(Ticket&&) noexcept;
    Ticket& operator=(Ticket&&) noexcept;
    ~Ticket();

    // Before an attempt: holds `worst` against every budget (for a later attempt: besides what the
    // failed ones keep), and counts against the deployment's own limits and its provider's budgets.
    // A negative `worst` (unknown price) holds nothing; spent budgets stop it all the same.
    // Token limits of the deployment reserve what was told on entry.
    // Fails: billing naming budget, amount left, estimate and reset; rate_limited for the
    // deployment's limits and its provider's budgets (the next candidate may still do).
    net::Task<base::Result<void>> attempt(domain::NanoUsd worst, const Governance* of_candidate);
    // How many attempts were begun: the next one's number. A refused one does not count.
    std::size_t attempts() const;
    // What attempt `number` (by default the latest) really cost; its hold ends and its deployment's
    // slots are free. Tokens correct the windows. Only the first call for a number counts.
    void attempt_done(domain::NanoUsd cost, const domain::Usage& usage);
    void attempt_done(domain::NanoUsd cost, const domain::Usage& usage, std::size_t number);
    // The request is over: slots are free, windows corrected, what is still held is given back.
    // `counted` false: it was refused before anything was sent, so it counts nowhere.
    void finish(bool counted);

    bool governed() const { return held_ != nullptr; }
    std::optional<Remaining> requests() const;  // tightest
    std::optional<Remaining> tokens() const;
    std::optional<CapState> cap() const;
    // What thresholds of a budget ask for now: the strictest of throttle, downgrade, block; notify
    // when they ask for nothing. Throttling is done by enter() already.
    domain::BudgetAction action() const;

private:
    friend class Governor;
    struct Held;
    explicit Ticket(std::unique_ptr<Held> held);
    struct Asked;
    static net::Task<base::Result<void>> attempt_later(Held& held, Asked asked);
    static base::Result<void> list(Held& held, Asked& asked);
    static base::Result<void> answer(Held& held, const Asked& asked,
                                     const std::optional<shared_state::Refusal>& refusal);
    static base::Result<Ticket> entered(std::unique_ptr<Held> held,
                                        const std::optional<shared_state::Refusal>& refusal);
    std::unique_ptr<Held> held_;  // null: nothing is governed
};

// Thread-safe once on_threshold() was called; borrows the state.
class Governor {
public:
    // Unix microseconds.
    using WallClock = std::function<domain::UnixMicros()>;
    explicit Governor(shared_state::SharedState& state);
    Governor(shared_state::SharedState& state, WallClock clock);
    // REQUIRES: before the first request.
    void on_threshold(ThresholdReached told) { told_ = std::move(told); }

    // Checks and takes every limit at once; throttled budgets make those of requests and of
    // concurrency a tenth. Fails: rate_limited naming the limit, its size and when it resets;
    // billing when a hard budget is spent already.
    net::Task<base::Result<Ticket>> enter(const Governance& governance, const Entry& entry);
    shared_state::SharedState& state() { return state_; }

private:
    friend class Ticket;
    static net::Task<base::Result<Ticket>> enter_later(std::unique_ptr<Ticket::Held> held);
    shared_state::SharedState& state_;
    WallClock clock_;
    ThresholdReached told_;
};

}  // namespace tollgate::policy
