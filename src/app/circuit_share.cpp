#include "app/circuit_share.hpp"

#include "base/ids.hpp"
#include "base/log.hpp"
#include "routing/circuit_notice.hpp"
#include "store/changes.hpp"

namespace tollgate::app {

CircuitShare::CircuitShare(gateway::Gateway& gateway, store::Db& db)
    : gateway_(gateway), db_(db), instance_(base::uuid7()) {
    gateway_.circuit_changed = [this](const gateway::Endpoint& endpoint,
                                      const routing::CircuitChange& change) {
        std::string text = routing::encode({instance_, endpoint.key, change});
        {
            std::lock_guard lock(mutex_);
            if (waiting_.size() >= waiting_max) return;
            waiting_.push_back(std::move(text));
        }
        wake_.notify_one();
    };
    thread_ = std::thread([this] { run(); });
}

void CircuitShare::stop() {
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
}

void CircuitShare::run() {
    while (true) {
        std::deque<std::string> batch;
        {
            std::unique_lock lock(mutex_);
            wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
            if (stopping_) return;
            batch.swap(waiting_);
        }
        const auto told = db_.write(
            store::Access::everything(), [&batch](store::Session& session) -> base::Result<void> {
                for (const std::string& text : batch) {
                    TRY_VOID(store::tell_instances(session, text));
                }
                return {};
            });
        if (!told.ok()) {
            base::log().debug("circuits_not_told", {{"problem", told.error().message}});
        }
    }
}

void CircuitShare::heard(std::string_view text) {
    const auto notice = routing::decode_circuit_notice(text);
    if (!notice.ok() || notice->instance == instance_) return;
    const auto snapshot = gateway_.current();
    if (snapshot == nullptr) return;
    for (const gateway::EndpointPointer& endpoint : snapshot->endpoints) {
        if (endpoint->key != notice->deployment) continue;
        if (!endpoint->health->live.follow(notice->change, net::Clock::now())) return;
        const bool open = notice->change.state == routing::CircuitState::open;
        const domain::Deployment& target = endpoint->deployment;
        gateway_.metrics().circuits.with({target.provider.type, target.model_name})
            .set(open ? 1 : 0);
        base::log().info(open ? "circuit_opened" : "circuit_closed",
                         {{"deployment", gateway::endpoint_name(*endpoint)},
                          {"reason", "another instance found so"}});
        return;
    }
}

}  // namespace tollgate::app
