#include "config/scalar.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace tollgate::config {
namespace {

constexpr domain::PicoUsd price_max = 1'000 * domain::pico_per_usd;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes a decimal number off the front.
std::optional<double> take_number(std::string_view& text) {
    double value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value,
                                        std::chars_format::fixed);
    if (result.ec != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(result.ptr - text.data()));
    return value;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

}  // namespace

std::optional<bool> parse_bool(std::string_view text) {
    if (text.empty() || text.size() > 5) return std::nullopt;
    const std::string word = lower(text);
    if (word == "true" || word == "yes" || word == "on") return true;
    if (word == "false" || word == "no" || word == "off") return false;
    return std::nullopt;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
    std::string digits;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '_' && i > 0 && is_digit(text[i - 1])) continue;
        digits += text[i];
    }
    if (digits.starts_with('+')) digits.erase(0, 1);
    std::int64_t value = 0;
    const char* end = digits.data() + digits.size();
    const auto result = std::from_chars(digits.data(), end, value);
    if (result.ec != std::errc{} || result.ptr != end) return std::nullopt;
    return value;
}

std::optional<double> parse_number(std::string_view text) {
    double value = 0;
    if (text.starts_with('+')) text.remove_prefix(1);
    const char* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, value);
    if (result.ec != std::errc{} || result.ptr != end || !std::isfinite(value)) return std::nullopt;
    return value;
}

bool is_json_number(std::string_view text) {
    std::size_t i = 0;
    const auto digits = [&] {
        const std::size_t begin = i;
        while (i < text.size() && is_digit(text[i])) ++i;
        return i > begin;
    };
    if (i < text.size() && text[i] == '-') ++i;
    const std::size_t whole = i;
    if (!digits() || (text[whole] == '0' && i > whole + 1)) return false;
    if (i < text.size() && text[i] == '.') {
        ++i;
        if (!digits()) return false;
    }
    if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
        ++i;
        if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
        if (!digits()) return false;
    }
    return i == text.size();
}

std::optional<Duration> parse_duration(std::string_view text) {
    text = trimmed(text);
    if (text.empty()) return std::nullopt;
    double total = 0;  // milliseconds
    bool unit_seen = false;
    while (!text.empty()) {
        const auto value = take_number(text);
        if (!value || *value < 0) return std::nullopt;
        std::size_t length = 0;
        while (length < text.size() && text[length] >= 'a' && text[length] <= 'z') ++length;
        const std::string_view unit = text.substr(0, length);
        text.remove_prefix(length);
        double scale = 0;
        const bool bare = unit.empty() && text.empty() && !unit_seen;  // seconds
        if (bare || unit == "s" || unit == "sec") scale = 1000;
        else if (unit == "ms") scale = 1;
        else if (unit == "m" || unit == "min") scale = 60'000;
        else if (unit == "h") scale = 3'600'000;
        else if (unit == "d") scale = 86'400'000;
        else return std::nullopt;
        unit_seen = true;
        total += *value * scale;
    }
    constexpr double longest = 366.0 * 100 * 86'400'000;  // a century
    if (total > longest) return std::nullopt;
    return Duration(std::llround(total));
}

std::optional<Bytes> parse_bytes(std::string_view text) {
    text = trimmed(text);
    const auto value = take_number(text);
    if (!value || *value < 0) return std::nullopt;
    const std::string unit = lower(trimmed(text));
    struct Unit {
        std::string_view name;
        double scale;
    };
    static constexpr std::array<Unit, 14> units{{{"", 1},
                                                 {"b", 1},
                                                 {"k", 1024},
                                                 {"kb", 1000},
                                                 {"kib", 1024},
                                                 {"m", 1048576},
                                                 {"mb", 1e6},
                                                 {"mib", 1048576},
                                                 {"g", 1073741824},
                                                 {"gb", 1e9},
                                                 {"gib", 1073741824},
                                                 {"t", 1099511627776},
                                                 {"tb", 1e12},
                                                 {"tib", 1099511627776}}};
    for (const Unit& known : units) {
        if (unit != known.name) continue;
        const double total = *value * known.scale;
        if (total > 9e15) return std::nullopt;
        return Bytes{std::llround(total)};
    }
    return std::nullopt;
}

std::optional<std::int64_t> parse_price(std::string_view text) {
    const auto price = domain::parse_pico_dollars(text);
    if (!price.ok() || *price < 0 || *price > price_max) return std::nullopt;
    return *price;
}

std::string format_duration(Duration value) {
    const std::int64_t ms = value.count();
    if (ms == 0) return "0s";
    if (ms % 3'600'000 == 0) return std::to_string(ms / 3'600'000) + "h";
    if (ms % 60'000 == 0) return std::to_string(ms / 60'000) + "m";
    if (ms % 1000 == 0) return std::to_string(ms / 1000) + "s";
    return std::to_string(ms) + "ms";
}

std::string format_bytes(Bytes value) {
    const std::int64_t count = value.count;
    if (count == 0) return "0";
    if (count % (1 << 30) == 0) return std::to_string(count >> 30) + "GiB";
    if (count % (1 << 20) == 0) return std::to_string(count >> 20) + "MiB";
    if (count % (1 << 10) == 0) return std::to_string(count >> 10) + "KiB";
    return std::to_string(count);
}

std::string format_number(double value) {
    std::array<char, 32> buffer{};
    const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
    return std::string(buffer.data(), result.ptr);
}

std::string format_price(std::int64_t pico_dollars) {
    return format_number(static_cast<double>(pico_dollars) /
                         static_cast<double>(domain::pico_per_usd));
}

}  // namespace tollgate::config
