#include "admin/objects.hpp"

#include <algorithm>

namespace tollgate::admin {
namespace {

constexpr std::int64_t days_max = 36'500;
constexpr std::int64_t percent_max = 1000;
constexpr std::size_t thresholds_max = 20;  // each is looked at by every request
constexpr std::size_t target_bytes_max = 4096;  // of an alert channel: a URL, or addresses
constexpr std::size_t addresses_checked_max = 45 + 4;  // the longest IPv6 text with its prefix

void read_allowance(Fields& fields, std::vector<std::string>& allowed_models,
                    domain::Limits& limits, std::string& metadata) {
    fields.names("allowed_models", allowed_models);
    read_limits(fields, limits);
    fields.object_text("metadata", metadata);
}

// An address or a CIDR, by its letters; the exact form is the directory's to refuse.
bool looks_like_address(std::string_view text) {
    return text.size() <= addresses_checked_max && text.find_first_of(".:") != text.npos &&
           text.find_first_not_of("0123456789abcdefABCDEF.:/") == text.npos;
}

}  // namespace

void read_role(Fields& fields, std::string_view name, domain::AccessRole& role) {
    std::string word = domain::to_string(role);
    fields.word(name, word, {"member", "tenant_auditor", "tenant_admin", "platform_admin"});
    role = domain::access_role_of(word).value_or(role);
}

void read_subject_kind(Fields& fields, std::string_view name, domain::SubjectKind& kind) {
    std::string word = domain::to_string(kind);
    fields.word(name, word, {"tenant", "team", "user", "key", "tier", "model", "provider",
                             "deployment"});
    kind = domain::subject_kind_of(word).value_or(kind);
}

void read(Fields& fields, domain::Tenant& tenant) {
    fields.required_text("name", tenant.name);
    fields.flag("enabled", tenant.enabled);
    fields.text("tier", tenant.tier);
    fields.text("time_zone", tenant.time_zone);
    if (tenant.time_zone.empty()) tenant.time_zone = "UTC";
    fields.text("baseline_model", tenant.baseline_model);
    fields.pairs("aliases", tenant.aliases);
    read_allowance(fields, tenant.allowed_models, tenant.limits, tenant.metadata);
    fields.integer("retention_days", tenant.retention_days, 0, days_max);
    fields.object_text("settings", tenant.settings);
}

void read(Fields& fields, domain::Team& team) {
    fields.required_text("name", team.name);
    fields.flag("enabled", team.enabled);
    fields.pairs("aliases", team.aliases);
    read_allowance(fields, team.allowed_models, team.limits, team.metadata);
}

void read(Fields& fields, domain::User& user) {
    fields.text("team", user.team);
    fields.text("name", user.name);
    fields.text("email", user.email);
    if (!user.email.empty() && user.email.find('@') == std::string::npos) {
        fields.problem("email", "must be an e-mail address");
    }
    fields.text("external_id", user.external_id);
    read_role(fields, "role", user.role);
    fields.flag("service", user.service);
    fields.flag("enabled", user.enabled);
    fields.text("tier", user.tier);
    read_allowance(fields, user.allowed_models, user.limits, user.metadata);
}

void read(Fields& fields, domain::Key& key) {
    fields.text("name", key.name);
    fields.text("team", key.team);
    fields.text("user", key.user);
    read_role(fields, "role", key.role);
    fields.flag("enabled", key.enabled);
    fields.names("allowed_routes", key.allowed_routes);
    fields.names("allowed_providers", key.allowed_providers);
    fields.names("allowed_regions", key.allowed_regions);
    fields.names("allowed_addresses", key.allowed_addresses);
    if (!std::all_of(key.allowed_addresses.begin(), key.allowed_addresses.end(),
                     looks_like_address)) {
        fields.problem("allowed_addresses", "must be addresses or networks like 10.0.0.0/8");
    }
    fields.pairs("aliases", key.aliases);
    read_allowance(fields, key.allowed_models, key.limits, key.metadata);
    fields.text("tier", key.tier);
    fields.names("tags", key.tags);
    fields.integer("rotation_days", key.rotation_days, 0, days_max);
    fields.time("expires_at", key.expires);
}

void read(Fields& fields, domain::Tier& tier) {
    read_limits(fields, tier.limits);
    fields.optional_money("monthly_cap", tier.monthly_cap);
    fields.names("allowed_models", tier.allowed_models);
}

void read(Fields& fields, domain::LimitRow& limit) { read_limits(fields, limit.limits); }

void read(Fields& fields, domain::Budget& budget) {
    fields.text("name", budget.name);
    fields.money("limit", budget.limit);
    if (budget.limit < 0) fields.problem("limit", "must not be negative");
    std::string word = domain::to_string(budget.period);
    fields.word("period", word, {"daily", "weekly", "monthly", "rolling", "total"});
    budget.period = domain::budget_period_of(word).value_or(budget.period);
    fields.integer("rolling_days", budget.rolling_days, 1, days_max);
    fields.text("time_zone", budget.time_zone);
    fields.flag("hard", budget.hard);
    if (!fields.has("thresholds")) return;
    std::vector<domain::BudgetThreshold> thresholds;
    fields.objects("thresholds", [&](Fields& inner) {
        domain::BudgetThreshold threshold;
        inner.integer("percent", threshold.percent, 1, percent_max);
        std::string action = domain::to_string(threshold.action);
        inner.word("action", action, {"notify", "throttle", "downgrade", "block"});
        threshold.action = domain::budget_action_of(action).value_or(threshold.action);
        thresholds.push_back(threshold);
    });
    if (thresholds.size() > thresholds_max) {
        fields.problem("thresholds", "has more than " + std::to_string(thresholds_max) +
                                         " entries");
    }
    std::sort(thresholds.begin(), thresholds.end(),
              [](const auto& a, const auto& b) { return a.percent < b.percent; });
    budget.thresholds = std::move(thresholds);
}

void read(Fields& fields, domain::UserSettings& settings) {
    fields.word("power_level", settings.power_level, {"eco", "balanced", "precision"});
    fields.object("preferences", [&](Fields& inner) {
        inner.names("preferred_providers", settings.preferred_providers);
        inner.names("disabled_providers", settings.disabled_providers);
        inner.optional_money("max_cost_per_request", settings.max_cost_per_request);
        inner.flag("auto_fallback", settings.auto_fallback);
        inner.flag("use_byok", settings.use_byok);
        inner.flag("require_local", settings.require_local);
        inner.optional_money("monthly_cap", settings.monthly_cap);
        std::string kind = settings.cap_hard ? "hard" : "soft";
        inner.word("cap_kind", kind, {"soft", "hard"});
        settings.cap_hard = kind == "hard";
    });
}

void read(Fields& fields, domain::AlertChannel& channel) {
    fields.required_text("name", channel.name);
    std::string kind = domain::to_string(channel.kind);
    fields.word("kind", kind, {"webhook", "slack", "email", "alertmanager"});
    channel.kind = domain::alert_channel_kind_of(kind).value_or(channel.kind);
    fields.text("target", channel.target, target_bytes_max);
    if (channel.kind == domain::AlertChannelKind::email) {
        if (channel.target.find('@') == std::string::npos) {
            fields.problem("target", "must be e-mail addresses, separated by commas");
        }
    } else if (!channel.target.starts_with("https://") &&
               !channel.target.starts_with("http://")) {
        fields.problem("target", "must be a URL that begins with https:// or http://");
    }
    fields.text("secret", channel.secret);
    fields.names("events", channel.events);
    fields.flag("enabled", channel.enabled);
}

domain::Tenant fresh(const domain::Tenant& stored) {
    domain::Tenant tenant;
    tenant.id = stored.id;
    tenant.origin = stored.origin;
    tenant.created = stored.created;
    tenant.etag = stored.etag;
    return tenant;
}

domain::Team fresh(const domain::Team& stored) {
    domain::Team team;
    team.id = stored.id;
    team.tenant = stored.tenant;
    team.created = stored.created;
    team.etag = stored.etag;
    return team;
}

domain::User fresh(const domain::User& stored) {
    domain::User user;
    user.id = stored.id;
    user.tenant = stored.tenant;
    user.created = stored.created;
    user.etag = stored.etag;
    return user;
}

domain::Key fresh(const domain::Key& stored) {
    domain::Key key;
    key.id = stored.id;
    key.tenant = stored.tenant;
    key.prefix = stored.prefix;
    key.last_four = stored.last_four;
    key.secret_hash = stored.secret_hash;
    key.hash_kind = stored.hash_kind;
    key.previous_hash = stored.previous_hash;
    key.previous_until = stored.previous_until;
    key.revoked = stored.revoked;
    key.rotated = stored.rotated;
    key.last_used = stored.last_used;
    key.origin = stored.origin;
    key.created = stored.created;
    key.etag = stored.etag;
    return key;
}

domain::Tier fresh(const domain::Tier& stored) {
    domain::Tier tier;
    tier.name = stored.name;
    tier.built_in = stored.built_in;
    tier.etag = stored.etag;
    return tier;
}

domain::LimitRow fresh(const domain::LimitRow& stored) {
    domain::LimitRow limit = stored;
    limit.limits = {};
    return limit;
}

domain::Budget fresh(const domain::Budget& stored) {
    domain::Budget budget;
    budget.id = stored.id;
    budget.tenant = stored.tenant;
    budget.kind = stored.kind;
    budget.subject = stored.subject;
    budget.by_admin = stored.by_admin;
    budget.origin = stored.origin;
    budget.created = stored.created;
    budget.etag = stored.etag;
    return budget;
}

domain::UserSettings fresh(const domain::UserSettings& stored) {
    domain::UserSettings settings;
    settings.user = stored.user;
    settings.tenant = stored.tenant;
    settings.etag = stored.etag;
    return settings;
}

domain::AlertChannel fresh(const domain::AlertChannel& stored) {
    domain::AlertChannel channel;
    channel.id = stored.id;
    channel.tenant = stored.tenant;
    channel.created = stored.created;
    channel.etag = stored.etag;
    return channel;
}

}  // namespace tollgate::admin
