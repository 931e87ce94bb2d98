#include "app/watcher.hpp"

#include <sys/stat.h>

namespace tollgate::app {
namespace {

std::string state_of(const std::string& path) {
    struct stat status {};
    if (stat(path.c_str(), &status) != 0) return "missing";
    return std::to_string(status.st_ino) + "/" + std::to_string(status.st_size) + "/" +
           std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec);
}

}  // namespace

void Watcher::watch(std::vector<std::string> paths) {
    seen_.clear();
    for (std::string& path : paths) {
        std::string state = state_of(path);
        seen_.push_back({std::move(path), std::move(state)});
    }
}

bool Watcher::changed() {
    bool any = false;
    for (Seen& seen : seen_) {
        std::string state = state_of(seen.path);
        if (state == seen.state) continue;
        seen.state = std::move(state);
        any = true;
    }
    return any;
}

}  // namespace tollgate::app
