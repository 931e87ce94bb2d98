#include "config/expand.hpp"

namespace tollgate::config {
namespace {

bool name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool name_part(char c) { return name_start(c) || (c >= '0' && c <= '9'); }

std::size_t name_length(std::string_view text) {
    if (text.empty() || !name_start(text[0])) return 0;
    std::size_t length = 1;
    while (length < text.size() && name_part(text[length])) ++length;
    return length;
}

std::string not_set(std::string_view name) {
    return "the environment variable " + std::string(name) + " is not set (nor " +
           std::string(name) + "_FILE)";
}

void to_null(Node& node) {
    node.kind = Node::Kind::null;
    node.text.clear();
}

// Replaces `${...}`; `missing` gets the first name without a value.
std::string fill(std::string_view text, const Environment& environment, std::string& variable,
                 std::string& missing) {
    std::string out;
    while (!text.empty()) {
        const std::size_t dollar = text.find("${");
        if (dollar == std::string_view::npos) break;
        if (dollar > 0 && text[dollar - 1] == '$') {
            out += text.substr(0, dollar);
            out += '{';
            text.remove_prefix(dollar + 2);
            continue;
        }
        out += text.substr(0, dollar);
        text.remove_prefix(dollar);
        const std::size_t length = name_length(text.substr(2));
        const std::string_view after = text.substr(2 + length);
        const bool has_default = after.starts_with(":-");
        const std::size_t close = text.find('}');
        if (length == 0 || close == std::string_view::npos ||
            (!has_default && close != 2 + length)) {
            out += "${";
            text.remove_prefix(2);
            continue;
        }
        const std::string_view name = text.substr(2, length);
        if (auto value = environment.lookup(name)) {
            out += *value;
            if (variable.empty()) variable = name;
        } else if (has_default) {
            out += text.substr(length + 4, close - length - 4);
        } else if (missing.empty()) {
            missing = name;
        }
        text.remove_prefix(close + 1);
    }
    out += text;
    return out;
}

void expand_scalar(Node& node, const std::string& path, const Environment& environment,
                   Severity severity, std::vector<Problem>& problems) {
    constexpr std::string_view prefix = "os.environ/";
    std::string missing;
    if (node.text.starts_with(prefix)) {
        const std::string name = node.text.substr(prefix.size());
        if (auto value = environment.lookup(name)) {
            node.text = *value;
            node.variable = name;
            return;
        }
        missing = name;
    } else if (node.text.find("${") != std::string::npos) {
        std::string variable;
        std::string filled = fill(node.text, environment, variable, missing);
        if (missing.empty()) {
            node.text = std::move(filled);
            node.variable = std::move(variable);
            if (node.text.empty()) to_null(node);
            return;
        }
    } else {
        return;
    }
    to_null(node);
    complain(problems, severity, node, path, not_set(missing));
}

}  // namespace

void expand(Node& node, const std::string& path, const Environment& environment,
            Severity missing, std::vector<Problem>& problems) {
    if (node.is_scalar()) return expand_scalar(node, path, environment, missing, problems);
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        expand(node.items[i], path + "[" + std::to_string(i) + "]", environment, missing,
               problems);
    }
    for (Member& member : node.members) {
        expand(member.value, join_path(path, member.key), environment, missing, problems);
    }
}

void read_dotenv(std::string_view text, const std::string& file, Variables& variables,
                 std::vector<Problem>& problems) {
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.ends_with('\r')) line.remove_suffix(1);
        const std::size_t begin = line.find_first_not_of(" \t");
        if (begin == std::string_view::npos || line[begin] == '#') continue;
        line.remove_prefix(begin);
        if (line.starts_with("export ")) line.remove_prefix(7);
        const std::size_t length = name_length(line);
        if (length == 0 || length >= line.size() || line[length] != '=') {
            problems.push_back({Severity::warning, file, number, 1, "",
                                "not read: the line is no `NAME=value`", ""});
            continue;
        }
        std::string_view value = line.substr(length + 1);
        const char quote = value.empty() ? '\0' : value.front();
        const std::size_t close =
            quote == '"' || quote == '\'' ? value.find(quote, 1) : std::string_view::npos;
        if (close != std::string_view::npos) {
            value = value.substr(1, close - 1);
        } else {
            const std::size_t comment = value.find(" #");
            value = value.substr(0, comment);
            while (value.ends_with(' ') || value.ends_with('\t')) value.remove_suffix(1);
        }
        variables.emplace(std::string(line.substr(0, length)), std::string(value));
    }
}

}  // namespace tollgate::config
