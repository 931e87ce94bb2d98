// JSON written again: indented, and as YAML.
#include <algorithm>
#include <array>
#include <string>

#include "commands/render.hpp"

namespace tollgate::commands {
namespace {

constexpr std::size_t step = 2;  // of indentation

void append_pretty(std::string& out, json::Value value, std::size_t depth) {
    const bool array = value.is_array();
    if ((!array && !value.is_object()) || value.size() == 0) {
        json::append_compact(out, value.raw());
        return;
    }
    out += array ? '[' : '{';
    bool first = true;
    const auto line = [&] {
        out += first ? "\n" : ",\n";
        out.append((depth + 1) * step, ' ');
        first = false;
    };
    for (const json::Value element : value.elements()) {
        line();
        append_pretty(out, element, depth + 1);
    }
    const auto members = value.members();
    for (auto it = members.begin(); it != members.end(); ++it) {
        line();
        out += it.key().raw();
        out += ": ";
        append_pretty(out, *it, depth + 1);
    }
    out += '\n';
    out.append(depth * step, ' ');
    out += array ? ']' : '}';
}

bool plain_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || c == '-' || c == '.' || c == '/' || c == '@' || c == ' ';
}

// Text that every YAML reader takes for text without quotes.
bool is_plain(const std::string& text) {
    constexpr std::array<std::string_view, 10> words = {"true", "false", "null", "yes", "no",
                                                        "on",   "off",   "y",    "n",   "nan"};
    if (text.empty() || text.back() == ' ') return false;
    const char first = text.front();
    if (!((first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z'))) return false;
    std::string lower = text;
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return std::all_of(text.begin(), text.end(), plain_character) &&
           std::find(words.begin(), words.end(), lower) == words.end();
}

void append_yaml_text(std::string& out, const std::string& text) {
    if (is_plain(text)) {
        out += text;
    } else {
        json::append_string(out, text);  // which YAML reads as it is
    }
}

void append_yaml(std::string& out, json::Value value, std::size_t depth, bool on_dash);

// The value of a key, or of a dash: beside it when it is short, else below.
void append_yaml_value(std::string& out, json::Value value, std::size_t depth, bool below_dash) {
    const bool tree = (value.is_array() || value.is_object()) && value.size() > 0;
    if (tree && below_dash) {
        out += ' ';
        return append_yaml(out, value, depth, true);
    }
    if (tree) {
        out += '\n';
        return append_yaml(out, value, depth, false);
    }
    out += ' ';
    if (value.is_string()) {
        append_yaml_text(out, value.text());
    } else {
        json::append_compact(out, value.raw());
    }
    out += '\n';
}

// REQUIRES: an array or object with something in it. `on_dash`: the first line goes on behind one.
void append_yaml(std::string& out, json::Value value, std::size_t depth, bool on_dash) {
    bool first = on_dash;
    const auto indent = [&] {
        if (!first) out.append(depth * step, ' ');
        first = false;
    };
    for (const json::Value element : value.elements()) {
        indent();
        out += '-';
        append_yaml_value(out, element, depth + 1, true);
    }
    const auto members = value.members();
    for (auto it = members.begin(); it != members.end(); ++it) {
        indent();
        append_yaml_text(out, it.key().text());
        out += ':';
        append_yaml_value(out, *it, depth + 1, false);
    }
}

}  // namespace

std::string pretty_json(std::string_view text) {
    json::Document document;
    const auto root = document.parse(text);
    if (!root.ok()) return std::string(text);
    std::string out;
    append_pretty(out, *root, 0);
    return out + "\n";
}

std::string yaml_text(std::string_view text) {
    json::Document document;
    const auto root = document.parse(text);
    if (!root.ok()) return std::string(text);
    std::string out;
    if ((root->is_array() || root->is_object()) && root->size() > 0) {
        append_yaml(out, *root, 0, false);
        return out;
    }
    append_yaml_value(out, *root, 0, false);
    return out.substr(1);
}

}  // namespace tollgate::commands
