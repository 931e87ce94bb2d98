#include "policy/budget_alerts.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/ids.hpp"
#include "base/json.hpp"

namespace tollgate::policy {
namespace {

constexpr std::int64_t micros_per_second = 1'000'000;
constexpr std::int64_t seconds_per_hour = 3600;
constexpr double deviations_of_an_anomaly = 4;

domain::UnixMicros now_micros() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::microseconds>(since).count();
}

std::string usd(domain::NanoUsd amount) { return domain::dollars(amount) + " USD"; }

bool ends(const PeriodBounds& period) {
    return period.until != std::numeric_limits<std::int64_t>::max();
}

std::string of_whom(const LiveBudget& budget) {
    if (budget.credits()) return "the credits of " + budget.subject();
    const std::string& name = budget.budget().name;
    return "the budget " + (name.empty() ? "" : "'" + name + "' ") + "of " + budget.subject();
}

std::string meter_name(const LiveBudget& budget) {
    return (budget.credits() ? "credits/" : "budget/") + budget.budget().id;
}

void write_money(json::Writer& writer, const char* name, domain::NanoUsd amount) {
    writer.raw(name, json::Raw{domain::dollars(amount)});
}

// What every alert about a budget says to machines.
void write_budget(json::Writer& writer, const LiveBudget& budget, const PeriodBounds& period,
                  domain::NanoUsd spent) {
    const domain::Budget& of = budget.budget();
    writer.string("budget", of.id).string("name", of.name);
    writer.string("kind", domain::to_string(of.kind)).string("subject", of.subject);
    writer.string("period", domain::to_string(of.period));
    if (ends(period)) {
        writer.string("period_start", budget.zone().text_at(period.from));
        writer.string("period_end", budget.zone().text_at(period.until));
    }
    write_money(writer, "limit", of.limit);
    write_money(writer, "spent", spent);
}

domain::Alert budget_alert(const char* event, const LiveBudget& budget, domain::UnixMicros now) {
    domain::Alert alert;
    alert.id = base::uuid7();
    alert.tenant = budget.budget().tenant;
    alert.event = event;
    alert.subject = meter_name(budget);
    alert.at = now;
    return alert;
}

std::string in_period(const LiveBudget& budget) {
    return period_words(budget.budget().period, budget.budget().rolling_days);
}

net::Task<void> announce(shared_state::SharedState* state,
                         std::shared_ptr<const ThresholdAnnouncer::Raise> raise,
                         domain::Alert alert, std::chrono::milliseconds ttl) {
    std::string key = "alert:" + alert.unique;
    const bool first = co_await state->first(std::move(key), ttl);
    if (first) (*raise)(alert);
}

}  // namespace

std::optional<domain::NanoUsd> projected_spend(domain::NanoUsd spent, std::int64_t from,
                                               std::int64_t until, std::int64_t now) {
    if (until == std::numeric_limits<std::int64_t>::max() || now >= until) return std::nullopt;
    const std::int64_t gone = now - from, whole = until - from;
    if (gone < seconds_per_hour || gone < whole / 10) return std::nullopt;
    const long double trend = static_cast<long double>(spent) / static_cast<long double>(gone);
    return static_cast<domain::NanoUsd>(std::llround(trend * static_cast<long double>(whole)));
}

std::optional<Anomaly> anomaly_of(std::span<const domain::NanoUsd> hours_before,
                                  domain::NanoUsd hour, domain::NanoUsd least) {
    if (hours_before.size() < anomaly_hours_min || hour < least) return std::nullopt;
    const auto count = static_cast<double>(hours_before.size());
    double sum = 0, squares = 0;
    for (const domain::NanoUsd each : hours_before) sum += static_cast<double>(each);
    const double mean = sum / count;
    for (const domain::NanoUsd each : hours_before) {
        squares += (static_cast<double>(each) - mean) * (static_cast<double>(each) - mean);
    }
    Anomaly anomaly{mean, std::sqrt(squares / count), 0};
    anomaly.bound = mean + deviations_of_an_anomaly * anomaly.deviation;
    if (static_cast<double>(hour) <= anomaly.bound) return std::nullopt;
    return anomaly;
}

