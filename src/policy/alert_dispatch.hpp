// The way of an alert from where it is noticed to its channels: kept in the database, taken by one
// instance at a time, sent, tried again. Loop thread only; one per instance is enough.
#pragma once
#include <chrono>
#include <cstdint>

#include "base/result.hpp"
#include "domain/tenancy.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "policy/alert_sender.hpp"
#include "store/db.hpp"

namespace tollgate::policy {

// Borrows all it is given; they outlive it and the tasks that it has begun.
class AlertDispatch {
public:
    AlertDispatch(net::Loop& loop, store::Db& db, AlertSender& sender)
        : loop_(loop), db_(db), sender_(sender) {}

    // Stores the alert with a delivery for each channel that wants it, in the background; a failure
    // is logged with the alert's words, so that it is not lost without a trace. What
    // ThresholdAnnouncer's Raise calls.
    void raise(const domain::Alert& alert);
    // Takes what is due, at most `batch` deliveries, and tries each once. Gives how many it took.
    // Fails: as Db::run.
    net::Task<base::Result<std::int64_t>> deliver_due(net::CancelScope* scope);
    // deliver_due() every `pause` until the scope is cancelled; at once again while batches are
    // full. Failures are logged.
    net::Task<void> run(net::CancelScope& scope);

    static constexpr std::int64_t batch = 16;
    static constexpr std::chrono::seconds pause{5};
    // A delivery that was taken and not finished (a crash) is due again after this long: longer
    // than a batch of receivers may take.
    static constexpr std::chrono::minutes lease{15};

private:
    net::Loop& loop_;
    store::Db& db_;
    AlertSender& sender_;
};

}  // namespace tollgate::policy
