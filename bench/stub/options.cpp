#include "stub/options.hpp"

#include "common/http_head.hpp"

#include <limits>
#include <optional>

namespace bench {
namespace {

constexpr std::uint32_t text_size_min = 32;  // room for the stamp
constexpr std::uint32_t text_size_max = 32 * 1024 * 1024;

std::optional<std::uint64_t> parse_microseconds(std::string_view text) {
    std::uint64_t factor = 1;
    if (text.ends_with("us")) {
        text.remove_suffix(2);
    } else if (text.ends_with("ms")) {
        text.remove_suffix(2);
        factor = 1000;
    } else if (text.ends_with("s")) {
        text.remove_suffix(1);
        factor = 1'000'000;
    }
    const auto value = parse_size(text);
    if (!value) return std::nullopt;
    return *value * factor;
}

std::string invalid(std::string_view name, std::string_view value, std::string_view wanted) {
    return "option " + std::string(name) + "=" + std::string(value) + ": write " +
           std::string(wanted);
}

// Options whose value is a number; false when `name` is none of them.
bool apply_number(std::string_view name, std::uint64_t value, AnswerOptions& options) {
    const auto small = static_cast<std::uint32_t>(
        value > text_size_max ? text_size_max : value);
    if (name == "chunks") options.chunks = small;
    else if (name == "size") options.size = small < text_size_min ? text_size_min : small;
    else if (name == "burst") options.burst = small == 0 ? 1 : small;
    else if (name == "reply") options.reply = small;
    else if (name == "status") options.status = small;
    else if (name == "retry_after") options.retry_after_s = small;
    else if (name == "split") options.split = small;
    else if (name == "stall") options.stall_after = small;
    else if (name == "cut") options.cut_after = small;
    else return false;
    return true;
}

std::string apply_one(std::string_view name, std::string_view value, AnswerOptions& options) {
    if (name == "delay" || name == "pace") {
        const auto time = parse_microseconds(value);
        if (!time) return invalid(name, value, "a time such as 250us, 20ms or 1s");
        (name == "delay" ? options.delay_us : options.pace_us) = *time;
        return {};
    }
    if (name == "error_first" || name == "utf8") {
        (name == "utf8" ? options.utf8 : options.error_first) = value != "0";
        return {};
    }
    if (name == "usage") {
        if (value == "asked") options.usage = UsageReport::when_asked;
        else if (value == "always") options.usage = UsageReport::always;
        else if (value == "never") options.usage = UsageReport::never;
        else return invalid(name, value, "asked, always or never");
        return {};
    }
    const auto number = parse_size(value);
    if (!number) return invalid(name, value, "a whole number");
    if (name == "status" && (*number < 200 || *number > 599)) {
        return invalid(name, value, "a status from 200 to 599");
    }
    if (!apply_number(name, *number, options)) {
        return "option " + std::string(name) + " is unknown: use delay, pace, chunks, size, burst, "
               "reply, status, retry_after, split, stall, cut, error_first, utf8 or usage";
    }
    return {};
}

}  // namespace

std::string apply_options(std::string_view text, AnswerOptions& options) {
    while (!text.empty()) {
        const auto comma = text.find(',');
        const auto item = text.substr(0, comma);
        text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
        if (item.empty()) continue;
        const auto equals = item.find('=');
        const auto name = item.substr(0, equals);
        const auto value =
            equals == std::string_view::npos ? std::string_view("1") : item.substr(equals + 1);
        if (auto problem = apply_one(name, value, options); !problem.empty()) return problem;
    }
    return {};
}

}  // namespace bench
