#include "app/administration.hpp"

#include <csignal>
#include <unistd.h>

#include "app/offline.hpp"
#include "config/show.hpp"
#include "gateway/caller.hpp"
#include "gateway/explain.hpp"
#include "policy/authenticate.hpp"

namespace tollgate::app {
namespace {

constexpr std::chrono::seconds reload_patience{30};

}  // namespace

std::string ReloadDesk::show() { return config::show_effective(*configuration_.current()); }

std::string ReloadDesk::file() { return configuration_.file(); }

admin::ConfigurationService::Check ReloadDesk::check(std::string_view yaml) {
    Check result;
    Offline offline;
    if (!offline.ready().ok()) {
        result.problems.push_back({config::Severity::error, "", 0, 0, "",
                                   offline.ready().error().message, ""});
        return result;
    }
    config::LoadResult loaded = offline.load_text(yaml);
    result.problems = loaded.problems;
    result.valid = loaded.ok();
    if (!result.valid) return result;
    assembly::BuildResult built = offline.build(loaded.config);
    result.problems.insert(result.problems.end(), built.problems.begin(), built.problems.end());
    result.valid = built.snapshot != nullptr;
    return result;
}

base::Result<admin::ConfigurationService::Reload> ReloadDesk::reload() {
    std::future<base::Result<Reload>> answer;
    {
        std::lock_guard lock(mutex_);
        answer = waiting_.emplace_back().get_future();
    }
    // The main thread waits for signals.
    kill(getpid(), SIGHUP);
    if (answer.wait_for(reload_patience) != std::future_status::ready) {
        return base::Error{base::ErrorCode::unavailable,
                           "the reload did not end within 30 s: see the log"};
    }
    return answer.get();
}

void ReloadDesk::answer(const base::Result<Reload>& outcome) {
    std::vector<std::promise<base::Result<Reload>>> waiting;
    {
        std::lock_guard lock(mutex_);
        waiting.swap(waiting_);
    }
    for (auto& promise : waiting) promise.set_value(outcome);
}

admin::Services admin_services(gateway::Gateway& gateway, Stores& stores, DirectoryKeeper& keeper,
                               ReloadDesk& desk, bool files_are_read_only) {
    const auto authenticate =
        [&gateway](const http::Headers& headers, const std::string& address,
                   const std::string& path) -> base::Result<domain::Principal> {
        const auto directory = gateway.directory();
        TRY(const domain::Principal* who, policy::authenticate(directory->keys, headers));
        TRY_VOID(gateway::check_caller(*directory, *who, address, path));
        return *who;
    };
    const auto health = [&stores] {
        std::vector<admin::ServiceHealth> all;
        all.push_back({"database", stores.db().trouble()});
        all.push_back({"shared_state", stores.state().trouble()});
        all.push_back({"journal", stores.journal().status().trouble});
        return all;
    };
    return admin::Services{
        stores.db(),
        *stores.installation(),
        authenticate,
        [&keeper](const std::string& id) { return keeper.live_budget(id); },
        [&gateway] { return gateway.current(); },
        [&gateway] { return gateway.directory(); },
        health,
        desk,
        files_are_read_only,
        [&gateway](const gateway::KeyPolicy& policy, std::string_view body) {
            return gateway::explain_as_served(gateway, policy, body);
        },
        [&keeper](net::Loop& loop) { return keeper.in_force(loop); },
    };
}

}  // namespace tollgate::app
