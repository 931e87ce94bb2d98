#include "policy/time_zone.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

namespace tollgate::policy {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr std::int64_t seconds_per_day = 86'400;
constexpr std::size_t file_bytes_max = 256 * 1024;
constexpr std::size_t header_bytes = 44;

std::int64_t big_endian(std::string_view bytes) {
    std::uint64_t value = (bytes.front() & 0x80) != 0 ? ~std::uint64_t{0} : 0;
    for (const char byte : bytes) value = (value << 8) | static_cast<std::uint8_t>(byte);
    return static_cast<std::int64_t>(value);
}

// The counts of a TZif header, in the order of the file.
struct Counts {
    std::size_t utc = 0, standard = 0, leap = 0, changes = 0, types = 0, letters = 0;
    std::size_t body_bytes(std::size_t time_bytes) const {
        return changes * (time_bytes + 1) + types * 6 + letters + leap * (time_bytes + 4) +
               standard + utc;
    }
};

bool read_counts(std::string_view file, Counts& counts) {
    if (file.size() < header_bytes || !file.starts_with("TZif")) return false;
    std::array<std::size_t*, 6> into = {&counts.utc,     &counts.standard, &counts.leap,
                                        &counts.changes, &counts.types,    &counts.letters};
    for (std::size_t i = 0; i < into.size(); ++i) {
        const std::int64_t count = big_endian(file.substr(20 + 4 * i, 4));
        if (count < 0 || count > static_cast<std::int64_t>(file_bytes_max)) return false;
        *into[i] = static_cast<std::size_t>(count);
    }
    return true;
}

bool is_zone_name(std::string_view name) {
    const auto fits = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '/' || c == '_' ||
               c == '-' || c == '+';
    };
    return !name.empty() && name.size() <= 64 && name.front() != '/' &&
           std::all_of(name.begin(), name.end(), fits);
}

year_month_day date_of(std::int64_t local_seconds) {
    const std::chrono::sys_seconds when{std::chrono::seconds(local_seconds)};
    return std::chrono::floor<days>(when);
}

}  // namespace

std::shared_ptr<const TimeZone> TimeZone::utc() { return std::make_shared<const TimeZone>(); }

base::Result<std::shared_ptr<const TimeZone>> TimeZone::load(std::string_view name,
                                                             const std::string& directory) {
    if (name.empty() || name == "UTC" || name == "Etc/UTC" || name == "Z") return utc();
    const std::string quoted = "time zone '" + std::string(name) + "'";
    if (!is_zone_name(name)) {
        return base::invalid(quoted + " is no zone's name: write it as Europe/Berlin", "time_zone");
    }
    const std::string path = directory + "/" + std::string(name);
    std::error_code no_file;
    std::ifstream file;
    if (std::filesystem::is_regular_file(path, no_file)) file.open(path, std::ios::binary);
    std::string bytes;
    if (file.is_open()) bytes.assign(std::istreambuf_iterator<char>(file), {});
    if (bytes.empty() || bytes.size() > file_bytes_max) {
        return base::invalid(quoted + " is unknown: there is no " + path +
                                 "; write it as Europe/Berlin, or install tzdata",
                             "time_zone");
    }
    auto zone = std::make_shared<TimeZone>();
    zone->name_ = name;
    if (auto parsed = zone->parse(bytes); !parsed.ok()) {
        return base::invalid(quoted + ": " + path + " " + parsed.error().message, "time_zone");
    }
    return std::shared_ptr<const TimeZone>(std::move(zone));
}

