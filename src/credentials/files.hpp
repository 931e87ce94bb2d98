// Key files, token files and the clouds' own configuration: small, and read anew for each fetch,
// because orchestrators rotate them.
#pragma once
#include <string>

#include "credentials/fetcher.hpp"

namespace tollgate::credentials {

constexpr std::size_t file_bytes_max = 1024 * 1024;

// Blocking. Fails: not_found when there is no such file; permission when it may not be read;
// invalid_request when it is no regular file or too large. Messages name the path, never content.
base::Result<std::string> read_text_file(const std::string& path);

// The same on the pool. Fails also: unavailable (the disk took too long), cancelled.
net::Task<base::Result<std::string>> read_file(const FetchContext& context, std::string path);

// Without white space at both ends: token files often end with a line break.
std::string trimmed(std::string_view text);

// "~/x" below the variable HOME; other paths as they are.
std::string home_path(const Variables& variables, std::string_view path);

}  // namespace tollgate::credentials
