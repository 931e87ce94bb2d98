// CPU time and memory of processes, from /proc. Pure reads; a process that is gone counts as zero.
#pragma once

#include <cstdint>
#include <vector>

namespace bench {

// User and system time of all threads, in seconds, summed over the processes.
double cpu_seconds(const std::vector<int>& pids);
// Resident memory in bytes, summed over the processes (shared pages count in each).
std::uint64_t resident_bytes(const std::vector<int>& pids);

}  // namespace bench
