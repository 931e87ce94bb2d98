#include "journal/directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <map>

#include "base/ids.hpp"
#include "journal/segment.hpp"

namespace tollgate::journal {
namespace {

constexpr std::string_view segment_ending = ".journal";
constexpr std::string_view lock_ending = ".lock";
constexpr int name_tries_max = 8;

std::string lock_path(const std::string& directory, const std::string& name) {
    return directory + "/" + name + std::string(lock_ending);
}

// The instance a file belongs to, "" when it is none of ours.
std::string instance_of(const std::string& file) {
    if (file.ends_with(lock_ending)) return file.substr(0, file.size() - lock_ending.size());
    if (!file.ends_with(segment_ending)) return {};
    const std::size_t dash = file.rfind('-');
    return dash == std::string::npos ? std::string() : file.substr(0, dash);
}

// Segments by instance; instances of which only the lock is left are there too.
base::Result<std::map<std::string, std::vector<std::string>>> list(const std::string& directory) {
    std::map<std::string, std::vector<std::string>> instances;
    std::error_code failed;
    std::filesystem::directory_iterator entry(directory, failed);
    for (; !failed && entry != std::filesystem::directory_iterator(); entry.increment(failed)) {
        const std::string file = entry->path().filename().string();
        const std::string instance = instance_of(file);
        if (instance.empty()) continue;
        auto& segments = instances[instance];
        if (file.ends_with(segment_ending)) segments.push_back(directory + "/" + file);
    }
    if (failed) return disk_error("list", directory, failed.value());
    for (auto& [name, segments] : instances) std::ranges::sort(segments);
    return instances;
}

// The lock's file, or -1 when somebody holds it or has just removed it; errno says why.
int take_lock(const std::string& path, bool must_be_new) {
    const int flags = O_RDWR | O_CREAT | O_CLOEXEC | (must_be_new ? O_EXCL : 0);
    const int file = ::open(path.c_str(), flags, 0600);
    if (file < 0) return -1;
    struct stat opened{}, named{};
    const bool held = ::flock(file, LOCK_EX | LOCK_NB) == 0;
    // Between opening and locking, its last holder may have removed it: then the lock is of
    // nothing.
    if (held && ::fstat(file, &opened) == 0 && ::stat(path.c_str(), &named) == 0 &&
        opened.st_ino == named.st_ino && opened.st_dev == named.st_dev) {
        return file;
    }
    ::close(file);
    errno = EWOULDBLOCK;
    return -1;
}

}  // namespace

InstanceLock::InstanceLock(std::string directory, std::string name, int file)
    : directory_(std::move(directory)), name_(std::move(name)), file_(file) {}

InstanceLock::~InstanceLock() {
    const auto instances = list(directory_);
    if (instances.ok()) {
        const auto mine = instances->find(name_);
        if (mine != instances->end() && mine->second.empty()) {
            ::unlink(lock_path(directory_, name_).c_str());
        }
    }
    ::close(file_);
}

base::Result<void> make_directory(const std::string& directory) {
    std::error_code failed;
    if (std::filesystem::is_directory(directory, failed)) return {};
    std::filesystem::create_directories(directory, failed);
    if (failed) return disk_error("make the journal's directory", directory, failed.value());
    if (::chmod(directory.c_str(), 0700) != 0) return disk_error("protect", directory, errno);
    return {};
}

base::Result<std::shared_ptr<InstanceLock>> new_instance(const std::string& directory) {
    for (int i = 0; i < name_tries_max; ++i) {
        char name[17];
        std::snprintf(name, sizeof name, "%016llx",
                      static_cast<unsigned long long>(base::random_u64()));
        const int file = take_lock(lock_path(directory, name), true);
        if (file >= 0) return std::make_shared<InstanceLock>(directory, name, file);
        if (errno != EEXIST && errno != EWOULDBLOCK) {
            return disk_error("write", lock_path(directory, name), errno);
        }
    }
    return base::Error{base::ErrorCode::unavailable,
                       "cannot lock a file in " + directory +
                           ": the file system must support flock (a local disk does)"};
}

base::Result<std::vector<Orphan>> take_orphans(const std::string& directory) {
    TRY(const auto seen, list(directory));
    std::vector<Orphan> orphans;
    for (const auto& [name, ignored] : seen) {
        const int file = take_lock(lock_path(directory, name), false);
        if (file < 0) continue;
        auto lock = std::make_shared<InstanceLock>(directory, name, file);
        // Looked at again under the lock: another process may have shipped some meanwhile.
        TRY(auto now, list(directory));
        if (auto mine = now.find(name); mine != now.end() && !mine->second.empty()) {
            orphans.push_back({std::move(lock), std::move(mine->second)});
        }
    }
    return orphans;
}

std::string segment_path(const std::string& directory, const std::string& instance,
                         std::uint64_t number) {
    char text[24];
    std::snprintf(text, sizeof text, "-%010llu", static_cast<unsigned long long>(number));
    return directory + "/" + instance + text + std::string(segment_ending);
}

base::Result<void> sync_directory(const std::string& directory) {
    const int file = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0) return disk_error("open", directory, errno);
    const int failed = ::fsync(file) == 0 ? 0 : errno;
    ::close(file);
    if (failed != 0) return disk_error("sync", directory, failed);
    return {};
}

}  // namespace tollgate::journal
