#include "accounting/report_text.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "base/clock.hpp"

namespace tollgate::accounting {
namespace {

using std::chrono::year_month_day;

std::chrono::sys_time<std::chrono::microseconds> moment(domain::UnixMicros at) {
    return std::chrono::sys_time<std::chrono::microseconds>(std::chrono::microseconds(at));
}

year_month_day date_of(domain::UnixMicros at) {
    return year_month_day(std::chrono::floor<std::chrono::days>(moment(at)));
}

}  // namespace

std::string day_text(domain::UnixMicros at) {
    std::array<char, 32> buffer{};
    const year_month_day date = date_of(at);
    std::snprintf(buffer.data(), buffer.size(), "%04d-%02u-%02u", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
    return buffer.data();
}

std::string month_text(domain::UnixMicros at) {
    std::string day = day_text(at);
    day.resize(day.size() - 3);
    return day;
}

std::string time_text(domain::UnixMicros at) { return base::rfc3339_of_micros(at); }

domain::UnixMicros month_start(domain::UnixMicros at, int months) {
    const year_month_day date = date_of(at);
    const auto first =
        (date.year() / date.month() + std::chrono::months(months)) / std::chrono::day(1);
    return std::chrono::sys_days(first).time_since_epoch() / std::chrono::microseconds(1);
}

std::int64_t tokens_of(const store::UsageSums& sums) {
    return sums.input_tokens + sums.output_tokens + sums.cache_read_tokens +
           sums.cache_write_5m_tokens + sums.cache_write_1h_tokens;
}

std::string share_text(std::int64_t part, std::int64_t whole) {
    if (whole == 0) return "0";
    constexpr double millionths = 1e6;
    const double share = static_cast<double>(part) / static_cast<double>(whole);
    return domain::dollars(std::llround(share * millionths) * 1'000);  // a decimal, exact
}

void write_money(json::Writer& writer, std::string_view name, domain::NanoUsd amount) {
    writer.raw(name, domain::dollars(amount));
}

void write_sums(json::Writer& writer, const store::UsageSums& sums) {
    writer.integer("requests", sums.requests)
        .integer("errors", sums.errors)
        .integer("fallbacks", sums.fallbacks)
        .raw("error_rate", share_text(sums.errors, sums.requests))
        .raw("fallback_rate", share_text(sums.fallbacks, sums.requests))
        .integer("tokens", tokens_of(sums))
        .integer("input_tokens", sums.input_tokens)
        .integer("output_tokens", sums.output_tokens)
        .integer("cache_read_tokens", sums.cache_read_tokens)
        .integer("cache_write_5m_tokens", sums.cache_write_5m_tokens)
        .integer("cache_write_1h_tokens", sums.cache_write_1h_tokens)
        .integer("reasoning_tokens", sums.reasoning_tokens)
        .integer("web_searches", sums.web_searches);
    write_money(writer, "cost", sums.cost);
    write_money(writer, "list_cost", sums.list_cost);
    write_money(writer, "baseline_cost", sums.baseline_cost);
    write_money(writer, "fee", sums.fee);
    writer.integer("byok_requests", sums.byok_requests)
        .integer("cache_hits", sums.cache_hits)
        .integer("unpriced_requests", sums.unpriced_requests)
        .integer("estimated_requests", sums.estimated_requests)
        .integer("avg_latency_ms", sums.requests == 0 ? 0 : sums.total_us / sums.requests / 1'000)
        .integer("avg_first_token_ms", sums.first_token_count == 0
                                           ? 0
                                           : sums.first_token_us / sums.first_token_count / 1'000);
}

void append_csv_text(std::string& out, std::string_view text) {
    const bool formula =
        !text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos;
    const bool quoted = formula || text.find_first_of(",\"\r\n") != std::string_view::npos;
    if (!quoted) {
        out += text;
        return;
    }
    out += '"';
    if (formula) out += '\'';
    for (const char c : text) {
        if (c == '"') out += '"';
        out += c;
    }
    out += '"';
}

}  // namespace tollgate::accounting
