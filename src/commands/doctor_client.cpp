// What a client's environment says: which variables are set, and which of them fight each other.
#include <algorithm>
#include <array>

#include "commands/doctor.hpp"

namespace tollgate::commands {
namespace {

using config::Variables;

std::string value(const Variables& variables, std::string_view name) {
    const auto found = variables.find(name);
    return found == variables.end() ? "" : found->second;
}

bool is_secret(std::string_view name) {
    return name.find("KEY") != name.npos || name.find("TOKEN") != name.npos ||
           name.find("SECRET") != name.npos || name.find("HEADERS") != name.npos;
}

// Token limits are numbers; only credentials hide.
bool is_limit(std::string_view name) { return name.find("TOKENS") != name.npos; }

void list_variables(const Variables& variables, Checks& checks) {
    bool any = false;
    for (const auto& [name, text] : variables) {
        const bool ours = name.starts_with("ANTHROPIC_") || name.starts_with("OPENAI_") ||
                          name.starts_with("CLAUDE_CODE_");
        if (!ours) continue;
        any = true;
        const bool hidden = is_secret(name) && !is_limit(name);
        const std::string shown =
            hidden ? "set, " + std::to_string(text.size()) + " characters" : text;
        checks.push_back({name, Health::ok, shown, "", -1});
    }
    if (!any) {
        checks.push_back(
            {"variables", Health::warn, "no ANTHROPIC_, OPENAI_ or CLAUDE_CODE_ variable is set",
             "run `tollgate keys snippet --client claude-code` and paste its lines", -1});
    }
}

bool is_local(std::string_view url) {
    const std::size_t scheme = url.find("://");
    if (scheme != url.npos) url.remove_prefix(scheme + 3);
    const std::string_view host =
        url.substr(0, url.find_first_of(url.starts_with('[') ? "/" : ":/"));
    return host == "localhost" || host.starts_with("127.") || host.starts_with("[::1]");
}

bool has_scheme(std::string_view url) {
    return url.starts_with("http://") || url.starts_with("https://");
}

void check_anthropic_url(const Variables& variables, Checks& checks) {
    const std::string name = "ANTHROPIC_BASE_URL";
    std::string url = value(variables, name);
    if (url.empty()) {
        const bool credential = !value(variables, "ANTHROPIC_AUTH_TOKEN").empty();
        if (credential) {
            checks.push_back({name, Health::warn, "not set: the token goes to Anthropic itself",
                              "export ANTHROPIC_BASE_URL=http://127.0.0.1:4000 (the gateway)", -1});
        }
        return;
    }
    if (!has_scheme(url)) {
        checks.push_back({name, Health::fail, "has no scheme: " + url,
                          "write http:// or https:// before it", -1});
        return;
    }
    while (url.ends_with('/')) url.pop_back();
    if (url.ends_with("/v1")) {
        url.resize(url.size() - 3);
        checks.push_back({name, Health::fail, "ends in /v1, and the client adds /v1 itself",
                          "export ANTHROPIC_BASE_URL=" + url, -1});
    } else if (url.ends_with("/messages")) {
        checks.push_back({name, Health::fail, "names a path, not the server",
                          "leave only scheme, host and port", -1});
    }
}

void check_openai_url(const Variables& variables, Checks& checks) {
    const std::string name = "OPENAI_BASE_URL";
    std::string url = value(variables, name);
    if (url.empty()) return;
    if (!has_scheme(url)) {
        checks.push_back({name, Health::fail, "has no scheme: " + url,
                          "write http:// or https:// before it", -1});
        return;
    }
    while (url.ends_with('/')) url.pop_back();
    if (!url.ends_with("/v1")) {
        checks.push_back({name, Health::warn, "does not end in /v1, which OpenAI's clients expect",
                          "export OPENAI_BASE_URL=" + url + "/v1", -1});
    }
}

void check_credentials(const Variables& variables, Checks& checks) {
    const std::string key = value(variables, "ANTHROPIC_API_KEY");
    const std::string token = value(variables, "ANTHROPIC_AUTH_TOKEN");
    const bool gateway = !value(variables, "ANTHROPIC_BASE_URL").empty();
    if (!key.empty() && !token.empty()) {
        const bool same = key == token;
        checks.push_back(
            {"credentials", same ? Health::warn : Health::fail,
             same ? "ANTHROPIC_API_KEY and ANTHROPIC_AUTH_TOKEN are both set, alike"
                  : "ANTHROPIC_API_KEY and ANTHROPIC_AUTH_TOKEN are both set and differ:"
                    " both are sent",
             "unset ANTHROPIC_API_KEY", -1});
    } else if (gateway && key.empty() && token.empty()) {
        checks.push_back({"credentials", Health::fail,
                          "a base URL, but neither ANTHROPIC_AUTH_TOKEN nor ANTHROPIC_API_KEY",
                          "export ANTHROPIC_AUTH_TOKEN=(a key of the gateway)", -1});
    }
    for (const auto& [name, text] :
         {std::pair<std::string, std::string>{"ANTHROPIC_API_KEY", key},
          std::pair<std::string, std::string>{"ANTHROPIC_AUTH_TOKEN", token}}) {
        if (!gateway) continue;
        if (text.starts_with("sk-ant-oat")) {
            checks.push_back({name, Health::fail, "is a claude.ai login token",
                              "use a key of the gateway: it cannot pass a login on", -1});
        } else if (text.starts_with("sk-ant-")) {
            checks.push_back({name, Health::warn,
                              "looks like a key of Anthropic, not of the gateway",
                              "keep provider keys in the gateway's environment only", -1});
        }
        if (text != "" && text.find_first_of(" \t\r\n\"'") != text.npos) {
            checks.push_back({name, Health::fail, "holds a blank or a quote", "copy it anew", -1});
        }
    }
    if (!value(variables, "OPENAI_BASE_URL").empty() &&
        value(variables, "OPENAI_API_KEY").empty()) {
        checks.push_back({"OPENAI_API_KEY", Health::fail, "not set, but OPENAI_BASE_URL is",
                          "export OPENAI_API_KEY=(a key of the gateway)", -1});
    }
}

// True when no_proxy takes `url`'s host out.
bool exempt(const Variables& variables) {
    const std::string list = value(variables, "NO_PROXY") + "," + value(variables, "no_proxy");
    return list.find("localhost") != list.npos || list.find("127.0.0.1") != list.npos ||
           list.find('*') != list.npos;
}

void check_proxies(const Variables& variables, Checks& checks) {
    constexpr std::array<std::string_view, 6> names = {"HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY",
                                                       "https_proxy", "http_proxy", "all_proxy"};
    const std::string url = value(variables, "ANTHROPIC_BASE_URL").empty()
                                ? value(variables, "OPENAI_BASE_URL")
                                : value(variables, "ANTHROPIC_BASE_URL");
    for (const std::string_view name : names) {
        const std::string proxy = value(variables, name);
        if (proxy.empty()) continue;
        const bool in_the_way = !url.empty() && is_local(url) && !exempt(variables);
        checks.push_back({std::string(name), in_the_way ? Health::fail : Health::warn,
                          in_the_way
                              ? "a proxy is set, and the gateway's local address is not exempt"
                              : "a proxy is set; it must not gather streams",
                          in_the_way ? "export NO_PROXY=localhost,127.0.0.1" : "", -1});
    }
}

void check_other_routes(const Variables& variables, Checks& checks) {
    for (const std::string_view name :
         {"CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY"}) {
        const std::string text = value(variables, name);
        if (text.empty() || text == "0" || text == "false") continue;
        checks.push_back({std::string(name), Health::fail,
                          "sends Claude Code past ANTHROPIC_BASE_URL", "unset " + std::string(name),
                          -1});
    }
    for (const std::string_view name :
         {"CLAUDE_CODE_MAX_OUTPUT_TOKENS", "CLAUDE_CODE_AUTO_COMPACT_WINDOW"}) {
        const std::string text = value(variables, name);
        const bool number =
            std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
        if (!number) {
            checks.push_back({std::string(name), Health::fail, "is no number: " + text,
                              "write digits only", -1});
        }
    }
}

}  // namespace

Checks check_client(const Variables& variables) {
    Checks checks;
    list_variables(variables, checks);
    check_anthropic_url(variables, checks);
    check_openai_url(variables, checks);
    check_credentials(variables, checks);
    check_proxies(variables, checks);
    check_other_routes(variables, checks);
    return checks;
}

}  // namespace tollgate::commands
