#include "admin/fields.hpp"

#include <algorithm>
#include <charconv>

#include "admin/times.hpp"
#include "http/message.hpp"

namespace tollgate::admin {
namespace {

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
    std::string all;
    for (const std::string& part : parts) {
        if (!all.empty()) all += between;
        all += part;
    }
    return all;
}

std::string one_of(std::initializer_list<std::string_view> words) {
    std::string text = "must be one of ";
    bool first = true;
    for (const std::string_view word : words) {
        if (!first) text += ", ";
        text += word;
        first = false;
    }
    return text;
}

std::string range(std::int64_t least, std::int64_t most) {
    return "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most);
}

base::Result<void> verdict(const std::vector<std::string>& problems,
                           const std::vector<std::string>& unknown, std::string_view kind) {
    if (problems.empty() && unknown.empty()) return {};
    std::string message = joined(problems, "; ");
    if (!unknown.empty()) {
        if (!message.empty()) message += "; ";
        message += "unknown " + std::string(kind) + (unknown.size() == 1 ? ": " : "s: ");
        message += joined(unknown, ", ");
    }
    const std::string first = problems.empty() ? unknown.front()
                                               : problems.front().substr(
                                                     0, problems.front().find(' '));
    return invalid(std::move(message), first);
}

// A text that is no name: empty, or with control characters that would break logs and headers.
bool has_controls(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char letter) {
        return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f;
    });
}

}  // namespace

base::Error invalid(std::string message, std::string field) {
    if (!field.empty()) field.insert(0, 1, '.');
    return base::invalid(std::move(message), std::move(field));
}

std::string_view field_of(const base::Error& error) {
    std::string_view field = error.field;
    if (field.starts_with('.')) field.remove_prefix(1);
    return field;
}

bool is_of_request(const base::Error& error) {
    return error.code == base::ErrorCode::invalid_request &&
           (error.field.empty() || error.field.starts_with('.'));
}

Fields::Fields(json::Value object, std::string where)
    : object_(object), where_(std::move(where)) {}

json::Value Fields::take(std::string_view name) {
    asked_.emplace(name);
    return object_[name];
}

bool Fields::has(std::string_view name) { return take(name).exists(); }
bool Fields::is_null(std::string_view name) { return take(name).is_null(); }
json::Value Fields::value(std::string_view name) { return take(name); }

void Fields::problem(std::string_view name, std::string_view what) {
    problems_.push_back(where_ + std::string(name) + " " + std::string(what));
}

void Fields::text(std::string_view name, std::string& target, std::size_t bytes_max) {
    const json::Value value = take(name);
    if (!value.exists()) return;
    if (value.is_null()) {
        target.clear();
        return;
    }
    if (!value.is_string()) return problem(name, "must be a text");
    std::string text = value.text();
    if (text.size() > bytes_max) {
        return problem(name, "is longer than " + std::to_string(bytes_max) + " bytes");
    }
    if (has_controls(text)) return problem(name, "must not hold control characters");
    target = std::move(text);
}

void Fields::required_text(std::string_view name, std::string& target) {
    const std::size_t before = problems_.size();
    text(name, target);
    if (target.empty() && problems_.size() == before) problem(name, "is required");
}

void Fields::word(std::string_view name, std::string& target,
                  std::initializer_list<std::string_view> words) {
    const json::Value value = take(name);
    if (!value.exists()) return;
    const std::string text = value.text();
    if (!value.is_string() || std::find(words.begin(), words.end(), text) == words.end()) {
        return problem(name, one_of(words));
    }
    target = text;
}

void Fields::flag(std::string_view name, bool& target) {
    const json::Value value = take(name);
    if (!value.exists()) return;
    const auto flag = value.boolean();
    if (!flag) return problem(name, "must be true or false");
    target = *flag;
}

void Fields::integer(std::string_view name, std::int64_t& target, std::int64_t least,
                     std::int64_t most) {
    const json::Value value = take(name);
    if (!value.exists()) return;
    const auto number = value.integer();
    if (!number || *number < least || *number > most) return problem(name, range(least, most));
    target = *number;
}

void Fields::optional_integer(std::string_view name, std::optional<std::int64_t>& target) {
    const json::Value value = take(name);
    if (!value.exists()) return;
    if (value.is_null()) {
        target.reset();
        return;
    }
    const auto number = value.integer();
    if (!number || *number < 0) {
        return problem(name, "must be a whole number of at least 0, or null for none");
    }
    target = *number;
}

