// Runs the command of a profile's `credential_process` without a shell, bounded in time and output.
#pragma once
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace tollgate::credentials {

constexpr std::chrono::milliseconds process_time_max{20'000};
constexpr std::size_t process_output_max = 64 * 1024;

// Words are separated by blanks; "..." and '...' keep blanks; a backslash takes the next character
// as it is, except inside '...'. Nothing is expanded. Fails: invalid_request naming what is open.
base::Result<std::vector<std::string>> split_command(std::string_view command);

// Blocking. What the command writes to standard output; it has our environment, no standard input,
// and its standard error is dropped, because it may hold secrets. Killed with its children's group
// when it takes longer than `time` or writes more than the limit. Fails: invalid_request (cannot be
// started), provider (exit status, signal), unavailable (time); the output is in no message.
base::Result<std::string> run_command(const std::vector<std::string>& words,
                                      std::chrono::milliseconds time);

}  // namespace tollgate::credentials
