#include "http/connection_pool.hpp"

#include <algorithm>

namespace tollgate::http {

OriginConnections& ConnectionPool::entry(const Origin& origin) {
    const KeyView key(origin.tls_context.get(), origin.port, origin.host);
    auto found = origins_.find(key);
    if (found == origins_.end()) {
        Key owned{key.tls, key.port, origin.host};
        found = origins_.emplace(std::move(owned), std::make_unique<OriginConnections>()).first;
    }
    return *found->second;
}

std::unique_ptr<Connection> ConnectionPool::take(OriginConnections& origin) {
    while (!origin.idle.empty()) {
        std::unique_ptr<Connection> connection = std::move(origin.idle.back());
        origin.idle.pop_back();
        --idle_;
        if (fresh(*connection) && connection->looks_idle()) return connection;
    }
    return nullptr;
}

void ConnectionPool::put(OriginConnections& origin, std::unique_ptr<Connection> connection) {
    if (closed_ || origin.idle.size() >= limits_.idle_per_origin_max ||
        idle_ >= limits_.idle_total_max) {
        return;
    }
    connection->reused = true;
    connection->idle_since = loop_.now();
    origin.idle.push_back(std::move(connection));
    ++idle_;
}

void ConnectionPool::begin_call(OriginConnections& origin) {
    ++origin.active;
    ++active_;
}

void ConnectionPool::end_call(OriginConnections& origin) {
    --origin.active;
    --active_;
}

void ConnectionPool::sweep() {
    for (auto at = origins_.begin(); at != origins_.end();) {
        OriginConnections& origin = *at->second;
        idle_ -= std::erase_if(origin.idle, [&](const std::unique_ptr<Connection>& connection) {
            return !fresh(*connection) || !connection->looks_idle();
        });
        const bool unused = origin.idle.empty() && origin.active == 0;
        at = unused ? origins_.erase(at) : std::next(at);
    }
}

void ConnectionPool::close() {
    closed_ = true;
    for (auto& [key, origin] : origins_) origin->idle.clear();
    idle_ = 0;
}

}  // namespace tollgate::http
