#include "config/governance.hpp"

#include <algorithm>

#include "config/scalar.hpp"

namespace tollgate::config {
namespace {

// `80`, `{percent: 80, action: notify}` or `{threshold: 80, action: notify}`.
void read_threshold(Session& session, const Node& node, const std::string& path,
                    std::vector<domain::BudgetThreshold>& out) {
    std::int64_t percent = -1;
    std::string action = "notify";
    if (node.is_scalar()) {
        percent = parse_integer(node.text).value_or(-1);
    } else {
        Reader reader(session, node, path, Strictness::ours);
        std::optional<std::int64_t> given;
        for (const char* key : {"percent", "threshold", "percentage"}) {
            reader.value({key, "of the limit", 0, 1000}, given);
        }
        reader.value({"action", "", 0, 0, "notify|throttle|downgrade|block"}, action);
        reader.later("message channels notify");
        reader.finish();
        percent = given.value_or(-1);
    }
    if (percent < 0) {
        complain(session.problems, Severity::error, node, path,
                 "expected a threshold in per cent: `{percent: 80, action: notify}`");
        return;
    }
    out.push_back({percent, domain::budget_action_of(action).value_or(
                                domain::BudgetAction::notify)});
}

void read_thresholds(Session& session, const Node& list, const std::string& path,
                     std::vector<domain::BudgetThreshold>& out) {
    if (!list.is_sequence()) {
        complain(session.problems, Severity::error, list, path,
                 "expected a list of `{percent, action}`, got " + shown(list));
        return;
    }
    for (std::size_t i = 0; i < list.items.size(); ++i) {
        read_threshold(session, list.items[i], path + "[" + std::to_string(i) + "]", out);
    }
    std::sort(out.begin(), out.end(),
              [](const auto& a, const auto& b) { return a.percent < b.percent; });
}

// Other files list names of parts, or mappings that hold one: names are what is left of either.
void name_checks(Node& checks) {
    for (const Member& member : checks.members) {
        Node name;
        name.kind = Node::Kind::scalar;
        name.file = checks.file;
        name.line = member.line;
        name.column = member.column;
        name.text = member.key;
        checks.items.push_back(std::move(name));
    }
    if (checks.is_mapping()) checks.kind = Node::Kind::sequence;
    checks.members.clear();
    for (Node& item : checks.items) {
        for (const std::string_view key : {"name", "type", "check"}) {
            const Node* found = item.find(key);
            if (found == nullptr || !found->is_scalar()) continue;
            item = Node(*found);
            break;
        }
    }
}

}  // namespace

void read_limit_tiers(Session& session, Reader& tiers, std::vector<LimitTier>& out) {
    for (const Member* member : tiers.take_rest()) {
        const std::string path = tiers.path_of(member->key);
        if (!member->value.is_mapping()) {
            complain(session.problems, Severity::error, member->value, path,
                     "unknown key; a tier of limits is a mapping: `" + member->key +
                         ": {requests_per_minute: 30}`",
                     tiers.suggestion(member->key));
            continue;
        }
        LimitTier tier;
        tier.name = member->key;
        tier.origin = member->value.origin();
        Reader reader(session, member->value, path, Strictness::ours);
        describe(tier, reader);
        reader.finish();
        out.push_back(std::move(tier));
    }
}

void read_billing(Session& session, Reader& reader, Config& config) {
    const auto thresholds = [&](const Node& node, const char* name, std::string_view key,
                                const std::function<void(Reader&)>& others) {
        Reader inner(session, node, name, Strictness::ours);
        others(inner);
        if (const Node* list = inner.take(key)) {
            read_thresholds(session, *list, inner.path_of(key), config.billing.thresholds);
        }
        inner.finish();
    };
    if (const Node* tracking = reader.take("cost_tracking")) {
        thresholds(*tracking, "cost_tracking", "alert_thresholds", [](Reader& inner) {
            inner.later("enabled currency provider_costs track_by export budget_alerts");
        });
    }
    if (const Node* billing = reader.take("billing")) {
        thresholds(*billing, "billing", "thresholds", [&](Reader& inner) {
            describe(config.billing, inner);
        });
    }
}

void merge_into_cache(const LitellmSettings& settings, Config& config) {
    const auto take = [&](const char* from, const char* to, bool given, const auto& set) {
        const auto found = config.origins.find(from);
        if (!given || found == config.origins.end() || config.origins.contains(to)) return;
        const Origin origin = found->second;
        config.origins[to] = origin;
        set();
    };
    CacheConfig& cache = config.cache;
    const RouterSettings& router = config.router_settings;
    const GeneralSettings& general = config.general_settings;
    const auto enabled = [&](const char* from, std::optional<bool> value) {
        take(from, "cache.enabled", value.has_value(), [&] { cache.enabled = *value; });
    };
    const auto ttl = [&](const char* from, Duration value) {
        take(from, "cache.ttl", value.count() > 0, [&] { cache.ttl = value; });
    };
    // There a request asks for the cache by itself.
    const bool asked_for = settings.cache_mode == "default_off";
    enabled("litellm_settings.cache",
            asked_for ? std::optional<bool>(false) : settings.cache);
    enabled("router_settings.enable_caching", router.enable_caching);
    enabled("general_settings.cache_enabled", general.cache_enabled);
    ttl("litellm_settings.cache_params.ttl", settings.cache_ttl);
    ttl("router_settings.cache_ttl", router.cache_ttl);
    ttl("general_settings.cache_ttl", general.cache_ttl);
}

void read_health_check(Session& session, Reader& reader, HealthCheckConfig& out) {
    const Node* given = reader.take("health_check");
    if (given == nullptr) return;
    Node section = *given;
    if (Node* checks = section.find("checks"); checks != nullptr) name_checks(*checks);
    Reader inner(session, section, "health_check", Strictness::ours);
    describe(out, inner);
    inner.finish();
}

void merge_into_health_check(Config& config) {
    HealthCheckConfig& checks = config.health_check;
    const GeneralSettings& general = config.general_settings;
    const auto origin_of = [&](const char* from, const char* to) -> const Origin* {
        const auto found = config.origins.find(from);
        const bool missing = found == config.origins.end() || config.origins.contains(to);
        return missing ? nullptr : &found->second;
    };
    const auto named = std::find(checks.checks.begin(), checks.checks.end(), "model_availability");
    if (general.background_health_checks) {
        if (const Origin* origin = origin_of("general_settings.background_health_checks",
                                             "health_check.enabled")) {
            config.origins["health_check.enabled"] = Origin(*origin);
            checks.enabled = *general.background_health_checks;
        }
    }
    if (named != checks.checks.end()) {
        if (const Origin* origin = origin_of("health_check.checks", "health_check.enabled")) {
            config.origins["health_check.enabled"] = Origin(*origin);
            checks.enabled = true;
        }
    }
    if (general.health_check_interval.count() > 0) {
        if (const Origin* origin = origin_of("general_settings.health_check_interval",
                                             "health_check.interval")) {
            config.origins["health_check.interval"] = Origin(*origin);
            checks.interval = general.health_check_interval;
        }
    }
}

void merge_into_stores(Config& config) {
    StoresConfig& stores = config.stores;
    const auto moved = [&](const char* from, const char* to) {
        if (const auto found = config.origins.find(from); found != config.origins.end()) {
            config.origins[to] = found->second;
        }
    };
    if (stores.database.empty() && !config.general_settings.database_url.empty()) {
        stores.database = config.general_settings.database_url;
        moved("general_settings.database_url", "stores.database");
    }
    const RouterSettings& router = config.router_settings;
    if (stores.redis.empty() && !config.general_settings.redis_url.empty()) {
        stores.redis = config.general_settings.redis_url;
        moved("general_settings.redis_url", "stores.redis");
    }
    if (stores.redis.empty() && !router.redis_url.empty()) {
        stores.redis = router.redis_url;
        moved("router_settings.redis_url", "stores.redis");
    }
    if (stores.redis.empty() && !router.redis_host.empty()) {
        std::string url = "redis://";
        if (!router.redis_password.empty()) url += ":" + router.redis_password.value + "@";
        url += router.redis_host + ":" + (router.redis_port.empty() ? "6379" : router.redis_port);
        if (!router.redis_db.empty()) url += "/" + router.redis_db;
        stores.redis = {url, "router_settings.redis_host"};
        moved("router_settings.redis_host", "stores.redis");
    }
}

}  // namespace tollgate::config
