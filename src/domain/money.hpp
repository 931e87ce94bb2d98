// Money: US dollars as integer nano-dollars, never floating point. Values; any thread.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tollgate::domain {

// 1e-9 US dollars. Nine billion dollars fit.
using NanoUsd = std::int64_t;
constexpr NanoUsd nano_per_usd = 1'000'000'000;

// 1e-12 US dollars: prices of one token, so that no published price is rounded. Nine million
// dollars fit.
using PicoUsd = std::int64_t;
constexpr PicoUsd pico_per_usd = 1'000'000'000'000;
constexpr PicoUsd pico_per_nano = 1'000;

// Exact, without an exponent and without trailing zeros: "0.0123", "25", "-3.5".
std::string dollars(NanoUsd amount);
// "0.0123", "25", "1e-6", "-3.50"; what is finer than a nano-dollar is rounded, half away from 0.
// Fails: invalid_request when it is no number or too large.
base::Result<NanoUsd> parse_dollars(std::string_view text);
// The same, as pico-dollars.
base::Result<PicoUsd> parse_pico_dollars(std::string_view text);
// For YAML and JSON numbers that were parsed as doubles already; rounds to the nearest, and what
// does not fit becomes the largest amount.
NanoUsd from_dollars(double amount);

}  // namespace tollgate::domain
