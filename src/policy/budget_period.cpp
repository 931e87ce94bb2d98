#include "policy/budget_period.hpp"

#include <array>
#include <cstdio>
#include <limits>

namespace tollgate::policy {
namespace {

using std::chrono::days;
using std::chrono::months;
using std::chrono::sys_days;
using std::chrono::year_month_day;

std::string labelled(char kind, year_month_day date) {
    std::array<char, 32> text{};
    const int size = std::snprintf(
        text.data(), text.size(), "%c:%04d-%02u-%02u", kind, static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
    return {text.data(), static_cast<std::size_t>(size)};
}

}  // namespace

PeriodBounds period_at(domain::BudgetPeriod period, std::int64_t rolling_days, const TimeZone& zone,
                       std::int64_t unix_seconds) {
    const sys_days today = zone.date_at(unix_seconds);
    sys_days first = today, next = today + days(1), earlier = today;
    char kind = 'd';
    switch (period) {
        case domain::BudgetPeriod::daily: break;
        case domain::BudgetPeriod::weekly:
            kind = 'w';
            first = today - (std::chrono::weekday(today) - std::chrono::Monday);
            next = first + days(7);
            earlier = first;
            break;
        case domain::BudgetPeriod::monthly: {
            kind = 'm';
            const year_month_day date = today;
            first = date.year() / date.month() / 1;
            next = sys_days((date.year() / date.month() + months(1)) / 1);
            earlier = first;
            break;
        }
        case domain::BudgetPeriod::rolling:
            kind = 'r';
            earlier = today - days(rolling_days - 1);
            break;
        case domain::BudgetPeriod::total:
            return {0, std::numeric_limits<std::int64_t>::max(), 0, ""};
    }
    PeriodBounds bounds;
    bounds.from = zone.start_of(first);
    bounds.until = zone.start_of(next);
    bounds.earlier_from = earlier == first ? bounds.from : zone.start_of(earlier);
    bounds.label = labelled(kind, first);
    return bounds;
}

std::string period_words(domain::BudgetPeriod period, std::int64_t rolling_days) {
    switch (period) {
        case domain::BudgetPeriod::daily: return "per day";
        case domain::BudgetPeriod::weekly: return "per week";
        case domain::BudgetPeriod::monthly: return "per month";
        case domain::BudgetPeriod::rolling: return "in " + std::to_string(rolling_days) + " days";
        case domain::BudgetPeriod::total: break;
    }
    return "in total";
}

}  // namespace tollgate::policy
