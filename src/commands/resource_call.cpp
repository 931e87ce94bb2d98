#include "commands/resource_call.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "commands/json_tree.hpp"
#include "domain/money.hpp"

namespace tollgate::commands {
namespace {

using Moment = std::chrono::system_clock::time_point;

base::Error wrong(const Field& field, const std::string& value, std::string_view expected) {
    return base::invalid(std::string(field.flag) + ": '" + value + "' is not " +
                             std::string(expected),
                         std::string(field.flag));
}

std::vector<std::string> parts_of(std::string_view text) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const std::string_view part = text.substr(0, text.find(','));
        if (!part.empty()) parts.emplace_back(part);
        text.remove_prefix(std::min(part.size() + 1, text.size()));
    }
    return parts;
}

std::string quoted(std::string_view text) {
    std::string out;
    json::append_string(out, text);
    return out;
}

base::Result<std::string> pairs_of(const Field& field, const std::string& value) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    for (const std::string& part : parts_of(value)) {
        const std::size_t equals = part.find('=');
        if (equals == part.npos || equals == 0) {
            return wrong(field, part, "name=value, with commas between several");
        }
        writer.foreign_key(part.substr(0, equals)).string(part.substr(equals + 1));
    }
    writer.end_object();
    return out;
}

base::Result<std::string> thresholds_of(const Field& field, const std::string& value) {
    std::string out;
    json::Writer writer(out);
    writer.begin_array();
    for (const std::string& part : parts_of(value)) {
        const std::size_t colon = part.find(':');
        const auto percent = json::whole_number(std::string_view(part).substr(0, colon));
        if (!percent) return wrong(field, part, "PERCENT:ACTION, such as 80:notify");
        writer.begin_object().integer("percent", *percent);
        if (colon != part.npos) writer.string("action", part.substr(colon + 1));
        writer.end_object();
    }
    writer.end_array();
    return out;
}

// Models hold colons and slashes, shares do not.
base::Result<std::string> arms_of(const Field& field, const std::string& value) {
    std::string out;
    json::Writer writer(out);
    writer.begin_array();
    for (const std::string& part : parts_of(value)) {
        const std::size_t equals = std::min(part.find('='), part.size());
        const std::size_t colon = std::min(part.find(':', equals), part.size());
        const bool whole = equals > 0 && colon + 1 < part.size();
        const std::string share = whole ? part.substr(equals + 1, colon - equals - 1) : "";
        double number = 0;
        const auto [stop, fault] =
            std::from_chars(share.data(), share.data() + share.size(), number);
        if (!whole || fault != std::errc() || stop != share.data() + share.size() ||
            !std::isfinite(number)) {
            return wrong(field, part, "NAME=SHARE:MODEL, such as new=10:openai/gpt-4o-mini");
        }
        std::array<char, 40> text{};
        const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
        writer.begin_object().string("name", part.substr(0, equals));
        writer.string("model", part.substr(colon + 1));
        writer.raw("share", {text.data(), static_cast<std::size_t>(end - text.data())});
        writer.end_object();
    }
    writer.end_array();
    return out;
}

// A date or a time as it is; a duration counted from now, backwards with `sign` -1.
std::string moment_of(const std::string& value, int sign, Moment now) {
    const std::int64_t seconds = duration_seconds(value);
    if (seconds == 0) return value;
    return base::rfc3339(now + std::chrono::seconds(seconds * sign));
}

bool is_yes(const std::string& value) { return value == "true" || value == "yes"; }
bool is_no(const std::string& value) { return value == "false" || value == "no"; }

// The option's value as JSON.
base::Result<std::string> json_of(const Field& field, const std::string& value,
                                  const ReadSecret& read_secret, Moment now) {
    const bool none = value == "none" || value.empty();
    switch (field.type) {
        case FieldType::text: return value.empty() ? std::string("null") : quoted(value);
        case FieldType::word: return quoted(value);
        case FieldType::present: return std::string("{}");
        case FieldType::pairs: return pairs_of(field, value);
        case FieldType::thresholds: return thresholds_of(field, value);
        case FieldType::arms: return arms_of(field, value);
        case FieldType::past: return quoted(moment_of(value, -1, now));
        case FieldType::future:
            return none ? std::string("null") : quoted(moment_of(value, 1, now));
        case FieldType::boolean:
            if (!is_yes(value) && !is_no(value)) return wrong(field, value, "true or false");
            return std::string(is_yes(value) ? "true" : "false");
        case FieldType::integer:
            if (none) return std::string("null");
            if (!json::whole_number(value)) return wrong(field, value, "a whole number, or none");
            return value;
        case FieldType::money: {
            if (none) return std::string("null");
            const auto amount = domain::parse_dollars(value);
            if (!amount.ok()) return wrong(field, value, "an amount of US dollars, or none");
            return domain::dollars(*amount);
        }
        case FieldType::real: {
            double number = 0;
            const char* const end = value.data() + value.size();
            const auto [stop, fault] = std::from_chars(value.data(), end, number);
            const bool whole = fault == std::errc() && stop == end && std::isfinite(number);
            if (!whole) return wrong(field, value, "a number");
            char text[48];
            return std::string(text, std::to_chars(text, text + sizeof text, number).ptr);
        }
        case FieldType::names: {
            std::string out;
            json::Writer writer(out);
            writer.begin_array();
            for (const std::string& name : parts_of(value)) writer.string(name);
            writer.end_array();
            return out;
        }
        case FieldType::secret_file: {
            auto secret = read_secret(value);
            if (!secret.ok()) {
                return base::invalid(std::string(field.flag) + ": " + secret.error().message);
            }
            return quoted(*secret);
        }
    }
    return quoted(value);
}

