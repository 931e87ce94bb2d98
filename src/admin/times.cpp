#include "admin/times.hpp"

#include <charconv>

#include "base/clock.hpp"
#include "base/time_text.hpp"

namespace tollgate::admin {

std::string rfc3339(domain::UnixMicros at) { return base::rfc3339_of_micros(at); }

std::optional<domain::UnixMicros> parse_time(std::string_view text) {
    return base::micros_of_text(text);
}

std::int64_t Duration::seconds() const {
    if (unit == "s") return count;
    if (unit == "m") return count * 60;
    if (unit == "h") return count * 3600;
    if (unit == "d") return count * 86'400;
    if (unit == "w") return count * 7 * 86'400;
    return count * 30 * 86'400;
}

std::optional<Duration> parse_duration(std::string_view text) {
    Duration duration;
    constexpr std::int64_t count_max = 1'000'000;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), duration.count);
    if (error != std::errc() || duration.count <= 0 || duration.count > count_max) {
        return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    for (const std::string_view unit : {"s", "m", "h", "d", "w", "mo"}) {
        if (text == unit) duration.unit = unit;
    }
    if (duration.unit.empty()) return std::nullopt;
    return duration;
}

}  // namespace tollgate::admin
