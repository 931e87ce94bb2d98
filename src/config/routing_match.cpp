#include <algorithm>
#include <array>

#include "config/routing_rules.hpp"
#include "config/scalar.hpp"

namespace tollgate::config {
namespace {

constexpr std::int32_t minutes_per_hour = 60, minutes_per_day = 24 * 60;
constexpr std::array<std::string_view, 7> day_names{"mon", "tue", "wed", "thu",
                                                    "fri", "sat", "sun"};

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

// "8000", "8k", "0.5M", "80%".
std::optional<double> amount_of(std::string_view text) {
    text = trimmed(text);
    double scale = 1;
    if (text.ends_with('k') || text.ends_with('K')) scale = 1e3;
    if (text.ends_with('m') || text.ends_with('M')) scale = 1e6;
    if (scale > 1 || text.ends_with('%')) text.remove_suffix(1);
    const auto number = parse_number(trimmed(text));
    if (!number || *number < 0) return std::nullopt;
    return *number * scale;
}

struct Range {
    std::optional<double> low, high;
};

// "> 8000", ">= 8k", "< 500", "8k..32k", "8k-32k", "8k..", "..500", "8000" (at least).
// `step` is what "more than" adds.
std::optional<Range> range_of(std::string_view text, double step) {
    text = trimmed(text);
    Range range;
    const auto bound = [&](std::size_t skip, double more, std::optional<double>& out) {
        const auto amount = amount_of(text.substr(skip));
        if (amount) out = *amount + more;
        return amount.has_value();
    };
    if (text.starts_with(">=")) {
        if (bound(2, 0, range.low)) return range;
    } else if (text.starts_with('>')) {
        if (bound(1, step, range.low)) return range;
    } else if (text.starts_with("<=")) {
        if (bound(2, 0, range.high)) return range;
    } else if (text.starts_with('<')) {
        if (bound(1, -step, range.high)) return range;
    } else {
        std::size_t middle = text.find("..");
        std::size_t width = 2;
        if (middle == std::string_view::npos) {
            middle = text.find('-');
            width = 1;
        }
        if (middle == std::string_view::npos) {
            if (bound(0, 0, range.low)) return range;
            return std::nullopt;
        }
        const std::string_view low = trimmed(text.substr(0, middle));
        const std::string_view high = trimmed(text.substr(middle + width));
        if (!low.empty()) range.low = amount_of(low);
        if (!high.empty()) range.high = amount_of(high);
        const bool good = (low.empty() || range.low) && (high.empty() || range.high) &&
                          (range.low || range.high);
        if (good && (!range.low || !range.high || *range.low <= *range.high)) return range;
    }
    return std::nullopt;
}

// A text as above, or `{min, max}`.
std::optional<Range> read_range(Session& session, const Node& node, const std::string& path,
                                double step, std::string_view example) {
    if (node.is_mapping()) {
        Range range;
        Reader reader(session, node, path, Strictness::ours);
        reader.value({"min", "", 0}, range.low);
        reader.value({"max", "", 0}, range.high);
        reader.finish();
        if (range.low || range.high) return range;
    } else if (node.is_scalar()) {
        if (auto range = range_of(node.text, step)) return range;
    }
    complain(session.problems, Severity::error, node, path,
             "expected a range such as " + std::string(example) + ", got " + shown(node));
    return std::nullopt;
}

std::optional<std::int64_t> whole(const std::optional<double>& value) {
    if (!value) return std::nullopt;
    constexpr double largest = 4e18;  // fits 64 bits
    return static_cast<std::int64_t>(std::min(*value, largest));
}

// "08:30" as minutes; "24:00" is the end of the day.
std::optional<std::int32_t> minute_of(std::string_view text) {
    const std::size_t colon = text.find(':');
    const auto hours = parse_integer(text.substr(0, colon));
    const auto minutes = colon == std::string_view::npos ? std::optional<std::int64_t>(0)
                                                         : parse_integer(text.substr(colon + 1));
    if (!hours || !minutes || *hours < 0 || *minutes < 0 || *minutes >= minutes_per_hour) {
        return std::nullopt;
    }
    const std::int64_t minute = *hours * minutes_per_hour + *minutes;
    if (minute > minutes_per_day) return std::nullopt;
    return static_cast<std::int32_t>(minute % minutes_per_day);
}

std::optional<std::size_t> day_of(std::string_view text) {
    std::string lower;
    for (const char c : text.substr(0, 3)) {
        lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    const auto found = std::find(day_names.begin(), day_names.end(), lower);
    if (found == day_names.end()) return std::nullopt;
    return static_cast<std::size_t>(found - day_names.begin());
}

// "mon-fri", "sat,sun", "daily" as bits; 0: none of those.
std::uint8_t days_of(std::string_view text) {
    if (text == "daily" || text == "every day") return domain::TimeWindow::every_day;
    unsigned days = 0;
    bool good = true;
    each_word(text, ',', [&](std::string_view part) {
        part = trimmed(part);
        const std::size_t dash = part.find('-');
        const auto first = day_of(trimmed(part.substr(0, dash)));
        const auto last = dash == std::string_view::npos ? first
                                                         : day_of(trimmed(part.substr(dash + 1)));
        good = good && first && last;
        if (!good) return;
        for (std::size_t day = *first;; day = (day + 1) % day_names.size()) {
            days |= 1u << day;
            if (day == *last) break;
        }
    });
    return good ? static_cast<std::uint8_t>(days) : std::uint8_t{0};
}

bool hours_of(std::string_view text, domain::TimeWindow& out) {
    const std::size_t dash = text.find('-');
    if (dash == std::string_view::npos) return false;
    const auto from = minute_of(trimmed(text.substr(0, dash)));
    const auto to = minute_of(trimmed(text.substr(dash + 1)));
    if (!from || !to) return false;
    out.from_minute = *from;
    out.to_minute = *to;
    return true;
}

// "mon-fri 08:00-18:00 Europe/Berlin", its parts in any order.
bool window_of(std::string_view text, domain::TimeWindow& out) {
    bool good = true, any = false;
    each_word(text, ' ', [&](std::string_view word) {
        if (word.find(':') != std::string_view::npos) {
            good = good && hours_of(word, out);
        } else if (const std::uint8_t days = days_of(word); days != 0) {
            out.days = days;
        } else if (word.find('/') != std::string_view::npos || word == "UTC") {
            out.zone = word;
        } else {
            good = false;
        }
        any = true;
    });
    return good && any;
}

void read_window(Session& session, const Node& node, const std::string& path,
                 domain::RoutingMatch& out) {
    domain::TimeWindow window;
    bool good = true;
    if (node.is_mapping()) {
        std::vector<std::string> days;
        std::string hours, from = "00:00", to = "00:00";
        Reader reader(session, node, path, Strictness::ours);
        reader.value({"days", ""}, days);
        reader.value({"hours", ""}, hours);
        reader.value({"from", ""}, from);
        reader.value({"to", ""}, to);
        reader.value({"zone", ""}, window.zone);
        reader.finish();
        unsigned bits = 0;
        for (const std::string& part : days) {
            good = good && days_of(part) != 0;
            bits |= days_of(part);
        }
        if (bits != 0) window.days = static_cast<std::uint8_t>(bits);
        good = good && hours_of(hours.empty() ? from + "-" + to : hours, window);
    } else {
        good = node.is_scalar() && window_of(node.text, window);
    }
    if (good) return out.times.push_back(std::move(window));
    complain(session.problems, Severity::error, node, path,
             "expected hours such as `mon-fri 08:00-18:00 Europe/Berlin` or "
             "`{days: [sat, sun], from: \"22:00\", to: \"06:00\", zone: UTC}`, got " + shown(node));
}

// `refactor*` is a glob, `/expression/` and `{regex: expression}` are RE2.
void read_prompt(Session& session, const Node& node, const std::string& path,
                 domain::RoutingMatch& out) {
    domain::TextPattern pattern;
    if (node.is_mapping()) {
        Reader reader(session, node, path, Strictness::ours);
        std::string expression;
        reader.value({"glob", ""}, pattern.text);
        reader.value({"regex", ""}, expression);
        reader.finish();
        if (!expression.empty()) pattern = {domain::TextPattern::Kind::expression, expression};
    } else if (node.is_scalar()) {
        const std::string& text = node.text;
        const bool expression = text.size() > 2 && text.front() == '/' && text.back() == '/';
        pattern.text = expression ? text.substr(1, text.size() - 2) : text;
        if (expression) pattern.kind = domain::TextPattern::Kind::expression;
    }
    if (!pattern.text.empty()) return out.prompts.push_back(std::move(pattern));
    complain(session.problems, Severity::error, node, path,
             "expected a glob such as `refactor*`, an expression between slashes, or "
             "`{regex: ...}`, got " + shown(node));
}

// One element, or each of a list.
void each_element(const Node& node, const std::string& path,
                  const std::function<void(const Node&, const std::string&)>& use) {
    if (!node.is_sequence()) return use(node, path);
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        use(node.items[i], path + "[" + std::to_string(i) + "]");
    }
}

void read_headers(Reader& reader, domain::RoutingMatch& out) {
    StringMap headers;
    reader.value({"header", "headers that must be there, with globs of their values"}, headers);
    for (auto& [name, value] : headers) {
        std::transform(name.begin(), name.end(), name.begin(), [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        });
        out.headers.push_back({name, value});
    }
}

void read_levels(Session& session, Reader& reader, domain::RoutingMatch& out) {
    const Node* node = reader.take("power_level");
    if (!node) return;
    std::vector<std::string> names;
    read_strings(session, *node, reader.path_of("power_level"), names);
    for (const std::string& name : names) {
        if (const auto level = domain::power_level_of(name)) {
            out.power_levels.push_back(*level);
        } else {
            complain(session.problems, Severity::error, *node, reader.path_of("power_level"),
                     "expected eco, balanced, precision or none, got `" + name + "`");
        }
    }
}

}  // namespace

void read_match(Session& session, const Node& node, const std::string& path,
                domain::RoutingMatch& out) {
    Reader reader(session, node, path, Strictness::ours);
    reader.value({"model", ""}, out.models);
    reader.value({"task", ""}, out.tasks);
    const auto each = [&](std::string_view key, const auto& use) {
        if (const Node* found = reader.take(key)) each_element(*found, reader.path_of(key), use);
    };
    each("prompt", [&](const Node& item, const std::string& here) {
        read_prompt(session, item, here, out);
    });
    each("tokens", [&](const Node& item, const std::string& here) {
        if (const auto range = read_range(session, item, here, 1, "`> 8000` or `8k..32k`")) {
            out.tokens.push_back({whole(range->low), whole(range->high)});
        }
    });
    reader.value({"thinking", ""}, out.thinking);
    reader.value({"has_images", ""}, out.has_images);
    reader.value({"has_tools", ""}, out.has_tools);
    reader.value({"tenant", ""}, out.tenants);
    reader.value({"team", ""}, out.teams);
    reader.value({"user", ""}, out.users);
    reader.value({"tag", ""}, out.tags);
    read_headers(reader, out);
    each("time", [&](const Node& item, const std::string& here) {
        read_window(session, item, here, out);
    });
    if (const Node* used = reader.take("budget_used")) {
        const auto range =
            read_range(session, *used, reader.path_of("budget_used"), 1e-9, "`>= 80`");
        if (range) out.budget_used = domain::PercentRange{range->low, range->high};
    }
    read_levels(session, reader, out);
    reader.finish();
}

}  // namespace tollgate::config
