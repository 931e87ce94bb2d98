#include "commands/import_litellm_money.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>

namespace tollgate::commands::litellm {
namespace {

using domain::BudgetPeriod;

constexpr std::int64_t micros_per_second = 1'000'000;
constexpr std::int64_t seconds_per_day = 86'400;
constexpr std::int64_t micros_per_day = seconds_per_day * micros_per_second;
constexpr std::int64_t full_percent = 100;
constexpr std::int64_t days_of_week = 7, days_of_month = 30;

std::int64_t seconds_of_unit(std::string_view unit) {
    if (unit == "s") return 1;
    if (unit == "m") return 60;
    if (unit == "h") return 3600;
    if (unit == "d") return seconds_per_day;
    if (unit == "w") return days_of_week * seconds_per_day;
    if (unit == "mo") return days_of_month * seconds_per_day;
    return 0;
}

PeriodOfDuration rolling(std::int64_t days) {
    PeriodOfDuration found;
    found.period = BudgetPeriod::rolling;
    found.rolling_days = days;
    found.approximation = "the last " + std::to_string(days) +
                          " days count, where LiteLLM begins anew at each reset";
    return found;
}

// The first moment of the day, week (Monday) or month of `now`, UTC.
UnixMicros start_of_period(BudgetPeriod period, UnixMicros now) {
    using namespace std::chrono;
    const auto day = floor<days>(sys_time<microseconds>(microseconds(now)));
    sys_days first = day;
    if (period == BudgetPeriod::weekly) {
        first = day - (weekday(day) - Monday);
    } else if (period == BudgetPeriod::monthly) {
        const year_month_day date(day);
        first = sys_days(date.year() / date.month() / 1);
    }
    return first.time_since_epoch() / microseconds(1);
}

NanoUsd times(NanoUsd amount, std::int64_t factor) {
    constexpr NanoUsd most = std::numeric_limits<NanoUsd>::max();
    return amount > most / factor ? most : amount * factor;
}

}  // namespace

PeriodOfDuration period_of_duration(std::string_view duration) {
    PeriodOfDuration found;
    if (duration.empty()) return found;
    std::int64_t number = 0;
    const char* end = duration.data() + duration.size();
    const auto [rest, failure] = std::from_chars(duration.data(), end, number);
    const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
    const std::int64_t length = seconds_of_unit(unit);
    constexpr std::int64_t number_max = 100'000'000;
    if (failure != std::errc() || number < 1 || number > number_max || length == 0) {
        found.approximation = "the duration `" + std::string(duration) +
                              "` is none: the budget is for good";
        return found;
    }
    const std::int64_t seconds = number * length;
    if (seconds < seconds_per_day) {
        found.period = BudgetPeriod::daily;
        found.times = std::max<std::int64_t>(1, seconds_per_day / seconds);
        found.approximation = "the shortest period is a day: as much per day as " +
                              std::to_string(found.times) + " times " + std::string(duration) +
                              " allow";
        return found;
    }
    const std::int64_t days = seconds / seconds_per_day;
    if (days == 1) {
        found.period = BudgetPeriod::daily;
        if (unit != "d") found.approximation = "it resets at midnight UTC";
        return found;
    }
    if (days == days_of_week) {
        found.period = BudgetPeriod::weekly;
        if (unit != "d" && unit != "w") found.approximation = "it resets on Monday, UTC";
        return found;
    }
    if (days == days_of_month) {
        found.period = BudgetPeriod::monthly;
        if (unit != "d" && unit != "mo") found.approximation = "it resets on the first, UTC";
        return found;
    }
    return rolling(days);
}

MadeBudget make_budget(const Terms& terms, domain::SubjectKind kind, const std::string& tenant,
                       const std::string& subject) {
    const PeriodOfDuration period = period_of_duration(terms.duration);
    MadeBudget made;
    made.approximation = period.approximation;
    domain::Budget& budget = made.budget;
    budget.id = "litellm:" + std::string(domain::to_string(kind)) + ":" + subject;
    budget.tenant = tenant;
    // As /key/info and its sisters look for it, so that they go on telling max_budget.
    budget.name = "litellm" + (terms.duration.empty() ? "" : " " + terms.duration);
    budget.kind = kind;
    budget.subject = subject;
    budget.period = period.period;
    budget.rolling_days = period.rolling_days;
    budget.hard = terms.max_budget.has_value();
    const NanoUsd limit = budget.hard ? *terms.max_budget : terms.soft_budget.value_or(0);
    budget.limit = times(std::max<NanoUsd>(0, limit), period.times);
    if (budget.hard && terms.soft_budget && *terms.max_budget > 0) {
        const auto share = static_cast<long double>(*terms.soft_budget) /
                           static_cast<long double>(*terms.max_budget);
        const auto percent = static_cast<std::int64_t>(share * full_percent);
        if (percent >= 1 && percent < full_percent) {
            budget.thresholds = {{percent, domain::BudgetAction::notify},
                                 {full_percent, domain::BudgetAction::notify}};
        }
    }
    return made;
}

CarriedSpend carried_spend(const Terms& terms, UnixMicros created, UnixMicros now) {
    CarriedSpend carried;
    // A reset that is due and did not happen, because LiteLLM has stopped, happens here.
    const bool over = !terms.duration.empty() && terms.reset != 0 && terms.reset <= now;
    carried.spent = over ? 0 : terms.spend;
    const PeriodOfDuration period = period_of_duration(terms.duration);
    // LiteLLM's figure is of a part of the day: what it has forgotten still counts here.
    carried.may_lower = period.times == 1;
    if (period.period == BudgetPeriod::total) {
        carried.at = created > 0 && created < now ? created : now;
        return carried;
    }
    if (period.period == BudgetPeriod::rolling) {
        const std::int64_t length = period.rolling_days * micros_per_day;
        const UnixMicros earliest = start_of_period(BudgetPeriod::daily, now) - length +
                                    micros_per_day;
        carried.since = terms.reset != 0 ? terms.reset - (over ? 0 : length) : earliest;
        carried.at = std::clamp(carried.since, earliest, now);
        carried.since = std::min(carried.since, carried.at);
        return carried;
    }
    carried.since = start_of_period(period.period, now);
    // Not in the present hour, where a week's spend would look like an anomaly. A day after the
    // start it is the same period in every time zone.
    carried.at = period.period == BudgetPeriod::daily
                     ? now
                     : std::min(now, carried.since + micros_per_day);
    return carried;
}

}  // namespace tollgate::commands::litellm
