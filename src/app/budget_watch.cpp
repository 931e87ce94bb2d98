#include "app/budget_watch.hpp"

#include <future>
#include <map>

#include "base/ids.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "policy/budget_alerts.hpp"
#include "store/keys.hpp"
#include "store/usage.hpp"

namespace tollgate::app {
namespace {

using base::Result;

constexpr domain::UnixMicros micros_per_second = 1'000'000;
constexpr domain::UnixMicros micros_per_hour = 3600 * micros_per_second;
constexpr int hours_looked_at = 7 * 24;
// The usage of an hour is whole in the database a little after it.
constexpr std::chrono::seconds after_the_hour{90};
constexpr std::chrono::seconds store_patience{60};
// Hours below a dollar are nobody's surprise.
constexpr domain::NanoUsd least_of_an_anomaly = 1'000'000'000;

policy::AlertSettings settings_of(const config::AlertsConfig& from) {
    policy::AlertSettings settings;
    settings.tenants_reach_private = from.private_targets;
    settings.smtp.host = from.smtp_host;
    settings.smtp.port = static_cast<std::uint16_t>(from.smtp_port);
    if (from.smtp_security == "tls") settings.smtp.security = policy::SmtpSecurity::tls;
    if (from.smtp_security == "none") settings.smtp.security = policy::SmtpSecurity::none;
    settings.smtp.user = from.smtp_user;
    settings.smtp.password = from.smtp_password.value;
    settings.smtp.from = from.smtp_from;
    return settings;
}

using HoursOf = std::map<std::string, std::vector<domain::NanoUsd>>;

// What each value of `dimension` cost in each of the hours before `end`, the last one last.
Result<HoursOf> hours_by(store::Session& session, store::UsageDimension dimension,
                         const std::string& tenant, domain::UnixMicros end) {
    store::UsageQuery query;
    query.filter.from = end - hours_looked_at * micros_per_hour;
    query.filter.to = end;
    query.filter.tenant = tenant;
    query.step = store::UsageStep::hour;
    query.by = {dimension};
    TRY(const auto points, store::usage_series(session, store::Access::everything(), query));
    HoursOf hours;
    for (const store::UsagePoint& point : points) {
        auto& costs = hours[point.values.front()];
        costs.resize(hours_looked_at, 0);
        const auto at = static_cast<std::size_t>((point.start - query.filter.from) /
                                                 micros_per_hour);
        if (at < costs.size()) costs[at] = point.sums.cost + point.sums.fee;
    }
    return hours;
}

// Hours before the first one with usage say nothing of what is ordinary.
void add_anomaly(std::vector<domain::Alert>& alerts, const std::string& tenant,
                 const std::string& subject, const std::vector<domain::NanoUsd>& hours,
                 domain::UnixMicros now) {
    std::span<const domain::NanoUsd> before(hours.data(), hours.size() - 1);
    while (!before.empty() && before.front() == 0) before = before.subspan(1);
    const auto found = policy::anomaly_of(before, hours.back(), least_of_an_anomaly);
    if (!found) return;
    const domain::UnixMicros hour = now - now % micros_per_hour - micros_per_hour;
    alerts.push_back(policy::anomaly_alert(tenant, subject, *found, hours.back(), hour, now));
}

constexpr domain::UnixMicros micros_per_day = 24 * micros_per_hour;
constexpr domain::UnixMicros reminder_ahead_max = 7 * micros_per_day;
constexpr std::int64_t keys_looked_at = 10'000;

std::string utc(domain::UnixMicros at) {
    return policy::TimeZone::utc()->text_at(at / micros_per_second);
}

domain::Alert rotation_alert(const domain::Key& key, domain::UnixMicros since,
                             domain::UnixMicros due, domain::UnixMicros now) {
    domain::Alert alert;
    alert.id = base::uuid7();
    alert.tenant = key.tenant;
    alert.event = "key.rotation_due";
    alert.subject = "key/" + key.id;
    alert.at = now;
    alert.message = "the key " + (key.name.empty() ? key.id : key.name) +
                    (due <= now ? " was" : " is") + " to be rotated by " + utc(due) +
                    ": its secret dates from " + utc(since) + " and should change every " +
                    std::to_string(key.rotation_days) + " days";
    alert.details.clear();
    json::Writer writer(alert.details);
    writer.begin_object().string("key", key.id).string("name", key.name);
    writer.integer("rotation_days", key.rotation_days);
    writer.string("secret_since", utc(since)).string("due", utc(due)).end_object();
    alert.unique = alert.subject + ":rotation:" + std::to_string(since);
    return alert;
}

}  // namespace

Result<std::vector<domain::Alert>> rotations_due(store::Session& session, domain::UnixMicros now) {
    TRY(const auto keys, store::keys_due(session, store::Access::everything(), now,
                                         reminder_ahead_max, keys_looked_at));
    std::vector<domain::Alert> alerts;
    for (const domain::Key& key : keys) {
        if (key.rotation_days <= 0) continue;  // it expires, which is another matter
        const domain::UnixMicros period = key.rotation_days * micros_per_day;
        const domain::UnixMicros since = std::max(key.rotated, key.created);
        const domain::UnixMicros due = since + period;
        if (due - now > std::min(reminder_ahead_max, period / 4)) continue;
        alerts.push_back(rotation_alert(key, since, due, now));
    }
    return alerts;
}

std::vector<domain::Alert> projections(const std::vector<policy::LiveBudgetPointer>& budgets,
                                       domain::UnixMicros now) {
    std::vector<domain::Alert> alerts;
    for (const policy::LiveBudgetPointer& budget : budgets) {
        const domain::NanoUsd limit = budget->budget().limit;
        if (budget->credits() || limit <= 0) continue;
        const policy::LiveBudget::Period& period = budget->period(now);
        const domain::NanoUsd spent = budget->standing(period).spent;
        if (spent >= limit) continue;  // its threshold was told
        const auto projected = policy::projected_spend(spent, period.bounds.from,
                                                       period.bounds.until,
                                                       now / micros_per_second);
        if (!projected || *projected <= limit) continue;
        alerts.push_back(policy::projection_alert(*budget, period.bounds, spent, *projected, now));
    }
    return alerts;
}

Result<std::vector<domain::Alert>> anomalies(store::Session& session, domain::UnixMicros now) {
    const domain::UnixMicros end = now - now % micros_per_hour;
    std::vector<domain::Alert> alerts;
    TRY(const HoursOf tenants, hours_by(session, store::UsageDimension::tenant, "", end));
    for (const auto& [tenant, hours] : tenants) {
        if (hours.back() < least_of_an_anomaly) continue;
        add_anomaly(alerts, tenant, "tenant/" + tenant, hours, now);
        TRY(const HoursOf keys, hours_by(session, store::UsageDimension::key, tenant, end));
        for (const auto& [key, of_key] : keys) {
            if (!key.empty()) add_anomaly(alerts, tenant, "key/" + key, of_key, now);
        }
    }
    return alerts;
}

BudgetWatch::BudgetWatch(Stores& stores, DirectoryKeeper& keeper, net::Loop& loop,
                         http::Client& client, std::shared_ptr<net::TlsClientContext> tls,
                         policy::AlertSettings settings)
    : stores_(stores), keeper_(keeper), loop_(loop),
      sender_(loop, client, std::move(tls), std::move(settings)),
      dispatch_(loop, stores.db(), sender_) {}

std::unique_ptr<BudgetWatch> BudgetWatch::make(Stores& stores, DirectoryKeeper& keeper,
                                               net::Loop& loop, http::Client& client,
                                               std::shared_ptr<net::TlsClientContext> tls,
                                               const config::AlertsConfig& settings) {
    return std::unique_ptr<BudgetWatch>(new BudgetWatch(stores, keeper, loop, client,
                                                        std::move(tls), settings_of(settings)));
}

void BudgetWatch::begin() {
    // Thresholds are reached on any worker's loop; alerts leave from ours.
    const auto raise = [this](const domain::Alert& alert) {
        loop_.post([this, alert] { dispatch_.raise(alert); });
    };
    stores_.governor().on_threshold(policy::ThresholdAnnouncer(stores_.state(), raise));
    loop_.post([this] {
        running_ = 2;
        net::spawn(deliver(), "alert_delivery");
        net::spawn(look_every_hour(), "budget_watch");
    });
}

void BudgetWatch::end() {
    std::promise<void> done;
    loop_.post([this, &done] {
        all_ended_ = [&done] { done.set_value(); };
        scope_.cancel(loop_, net::CancelReason::shutdown);
        if (running_ == 0) all_ended_();
    });
    done.get_future().wait();
}

void BudgetWatch::ended() {
    if (--running_ == 0 && all_ended_) all_ended_();
}

net::Task<void> BudgetWatch::deliver() {
    co_await dispatch_.run(scope_);
    ended();
}

net::Task<void> BudgetWatch::look_every_hour() {
    while (!scope_.cancelled()) {
        const domain::UnixMicros past = store::now_micros() % micros_per_hour;
        const std::chrono::microseconds rest(micros_per_hour - past);
        const auto pause = std::chrono::duration_cast<std::chrono::milliseconds>(rest);
        co_await net::sleep_for(pause + after_the_hour, &scope_);
        if (!scope_.cancelled()) co_await look_at_hour(store::now_micros());
    }
    ended();
}

net::Task<void> BudgetWatch::look_at_hour(domain::UnixMicros now) {
    for (const domain::Alert& alert : projections(keeper_.live_budgets(), now)) {
        dispatch_.raise(alert);
    }
    auto found = std::make_shared<std::vector<domain::Alert>>();
    store::Db::Work work = [found, now](store::Session& session) -> Result<void> {
        TRY(*found, anomalies(session, now));
        TRY(const auto rotations, rotations_due(session, now));
        found->insert(found->end(), rotations.begin(), rotations.end());
        return {};
    };
    const net::Patience patience{loop_.after(store_patience), &scope_};
    auto looked = co_await stores_.db().run(loop_, store::Access::everything(), false,
                                            std::move(work), patience);
    if (!looked.ok()) {
        base::log().warn("hourly_look_failed", {{"why", looked.error().message}});
        co_return;
    }
    for (const domain::Alert& alert : *found) dispatch_.raise(alert);
}

}  // namespace tollgate::app
