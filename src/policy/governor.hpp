// Limits and budgets on a request's way: entered once, raised before a dearer attempt, settled once
// on every way out. The bounds that apply to a principal are joined when the directory is built
// (Governance); the counters behind them live in shared_state and survive reloads.
#pragma once
#include <chrono>
#include <cstdint>
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

// A budget (or a credit balance) with its live state; the meter follows the calendar. Thread-safe.
class LiveBudget;
using LiveBudgetPointer = std::shared_ptr<LiveBudget>;

struct Governance {
    std::vector<LimitUse> limits;
    std::vector<LiveBudgetPointer> budgets;
    bool counts_tokens = false;  // some limit or budget needs the input's estimate
    bool empty() const { return limits.empty() && budgets.empty(); }
};

// What is known of a request when it enters.
struct Entry {
    std::string_view request_id;
    std::int64_t input_tokens = 0;        // estimated; looked at when counts_tokens
    std::int64_t output_tokens_max = 0;   // reserved with the input for token limits
};

// What the answer's headers tell (x-ratelimit-*); absent without such a limit.
struct Remaining {
    std::int64_t limit = 0, remaining = 0;
    std::chrono::milliseconds reset{0};
};

// The caller's tightest cap, for anthropic-ratelimit-unified-* and 402's words.
struct CapState {
    domain::NanoUsd limit = 0, used = 0;
    std::int64_t reset_unix = 0;   // 0: never
    domain::BudgetPeriod period = domain::BudgetPeriod::monthly;
    bool hard = true;
    double utilization() const {
        return limit > 0 ? static_cast<double>(used) / static_cast<double>(limit) : 1.0;
    }
};

// What a request holds. Everything is released on destruction unless it was settled. Move-only;
// one thread at a time.
class Ticket {
public:
    Ticket() noexcept;
    Ticket(Ticket&&) noexcept;
    Ticket& operator=(Ticket&&) noexcept;
    ~Ticket();

    // Before an attempt: holds `worst` against every budget (for a later attempt: besides what the
    // failed ones keep), and counts against the deployment's own limits and its provider's budgets.
    // Fails: billing naming budget, amount left, estimate and reset; rate_limited for the
    // deployment's limits (the next candidate may still do).
    net::Task<base::Result<void>> attempt(domain::NanoUsd worst, const Governance* of_candidate);
    // What that attempt really cost; its hold ends. Tokens correct the windows.
    void attempt_done(domain::NanoUsd cost, const domain::Usage& usage);
    // The request is over: slots are free, windows corrected, what is still held is given back.
    // `counted` false: it was refused before anything was sent, so it counts nowhere.
    void finish(bool counted);

    std::optional<Remaining> requests() const;   // tightest
    std::optional<Remaining> tokens() const;
    std::optional<CapState> cap() const;
    // What thresholds of a budget ask for now: the strictest of throttle, downgrade.
    domain::BudgetAction action() const;

private:
    friend class Governor;
    struct Held;
    explicit Ticket(std::unique_ptr<Held> held);
    std::unique_ptr<Held> held_;  // null: nothing is governed
};

class Governor {
public:
    explicit Governor(shared_state::SharedState& state) : state_(state) {}
    // Checks and takes every limit at once. Fails: rate_limited naming the limit, its size and when
    // it resets; billing when a hard budget is spent already.
    net::Task<base::Result<Ticket>> enter(const Governance& governance, const Entry& entry);
    shared_state::SharedState& state() { return state_; }

private:
    shared_state::SharedState& state_;
};

}  // namespace tollgate::policy
