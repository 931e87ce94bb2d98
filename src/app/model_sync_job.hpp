// Once a day every provider whose models came from its own list is asked for that list again, so
// that new prices and models are known without anybody asking. On one worker's loop.
#pragma once
#include <memory>

#include "admin/services.hpp"
#include "net/loop.hpp"

namespace tollgate::app {

class ModelSyncJob {
public:
    // Borrows both. REQUIRES: services.vault and services.providers.
    ModelSyncJob(const admin::Services& services, net::Loop& loop)
        : services_(services), loop_(loop) {}
    // Any thread; the first look is a day later.
    void begin();
    // Comes back when nothing runs any more; the loop must still run. After begin().
    void end();
    // One round; for the day and for tests. Loop thread.
    net::Task<void> look();

private:
    net::Task<void> look_every_day();
    const admin::Services& services_;
    net::Loop& loop_;
    net::CancelScope scope_;
    bool running_ = false;  // loop thread
    std::function<void()> ended_;
};

}  // namespace tollgate::app
