#include "app/active_checks.hpp"

#include <algorithm>
#include <future>

#include "assembly/provider_probe.hpp"
#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "store/changes.hpp"
#include "store/providers.hpp"

namespace tollgate::app {
namespace {

using shared_state::ValueKind;
using std::chrono::milliseconds;

constexpr int checks_at_once = 4;
constexpr milliseconds first_within{15'000};
constexpr milliseconds shared_patience{500};
constexpr milliseconds look_again{2'000};      // when another instance is asking just now
constexpr milliseconds asking_life{4'000};     // that it is asking; less than recheck_after

milliseconds somewhere_within(milliseconds time) {
    const auto count = static_cast<std::uint64_t>(std::max<std::int64_t>(time.count(), 1));
    return milliseconds(static_cast<std::int64_t>(base::random_u64() % count));
}

net::Task<domain::ProviderProbe> call(net::Loop& loop, gateway::EndpointPointer endpoint,
                                      domain::HealthCheck mode, milliseconds patience,
                                      net::CancelScope* scope) {
    if (mode == domain::HealthCheck::completion) {
        co_return co_await assembly::probe(loop, endpoint, scope, patience);
    }
    co_return co_await assembly::probe_list(loop, endpoint, scope, patience);
}

ActiveChecks::Parts completed(ActiveChecks::Parts parts) {
    if (!parts.probe) parts.probe = call;
    return parts;
}

}  // namespace

ActiveChecks::ActiveChecks(Parts parts)
    : parts_(completed(std::move(parts))),
      checks_(parts_.metrics.counter("tollgate_provider_checks_total",
                                     "Active checks of providers, by what they found",
                                     {"provider", "result"})) {}

void ActiveChecks::begin() {
    parts_.loop.post([this] {
        ++running_;
        net::spawn(look_again_and_again(), "active_checks");
    });
}

void ActiveChecks::end() {
    std::promise<void> done;
    parts_.loop.post([this, &done] {
        all_ended_ = [&done] { done.set_value(); };
        scope_.cancel(parts_.loop, net::CancelReason::shutdown);
        if (running_ == 0) std::exchange(all_ended_, {})();
    });
    done.get_future().wait();
}

void ActiveChecks::ended() {
    if (--running_ == 0 && all_ended_) std::exchange(all_ended_, {})();
}

net::Task<void> ActiveChecks::look_again_and_again() {
    while (!scope_.cancelled()) {
        look(net::Clock::now());
        (void)co_await net::sleep_for(parts_.look_every, &scope_);
    }
    ended();
}

void ActiveChecks::take_snapshot(net::Instant now) {
    auto current = parts_.gateway.current();
    if (current == nullptr || current == snapshot_) return;
    snapshot_ = std::move(current);
    const milliseconds soon = std::min(first_within, snapshot_->health_checks.interval / 4);
    std::map<std::string, KnownPointer> next;
    for (CheckTarget& target : check_targets(*snapshot_)) {
        KnownPointer& known = next[target.id];
        const auto before = known_.find(target.id);
        if (before != known_.end()) {
            known = before->second;
            // One that is under way keeps what it began with.
            if (!known->running) known->target = std::move(target);
        } else {
            known = std::make_shared<Known>();
            known->target = std::move(target);
            known->due = now + somewhere_within(soon);
        }
    }
    known_ = std::move(next);
}

void ActiveChecks::look(net::Instant now) {
    take_snapshot(now);
    const auto under_way = std::count_if(known_.begin(), known_.end(),
                                         [](const auto& one) { return one.second->running; });
    auto free = checks_at_once - static_cast<int>(under_way);
    for (const auto& [id, known] : known_) {
        if (free <= 0) return;
        if (known->running || now < known->due) continue;
        known->running = true;
        --free;
        ++running_;
        net::spawn(check(known, snapshot_), "provider_check");
    }
}

net::Task<std::optional<CheckResult>> ActiveChecks::found_elsewhere(const Known& known,
                                                                    milliseconds interval) {
    if (parts_.shared == nullptr) co_return std::nullopt;
    auto text = co_await parts_.shared->get(ValueKind::check, known.target.id, shared_patience);
    if (!text) co_return std::nullopt;
    auto result = decode_check_result(*text);
    if (!result) co_return std::nullopt;
    // What failed is to be asked again sooner than what works.
    const milliseconds fresh =
        result->verdict == CheckVerdict::fails ? recheck_after : interval;
    const std::chrono::seconds age(base::unix_seconds() - result->checked);
    if (age >= fresh) co_return std::nullopt;
    co_return result;
}

net::Task<bool> ActiveChecks::ours_to_check(const Known& known) {
    if (parts_.shared == nullptr || parts_.state == nullptr) co_return true;
    std::string name = "check:" + known.target.id;
    co_return co_await parts_.state->first(std::move(name), asking_life);
}

net::Task<void> ActiveChecks::check(KnownPointer known,
                                    std::shared_ptr<const gateway::Snapshot> snapshot) {
    const gateway::HealthCheckSettings& settings = snapshot->health_checks;
    auto result = co_await found_elsewhere(*known, settings.interval);
    milliseconds wait = look_again;
    if (result) {
        take(*known, *result, *snapshot);
        const std::chrono::seconds age(base::unix_seconds() - result->checked);
        wait = next_check(known->target, *result, settings.interval, net::Clock::now()) - age;
    } else if (const bool ours = co_await ours_to_check(*known); ours) {
        const domain::ProviderProbe probe =
            co_await parts_.probe(parts_.loop, known->target.endpoints.front(), known->target.mode,
                                  settings.timeout, &scope_);
        if (!scope_.cancelled()) {
            const CheckResult mine = result_of(probe, base::unix_seconds());
            feed_health(known->target, mine, snapshot->routing.circuit, net::Clock::now(),
                        [this](const auto& endpoint, const auto& change) {
                            tell(endpoint, change);
                        });
            take(*known, mine, *snapshot);
            checks_.with({known->target.provider, std::string(to_string(mine.verdict))}).add(1);
            if (parts_.shared != nullptr) {
                parts_.shared->put(ValueKind::check, known->target.id, encode(mine),
                                   settings.interval);
            }
            co_await write(known->target.account, mine);
            wait = next_check(known->target, mine, settings.interval, net::Clock::now());
        }
    }
    // Not all of them at the same times, for ever.
    known->due = net::Clock::now() + std::max(wait, milliseconds(1)) + somewhere_within(wait / 10);
    known->running = false;
    ended();
}

// For who looks at /health, the metrics and the log.
void ActiveChecks::take(Known& known, const CheckResult& result,
                        const gateway::Snapshot& snapshot) {
    note_health(known.target, result, net::Clock::now());
    if (result.verdict != CheckVerdict::unclear) {
        // All accounts of a type have one series: it is well when none of them fails.
        const bool well = std::all_of(
            snapshot.endpoints.begin(), snapshot.endpoints.end(), [&](const auto& endpoint) {
                return endpoint->deployment.provider.type != known.target.provider ||
                       endpoint->health->healthy.load(std::memory_order_relaxed);
            });
        parts_.gateway.metrics().provider_health.with({known.target.provider}).set(well ? 1 : 0);
    }
    if (known.checked && known.verdict == result.verdict) return;
    const bool worse = result.verdict != CheckVerdict::works;
    const bool news = known.checked || worse;
    known.checked = true;
    known.verdict = result.verdict;
    if (!news) return;
    const std::string& name =
        known.target.account.empty() ? known.target.provider : known.target.account;
    if (worse) {
        base::log().warn("provider_health_changed", {{"provider", name},
                                                     {"check", to_string(result.verdict)},
                                                     {"words", result.message}});
    } else {
        base::log().info("provider_health_changed",
                         {{"provider", name}, {"check", to_string(result.verdict)}});
    }
}

void ActiveChecks::tell(const gateway::Endpoint& endpoint, const routing::CircuitChange& change) {
    gateway::Gateway& gateway = parts_.gateway;
    const bool open = change.state == routing::CircuitState::open;
    const domain::Deployment& target = endpoint.deployment;
    gateway.metrics().circuits.with({target.provider.type, target.model_name}).set(open ? 1 : 0);
    base::log().info(open ? "circuit_opened" : "circuit_closed",
                     {{"deployment", gateway::endpoint_name(endpoint)},
                      {"reason", "an active check found so"}});
    if (gateway.circuit_changed) gateway.circuit_changed(endpoint, change);
}

// Providers of the database show it; an account of a file has no row to change.
net::Task<void> ActiveChecks::write(std::string account, CheckResult result) {
    if (parts_.db == nullptr || account.empty()) co_return;
    if (result.verdict == CheckVerdict::unclear) co_return;
    store::Db::Work work = [account, result](store::Session& session) {
        const bool works = result.verdict == CheckVerdict::works;
        return store::set_provider_health(session, account, works ? "healthy" : "unhealthy",
                                          result.message, store::now_micros());
    };
    auto written = co_await parts_.db->run(parts_.loop, store::Access::everything(), true,
                                           std::move(work));
    if (!written.ok()) {
        base::log().warn("provider_health_not_written",
                         {{"provider", account}, {"why", written.error().message}});
    }
}

}  // namespace tollgate::app
