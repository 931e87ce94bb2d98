// The versions of append_compact and append_compact_escaped.
// Internal to base/json*.cpp. Pure functions, thread-safe.
#pragma once
#include <string>
#include <vector>

#include "base/json.hpp"

namespace tollgate::json::detail {

struct CompactVersion {
    void (*copy)(std::string& out, Raw value);
    void (*escape)(std::string& out, Raw value);
};
// Those that this machine can run, the portable one first and the fastest last. Of texts that are
// no JSON they write the same bytes, too.
std::vector<CompactVersion> compact_versions();

}  // namespace tollgate::json::detail
