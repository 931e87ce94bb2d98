// What is told without being asked: thresholds of budgets as they are reached, and once an hour
// budgets that will not last, hours that are out of the ordinary and keys whose secret should
// change. Alerts are kept in the database and brought to their channels from one worker's loop.
#pragma once
#include <memory>
#include <vector>

#include "app/directory_keeper.hpp"
#include "app/stores.hpp"
#include "config/config.hpp"
#include "http/client.hpp"
#include "net/tls.hpp"
#include "policy/alert_dispatch.hpp"
#include "policy/alert_sender.hpp"

namespace tollgate::app {

class BudgetWatch {
public:
    // Borrows what it is given: `loop` and `client` are of one worker. `tls` trusts the
    // certificates of the system.
    static std::unique_ptr<BudgetWatch> make(Stores& stores, DirectoryKeeper& keeper,
                                             net::Loop& loop, http::Client& client,
                                             std::shared_ptr<net::TlsClientContext> tls,
                                             const config::AlertsConfig& settings);
    // REQUIRES: before the first request; main thread. The loop may run already.
    void begin();
    // Comes back when nothing of it runs any more. The loop must still run; not on its thread.
    void end();

private:
    BudgetWatch(Stores& stores, DirectoryKeeper& keeper, net::Loop& loop, http::Client& client,
                std::shared_ptr<net::TlsClientContext> tls, policy::AlertSettings settings);
    net::Task<void> deliver();
    net::Task<void> look_every_hour();
    net::Task<void> look_at_hour(domain::UnixMicros now);
    void ended();

    Stores& stores_;
    DirectoryKeeper& keeper_;
    net::Loop& loop_;
    policy::AlertSender sender_;
    policy::AlertDispatch dispatch_;
    net::CancelScope scope_;
    int running_ = 0;  // tasks; loop thread
    std::function<void()> all_ended_;
};

// Budgets that at the present pace spend more than their limit before their period ends.
std::vector<domain::Alert> projections(const std::vector<policy::LiveBudgetPointer>& budgets,
                                       domain::UnixMicros now);
// Tenants and keys whose cost in the whole hour before `now` stands out from the week before it.
// Blocking, on a session with platform access.
base::Result<std::vector<domain::Alert>> anomalies(store::Session& session,
                                                   domain::UnixMicros now);
// Keys whose rotation period ends within a week (a quarter of it, when it is shorter than four
// weeks) or has ended: one alert per key and secret. Blocking, on a session with platform access.
base::Result<std::vector<domain::Alert>> rotations_due(store::Session& session,
                                                       domain::UnixMicros now);

}  // namespace tollgate::app
