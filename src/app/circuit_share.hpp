// Circuits that open or close here are told to the other instances, and theirs are followed, so
// that all of them leave a failing deployment alone within a second. By way of Redis where there
// is one, else, and while it cannot be reached, of the database's notices; with SQLite these reach
// nobody. What is lost on the way does no harm: each instance finds out by itself.
#pragma once
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "gateway/gateway.hpp"
#include "shared_state/shared_values.hpp"
#include "store/db.hpp"

namespace tollgate::app {

class CircuitShare : public std::enable_shared_from_this<CircuitShare> {
public:
    // `shared`: null without Redis. All must outlive it.
    CircuitShare(gateway::Gateway& gateway, store::Db& db, shared_state::SharedValues* shared);
    ~CircuitShare() { stop(); }
    CircuitShare(const CircuitShare&) = delete;
    CircuitShare& operator=(const CircuitShare&) = delete;

    // Sets gateway.circuit_changed; before the gateway's threads start. Held by shared_ptr.
    void begin();
    // What another instance, or this one, has told, so long ago. Any thread, after stop() too.
    void heard(std::string_view text, std::chrono::milliseconds age = {});
    // Nothing is told any more. REQUIRES: the gateway's threads have ended.
    void stop();

private:
    static net::Task<void> tell(std::shared_ptr<CircuitShare> self, std::string text);
    void tell_by_database(std::string text);
    void run();

    static constexpr std::size_t waiting_max = 1'000;  // more at once tell nothing new
    gateway::Gateway& gateway_;
    store::Db& db_;
    shared_state::SharedValues* const shared_;
    const std::string instance_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::string> waiting_;  // guarded by mutex_
    bool stopping_ = false;            // guarded by mutex_
    std::thread thread_;
};

}  // namespace tollgate::app