domain::Alert threshold_alert(const LiveBudget& budget, const PeriodBounds& period,
                              const domain::BudgetThreshold& threshold, domain::NanoUsd spent,
                              domain::UnixMicros now) {
    domain::Alert alert = budget_alert("budget.threshold", budget, now);
    const domain::NanoUsd limit = budget.budget().limit;
    const std::string percent = std::to_string(threshold.percent) + " %";
    alert.message =
        of_whom(budget) + " has reached " + percent + ": " + usd(spent) + " of " + usd(limit);
    if (!budget.credits()) alert.message += " " + in_period(budget);
    switch (threshold.action) {
        case domain::BudgetAction::notify: break;
        case domain::BudgetAction::throttle:
            alert.message += "; requests are throttled to a tenth";
            break;
        case domain::BudgetAction::downgrade: alert.message += "; cheaper models answer"; break;
        case domain::BudgetAction::block: alert.message += "; requests are refused"; break;
    }
    const auto stop = budget.stop_at();
    const bool stopped = stop && spent >= *stop;
    if (stopped && threshold.action != domain::BudgetAction::block) {
        alert.message += "; requests are refused";
    }
    if (ends(period)) alert.message += " until " + budget.zone().text_at(period.until);
    alert.details.clear();
    json::Writer writer(alert.details);
    writer.begin_object();
    write_budget(writer, budget, period, spent);
    writer.integer("percent", threshold.percent);
    writer.string("action", domain::to_string(threshold.action)).boolean("stopped", stopped);
    writer.end_object();
    // A limit that was raised may be reached anew.
    alert.unique = meter_name(budget) + ":" + period.label + ":" +
                   std::to_string(threshold.percent) + ":" + domain::dollars(limit);
    return alert;
}

domain::Alert projection_alert(const LiveBudget& budget, const PeriodBounds& period,
                               domain::NanoUsd spent, domain::NanoUsd projected,
                               domain::UnixMicros now) {
    domain::Alert alert = budget_alert("budget.projected", budget, now);
    const domain::NanoUsd limit = budget.budget().limit;
    alert.message = of_whom(budget) + " will not last: at the present rate " + usd(projected) +
                    " will be spent of " + usd(limit) + " by " +
                    budget.zone().text_at(period.until) + ", " + usd(spent) + " so far";
    alert.details.clear();
    json::Writer writer(alert.details);
    writer.begin_object();
    write_budget(writer, budget, period, spent);
    write_money(writer, "projected", projected);
    writer.end_object();
    alert.unique = meter_name(budget) + ":" + period.label + ":projected:" + domain::dollars(limit);
    return alert;
}

domain::Alert anomaly_alert(const std::string& tenant, const std::string& subject,
                            const Anomaly& anomaly, domain::NanoUsd spent,
                            domain::UnixMicros hour_start, domain::UnixMicros now) {
    const auto money = [](double nano) { return static_cast<domain::NanoUsd>(std::llround(nano)); };
    const std::string hour = TimeZone::utc()->text_at(hour_start / micros_per_second);
    domain::Alert alert;
    alert.id = base::uuid7();
    alert.tenant = tenant;
    alert.event = "spend.anomaly";
    alert.subject = subject;
    alert.at = now;
    alert.message = subject + " spent " + usd(spent) + " in the hour from " + hour +
                    ", far above its usual " + usd(money(anomaly.mean)) +
                    " (bound: " + usd(money(anomaly.bound)) + ")";
    alert.details.clear();
    json::Writer writer(alert.details);
    writer.begin_object().string("hour", hour);
    write_money(writer, "spent", spent);
    write_money(writer, "mean", money(anomaly.mean));
    write_money(writer, "deviation", money(anomaly.deviation));
    write_money(writer, "bound", money(anomaly.bound));
    writer.end_object();
    alert.unique = "anomaly:" + tenant + ":" + subject + ":" + hour;
    return alert;
}

void ThresholdAnnouncer::operator()(const LiveBudget& budget, const PeriodBounds& period,
                                    const domain::BudgetThreshold& threshold,
                                    domain::NanoUsd spent) const {
    constexpr std::chrono::hours longest{24 * 40};  // a month and the day after
    const domain::UnixMicros now = now_micros();
    std::chrono::milliseconds ttl = longest;
    if (ends(period)) {
        const std::chrono::seconds left(period.until - now / micros_per_second);
        ttl = std::clamp<std::chrono::milliseconds>(left + std::chrono::hours(24),
                                                    std::chrono::hours(24), longest);
    }
    domain::Alert alert = threshold_alert(budget, period, threshold, spent, now);
    net::spawn(announce(state_, raise_, std::move(alert), ttl), "budget_alert");
}

}  // namespace tollgate::policy
