#include "config/environment.hpp"

#include <array>

#include "config/scalar.hpp"

namespace tollgate::config {
namespace {

struct Applying {
    const Environment& environment;
    Config& config;
    std::vector<Problem>& problems;

    void say(Severity severity, std::string_view name, std::string message) {
        problems.push_back(
            {severity, "environment", 0, 0, std::string(name), std::move(message), ""});
    }
    bool set_in_file(std::string_view path) const { return config.origins.contains(path); }
    void came_from(const std::string& path, std::string_view name) {
        config.origins[path] = Origin{Origin::Kind::environment, std::string(name), 0, 0};
    }
    // The value of `name` when the file leaves `path` alone.
    std::optional<std::string> take(std::string_view name, const std::string& path) {
        auto value = environment.lookup(name);
        if (!value || set_in_file(path)) return std::nullopt;
        came_from(path, name);
        if (!name.starts_with("TOLLGATE_")) {
            say(Severity::notice, name, "honoured as " + path);
        }
        return value;
    }
    // REQUIRES: take(name, path) has just given the value.
    void wrong(std::string_view name, const std::string& path, std::string_view expected) {
        config.origins.erase(path);
        if (problems.back().severity == Severity::notice) problems.pop_back();  // of take()
        say(Severity::error, name, "expected " + std::string(expected));
    }
};

void apply_master_key(Applying& to) {
    for (const std::string_view name : {"TOLLGATE_MASTER_KEY", "LITELLM_MASTER_KEY"}) {
        if (auto key = to.take(name, "general_settings.master_key")) {
            to.config.general_settings.master_key = {*key, "environment " + std::string(name)};
        }
    }
}

std::optional<std::string> level_of(std::string text) {
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    if (text == "warning") text = "warn";
    if (text == "critical" || text == "fatal") text = "error";
    if (text == "debug" || text == "info" || text == "warn" || text == "error") return text;
    return std::nullopt;
}

void apply_logging(Applying& to) {
    const std::string path = "logging.level";
    for (const std::string_view name : {"TOLLGATE_LOG_LEVEL", "LITELLM_LOG", "LITELLM_LOG_LEVEL"}) {
        if (auto text = to.take(name, path)) {
            if (auto level = level_of(*text))
                to.config.logging.level = *level;
            else
                to.wrong(name, path, "debug, info, warn or error");
        }
    }
    for (const std::string_view name : {"DEBUG", "LITELLM_SET_VERBOSE"}) {
        const auto text = to.environment.lookup(name);
        if (!text || (*text != "1" && !parse_bool(*text).value_or(false))) continue;
        if (to.take(name, path)) to.config.logging.level = "debug";
    }
    if (auto format = to.take("TOLLGATE_LOG_FORMAT", "logging.format")) {
        if (*format == "json" || *format == "human" || *format == "auto") {
            to.config.logging.format = *format;
        } else {
            to.wrong("TOLLGATE_LOG_FORMAT", "logging.format", "auto, json or human");
        }
    }
}

void apply_stores(Applying& to) {
    for (const std::string_view name : {"TOLLGATE_DATABASE_URL", "DATABASE_URL"}) {
        if (auto url = to.take(name, "stores.database")) {
            to.config.stores.database = {*url, "environment " + std::string(name)};
        }
    }
    for (const std::string_view name : {"TOLLGATE_REDIS_URL", "REDIS_URL"}) {
        if (auto url = to.take(name, "stores.redis")) {
            to.config.stores.redis = {*url, "environment " + std::string(name)};
        }
    }
}

// Our users' limit of every key: so many requests in a window of whole minutes, hours or days.
void apply_rate_limit(Applying& to) {
    const auto text = to.environment.lookup("RATE_LIMIT_MAX_REQUESTS_PER_WINDOW");
    if (!text) return;
    const auto most = parse_integer(*text);
    const auto seconds = parse_integer(
        to.environment.lookup("RATE_LIMIT_WINDOW_SECONDS").value_or("60"));
    domain::Limits& limits = to.config.rate_limits;
    std::optional<std::int64_t>* field = nullptr;
    std::string path = "rate_limits.";
    if (seconds == 60) field = &limits.requests_per_minute, path += "requests_per_minute";
    if (seconds == 3600) field = &limits.requests_per_hour, path += "requests_per_hour";
    if (seconds == 86'400) field = &limits.requests_per_day, path += "requests_per_day";
    if (!most || *most < 0 || field == nullptr) {
        to.say(Severity::error, "RATE_LIMIT_MAX_REQUESTS_PER_WINDOW",
               "expected a whole number, with RATE_LIMIT_WINDOW_SECONDS 60, 3600 or 86400");
        return;
    }
    if (to.take("RATE_LIMIT_MAX_REQUESTS_PER_WINDOW", path)) *field = *most;
}

void apply_server(Applying& to) {
    if (auto listen = to.take("TOLLGATE_LISTEN", "server.listen"))
        to.config.server.listen = *listen;
    if (auto folder = to.take("TOLLGATE_DATA_DIR", "server.data_dir")) {
        to.config.server.data_dir = *folder;
    }
    for (const std::string_view name : {"TOLLGATE_WORKERS", "MAX_WORKERS"}) {
        if (auto text = to.take(name, "server.workers")) {
            const auto count = parse_integer(*text);
            if (count && *count >= 0 && *count <= 1024)
                to.config.server.workers = *count;
            else
                to.wrong(name, "server.workers", "a whole number from 0 to 1024");
        }
    }
}

}  // namespace

void apply_environment(const Environment& environment, Config& config,
                       std::vector<Problem>& problems) {
    Applying to{environment, config, problems};
    apply_master_key(to);
    apply_logging(to);
    apply_server(to);
    apply_stores(to);
    apply_rate_limit(to);
    static constexpr std::array<std::string_view, 5> later{"FEATURE_BYOK_ENABLED",
                                                           "FEATURE_POWER_LEVELS_ENABLED",
                                                           "FEATURE_AUTO_FALLBACK_ENABLED",
                                                           "KEYCLOAK_URL",
                                                           "WORKER_TIMEOUT"};
    for (const std::string_view name : later) {
        if (environment.lookup(name)) {
            to.say(Severity::notice, name, "accepted and not used yet: " + std::string(name));
        }
    }
    for (auto it = environment.variables.lower_bound("RATE_LIMIT_");
         it != environment.variables.end() && it->first.starts_with("RATE_LIMIT_"); ++it) {
        if (it->first == "RATE_LIMIT_MAX_REQUESTS_PER_WINDOW" ||
            it->first == "RATE_LIMIT_WINDOW_SECONDS") {
            continue;
        }
        to.say(Severity::notice, it->first, "accepted and not used yet: " + it->first);
    }
    if (environment.lookup("LITELLM_PROXY_URL")) {
        to.say(Severity::notice, "LITELLM_PROXY_URL", "ignored: the gateway is its own proxy");
    }
}

}  // namespace tollgate::config
