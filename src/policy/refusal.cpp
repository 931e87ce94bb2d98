#include "policy/refusal.hpp"

#include <algorithm>

namespace tollgate::policy {
namespace {

constexpr std::int64_t micros_per_second = 1'000'000;

const char* unit_words(LimitUnit unit) {
    switch (unit) {
        case LimitUnit::requests: return "requests";
        case LimitUnit::tokens: return "tokens";
        case LimitUnit::input_tokens: return "input tokens";
        case LimitUnit::output_tokens: return "output tokens";
        case LimitUnit::concurrent: break;
    }
    return "requests at a time";
}

std::string size_words(const LimitUse& use, std::int64_t limit) {
    std::string words = std::to_string(limit) + " " + unit_words(use.unit);
    if (!use.window.empty()) words += " per " + use.window;
    return words;
}

std::chrono::seconds rounded_up(std::chrono::milliseconds wait) {
    return std::max(std::chrono::seconds(1), std::chrono::ceil<std::chrono::seconds>(wait));
}

std::string usd(domain::NanoUsd amount) { return domain::dollars(amount) + " USD"; }

std::int64_t seconds_left(const LiveBudget::Period& period, domain::UnixMicros now) {
    return period.bounds.until - now / micros_per_second;
}

std::string reset_words(const LiveBudget& budget, const LiveBudget::Period& period,
                        domain::UnixMicros now) {
    if (budget.credits()) return "; add credits, or ask your administrator to";
    if (budget.budget().period == domain::BudgetPeriod::total) {
        return "; it does not reset: ask your administrator to raise it";
    }
    const bool rolling = budget.budget().period == domain::BudgetPeriod::rolling;
    return std::string(rolling ? "; its oldest day leaves it at " : "; it resets at ") +
           budget.zone().text_at(period.bounds.until) + " (in " +
           duration_words(std::chrono::seconds(seconds_left(period, now))) +
           "), or ask your administrator to raise it";
}

}  // namespace

std::string duration_words(std::chrono::seconds duration) {
    const auto in = [&](std::int64_t unit, const char* name) {
        const std::int64_t count = (duration.count() + unit - 1) / unit;
        return std::to_string(count) + " " + name + (count == 1 ? "" : "s");
    };
    constexpr std::int64_t minute = 60, hour = 3600, day = 86'400;
    if (duration.count() < 2 * minute) return std::to_string(duration.count()) + " s";
    if (duration.count() < 2 * hour) return in(minute, "minute");
    if (duration.count() < 2 * day) return in(hour, "hour");
    return in(day, "day");
}

base::Error limit_refusal(const RefusedLimit& refused) {
    const LimitUse& use = *refused.use;
    std::string message = use.subject + " is limited to " + size_words(use, refused.limit);
    if (refused.limit != use.limit) {
        message += " (a tenth of " + std::to_string(use.limit) + " while a budget is throttled)";
    }
    if (use.unit == LimitUnit::concurrent) {
        message += ", and " + std::to_string(refused.used) +
                   " are being answered: wait until one of them has ended";
        return {base::ErrorCode::rate_limited, std::move(message), "", std::chrono::seconds(1)};
    }
    message += ", and " + std::to_string(refused.used) + " are used";
    if (refused.asked > 1) {
        message += ", while this request needs up to " + std::to_string(refused.asked);
    }
    const std::chrono::seconds wait = rounded_up(refused.wait);
    message += ": try again in " + duration_words(wait);
    return {base::ErrorCode::rate_limited, std::move(message), "", wait};
}

base::Error never_fits(const LimitUse& use, std::int64_t asked) {
    return {base::ErrorCode::rate_limited,
            use.subject + " is limited to " + size_words(use, use.limit) +
                ", and this request alone has " + std::to_string(asked) +
                ": shorten it, or ask your administrator to raise the limit"};
}

base::Error budget_refusal(const LiveBudget& budget, const LiveBudget::Period& period,
                           domain::NanoUsd estimate, domain::UnixMicros now) {
    const LiveBudget::Standing standing = budget.standing(period);
    const domain::NanoUsd stop = budget.stop_at().value_or(budget.budget().limit);
    const domain::NanoUsd left = stop - standing.spent - standing.held;
    const std::string held =
        standing.held > 0 ? ", " + usd(standing.held) + " held by requests in flight" : "";
    std::string message;
    if (budget.credits()) {
        message = "the credits of " + budget.subject() + " are used up: the balance is " +
                  usd(stop - standing.spent) + held;
    } else {
        const std::string& name = budget.budget().name;
        message = "the budget " + (name.empty() ? "" : "'" + name + "' ") + "of " +
                  budget.subject() + " (" + usd(stop) + " " +
                  period_words(budget.budget().period, budget.budget().rolling_days) + ") " +
                  (left > 0 ? "has " + usd(left) + " left, " : "is spent: ") + usd(standing.spent) +
                  " spent" + held;
    }
    if (estimate >= 0 && left > 0) {
        message += ", and this request may cost up to " + usd(estimate) +
                   " (a smaller max_tokens or a cheaper model may fit)";
    }
    message += reset_words(budget, period, now);
    base::Error error{base::ErrorCode::billing, std::move(message)};
    if (!budget.credits() && budget.budget().period != domain::BudgetPeriod::total) {
        error.retry_after =
            std::chrono::seconds(std::max<std::int64_t>(seconds_left(period, now), 1));
    }
    return error;
}

base::Error provider_budget_refusal(const LiveBudget& budget, const LiveBudget::Period& period,
                                    domain::NanoUsd estimate, domain::UnixMicros now) {
    base::Error error = budget_refusal(budget, period, estimate, now);
    error.code = base::ErrorCode::rate_limited;
    return error;
}

}  // namespace tollgate::policy
