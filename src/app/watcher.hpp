// Notices that configuration files have changed: by modification time, size and inode, so that
// editors that replace a file and orchestrators that swap a link are seen. Not thread-safe.
#pragma once
#include <string>
#include <vector>

namespace tollgate::app {

class Watcher {
public:
    // From now on these; what they are like at present counts as known.
    void watch(std::vector<std::string> paths);
    // True once per change.
    bool changed();

private:
    struct Seen {
        std::string path;
        std::string state;
    };
    std::vector<Seen> seen_;
};

}  // namespace tollgate::app
