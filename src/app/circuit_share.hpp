// Circuits that open or close here are told to the other instances, and theirs are followed, so
// that all of them leave a failing deployment alone within a second. By way of the database's
// notices; with SQLite there are no others. What is lost on the way does no harm: each instance
// finds out by itself.
#pragma once
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

#include "gateway/gateway.hpp"
#include "store/db.hpp"

namespace tollgate::app {

class CircuitShare {
public:
    // Sets gateway.circuit_changed. Both must outlive it; before the gateway's threads start.
    CircuitShare(gateway::Gateway& gateway, store::Db& db);
    ~CircuitShare() { stop(); }
    CircuitShare(const CircuitShare&) = delete;
    CircuitShare& operator=(const CircuitShare&) = delete;

    // What another instance, or this one, has told. Any thread, after stop() too.
    void heard(std::string_view text);
    // Nothing is told any more. REQUIRES: the gateway's threads have ended.
    void stop();

private:
    void run();

    static constexpr std::size_t waiting_max = 1'000;  // more at once tell nothing new
    gateway::Gateway& gateway_;
    store::Db& db_;
    const std::string instance_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::string> waiting_;  // guarded by mutex_
    bool stopping_ = false;            // guarded by mutex_
    std::thread thread_;
};

}  // namespace tollgate::app
