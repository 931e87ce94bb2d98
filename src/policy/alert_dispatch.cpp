#include "policy/alert_dispatch.hpp"

#include <memory>
#include <vector>

#include "base/ids.hpp"
#include "base/log.hpp"
#include "store/alerts.hpp"

namespace tollgate::policy {
namespace {

using base::Result;
using Taken = std::vector<store::DueDelivery>;

constexpr std::chrono::seconds store_patience{30};

domain::UnixMicros now_micros() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::microseconds>(since).count();
}

// From 0 to 1.
double random_spread() {
    constexpr double steps = 1024;
    return static_cast<double>(base::random_u64() % 1024) / steps;
}

net::Task<void> store_alert(net::Loop* loop, store::Db* db, domain::Alert alert) {
    store::Db::Work work = [alert](store::Session& session) -> Result<void> {
        auto added = store::raise_alert(session, alert);
        if (!added.ok()) return std::move(added).error();
        return {};
    };
    const net::Patience patience{loop->after(store_patience), nullptr};
    auto done =
        co_await db->run(*loop, store::Access::everything(), true, std::move(work), patience);
    if (done.ok()) co_return;
    base::log().error("alert_not_stored", {{"alert", alert.event},
                                           {"tenant", alert.tenant},
                                           {"message", alert.message},
                                           {"why", done.error().message}});
}

// What became of one delivery, as the database is told.
struct Outcome {
    std::string id, problem;  // "" : delivered
    domain::UnixMicros next = 0;
};

Result<void> write_outcome(store::Session& session, const Outcome& outcome) {
    const domain::UnixMicros now = now_micros();
    if (outcome.problem.empty()) return store::delivery_done(session, outcome.id, now);
    return store::delivery_failed(session, outcome.id, outcome.problem, outcome.next, now);
}

void log_failure(const store::DueDelivery& due, const Outcome& outcome) {
    base::log().warn(outcome.next == 0 ? "alert_given_up" : "alert_not_delivered",
                     {{"alert", due.alert.id},
                      {"channel", due.channel.name},
                      {"tenant", due.channel.tenant},
                      {"attempts", due.delivery.attempts},
                      {"why", outcome.problem}});
}

}  // namespace

void AlertDispatch::raise(const domain::Alert& alert) {
    net::spawn(store_alert(&loop_, &db_, alert), "store_alert");
}

net::Task<Result<std::int64_t>> AlertDispatch::deliver_due(net::CancelScope* scope) {
    const net::Patience patience{loop_.after(store_patience), scope};
    // Shared with the work, which may outlive this wait.
    auto taken = std::make_shared<Taken>();
    store::Db::Work take = [taken](store::Session& session) -> Result<void> {
        const domain::UnixMicros now = now_micros();
        const auto lease_micros = std::chrono::microseconds(lease).count();
        TRY(*taken, store::take_deliveries(session, now, now + lease_micros, batch));
        return {};
    };
    CO_TRY_VOID(
        co_await db_.run(loop_, store::Access::everything(), true, std::move(take), patience));
    for (const store::DueDelivery& due : *taken) {
        auto sent = co_await sender_.send(due.alert, due.channel, scope);
        // The instance is stopping: the lease ends, and the next one sends it.
        if (!sent.ok() && sent.error().code == base::ErrorCode::cancelled) break;
        Outcome outcome{due.delivery.id, "", 0};
        if (!sent.ok()) {
            outcome.problem = sent.error().message;
            outcome.next = next_attempt(due.delivery.attempts, now_micros(), random_spread());
            log_failure(due, outcome);
        }
        store::Db::Work write = [outcome](store::Session& session) {
            return write_outcome(session, outcome);
        };
        const net::Patience until{loop_.after(store_patience), nullptr};
        auto written =
            co_await db_.run(loop_, store::Access::everything(), true, std::move(write), until);
        if (!written.ok()) {  // it will be sent once more when the lease ends
            base::log().warn("alert_outcome_not_stored",
                             {{"alert", due.alert.id}, {"why", written.error().message}});
        }
    }
    co_return static_cast<std::int64_t>(taken->size());
}

net::Task<void> AlertDispatch::run(net::CancelScope& scope) {
    while (!scope.cancelled()) {
        auto taken = co_await deliver_due(&scope);
        if (!taken.ok() && taken.error().code != base::ErrorCode::cancelled) {
            base::log().warn("alerts_not_taken", {{"why", taken.error().message}});
        }
        if (taken.ok() && *taken == batch) continue;
        if (co_await net::sleep_for(pause, &scope) == net::Wake::cancelled) break;
    }
}

}  // namespace tollgate::policy
