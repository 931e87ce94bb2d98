// A search for long texts in which the word is rare: sixteen places at a time. Pure; any thread.
#pragma once
#include <cstddef>
#include <string_view>

namespace tollgate::base {

// The position of `needle` in `text` at or after `from`, or npos. Costs least where few places have
// both its first and its last byte: of JSON, leave one of two quotes out and look at it afterwards.
// REQUIRES: needle.size() >= 2.
std::size_t find_bytes(std::string_view text, std::string_view needle, std::size_t from = 0);

}  // namespace tollgate::base
