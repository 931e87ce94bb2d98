#include "domain/money.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace tollgate::domain {
namespace {

constexpr std::int64_t nano_digits = 9;
constexpr std::int64_t pico_digits = 12;
constexpr std::int64_t exponent_max = 10'000;  // beyond it all is zero or too large

struct Decimal {
    std::string digits;      // without leading zeros
    std::int64_t point = 0;  // digits before the decimal point; may be negative
    bool negative = false;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The exponent behind `e`; false when there is none.
bool read_exponent(std::string_view text, std::int64_t& out) {
    bool negative = false;
    if (text.starts_with('+') || text.starts_with('-')) {
        negative = text.front() == '-';
        text.remove_prefix(1);
    }
    if (text.empty()) return false;
    for (const char c : text) {
        if (!is_digit(c)) return false;
        out = std::min(out * 10 + (c - '0'), exponent_max);
    }
    if (negative) out = -out;
    return true;
}

bool read_decimal(std::string_view text, Decimal& out) {
    if (text.starts_with('+') || text.starts_with('-')) {
        out.negative = text.front() == '-';
        text.remove_prefix(1);
    }
    bool any = false, behind_point = false;
    for (; !text.empty(); text.remove_prefix(1)) {
        const char c = text.front();
        if (c == '.' && !behind_point) {
            behind_point = true;
            continue;
        }
        if (!is_digit(c)) break;
        any = true;
        const bool leading = out.digits.empty() && c == '0';
        if (!leading) out.digits += c;
        if (behind_point ? leading : !leading) out.point += behind_point ? -1 : 1;
    }
    if (!any) return false;
    if (text.empty()) return true;
    if (text.front() != 'e' && text.front() != 'E') return false;
    std::int64_t exponent = 0;
    if (!read_exponent(text.substr(1), exponent)) return false;
    out.point += exponent;
    return true;
}

// Dollars in units of 10^-digits.
base::Result<std::int64_t> parse(std::string_view text, std::int64_t digits) {
    Decimal decimal;
    if (!read_decimal(text, decimal)) {
        return base::invalid("'" + std::string(text.substr(0, 40)) +
                             "' is no amount of US dollars; write it as 25 or 0.015");
    }
    const std::int64_t kept = decimal.point + digits;  // digits of the result
    if (decimal.digits.empty() || kept < 0) return std::int64_t{0};
    std::uint64_t size = 0;
    constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    const auto digit = [&decimal](std::int64_t at) {
        const auto index = static_cast<std::size_t>(at);
        return index < decimal.digits.size()
                   ? static_cast<std::uint64_t>(decimal.digits[index] - '0')
                   : 0;
    };
    for (std::int64_t at = 0; at < kept; ++at) {
        if (size > (largest - digit(at)) / 10) {
            return base::invalid("'" + std::string(text.substr(0, 40)) +
                                 "' is too much: it does not fit 64 bits");
        }
        size = size * 10 + digit(at);
    }
    if (digit(kept) >= 5 && size < largest) ++size;
    const auto amount = static_cast<std::int64_t>(size);
    return decimal.negative ? -amount : amount;
}

}  // namespace

std::string dollars(NanoUsd amount) {
    // The size as unsigned: the smallest integer has no positive twin.
    const std::uint64_t size =
        amount < 0 ? ~static_cast<std::uint64_t>(amount) + 1 : static_cast<std::uint64_t>(amount);
    char text[32];
    char* at = text;
    if (amount < 0) *at++ = '-';
    at = std::to_chars(at, text + sizeof text, size / nano_per_usd).ptr;
    std::uint64_t fraction = size % nano_per_usd;
    if (fraction != 0) {
        *at = '.';
        for (std::int64_t digit = nano_digits; digit > 0; --digit, fraction /= 10) {
            at[digit] = static_cast<char>('0' + fraction % 10);
        }
        at += nano_digits + 1;
        while (at[-1] == '0') --at;
    }
    return {text, static_cast<std::size_t>(at - text)};
}

base::Result<NanoUsd> parse_dollars(std::string_view text) { return parse(text, nano_digits); }
base::Result<PicoUsd> parse_pico_dollars(std::string_view text) { return parse(text, pico_digits); }

NanoUsd from_dollars(double amount) {
    const double nano = amount * static_cast<double>(nano_per_usd);
    if (std::isnan(nano)) return 0;
    constexpr double largest = 9.2e18;
    return std::llround(std::clamp(nano, -largest, largest));
}

}  // namespace tollgate::domain
