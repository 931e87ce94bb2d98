#include "load/process_sample.hpp"

#include <cstdio>
#include <cstring>
#include <string>
#include <unistd.h>

namespace bench {
namespace {

std::string read_proc(int pid, const char* name) {
    const auto path = "/proc/" + std::to_string(pid) + "/" + name;
    std::FILE* file = std::fopen(path.c_str(), "r");
    if (file == nullptr) return {};
    char text[1024];
    const auto size = std::fread(text, 1, sizeof text, file);
    std::fclose(file);
    return {text, size};
}

}  // namespace

double cpu_seconds(const std::vector<int>& pids) {
    std::uint64_t ticks = 0;
    for (const int pid : pids) {
        const auto text = read_proc(pid, "stat");
        // The name in parentheses may hold spaces; fields are counted from its end.
        const auto name_end = text.rfind(')');
        if (name_end == std::string::npos) continue;
        unsigned long long user = 0, system = 0;
        const int found = std::sscanf(text.c_str() + name_end + 1,
                                      " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu %llu",
                                      &user, &system);
        if (found == 2) ticks += user + system;
    }
    return static_cast<double>(ticks) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::uint64_t resident_bytes(const std::vector<int>& pids) {
    std::uint64_t pages = 0;
    for (const int pid : pids) {
        unsigned long long size = 0, resident = 0;
        if (std::sscanf(read_proc(pid, "statm").c_str(), "%llu %llu", &size, &resident) == 2) {
            pages += resident;
        }
    }
    return pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace bench
