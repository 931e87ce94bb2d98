// Times as people write them. Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace tollgate::base {

// Unix microseconds of a time with its zone ("2026-11-21T05:00:00.5+01:00", "Z" for UTC), or of a
// date alone: its midnight UTC. Finer digits than microseconds are dropped.
std::optional<std::int64_t> micros_of_text(std::string_view text);

}  // namespace tollgate::base