std::optional<domain::NanoUsd> Fields::amount(std::string_view name, json::Value value) {
    const bool number = value.kind() == json::Kind::number;
    if (number || value.is_string()) {
        const std::string text = number ? std::string(value.raw()) : value.text();
        auto parsed = domain::parse_dollars(text);
        if (parsed.ok()) return *parsed;
    }
    problem(name, "must be an amount in US dollars, like 25 or 0.5");
    return std::nullopt;
}

void Fields::money(std::string_view name, domain::NanoUsd& target) {
    const json::Value value = take(name);
    if (!value.exists()) return;
    if (const auto nano = amount(name, value)) target = *nano;
}

void Fields::optional_money(std::string_view name, std::optional<domain::NanoUsd>& target) {
    const json::Value value = take(name);
    if (!value.exists()) return;
    if (value.is_null()) {
        target.reset();
        return;
    }
    const auto nano = amount(name, value);
    if (!nano) return;
    if (*nano < 0) return problem(name, "must not be negative");
    target = nano;
}

void Fields::names(std::string_view name, std::vector<std::string>& target) {
    const json::Value value = take(name);
    if (!value.exists()) return;
    std::vector<std::string> found;
    if (!value.is_null() && !value.is_array()) return problem(name, "must be a list of texts");
    if (value.size() > list_max) {
        return problem(name, "has more than " + std::to_string(list_max) + " entries");
    }
    for (const json::Value entry : value.elements()) {
        std::string text = entry.text();
        if (!entry.is_string() || text.empty() || text.size() > text_bytes_max ||
            has_controls(text)) {
            return problem(name, "must be a list of texts that are not empty");
        }
        found.push_back(std::move(text));
    }
    target = std::move(found);
}

void Fields::pairs(std::string_view name,
                   std::vector<std::pair<std::string, std::string>>& target) {
    const json::Value value = take(name);
    if (!value.exists()) return;
    if (!value.is_null() && !value.is_object()) return problem(name, "must be an object of texts");
    std::vector<std::pair<std::string, std::string>> found;
    const auto members = value.members();
    for (auto it = members.begin(); it != members.end(); ++it) {
        if (!(*it).is_string()) return problem(name, "must be an object of texts");
        found.emplace_back(it.key().text(), (*it).text());
    }
    if (found.size() > list_max) {
        return problem(name, "has more than " + std::to_string(list_max) + " entries");
    }
    target = std::move(found);
}

void Fields::object_text(std::string_view name, std::string& target) {
    const json::Value value = take(name);
    if (!value.exists()) return;
    if (value.is_null()) {
        target = "{}";
        return;
    }
    if (!value.is_object()) return problem(name, "must be an object");
    if (value.raw().size() > object_bytes_max) {
        return problem(name, "is longer than " + std::to_string(object_bytes_max) + " bytes");
    }
    target.clear();
    json::append_compact(target, value.raw());
}

void Fields::time(std::string_view name, domain::UnixMicros& target) {
    const json::Value value = take(name);
    if (!value.exists()) return;
    if (value.is_null()) {
        target = 0;
        return;
    }
    const auto at = value.is_string() ? parse_time(value.text()) : std::nullopt;
    if (!at) return problem(name, "must be a time like 2026-12-31T23:59:59Z, or null for never");
    target = *at;
}

void Fields::object(std::string_view name, const std::function<void(Fields&)>& read) {
    const json::Value value = take(name);
    if (!value.exists()) return;
    if (!value.is_object()) return problem(name, "must be an object");
    Fields inner(value, where_ + std::string(name) + ".");
    read(inner);
    for (const std::string& unknown : inner.unknown()) {
        inner.problems_.push_back(unknown + " is unknown");
    }
    problems_.insert(problems_.end(), inner.problems_.begin(), inner.problems_.end());
}

void Fields::objects(std::string_view name, const std::function<void(Fields&)>& read) {
    const json::Value value = take(name);
    if (!value.exists() || value.is_null()) return;
    if (!value.is_array()) return problem(name, "must be a list of objects");
    if (value.size() > list_max) {
        return problem(name, "has more than " + std::to_string(list_max) + " entries");
    }
    std::size_t index = 0;
    for (const json::Value entry : value.elements()) {
        if (!entry.is_object()) return problem(name, "must be a list of objects");
        Fields inner(entry, where_ + std::string(name) + "[" + std::to_string(index++) + "].");
        read(inner);
        for (const std::string& unknown : inner.unknown()) {
            inner.problems_.push_back(unknown + " is unknown");
        }
        problems_.insert(problems_.end(), inner.problems_.begin(), inner.problems_.end());
    }
}

void Fields::accept_unchanged(json::Value stored) {
    for (const std::string& name : unknown()) {
        const json::Value before = stored[name];
        if (!before.exists()) continue;
        std::string is, was;
        json::append_compact(is, take(name).raw());
        json::append_compact(was, before.raw());
        if (is != was) problem(name, "cannot be set here");
    }
}

