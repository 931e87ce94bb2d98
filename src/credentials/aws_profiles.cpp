#include "credentials/aws_profiles.hpp"

#include "credentials/files.hpp"

namespace tollgate::credentials {
namespace {

std::string lower(std::string text) {
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return text;
}

std::string_view without_comment(std::string_view line) {
    for (std::size_t i = 0; i < line.size(); ++i) {
        const bool mark = line[i] == '#' || line[i] == ';';
        const bool apart = i == 0 || std::string_view(" \t\r").find(line[i - 1]) != line.npos;
        if (mark && apart) return line.substr(0, i);
    }
    return line;
}

std::string unquoted(std::string text) {
    const bool quoted = text.size() >= 2 && (text.front() == '"' || text.front() == '\'') &&
                        text.back() == text.front();
    return quoted ? trimmed(std::string_view(text).substr(1, text.size() - 2)) : text;
}

// "profile x" of the configuration file as "x"; "" for sections that are no profile.
std::string profile_of(std::string_view section) {
    if (section == "default") return "default";
    constexpr std::string_view word = "profile";
    if (!section.starts_with(word) || section.size() == word.size()) return {};
    const char next = section[word.size()];
    if (next != ' ' && next != '\t') return {};
    return unquoted(trimmed(section.substr(word.size())));
}

base::Result<std::string> text_of(const std::string& path) {
    auto text = read_text_file(path);
    if (!text.ok() && text.error().code == base::ErrorCode::not_found) return std::string();
    return text;
}

std::string path_of(const Variables& variables, std::string_view name, std::string_view fallback) {
    const std::string path = variable(variables, name);
    if (path.empty() && variable(variables, "HOME").empty()) return {};
    return home_path(variables, path.empty() ? fallback : std::string_view(path));
}

}  // namespace

const Profile* AwsProfiles::find(std::string_view name) const {
    const auto found = profiles.find(name);
    return found == profiles.end() ? nullptr : &found->second;
}

std::map<std::string, Profile, std::less<>> parse_ini(std::string_view text) {
    std::map<std::string, Profile, std::less<>> sections;
    Profile* section = nullptr;
    bool nested = false;  // below a key without value
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        const std::string content = trimmed(without_comment(line));
        if (content.empty()) continue;
        const bool indented = line.front() == ' ' || line.front() == '\t';
        const std::size_t equals = content.find('=');
        if (content.front() == '[' && content.back() == ']') {
            const auto inside = std::string_view(content).substr(1, content.size() - 2);
            section = &sections[trimmed(inside)];
            nested = false;
        } else if (section != nullptr && equals != std::string::npos && !(indented && nested)) {
            const std::string value = trimmed(std::string_view(content).substr(equals + 1));
            nested = value.empty();
            (*section)[lower(trimmed(std::string_view(content).substr(0, equals)))] = value;
        }
    }
    return sections;
}

AwsProfiles merge_profiles(std::string_view config, std::string_view credentials) {
    AwsProfiles all;
    for (auto& [section, keys] : parse_ini(config)) {
        if (const std::string name = profile_of(section); !name.empty()) {
            all.profiles[name].insert(keys.begin(), keys.end());
        }
    }
    for (auto& [section, keys] : parse_ini(credentials)) {
        for (auto& [key, value] : keys) all.profiles[section].insert_or_assign(key, value);
    }
    return all;
}

base::Result<AwsProfiles> load_profiles(const Variables& variables) {
    const std::string config = path_of(variables, "AWS_CONFIG_FILE", "~/.aws/config");
    const std::string credentials =
        path_of(variables, "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials");
    std::string config_text, credentials_text;
    if (!config.empty()) {
        TRY(config_text, text_of(config));
    }
    if (!credentials.empty()) {
        TRY(credentials_text, text_of(credentials));
    }
    AwsProfiles all = merge_profiles(config_text, credentials_text);
    all.files = config + " and " + credentials;
    return all;
}

std::string profile_name(const Variables& variables) {
    for (const char* name : {"AWS_PROFILE", "AWS_DEFAULT_PROFILE"}) {
        if (std::string value = variable(variables, name); !value.empty()) return value;
    }
    return "default";
}

bool has_credentials(const Profile& profile) {
    for (const char* key : {"aws_access_key_id", "role_arn", "credential_process", "sso_session",
                            "sso_start_url", "login_session"}) {
        if (!setting(profile, key).empty()) return true;
    }
    return false;
}

std::string setting(const Profile& profile, std::string_view key) {
    const auto found = profile.find(key);
    return found == profile.end() ? std::string() : found->second;
}

}  // namespace tollgate::credentials
