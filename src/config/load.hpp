// Reads configuration: YAML with positions, includes, references to the environment and to secret
// files, LiteLLM's sections and ours, tenant files. Every problem is listed, not only the first.
// Blocking file I/O: call it at start or on a pool thread. Thread-safe (no shared state).
#pragma once
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "config/config.hpp"

namespace tollgate::config {

enum class Severity : std::uint8_t { error, warning, notice };

struct Problem {
    Severity severity = Severity::error;
    std::string file;
    std::size_t line = 0;    // from 1; 0: the whole file
    std::size_t column = 0;
    std::string path;        // "router_settings.fallbacks[0]"
    std::string message;
    std::string suggestion;  // "did you mean `listen`?", "" when there is none
    // "FILE:LINE:COLUMN: error: PATH: MESSAGE (SUGGESTION)"
    std::string text() const;
};

using Variables = std::map<std::string, std::string, std::less<>>;

// What the configuration may ask of the world outside; see secret_sources/ for the real one.
struct Environment {
    Variables variables;
    // The content of a secret file without its final line break. Fails with the reason. Unset: no
    // `file:` reference resolves.
    std::function<base::Result<std::string>(const std::string& path)> read_secret_file;
    // NAME, or the content of the file that NAME_FILE names. Not set or empty: nothing.
    std::optional<std::string> lookup(std::string_view name) const;
};

struct LoadResult {
    Config config;                  // whole only when ok()
    std::vector<Problem> problems;  // in the order of files and lines
    bool ok() const;                // no error among the problems
    std::string report() const;     // one problem per line, errors first
};

constexpr std::size_t file_bytes_max = 16 * 1024 * 1024;
constexpr std::size_t include_depth_max = 8;

// Loads `path`, what it includes, `.env` beside it (never above the environment) and the tenant
// files of `tenants/` beside it, or of `tenants_dir`.
LoadResult load(const std::string& path, const Environment& environment);

// The same for a text with no folder around it: include and tenants are not followed.
LoadResult load_text(std::string_view yaml, const std::string& name,
                     const Environment& environment);

// ./tollgate.yaml, then /etc/tollgate/tollgate.yaml; "" when neither exists.
std::string default_path();

}  // namespace tollgate::config
