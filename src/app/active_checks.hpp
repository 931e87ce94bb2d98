// Providers are asked now and then whether they answer, where configuration wants that: a list of
// models, or an answer of a few tokens. What is found feeds the circuits, /health, the metrics and
// the providers of the database. Checks are spread over the interval, one at a time for each
// account, and instances that share Redis take one another's results. On one worker's loop.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "app/check_targets.hpp"
#include "base/metrics.hpp"
#include "gateway/gateway.hpp"
#include "net/loop.hpp"
#include "shared_state/shared_state.hpp"
#include "shared_state/shared_values.hpp"
#include "store/db.hpp"

namespace tollgate::app {

class ActiveChecks {
public:
    // One question to the first deployment of a target.
    using Probe = std::function<net::Task<domain::ProviderProbe>(
        net::Loop&, gateway::EndpointPointer, domain::HealthCheck, std::chrono::milliseconds,
        net::CancelScope*)>;
    struct Parts {
        gateway::Gateway& gateway;
        net::Loop& loop;
        base::Registry& metrics;
        store::Db* db = nullptr;                          // null: nothing is written
        shared_state::SharedState* state = nullptr;       // both null without Redis
        shared_state::SharedValues* shared = nullptr;
        Probe probe = {};                                 // empty: real calls
        std::chrono::milliseconds look_every{250};
    };
    // Borrows what it is given.
    explicit ActiveChecks(Parts parts);
    // Any thread; the first checks come within a quarter of a minute.
    void begin();
    // Comes back when nothing runs any more; the loop must still run. After begin().
    void end();
    // One look at what is due; for tests. Loop thread.
    void look(net::Instant now);
    bool idle() const { return running_ == 0; }

private:
    struct Known {
        CheckTarget target;
        net::Instant due;
        bool running = false;
        CheckVerdict verdict = CheckVerdict::unclear;
        bool checked = false;
    };
    using KnownPointer = std::shared_ptr<Known>;

    net::Task<void> look_again_and_again();
    void take_snapshot(net::Instant now);
    net::Task<void> check(KnownPointer known, std::shared_ptr<const gateway::Snapshot> snapshot);
    net::Task<std::optional<CheckResult>> found_elsewhere(const Known& known,
                                                          std::chrono::milliseconds interval);
    net::Task<bool> ours_to_check(const Known& known);
    void take(Known& known, const CheckResult& result, const gateway::Snapshot& snapshot);
    void tell(const gateway::Endpoint& endpoint, const routing::CircuitChange& change);
    net::Task<void> write(std::string account, CheckResult result);
    void ended();

    const Parts parts_;
    base::Family<base::Counter>& checks_;  // provider, result
    std::shared_ptr<const gateway::Snapshot> snapshot_;
    std::map<std::string, KnownPointer> known_;  // by CheckTarget::id
    net::CancelScope scope_;
    int running_ = 0;  // tasks; loop thread
    std::function<void()> all_ended_;
};

}  // namespace tollgate::app
