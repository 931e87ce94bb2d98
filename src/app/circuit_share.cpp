#include "app/circuit_share.hpp"

#include "base/ids.hpp"
#include "base/log.hpp"
#include "routing/circuit_notice.hpp"
#include "store/changes.hpp"

namespace tollgate::app {

CircuitShare::CircuitShare(gateway::Gateway& gateway, store::Db& db,
                           shared_state::SharedValues* shared)
    : gateway_(gateway), db_(db), shared_(shared), instance_(base::uuid7()) {}

void CircuitShare::begin() {
    gateway_.circuit_changed = [this](const gateway::Endpoint& endpoint,
                                      const routing::CircuitChange& change) {
        std::string text = routing::encode({instance_, endpoint.key, change});
        if (shared_ == nullptr || net::Loop::current_or_null() == nullptr) {
            return tell_by_database(std::move(text));
        }
        net::spawn(tell(shared_from_this(), std::move(text)), "circuit_told");
    };
    thread_ = std::thread([this] { run(); });
}

net::Task<void> CircuitShare::tell(std::shared_ptr<CircuitShare> self, std::string text) {
    const bool told = co_await self->shared_->tell(text);
    if (!told) self->tell_by_database(std::move(text));
}

void CircuitShare::tell_by_database(std::string text) {
    {
        std::lock_guard lock(mutex_);
        if (waiting_.size() >= waiting_max) return;
        waiting_.push_back(std::move(text));
    }
    wake_.notify_one();
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

void CircuitShare::heard(std::string_view text, std::chrono::milliseconds age) {
    auto notice = routing::decode_circuit_notice(text);
    if (!notice.ok() || notice->instance == instance_) return;
    if (notice->change.state == routing::CircuitState::open) {
        // What is left of it now; nothing is no news.
        notice->change.open_for -= age;
        if (notice->change.open_for.count() <= 0) return;
    }
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