std::vector<std::string> Fields::unknown() const {
    std::vector<std::string> found;
    const auto members = object_.members();
    for (auto it = members.begin(); it != members.end(); ++it) {
        const std::string key = it.key().text();
        if (asked_.find(key) == asked_.end()) found.push_back(where_ + key);
    }
    return found;
}

base::Result<void> Fields::finish() { return verdict(problems_, unknown(), "field"); }
base::Result<void> Fields::finish_known() { return verdict(problems_, {}, "field"); }

void read_limits(Fields& fields, domain::Limits& limits) {
    if (fields.is_null("limits")) {
        limits = {};
        return;
    }
    fields.object("limits", [&](Fields& inner) {
        inner.optional_integer("requests_per_minute", limits.requests_per_minute);
        inner.optional_integer("requests_per_hour", limits.requests_per_hour);
        inner.optional_integer("requests_per_day", limits.requests_per_day);
        inner.optional_integer("tokens_per_minute", limits.tokens_per_minute);
        inner.optional_integer("input_tokens_per_minute", limits.input_tokens_per_minute);
        inner.optional_integer("output_tokens_per_minute", limits.output_tokens_per_minute);
        inner.optional_integer("concurrent_requests", limits.concurrent_requests);
    });
}

Query::Query(std::string_view query) {
    const auto decode = [](std::string_view text) {
        std::string plain(text);
        std::replace(plain.begin(), plain.end(), '+', ' ');
        return http::percent_decode(plain);
    };
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        if (pair.empty()) continue;
        const std::size_t equals = std::min(pair.find('='), pair.size());
        std::string name = decode(pair.substr(0, equals));
        const bool twice = std::any_of(pairs_.begin(), pairs_.end(),
                                       [&](const auto& known) { return known.first == name; });
        if (twice) problem(name, "is given twice");
        pairs_.emplace_back(std::move(name),
                            decode(pair.substr(std::min(equals + 1, pair.size()))));
    }
}

const std::string* Query::take(std::string_view name) {
    asked_.emplace(name);
    for (const auto& [key, value] : pairs_) {
        if (key == name) return &value;
    }
    return nullptr;
}

bool Query::has(std::string_view name) { return take(name) != nullptr; }

std::string Query::text(std::string_view name) {
    const std::string* value = take(name);
    return value == nullptr ? "" : *value;
}

std::int64_t Query::integer(std::string_view name, std::int64_t otherwise, std::int64_t least,
                            std::int64_t most) {
    const std::string* value = take(name);
    if (value == nullptr) return otherwise;
    std::int64_t number = 0;
    const char* const last = value->data() + value->size();
    const auto [end, error] = std::from_chars(value->data(), last, number);
    if (error != std::errc() || end != last || number < least || number > most) {
        problem(name, range(least, most));
        return otherwise;
    }
    return number;
}

std::optional<bool> Query::optional_flag(std::string_view name) {
    const std::string* value = take(name);
    if (value == nullptr) return std::nullopt;
    if (*value == "true" || *value == "1") return true;
    if (*value == "false" || *value == "0") return false;
    problem(name, "must be true or false");
    return std::nullopt;
}

bool Query::flag(std::string_view name, bool otherwise) {
    return optional_flag(name).value_or(otherwise);
}

domain::UnixMicros Query::time(std::string_view name, domain::UnixMicros otherwise) {
    const std::string* value = take(name);
    if (value == nullptr) return otherwise;
    const auto at = parse_time(*value);
    if (!at) problem(name, "must be a time like 2026-12-31T23:59:59Z, or a date");
    return at.value_or(otherwise);
}

std::string Query::word(std::string_view name, std::string_view otherwise,
                        std::initializer_list<std::string_view> words) {
    const std::string* value = take(name);
    if (value == nullptr) return std::string(otherwise);
    if (std::find(words.begin(), words.end(), *value) == words.end()) {
        problem(name, one_of(words));
        return std::string(otherwise);
    }
    return *value;
}

void Query::problem(std::string_view name, std::string_view what) {
    problems_.push_back(std::string(name) + " " + std::string(what));
}

std::vector<std::string> Query::unknown() const {
    std::vector<std::string> found;
    for (const auto& [key, value] : pairs_) {
        if (asked_.find(key) == asked_.end()) found.push_back(key);
    }
    return found;
}

base::Result<void> Query::finish() { return verdict(problems_, unknown(), "query parameter"); }
base::Result<void> Query::finish_known() { return verdict(problems_, {}, "query parameter"); }

}  // namespace tollgate::admin
