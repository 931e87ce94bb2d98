// How reports are written: money, shares, days and sums as JSON and CSV. Pure.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "domain/money.hpp"
#include "domain/tenancy.hpp"
#include "store/usage.hpp"

namespace tollgate::accounting {

constexpr std::int64_t micros_per_second = 1'000'000;
constexpr std::int64_t micros_per_day = 86'400 * micros_per_second;

// "2026-11-21", "2026-11", "2026-11-21T05:00:00.000Z"; UTC.
std::string day_text(domain::UnixMicros at);
std::string month_text(domain::UnixMicros at);
std::string time_text(domain::UnixMicros at);
// The first moment of the month that holds `at`, or of the one `months` later.
domain::UnixMicros month_start(domain::UnixMicros at, int months = 0);

// Prompt and output, cached tokens too.
std::int64_t tokens_of(const store::UsageSums& sums);
// part / whole with six digits, "0" of nothing.
std::string share_text(std::int64_t part, std::int64_t whole);
// Exact dollars as a JSON number.
void write_money(json::Writer& writer, std::string_view name, domain::NanoUsd amount);
// requests, errors, tokens by class, costs and rates, as members of the open object.
void write_sums(json::Writer& writer, const store::UsageSums& sums);

// One cell of CSV: quoted where needed; what a spreadsheet would take for a formula gets a ' first.
void append_csv_text(std::string& out, std::string_view text);

}  // namespace tollgate::accounting
