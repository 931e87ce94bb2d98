// Secrets in files: mounted by an orchestrator, or kept by systemd. Blocking I/O on small files.
#pragma once
#include <string>

#include "base/result.hpp"

namespace tollgate::secret_sources {

constexpr std::size_t secret_bytes_max = 64 * 1024;

// The file's content without its final line break.
// Fails: invalid_request when it is missing, unreadable, no regular file, empty, too large or
// holds a NUL byte. The message names the path, never the content.
base::Result<std::string> read_secret_file(const std::string& path);

}  // namespace tollgate::secret_sources
