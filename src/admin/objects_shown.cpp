#include "admin/objects.hpp"

#include "admin/times.hpp"
#include "policy/key_format.hpp"

namespace tollgate::admin {
namespace {

void write_optional(json::Writer& writer, std::string_view name,
                    const std::optional<std::int64_t>& value) {
    writer.key(name);
    value ? writer.integer(*value) : writer.null();
}

// null for "none", so that a client can tell it from a name.
void write_reference(json::Writer& writer, std::string_view name, const std::string& id) {
    writer.key(name);
    id.empty() ? writer.null() : writer.string(id);
}

void write_etag(json::Writer& writer, std::uint64_t etag) {
    writer.string("etag", std::to_string(etag));
}

void write_ages(json::Writer& writer, domain::UnixMicros created, domain::UnixMicros updated) {
    write_time(writer, "created_at", created);
    write_time(writer, "updated_at", updated);
}

// Stored by us as a whole JSON object; anything else would break the answer it stands in.
void write_object_text(json::Writer& writer, std::string_view name, const std::string& text) {
    writer.raw(name, text.empty() ? std::string_view("{}") : std::string_view(text));
}

}  // namespace

void write_limits(json::Writer& writer, const domain::Limits& limits) {
    writer.key("limits").begin_object();
    write_optional(writer, "requests_per_minute", limits.requests_per_minute);
    write_optional(writer, "requests_per_hour", limits.requests_per_hour);
    write_optional(writer, "requests_per_day", limits.requests_per_day);
    write_optional(writer, "tokens_per_minute", limits.tokens_per_minute);
    write_optional(writer, "input_tokens_per_minute", limits.input_tokens_per_minute);
    write_optional(writer, "output_tokens_per_minute", limits.output_tokens_per_minute);
    write_optional(writer, "concurrent_requests", limits.concurrent_requests);
    writer.end_object();
}

void write_names(json::Writer& writer, std::string_view name,
                 const std::vector<std::string>& names) {
    writer.key(name).begin_array();
    for (const std::string& entry : names) writer.string(entry);
    writer.end_array();
}

void write_pairs(json::Writer& writer, std::string_view name,
                 const std::vector<std::pair<std::string, std::string>>& pairs) {
    writer.key(name).begin_object();
    for (const auto& [key, value] : pairs) writer.foreign_key(key).string(value);
    writer.end_object();
}

void write_time(json::Writer& writer, std::string_view name, domain::UnixMicros at) {
    writer.key(name);
    at == 0 ? writer.null() : writer.string(rfc3339(at));
}

void write_money(json::Writer& writer, std::string_view name, domain::NanoUsd amount) {
    writer.raw(name, domain::dollars(amount));
}

void write_money(json::Writer& writer, std::string_view name,
                 const std::optional<domain::NanoUsd>& amount) {
    if (amount) return write_money(writer, name, *amount);
    writer.key(name).null();
}

void write(json::Writer& writer, const domain::Tenant& tenant) {
    writer.begin_object()
        .string("id", tenant.id)
        .string("name", tenant.name)
        .boolean("enabled", tenant.enabled);
    write_reference(writer, "tier", tenant.tier);
    writer.string("time_zone", tenant.time_zone);
    write_reference(writer, "baseline_model", tenant.baseline_model);
    write_names(writer, "allowed_models", tenant.allowed_models);
    write_pairs(writer, "aliases", tenant.aliases);
    write_limits(writer, tenant.limits);
    writer.integer("retention_days", tenant.retention_days);
    write_object_text(writer, "metadata", tenant.metadata);
    write_object_text(writer, "settings", tenant.settings);
    writer.string("origin", tenant.origin);
    write_ages(writer, tenant.created, tenant.updated);
    if (tenant.removed != 0) write_time(writer, "removed_at", tenant.removed);
    write_etag(writer, tenant.etag);
    writer.end_object();
}

void write(json::Writer& writer, const domain::Team& team) {
    writer.begin_object()
        .string("id", team.id)
        .string("tenant", team.tenant)
        .string("name", team.name)
        .boolean("enabled", team.enabled);
    write_names(writer, "allowed_models", team.allowed_models);
    write_pairs(writer, "aliases", team.aliases);
    write_limits(writer, team.limits);
    write_object_text(writer, "metadata", team.metadata);
    write_ages(writer, team.created, team.updated);
    write_etag(writer, team.etag);
    writer.end_object();
}

void write(json::Writer& writer, const domain::User& user) {
    writer.begin_object().string("id", user.id).string("tenant", user.tenant);
    write_reference(writer, "team", user.team);
    writer.string("name", user.name).string("email", user.email);
    write_reference(writer, "external_id", user.external_id);
    writer.string("role", domain::to_string(user.role))
        .boolean("service", user.service)
        .boolean("enabled", user.enabled);
    write_reference(writer, "tier", user.tier);
    write_names(writer, "allowed_models", user.allowed_models);
    write_limits(writer, user.limits);
    write_object_text(writer, "metadata", user.metadata);
    write_ages(writer, user.created, user.updated);
    write_etag(writer, user.etag);
    writer.end_object();
}

void write(json::Writer& writer, const domain::Key& key) {
    writer.begin_object()
        .string("id", key.id)
        .string("tenant", key.tenant)
        .string("name", key.name)
        .string("display", policy::masked({key.prefix, key.last_four}));
    write_reference(writer, "team", key.team);
    write_reference(writer, "user", key.user);
    writer.string("role", domain::to_string(key.role)).boolean("enabled", key.enabled);
    write_names(writer, "allowed_models", key.allowed_models);
    write_names(writer, "allowed_routes", key.allowed_routes);
    write_names(writer, "allowed_providers", key.allowed_providers);
    write_names(writer, "allowed_regions", key.allowed_regions);
    write_names(writer, "allowed_addresses", key.allowed_addresses);
    write_pairs(writer, "aliases", key.aliases);
    write_limits(writer, key.limits);
    write_reference(writer, "tier", key.tier);
    write_names(writer, "tags", key.tags);
    write_object_text(writer, "metadata", key.metadata);
    writer.integer("rotation_days", key.rotation_days);
    write_time(writer, "expires_at", key.expires);
    write_time(writer, "rotated_at", key.rotated);
    write_time(writer, "previous_secret_until", key.previous_until);
    write_time(writer, "revoked_at", key.revoked);
    write_time(writer, "last_used_at", key.last_used);
    writer.string("origin", key.origin);
    write_ages(writer, key.created, key.updated);
    write_etag(writer, key.etag);
    writer.end_object();
}

void write(json::Writer& writer, const domain::Tier& tier) {
    writer.begin_object().string("name", tier.name);
    write_limits(writer, tier.limits);
    write_money(writer, "monthly_cap", tier.monthly_cap);
    write_names(writer, "allowed_models", tier.allowed_models);
    writer.boolean("built_in", tier.built_in);
    write_time(writer, "updated_at", tier.updated);
    write_etag(writer, tier.etag);
    writer.end_object();
}

void write(json::Writer& writer, const domain::LimitRow& limit) {
    writer.begin_object().string("id", limit.id);
    write_reference(writer, "tenant", limit.tenant);
    writer.string("kind", domain::to_string(limit.kind)).string("subject", limit.subject);
    write_limits(writer, limit.limits);
    writer.boolean("by_admin", limit.by_admin);
    write_ages(writer, limit.created, limit.updated);
    write_etag(writer, limit.etag);
    writer.end_object();
}

void write_members(json::Writer& writer, const domain::Budget& budget) {
    writer.string("id", budget.id);
    write_reference(writer, "tenant", budget.tenant);
    writer.string("name", budget.name)
        .string("kind", domain::to_string(budget.kind))
        .string("subject", budget.subject);
    write_money(writer, "limit", budget.limit);
    writer.string("period", domain::to_string(budget.period))
        .integer("rolling_days", budget.rolling_days);
    write_reference(writer, "time_zone", budget.time_zone);
    writer.boolean("hard", budget.hard).boolean("by_admin", budget.by_admin);
    writer.key("thresholds").begin_array();
    for (const domain::BudgetThreshold& threshold : budget.thresholds) {
        writer.begin_object()
            .integer("percent", threshold.percent)
            .string("action", domain::to_string(threshold.action))
            .end_object();
    }
    writer.end_array().string("origin", budget.origin);
    write_ages(writer, budget.created, budget.updated);
    write_etag(writer, budget.etag);
}

void write(json::Writer& writer, const domain::CreditMovement& movement) {
    writer.begin_object().string("id", movement.id).string("tenant", movement.tenant);
    write_reference(writer, "user", movement.user);
    writer.string("kind", domain::to_string(movement.kind));
    write_money(writer, "amount", movement.amount);
    writer.string("reference", movement.reference)
        .string("note", movement.note)
        .string("actor", movement.actor);
    write_time(writer, "at", movement.at);
    writer.end_object();
}

void write_members(json::Writer& writer, const domain::UserSettings& settings) {
    writer.string("user_id", settings.user)
        .string("power_level", settings.power_level.empty() ? "balanced" : settings.power_level);
    writer.key("preferences").begin_object();
    write_names(writer, "preferred_providers", settings.preferred_providers);
    write_names(writer, "disabled_providers", settings.disabled_providers);
    write_money(writer, "max_cost_per_request", settings.max_cost_per_request);
    writer.boolean("auto_fallback", settings.auto_fallback)
        .boolean("use_byok", settings.use_byok)
        .boolean("require_local", settings.require_local);
    write_money(writer, "monthly_cap", settings.monthly_cap);
    writer.string("cap_kind", settings.cap_hard ? "hard" : "soft");
    writer.end_object();
    write_time(writer, "updated_at", settings.updated);
    write_etag(writer, settings.etag);
}

void write(json::Writer& writer, const domain::AuditRow& row) {
    writer.begin_object().string("id", row.id);
    write_reference(writer, "tenant", row.tenant);
    write_time(writer, "at", row.at);
    writer.string("actor_type", row.actor_type)
        .string("actor", row.actor)
        .string("address", row.address)
        .string("agent", row.agent)
        .string("action", row.action)
        .string("resource", row.resource)
        .string("outcome", row.outcome);
    write_object_text(writer, "details", row.details);
    writer.end_object();
}

// The path of a webhook's URL is often its only secret, and so may its user and query be.
std::string shown_target(const domain::AlertChannel& channel) {
    if (channel.kind == domain::AlertChannelKind::email) return channel.target;
    constexpr std::size_t tail = 4, tail_of_at_least = 16;
    const std::string_view target = channel.target;
    const std::size_t host = std::min(target.find("://") + 3, target.size());
    const std::size_t path = std::min(target.find_first_of("/?#", host), target.size());
    std::string_view authority = target.substr(host, path - host);
    const std::size_t user = authority.rfind('@');
    if (user != std::string_view::npos) authority.remove_prefix(user + 1);
    std::string text(target.substr(0, host));
    if (user != std::string_view::npos) text += std::string(target_mask) + "@";
    text += authority;
    const std::string_view rest = target.substr(path);
    if (rest.size() <= 1) return text + std::string(rest);
    text += "/" + std::string(target_mask);
    if (rest.size() >= tail_of_at_least) text += rest.substr(rest.size() - tail);
    return text;
}

void write(json::Writer& writer, const domain::AlertChannel& channel) {
    writer.begin_object().string("id", channel.id);
    write_reference(writer, "tenant", channel.tenant);
    writer.string("name", channel.name)
        .string("kind", domain::to_string(channel.kind))
        .string("target", shown_target(channel))
        .boolean("signed", !channel.secret.empty());
    write_names(writer, "events", channel.events);
    writer.boolean("enabled", channel.enabled);
    write_ages(writer, channel.created, channel.updated);
    write_etag(writer, channel.etag);
    writer.end_object();
}

void write(json::Writer& writer, const domain::Alert& alert) {
    writer.begin_object().string("id", alert.id);
    write_reference(writer, "tenant", alert.tenant);
    writer.string("event", alert.event)
        .string("subject", alert.subject)
        .string("message", alert.message);
    write_object_text(writer, "details", alert.details);
    write_time(writer, "at", alert.at);
    write_time(writer, "acknowledged_at", alert.acknowledged);
    writer.end_object();
}

}  // namespace tollgate::admin