base::Result<void> TimeZone::parse(std::string_view file) {
    const base::Error broken = base::invalid("is no zone file of version 2 or later");
    Counts old, counts;
    if (!read_counts(file, old) || file[4] < '2') return broken;
    // The first part has 32-bit times, for readers of the last century.
    const std::size_t skipped = header_bytes + old.body_bytes(4);
    if (file.size() < skipped) return broken;
    file.remove_prefix(skipped);
    if (!read_counts(file, counts) || file.size() < header_bytes + counts.body_bytes(8) ||
        counts.types == 0) {
        return broken;
    }
    const std::string_view times = file.substr(header_bytes, counts.changes * 8);
    const std::string_view kinds = file.substr(header_bytes + times.size(), counts.changes);
    const std::string_view types =
        file.substr(header_bytes + times.size() + kinds.size(), counts.types * 6);
    const auto offset_of = [&](std::size_t type) { return big_endian(types.substr(type * 6, 4)); };
    first_offset_ = offset_of(0);
    for (std::size_t i = 0; i < counts.changes; ++i) {
        const auto type = static_cast<std::uint8_t>(kinds[i]);
        if (type >= counts.types) return broken;
        changes_.push_back({big_endian(times.substr(i * 8, 8)), offset_of(type)});
    }
    std::string_view footer = file.substr(header_bytes + counts.body_bytes(8));
    if (footer.size() < 2 || footer.front() != '\n') return broken;
    footer = footer.substr(1, footer.find('\n', 1) - 1);
    if (footer.empty()) return {};  // nobody knows what comes after the last change
    TRY(rule_, parse_zone_rule(footer));
    has_rule_ = true;
    return {};
}

std::int64_t TimeZone::offset_at(std::int64_t unix_seconds) const {
    const auto later = [](std::int64_t at, const Change& change) { return at < change.at; };
    const auto next = std::upper_bound(changes_.begin(), changes_.end(), unix_seconds, later);
    if (next == changes_.end() && has_rule_) return rule_.offset_at(unix_seconds);
    if (next == changes_.begin()) return first_offset_;
    return std::prev(next)->offset;
}

year_month_day TimeZone::date_at(std::int64_t unix_seconds) const {
    return date_of(unix_seconds + offset_at(unix_seconds));
}

std::int64_t TimeZone::start_of(year_month_day date) const {
    const std::int64_t midnight =
        sys_days(date).time_since_epoch().count() * seconds_per_day;  // as if it were UTC
    const auto reached = [&](std::int64_t at) { return at + offset_at(at) >= midnight; };
    // The earliest moment whose local time is midnight or later; offsets are less than a day.
    std::int64_t before = midnight - 2 * seconds_per_day, after = midnight + 2 * seconds_per_day;
    const std::int64_t a = midnight - offset_at(midnight - seconds_per_day);
    const std::int64_t b = midnight - offset_at(midnight + seconds_per_day);
    for (const std::int64_t at : {std::min(a, b), std::max(a, b)}) {
        if (reached(at) && !reached(at - 1)) return at;
    }
    while (after - before > 1) {
        const std::int64_t middle = before + (after - before) / 2;
        (reached(middle) ? after : before) = middle;
    }
    return after;
}

std::string TimeZone::text_at(std::int64_t unix_seconds) const {
    const std::int64_t offset = offset_at(unix_seconds);
    const std::int64_t local = unix_seconds + offset;
    const year_month_day date = date_of(local);
    const std::int64_t second = local - sys_days(date).time_since_epoch().count() * seconds_per_day;
    std::array<char, 64> text{};
    int size = std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d",
                             static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                             static_cast<unsigned>(date.day()), static_cast<int>(second / 3600),
                             static_cast<int>(second / 60 % 60), static_cast<int>(second % 60));
    std::string result(text.data(), static_cast<std::size_t>(size));
    if (offset == 0) return result + "Z";
    const std::int64_t minutes = (offset < 0 ? -offset : offset) / 60;
    size = std::snprintf(text.data(), text.size(), "%c%02d:%02d", offset < 0 ? '-' : '+',
                         static_cast<int>(minutes / 60), static_cast<int>(minutes % 60));
    return result.append(text.data(), static_cast<std::size_t>(size));
}

}  // namespace tollgate::policy
