#include "config/tenant_files.hpp"

#include "config/routing_rules.hpp"

namespace tollgate::config {
namespace {

// "Acme Corp." becomes "acme-corp".
std::string slug(std::string_view name) {
    std::string out;
    for (char c : name) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        const bool kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
        if (kept) out += c;
        else if (!out.empty() && out.back() != '-') out += '-';
    }
    while (out.ends_with('-')) out.pop_back();
    return out;
}

void add_key(Session& session, const Node& node, const std::string& path, TenantConfig& tenant) {
    if (node.is_null()) return;
    Secret key = read_secret(session, node, path);
    if (key.empty()) return;
    tenant.api_keys.push_back(std::move(key));
}

void add_keys(Session& session, Reader& reader, TenantConfig& tenant) {
    if (const Node* key = reader.take("api_key")) {
        add_key(session, *key, reader.path_of("api_key"), tenant);
    }
    const Node* keys = reader.take("api_keys");
    if (!keys) return;
    if (!keys->is_sequence()) {
        complain(session.problems, Severity::error, *keys, reader.path_of("api_keys"),
                 "expected a list of keys");
        return;
    }
    for (std::size_t i = 0; i < keys->items.size(); ++i) {
        add_key(session, keys->items[i], reader.path_of("api_keys") + "[" + std::to_string(i) + "]",
                tenant);
    }
}

void read_identity(Session& session, Reader& reader, TenantConfig& tenant) {
    const Node* node = reader.take("tenant");
    if (!node) {
        reader.value({"id", "name in logs and reports"}, tenant.id);
        reader.value({"name", "for people"}, tenant.name);
    } else if (node->is_scalar()) {
        tenant.name = node->text;
    } else {
        Reader inner(session, *node, "tenant", Strictness::ours);
        inner.value({"id", "name in logs and reports"}, tenant.id);
        inner.value({"name", "for people"}, tenant.name);
        add_keys(session, inner, tenant);
        inner.later("description contact email created_at tier status plan");
        inner.finish();
    }
    add_keys(session, reader, tenant);
    if (tenant.id.empty()) tenant.id = slug(tenant.name);
    if (tenant.name.empty()) tenant.name = tenant.id;
}

void read_models(Session& session, const Node& node, TenantConfig& tenant) {
    if (!node.is_sequence()) {
        complain(session.problems, Severity::error, node, "models",
                 "expected a list of `{alias, provider, max_tokens}`, got " + shown(node));
        return;
    }
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        const Node& item = node.items[i];
        const std::string path = "models[" + std::to_string(i) + "]";
        TenantModel model;
        if (item.is_scalar()) {
            model.alias = model.provider = item.text;
        } else {
            Reader reader(session, item, path, Strictness::ours);
            describe(model, reader);
            reader.finish();
        }
        if (model.alias.empty() || model.provider.empty()) {
            complain(session.problems, Severity::error, item, path,
                     "needs both `alias` and `provider`");
            continue;
        }
        tenant.models.push_back(std::move(model));
    }
}

// What belongs to later parts, kept with the tenant as it stands.
void read_kept(Reader& reader, std::string_view key, JsonText& out) {
    if (const Node* node = reader.take(key)) out.text = to_json(*node);
}

// `settings` carries a few keys that count here; the rest is kept.
void read_settings(Session& session, Reader& reader, TenantConfig& tenant) {
    const Node* node = reader.take("settings");
    if (!node) return;
    tenant.settings.text = to_json(*node);
    if (!node->is_mapping()) {
        complain(session.problems, Severity::error, *node, "settings",
                 "expected a mapping, got " + shown(*node));
        return;
    }
    Reader inner(session, *node, "settings", Strictness::ours);
    inner.value({"enabled", "false: its keys are refused"}, tenant.enabled);
    inner.value({"tier", "tier of limits"}, tenant.tier);
    inner.take_rest();
}

}  // namespace

std::optional<TenantConfig> read_tenant(Session& session, const Node& node,
                                        std::string_view named) {
    TenantConfig tenant;
    tenant.id = slug(named);
    tenant.name = named;
    tenant.origin = node.origin();
    if (!node.is_mapping()) {
        complain(session.problems, Severity::error, node, "",
                 "expected a tenant (`tenant: {id: ..., api_key: ...}`), got " + shown(node));
        return std::nullopt;
    }
    // The origins of tenant files are the files themselves; key paths would collide.
    Session inner{session.environment, session.problems, nullptr};
    Reader reader(inner, node, "", Strictness::ours);
    read_identity(inner, reader, tenant);
    reader.value({"allowed_models", "names and globs"}, tenant.allowed_models);
    if (const Node* models = reader.take("models")) read_models(inner, *models, tenant);
    read_settings(inner, reader, tenant);
    reader.value({"enabled", "false: its keys are refused"}, tenant.enabled);
    reader.value({"tier", "tier of limits"}, tenant.tier);
    reader.value({"time_zone", "of calendar periods, e.g. Europe/Berlin; left out: UTC"},
                 tenant.time_zone);
    reader.value({"baseline_model", "what savings are told against"}, tenant.baseline_model);
    reader.value({"retention_days", "of usage records; 0: for ever", 0, 36'500},
                 tenant.retention_days);
    reader.section({"budget", ""}, [&](FieldVisitor& v) { describe(tenant.budget, v); });
    reader.section({"rate_limits", ""}, [&](FieldVisitor& v) { describe(tenant.limits, v); });
    if (!named.empty()) reader.later("priority");
    read_kept(reader, "features", tenant.features);
    read_kept(reader, "metadata", tenant.metadata);
    const Node* rules = reader.take("routing");
    reader.finish();
    if (tenant.id.empty()) {
        complain(session.problems, Severity::error, node, "tenant",
                 "missing; write `tenant: NAME` or `tenant: {id: ..., name: ..., api_key: ...}`");
        return std::nullopt;
    }
    if (rules) read_rules(inner, *rules, "routing", tenant.id, tenant.routing);
    if (tenant.api_keys.empty() && named.empty()) {
        complain(session.problems, Severity::warning, node, "tenant.api_key",
                 "the tenant has no key, so nobody can use it");
    }
    return tenant;
}

void check_tenants(std::vector<Problem>& problems, const std::vector<TenantConfig>& tenants) {
    std::map<std::string_view, const TenantConfig*> ids, keys;
    const auto report = [&](const TenantConfig& tenant, std::string path, std::string message) {
        problems.push_back({Severity::error, tenant.origin.file, tenant.origin.line,
                            tenant.origin.column, std::move(path), std::move(message), ""});
    };
    for (const TenantConfig& tenant : tenants) {
        const auto [id, new_id] = ids.emplace(tenant.id, &tenant);
        if (!new_id) {
            report(tenant, "tenant.id",
                   "`" + tenant.id + "` is already the tenant of " + id->second->origin.file);
        }
        for (const Secret& key : tenant.api_keys) {
            const auto [other, new_key] = keys.emplace(key.value, &tenant);
            if (new_key) continue;
            report(tenant, "tenant.api_key",
                   "the same key is already that of tenant `" + other->second->id + "`");
        }
    }
}

}  // namespace tollgate::config
