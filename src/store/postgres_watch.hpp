// Listens for changes that other instances, or this one, have made: a connection of its own, made
// anew when it is lost, and a look at the counter now and then in case a notice went astray.
#pragma once
#include <chrono>
#include <functional>
#include <thread>

#include "store/db.hpp"
#include "store/postgres_connection.hpp"

namespace tollgate::store {

class PostgresWatch {
public:
    // `changed` and `heard` are called on a thread of its own, until settings.stop_fd is readable.
    PostgresWatch(ConnectionSettings settings, std::chrono::milliseconds look_every,
                  Db::Changed changed, Db::Heard heard);
    ~PostgresWatch();  // REQUIRES: stop_fd is readable
    PostgresWatch(const PostgresWatch&) = delete;
    PostgresWatch& operator=(const PostgresWatch&) = delete;

private:
    void run();
    void listen(PostgresConnection& connection);
    base::Result<void> look(PostgresConnection& connection);
    void tell(std::int64_t version);
    bool stopped_within(std::chrono::milliseconds pause) const;

    ConnectionSettings settings_;
    std::chrono::milliseconds look_every_;
    Db::Changed changed_;
    Db::Heard heard_;
    std::int64_t seen_ = -1;
    std::thread thread_;
};

}  // namespace tollgate::store
