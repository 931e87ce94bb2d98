// Who owns which files of a journal's directory. Each opened journal is an instance with a random
// name; its segments are NAME-NUMBER.journal, and it holds a lock on NAME.lock as long as it lives.
// The lock of a process that died is free: whoever takes it owns that instance's segments.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace tollgate::journal {

// The lock of one instance. Shared by its segments; the last one to let go removes the lock file
// when no segment is left. Any thread.
class InstanceLock {
public:
    InstanceLock(std::string directory, std::string name, int file);
    InstanceLock(const InstanceLock&) = delete;
    InstanceLock& operator=(const InstanceLock&) = delete;
    ~InstanceLock();
    const std::string& name() const { return name_; }

private:
    const std::string directory_;
    const std::string name_;
    const int file_;
};

// Makes the directory (mode 0700, with its parents) when it is missing. Fails: unavailable.
base::Result<void> make_directory(const std::string& directory);
// A new instance of this process's. Fails: unavailable.
base::Result<std::shared_ptr<InstanceLock>> new_instance(const std::string& directory);
// An instance whose lock nobody holds, and its segments in the order they were made.
struct Orphan {
    std::shared_ptr<InstanceLock> lock;
    std::vector<std::string> paths;
};
// Takes over every instance of the directory that nobody holds. Fails: unavailable.
base::Result<std::vector<Orphan>> take_orphans(const std::string& directory);
std::string segment_path(const std::string& directory, const std::string& instance,
                         std::uint64_t number);
// Names in the directory are on disk when it returns. Fails: unavailable.
base::Result<void> sync_directory(const std::string& directory);

}  // namespace tollgate::journal
