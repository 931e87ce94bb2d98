// What the parser, the top-level scan and the writers share about JSON text.
// Internal to base/json*.cpp. Pure functions, thread-safe.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace tollgate::json::detail {

// `at` stands at a backslash: the length of the escape sequence, or 0 when it is none.
std::size_t escape_length(const char* at, const char* end);
// Writes what the inside of a string stands for to `out`, which has room for text.size() bytes: an
// escape is never shorter than its meaning. Gives the bytes written. An escape that is none
// (possible only in text nobody validated) yields its own bytes.
using Unescape = std::size_t (*)(std::string_view text, char* out);
// The versions that this machine can run, the portable one first and the fastest last.
std::vector<Unescape> unescape_versions();
// The length of the well-formed UTF-8 sequence at the front of `text`, or 0. REQUIRES: not empty.
std::size_t utf8_sequence_length(std::string_view text);
// How many bytes at the front of `text` are valid UTF-8.
std::size_t valid_utf8_prefix(std::string_view text);
std::optional<std::int64_t> parse_integer(std::string_view number);
std::optional<double> parse_double(std::string_view number);
// "malformed JSON at byte N: expected ..."
base::Error malformed(std::size_t offset, const char* expected);

}  // namespace tollgate::json::detail
