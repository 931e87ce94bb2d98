// What the parser, the top-level scan and the writers share about JSON text.
// Internal to base/json*.cpp. Pure functions, thread-safe.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.hpp"

namespace tollgate::json::detail {

// `at` stands at a backslash: the length of the escape sequence, or 0 when it is none.
std::size_t escape_length(const char* at, const char* end);
// The length of the well-formed UTF-8 sequence at the front of `text`, or 0. REQUIRES: not empty.
std::size_t utf8_sequence_length(std::string_view text);
// How many bytes at the front of `text` are valid UTF-8.
std::size_t valid_utf8_prefix(std::string_view text);
std::optional<std::int64_t> parse_integer(std::string_view number);
std::optional<double> parse_double(std::string_view number);
// "malformed JSON at byte N: expected ..."
base::Error malformed(std::size_t offset, const char* expected);

}  // namespace tollgate::json::detail
