// What administration asks of the process: the running configuration, its reload, who a caller is.
// Made once; its parts may be used from any thread.
#pragma once
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "admin/services.hpp"
#include "app/configuration.hpp"
#include "app/directory_keeper.hpp"
#include "app/stores.hpp"
#include "gateway/gateway.hpp"

namespace tollgate::app {

// Reloads happen on the main thread; whoever else wants one waits here. Thread-safe.
class ReloadDesk final : public admin::ConfigurationService {
public:
    explicit ReloadDesk(Configuration& configuration) : configuration_(configuration) {}

    std::string show() override;
    std::string file() override;
    Check check(std::string_view yaml) override;
    base::Result<Reload> reload() override;

    // Main thread: what those who wait are told of a reload that has just been tried.
    void answer(const base::Result<Reload>& outcome);

private:
    Configuration& configuration_;
    std::mutex mutex_;
    std::vector<std::promise<base::Result<Reload>>> waiting_;
};

// REQUIRES: stores.active(). Borrows everything.
admin::Services admin_services(gateway::Gateway& gateway, Stores& stores, DirectoryKeeper& keeper,
                               ReloadDesk& desk, bool files_are_read_only);

}  // namespace tollgate::app
