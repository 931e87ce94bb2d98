#include "config/reader.hpp"

#include <algorithm>

#include "base/nearest.hpp"
#include "config/scalar.hpp"

namespace tollgate::config {
namespace {

constexpr double duration_scale = 1000;  // limits of durations are given in seconds

std::string plain_number(double value) {
    if (value == static_cast<double>(static_cast<std::int64_t>(value))) {
        return std::to_string(static_cast<std::int64_t>(value));
    }
    std::string text = std::to_string(value);
    text.erase(text.find_last_not_of('0') + 1);
    return text;
}

}  // namespace

std::string shown(const Node& node) {
    if (!node.is_scalar()) return std::string(node.kind_name());
    if (!node.variable.empty()) return "the value of " + node.variable;
    constexpr std::size_t longest = 60;
    if (node.text.size() <= longest) return "`" + node.text + "`";
    return "`" + node.text.substr(0, longest) + "...`";
}

Reader::Reader(Session& session, const Node& node, std::string path, Strictness strictness)
    : session_(session), node_(node), path_(std::move(path)), strictness_(strictness),
      taken_(node.members.size()) {
    if (node.is_mapping() || node.is_null()) return;
    complain(session_.problems, Severity::error, node, path_,
             "expected a mapping (`key: value` lines), got " + shown(node));
}

const Node* Reader::take(std::string_view key) {
    known_.push_back(key);
    for (std::size_t i = 0; i < node_.members.size(); ++i) {
        if (node_.members[i].key != key) continue;
        taken_[i] = true;
        const Node& value = node_.members[i].value;
        return value.is_null() ? nullptr : &value;
    }
    return nullptr;
}

void Reader::set_from(const Node& node, std::string_view key) {
    if (session_.origins) (*session_.origins)[path_of(key)] = node.origin();
}

const Node* Reader::scalar(const Field& field) {
    const Node* node = take(field.key);
    if (!node) return nullptr;
    if (!node->is_scalar()) {
        mismatch(*node, field, "a single value");
        return nullptr;
    }
    return node;
}

void Reader::mismatch(const Node& node, const Field& field, std::string_view expected) {
    complain(session_.problems, Severity::error, node, path_of(field.key),
             "expected " + std::string(expected) + ", got " + shown(node));
}

bool Reader::in_range(const Node& node, const Field& field, double value) {
    if (value >= field.min && value <= field.max) return true;
    std::string bounds = field.max == std::numeric_limits<double>::max()
                             ? "at least " + plain_number(field.min)
                             : "from " + plain_number(field.min) + " to " + plain_number(field.max);
    mismatch(node, field, "a value " + bounds);
    return false;
}

void Reader::value(const Field& field, bool& out) {
    std::optional<bool> read;
    value(field, read);
    if (read) out = *read;
}

void Reader::value(const Field& field, std::optional<bool>& out) {
    const Node* node = scalar(field);
    if (!node) return;
    const auto read = parse_bool(node->text);
    if (!read) return mismatch(*node, field, "true or false");
    out = *read;
    set_from(*node, field.key);
}

void Reader::value(const Field& field, std::string& out) {
    const Node* node = scalar(field);
    if (!node) return;
    if (!field.choices.empty()) {
        std::vector<std::string> words;
        each_word(field.choices, '|', [&](std::string_view word) { words.emplace_back(word); });
        if (std::find(words.begin(), words.end(), node->text) == words.end()) {
            std::string list;
            for (const std::string& word : words) list += (list.empty() ? "" : ", ") + word;
            return mismatch(*node, field, "one of " + list);
        }
    }
    out = node->text;
    set_from(*node, field.key);
}

void Reader::value(const Field& field, std::int64_t& out) {
    std::optional<std::int64_t> read;
    value(field, read);
    if (read) out = *read;
}

void Reader::value(const Field& field, std::optional<std::int64_t>& out) {
    const Node* node = scalar(field);
    if (!node) return;
    auto read = parse_integer(node->text);
    if (!read) {
        const auto number = parse_number(node->text);  // 1e6 and 100.0 are whole numbers too
        if (number && std::abs(*number) < 9e15 &&
            *number == static_cast<double>(static_cast<std::int64_t>(*number))) {
            read = static_cast<std::int64_t>(*number);
        }
    }
    if (!read) return mismatch(*node, field, "a whole number");
    if (!in_range(*node, field, static_cast<double>(*read))) return;
    out = *read;
    set_from(*node, field.key);
}

void Reader::value(const Field& field, std::optional<double>& out) {
    const Node* node = scalar(field);
    if (!node) return;
    const auto read = parse_number(node->text);
    if (!read) return mismatch(*node, field, "a number");
    if (!in_range(*node, field, *read)) return;
    out = *read;
    set_from(*node, field.key);
}

void Reader::value(const Field& field, Duration& out) {
    const Node* node = scalar(field);
    if (!node) return;
    const auto read = parse_duration(node->text);
    if (!read) return mismatch(*node, field, "a duration such as `30s`, `5m`, `1h30m` or seconds");
    const double in_seconds = static_cast<double>(read->count()) / duration_scale;
    if (in_seconds < field.min || in_seconds > field.max) {
        return mismatch(*node, field,
                        "a duration from " + plain_number(field.min) + " to " +
                            plain_number(field.max) + " seconds");
    }
    out = *read;
    set_from(*node, field.key);
}

void Reader::value(const Field& field, Bytes& out) {
    const Node* node = scalar(field);
    if (!node) return;
    const auto read = parse_bytes(node->text);
    if (!read) return mismatch(*node, field, "a size such as `32MiB`, `64k` or bytes");
    if (!in_range(*node, field, static_cast<double>(read->count))) return;
    out = *read;
    set_from(*node, field.key);
}

void Reader::value(const Field& field, Secret& out) {
    const Node* node = take(field.key);
    if (!node) return;
    out = read_secret(session_, *node, path_of(field.key));
    set_from(*node, field.key);
}

void Reader::value(const Field& field, JsonText& out) {
    const Node* node = take(field.key);
    if (!node) return;
    out.text = to_json(*node);
    set_from(*node, field.key);
}

void Reader::value(const Field& field, StringMap& out) {
    const Node* node = take(field.key);
    if (!node) return;
    if (!node->is_mapping()) return mismatch(*node, field, "a mapping of names to texts");
    for (const Member& member : node->members) {
        if (member.value.is_null()) continue;
        if (!member.value.is_scalar()) {
            complain(session_.problems, Severity::error, member.value,
                     join_path(path_of(field.key), member.key),
                     "expected a single value, got " + shown(member.value));
            continue;
        }
        out.emplace_back(member.key, member.value.text);
    }
    set_from(*node, field.key);
}

void Reader::json_map(const Field& field, JsonMap& out) {
    const Node* node = take(field.key);
    if (!node) return;
    if (!node->is_mapping()) return mismatch(*node, field, "a mapping of names to values");
    for (const Member& member : node->members) {
        out.emplace_back(member.key, to_json(member.value));
    }
    set_from(*node, field.key);
}

void Reader::value(const Field& field, std::vector<std::string>& out) {
    const Node* node = take(field.key);
    if (!node) return;
    read_strings(session_, *node, path_of(field.key), out);
    set_from(*node, field.key);
}

void Reader::price(const Field& field, std::optional<std::int64_t>& out) {
    const Node* node = scalar(field);
    if (!node) return;
    const auto read = parse_price(node->text);
    if (!read) return mismatch(*node, field, "US dollars per token such as `0.000003`");
    out = *read;
    set_from(*node, field.key);
}

void Reader::section(const Field& field, const std::function<void(FieldVisitor&)>& inner) {
    const Node* node = take(field.key);
    if (!node) return;
    Reader reader(session_, *node, path_of(field.key), strictness_);
    inner(reader);
    reader.finish();
}

void Reader::later(std::string_view keys) {
    each_word(keys, ' ', [&](std::string_view key) {
        if (const Node* node = take(key)) {
            complain(session_.problems, Severity::warning, *node, path_of(key),
                     "accepted and not used yet: " + std::string(key));
        }
    });
}

std::vector<const Member*> Reader::take_rest() {
    std::vector<const Member*> rest;
    for (std::size_t i = 0; i < node_.members.size(); ++i) {
        if (!taken_[i]) rest.push_back(&node_.members[i]);
        taken_[i] = true;
    }
    return rest;
}

std::string Reader::suggestion(std::string_view key) const {
    const std::vector<std::string> names(known_.begin(), known_.end());
    const auto near = base::nearest(key, names, 1, true);
    return near.empty() ? std::string{} : "did you mean `" + near.front() + "`?";
}

void Reader::finish() {
    const Severity severity =
        strictness_ == Strictness::ours ? Severity::error : Severity::warning;
    for (const Member* member : take_rest()) {
        Node place = member->value;
        place.line = member->line;
        place.column = member->column;
        complain(session_.problems, severity, place, path_of(member->key),
                 severity == Severity::error ? "unknown key" : "unknown key, ignored",
                 suggestion(member->key));
    }
}

void read_strings(Session& session, const Node& node, std::string_view path,
                  std::vector<std::string>& out) {
    if (node.is_null()) return;
    if (node.is_scalar()) {
        out.push_back(node.text);
        return;
    }
    if (!node.is_sequence()) {
        complain(session.problems, Severity::error, node, path,
                 "expected a list of texts, got " + shown(node));
        return;
    }
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        const Node& item = node.items[i];
        if (item.is_null()) continue;
        if (item.is_scalar()) {
            out.push_back(item.text);
            continue;
        }
        complain(session.problems, Severity::error, item,
                 std::string(path) + "[" + std::to_string(i) + "]",
                 "expected a text, got " + shown(item));
    }
}

Secret read_secret(Session& session, const Node& node, std::string_view path) {
    if (!node.is_scalar()) {
        complain(session.problems, Severity::error, node, path,
                 "expected a text or a reference such as `os.environ/NAME`, `${NAME}` or "
                 "`file:/path`, got " +
                     shown(node));
        return {};
    }
    if (!node.variable.empty()) return {node.text, "environment " + node.variable};
    constexpr std::string_view scheme = "file:";
    if (!node.text.starts_with(scheme)) return {node.text, "literal"};
    const std::string file = node.text.substr(scheme.size());
    if (!session.environment.read_secret_file) {
        complain(session.problems, Severity::error, node, path, "secret files are not available");
        return {};
    }
    auto content = session.environment.read_secret_file(file);
    if (!content) {
        complain(session.problems, Severity::error, node, path, content.error().message);
        return {};
    }
    return {std::move(content).value(), node.text};
}

}  // namespace tollgate::config
