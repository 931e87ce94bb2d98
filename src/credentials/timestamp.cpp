#include "credentials/timestamp.hpp"

namespace tollgate::credentials {
namespace {

// `digits` decimal digits at `at`, or -1.
int digits_at(std::string_view text, std::size_t at, std::size_t digits) {
    if (at + digits > text.size()) return -1;
    int value = 0;
    for (std::size_t i = at; i < at + digits; ++i) {
        if (text[i] < '0' || text[i] > '9') return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

bool marks_fit(std::string_view text) {
    return text.size() >= 20 && text[4] == '-' && text[7] == '-' &&
           (text[10] == 'T' || text[10] == 't' || text[10] == ' ') && text[13] == ':' &&
           text[16] == ':';
}

// The offset from UTC at the end, or nullopt when it is none.
std::optional<std::chrono::minutes> offset_of(std::string_view text) {
    if (text == "Z" || text == "z") return std::chrono::minutes(0);
    if (text.size() != 6 || text[3] != ':' || (text[0] != '+' && text[0] != '-')) return {};
    const int hours = digits_at(text, 1, 2), minutes = digits_at(text, 4, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return {};
    const std::chrono::minutes offset(hours * 60 + minutes);
    return text[0] == '+' ? offset : -offset;
}

}  // namespace

std::optional<std::chrono::system_clock::time_point> parse_rfc3339(std::string_view text) {
    if (!marks_fit(text)) return {};
    const int year = digits_at(text, 0, 4), month = digits_at(text, 5, 2),
              day = digits_at(text, 8, 2), hour = digits_at(text, 11, 2),
              minute = digits_at(text, 14, 2), second = digits_at(text, 17, 2);
    const std::chrono::year_month_day date{std::chrono::year(year),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    const bool in_range = year >= 0 && month >= 0 && day >= 0 && date.ok() && hour >= 0 &&
                          hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second <= 60;
    if (!in_range) return {};
    std::size_t at = 19;
    if (text[at] == '.') {
        ++at;
        const std::size_t fraction = at;
        while (at < text.size() && text[at] >= '0' && text[at] <= '9') ++at;
        if (at == fraction) return {};
    }
    const auto offset = offset_of(text.substr(at));
    if (!offset) return {};
    // The clock counts nanoseconds: it ends in 2262, and 9999 is how some write "never".
    constexpr std::chrono::sys_days first = std::chrono::year(1970) / 1 / 2,
                                    last = std::chrono::year(2200) / 1 / 1;
    if (std::chrono::sys_days(date) < first) return first;
    if (std::chrono::sys_days(date) > last) return last;
    return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
           std::chrono::seconds(second) - *offset;
}

}  // namespace tollgate::credentials
