// Idle connections by origin, the last used first. Internal to the client. Loop thread only.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "http/client.hpp"
#include "http/connection.hpp"
#include "net/loop.hpp"

namespace tollgate::http {

// The connections of one origin.
struct OriginConnections {
    std::vector<std::unique_ptr<Connection>> idle;  // the last used at the back
    std::size_t active = 0;                         // calls that have one
};

class ConnectionPool {
public:
    ConnectionPool(net::Loop& loop, ClientLimits limits) : loop_(loop), limits_(limits) {}

    // The entry of the origin; stays where it is while calls are counted in it.
    OriginConnections& entry(const Origin& origin);
    // An idle connection that is fit for use, or null. Closes those that are not.
    std::unique_ptr<Connection> take(OriginConnections& origin);
    // Keeps a connection for later, or closes it when there are too many.
    void put(OriginConnections& origin, std::unique_ptr<Connection> connection);
    void begin_call(OriginConnections& origin);
    void end_call(OriginConnections& origin);
    // Closes what is idle too long or closed by the provider.
    void sweep();
    // Closes what is idle and keeps nothing from now on: the client is gone.
    void close();

    std::size_t idle() const { return idle_; }
    std::size_t active() const { return active_; }

    std::uint64_t connects = 0;
    std::uint64_t stale_retries = 0;

private:
    // Connections are shared only between calls with the same policy of verification.
    struct Key {
        const net::TlsClientContext* tls = nullptr;
        std::uint16_t port = 0;
        std::string host;
    };
    struct KeyView {
        const net::TlsClientContext* tls;
        std::uint16_t port;
        std::string_view host;
        KeyView(const net::TlsClientContext* t, std::uint16_t p, std::string_view h)
            : tls(t), port(p), host(h) {}
        KeyView(const Key& key) : tls(key.tls), port(key.port), host(key.host) {}
        bool operator==(const KeyView&) const = default;
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(const KeyView& key) const {
            const std::size_t host = std::hash<std::string_view>()(key.host);
            return host ^ (std::hash<const void*>()(key.tls) + key.port);
        }
    };
    struct Equal {
        using is_transparent = void;
        bool operator()(const KeyView& a, const KeyView& b) const { return a == b; }
    };
    bool fresh(const Connection& connection) const {
        return loop_.now() - connection.idle_since < limits_.idle_max;
    }

    net::Loop& loop_;
    ClientLimits limits_;
    // Entries are behind pointers: calls refer to them while the map grows.
    std::unordered_map<Key, std::unique_ptr<OriginConnections>, Hash, Equal> origins_;
    std::size_t idle_ = 0;
    std::size_t active_ = 0;
    bool closed_ = false;
};

}  // namespace tollgate::http