// The same for a query.
base::Result<std::string> query_text_of(const Field& field, const std::string& value, Moment now) {
    switch (field.type) {
        case FieldType::boolean:
            if (!is_yes(value) && !is_no(value)) return wrong(field, value, "true or false");
            return std::string(is_yes(value) ? "true" : "false");
        case FieldType::integer:
            if (!json::whole_number(value)) return wrong(field, value, "a whole number");
            return value;
        case FieldType::past: return moment_of(value, -1, now);
        default: return value;
    }
}

bool has_body(const Action& action) { return action.method != "GET" && action.method != "DELETE"; }

base::Result<JsonTree> body_of(const Invocation& invocation, const ReadSecret& read_secret,
                               Moment now) {
    const Action& action = *invocation.action;
    JsonTree body;
    if (!invocation.object_text.empty()) {
        auto read = JsonTree::of(invocation.object_text);
        if (!read.ok()) return base::invalid("--from-file: " + read.error().message);
        body = std::move(read).value();
    }
    if (!action.positional_path.empty() && !invocation.positional.empty()) {
        // An amount is a number, a name is text.
        const Field field{action.positional, action.positional_path,
                          action.positional_path == "amount" ? FieldType::money : FieldType::text,
                          {}};
        TRY(std::string value, json_of(field, invocation.positional, read_secret, now));
        body.set(action.positional_path, std::move(value));
    }
    for (const auto& [field, value] : invocation.given) {
        if (field->in_query) continue;
        if (field->type == FieldType::present) {
            JsonTree& made = body.make_object(field->path);
            if (!made.has("name")) made.set("name", quoted(field->choices));
            continue;
        }
        TRY(std::string text, json_of(*field, value, read_secret, now));
        body.set(field->path, std::move(text));
    }
    return body;
}

}  // namespace

std::int64_t duration_seconds(std::string_view text) {
    constexpr std::int64_t minute = 60, hour = 3'600, day = 86'400, week = 7 * day;
    constexpr std::int64_t count_max = 100'000;
    if (text.size() < 2) return 0;
    const auto count = json::whole_number(text.substr(0, text.size() - 1));
    if (!count || *count < 1 || *count > count_max) return 0;
    switch (text.back()) {
        case 's': return *count;
        case 'm': return *count * minute;
        case 'h': return *count * hour;
        case 'd': return *count * day;
        case 'w': return *count * week;
        default: return 0;
    }
}

base::Result<CallText> call_of(const Invocation& invocation, const ReadSecret& read_secret,
                               Moment now) {
    const Action& action = *invocation.action;
    CallText call;
    call.path = std::string(action.path);
    // With two places in the path the positional is USER/PROVIDER.
    std::string_view left = invocation.positional;
    for (std::size_t hole; (hole = call.path.find("{}")) != call.path.npos;) {
        const bool last = call.path.find("{}", hole + 2) == call.path.npos;
        const std::size_t end = last ? left.size() : std::min(left.find('/'), left.size());
        if (!last && (end == 0 || end + 1 >= left.size())) {
            return base::invalid(std::string(action.positional) + ": '" + invocation.positional +
                                 "' has no part on both sides of a slash");
        }
        call.path.replace(hole, 2, segment(std::string(left.substr(0, end))));
        left.remove_prefix(std::min(end + 1, left.size()));
    }
    for (const auto& [name, value] : action.fixed) call.query.emplace_back(name, value);
    const bool body = has_body(action);
    if (!body && !action.positional_path.empty()) {
        call.query.emplace_back(action.positional_path, invocation.positional);
    }
    for (const auto& [field, value] : invocation.given) {
        if (body && !field->in_query) continue;
        TRY(std::string text, query_text_of(*field, value, now));
        call.query.emplace_back(field->path, std::move(text));
    }
    call.target = call.path + query_of(call.query);
    if (body) {
        TRY(const JsonTree tree, body_of(invocation, read_secret, now));
        call.body = tree.text();
    }
    return call;
}

}  // namespace tollgate::commands
