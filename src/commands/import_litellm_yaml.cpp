#include "commands/import_litellm_yaml.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/json.hpp"

namespace tollgate::commands::litellm {
namespace {

using config::Member;
using config::Node;

// Lists grow, mappings join, single values of the included file win.
void join(Node& into, Node from, bool top) {
    if (into.is_sequence() && from.is_sequence()) {
        std::move(from.items.begin(), from.items.end(), std::back_inserter(into.items));
    } else if (into.is_mapping() && from.is_mapping()) {
        for (Member& member : from.members) {
            if (top && member.key == "include") continue;
            if (Node* mine = into.find(member.key)) {
                join(*mine, std::move(member.value), false);
            } else {
                into.members.push_back(std::move(member));
            }
        }
    } else if (!from.is_null()) {
        into = std::move(from);
    }
}

// Whether a plain scalar reads as the same text again, wherever it stands.
bool stays_plain(const std::string& text) {
    constexpr std::string_view inside = "_./*@%+-:=<>";
    const auto is_word = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    if (text.empty() || text.back() == ':') return false;
    if (!is_word(text.front()) && text.front() != '/' && text.front() != '.' &&
        text.front() != '_' && !(text.front() == '-' && text.size() > 1 && is_word(text[1]))) {
        return false;
    }
    return std::all_of(text.begin(), text.end(), [&](char c) {
        return is_word(c) || inside.find(c) != std::string_view::npos;
    });
}

std::string scalar_text(const std::string& text, bool quoted) {
    if (!quoted && stays_plain(text)) return text;
    std::string out;
    json::append_string(out, text);
    return out;
}

class YamlWriter {
public:
    explicit YamlWriter(const std::set<std::string>& without) : without_(without) {}

    // Members of a mapping, each on a line of its own; the first goes on where a list item begins.
    void write_members(const Node& node, const std::string& path, std::size_t depth,
                       bool inline_first) {
        for (const Member& member : node.members) {
            const std::string here = config::join_path(path, member.key);
            if (without_.contains(here)) continue;
            if (!inline_first) indent(depth);
            inline_first = false;
            out_ += scalar_text(member.key, false) + ":";
            write_value(member.value, here, depth);
        }
    }
    std::string take() { return std::move(out_); }

private:
    void indent(std::size_t depth) { out_.append(depth * 2, ' '); }
    bool is_empty(const Node& node, const std::string& path) const {
        if (node.is_sequence()) return node.items.empty();
        return std::all_of(node.members.begin(), node.members.end(), [&](const Member& member) {
            return without_.contains(config::join_path(path, member.key));
        });
    }
    // After "key:".
    void write_value(const Node& node, const std::string& path, std::size_t depth) {
        if (node.is_null()) {
            out_ += "\n";
        } else if (node.is_scalar()) {
            out_ += " " + scalar_text(node.text, node.quoted) + "\n";
        } else if (is_empty(node, path)) {
            out_ += node.is_sequence() ? " []\n" : " {}\n";
        } else if (node.is_mapping()) {
            out_ += "\n";
            write_members(node, path, depth + 1, false);
        } else {
            out_ += "\n";
            write_items(node, path, depth + 1);
        }
    }
    void write_items(const Node& node, const std::string& path, std::size_t depth) {
        for (std::size_t i = 0; i < node.items.size(); ++i) {
            const Node& item = node.items[i];
            const std::string here = path + "[" + std::to_string(i) + "]";
            indent(depth);
            if (item.is_mapping() && !is_empty(item, here)) {
                out_ += "- ";
                write_members(item, here, depth + 1, true);
            } else {
                out_ += "-";
                write_value(item, here, depth);
            }
        }
    }

    const std::set<std::string>& without_;
    std::string out_;
};

}  // namespace

bool RawConfiguration::read(const std::string& path) {
    root_ = {};
    names_.clear();
    return read_file(path, root_, 0) && root_.is_mapping();
}

bool RawConfiguration::read_file(const std::string& path, Node& root, std::size_t depth) {
    std::ifstream stream(path, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(stream)), {});
    if (!stream) return false;
    std::vector<config::Problem> told_elsewhere;
    if (!config::parse_yaml(text, &names_.emplace_back(path), root, told_elsewhere)) return false;
    Node* found = root.find("include");
    if (found == nullptr || depth >= config::include_depth_max) return true;
    std::vector<std::string> files;
    if (found->is_scalar()) files.push_back(found->text);
    for (const Node& item : found->items) files.push_back(item.text);
    std::erase_if(root.members, [](const Member& member) { return member.key == "include"; });
    const auto folder = std::filesystem::path(path).parent_path();
    for (const std::string& name : files) {
        const std::string file = (folder / name).lexically_normal().string();
        if (std::find(names_.begin(), names_.end(), file) != names_.end()) continue;
        Node other;
        if (read_file(file, other, depth + 1)) join(root, std::move(other), true);
    }
    return true;
}

std::string to_yaml(const Node& root, const std::set<std::string>& without) {
    YamlWriter writer(without);
    writer.write_members(root, "", 0, false);
    return writer.take();
}

void each_scalar(Node& node, const std::string& path,
                 const std::function<void(const std::string& path, Node& scalar)>& use) {
    if (node.is_scalar()) return use(path, node);
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        each_scalar(node.items[i], path + "[" + std::to_string(i) + "]", use);
    }
    for (Member& member : node.members) {
        each_scalar(member.value, config::join_path(path, member.key), use);
    }
}

std::vector<std::string> variables_of(const std::string& text) {
    constexpr std::string_view prefix = "os.environ/";
    if (text.starts_with(prefix)) return {text.substr(prefix.size())};
    std::vector<std::string> names;
    for (std::size_t at = text.find("${"); at != std::string::npos; at = text.find("${", at + 2)) {
        const std::size_t end = text.find('}', at);
        if (end == std::string::npos) break;
        const std::string name = text.substr(at + 2, end - at - 2);
        if (name.find(":-") == std::string::npos) names.push_back(name);
    }
    return names;
}

bool is_reference(const std::string& text) {
    return text.starts_with("os.environ/") || text.starts_with("file:") ||
           text.find("${") != std::string::npos;
}

}  // namespace tollgate::commands::litellm
