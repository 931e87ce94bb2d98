// Texts of configuration values as numbers, durations and sizes, and back. Pure.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "config/config.hpp"

namespace tollgate::config {

// true/false, yes/no, on/off in lower, upper or capitalised form (YAML 1.1, as LiteLLM reads it).
std::optional<bool> parse_bool(std::string_view text);
// Digits with an optional sign; `_` between digits is allowed.
std::optional<std::int64_t> parse_integer(std::string_view text);
std::optional<double> parse_number(std::string_view text);
// As RFC 8259 spells numbers.
bool is_json_number(std::string_view text);
// "30s", "5m", "1h30m", "250ms", "7d", "1.5s", or plain seconds.
std::optional<Duration> parse_duration(std::string_view text);
// "32MiB", "64k", "1GB", or plain bytes. Every unit is a power of 1024 but kB, MB, GB of 1000.
std::optional<Bytes> parse_bytes(std::string_view text);
// US dollars per token (or call) as pico-dollars: "1.5e-06" gives 1'500'000. At most 1000.
std::optional<std::int64_t> parse_price(std::string_view text);

std::string format_duration(Duration value);
std::string format_bytes(Bytes value);
// The shortest form that reads back as the same number.
std::string format_number(double value);
std::string format_price(std::int64_t pico_dollars);

}  // namespace tollgate::config
