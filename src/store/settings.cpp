#include "store/settings.hpp"

#include "base/json.hpp"
#include "store/table.hpp"

namespace tollgate::store {
namespace {

// power_level has a column, and the column a default; the rest are the preferences.
constexpr std::string_view default_power_level = "balanced";

std::string preferences_of(const domain::UserSettings& settings) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.raw("preferred_providers", json_of(settings.preferred_providers));
    writer.raw("disabled_providers", json_of(settings.disabled_providers));
    if (settings.max_cost_per_request) {
        writer.integer("max_cost_per_request_nano", *settings.max_cost_per_request);
    }
    if (settings.monthly_cap) writer.integer("monthly_cap_nano", *settings.monthly_cap);
    writer.boolean("cap_hard", settings.cap_hard);
    writer.boolean("auto_fallback", settings.auto_fallback);
    writer.boolean("use_byok", settings.use_byok);
    writer.boolean("require_local", settings.require_local);
    writer.end_object();
    return out;
}

base::Result<void> read_preferences(std::string_view json, domain::UserSettings& settings) {
    json::Document document;
    TRY(const auto root, document.parse(json));
    const auto list = [&](std::string_view name, std::vector<std::string>& into) {
        const json::Value value = root[name];
        return value.exists() ? from_json(value.raw(), into) : base::Result<void>();
    };
    TRY_VOID(list("preferred_providers", settings.preferred_providers));
    TRY_VOID(list("disabled_providers", settings.disabled_providers));
    settings.max_cost_per_request = root["max_cost_per_request_nano"].integer();
    settings.monthly_cap = root["monthly_cap_nano"].integer();
    settings.cap_hard = root["cap_hard"].boolean().value_or(settings.cap_hard);
    settings.auto_fallback = root["auto_fallback"].boolean().value_or(settings.auto_fallback);
    settings.use_byok = root["use_byok"].boolean().value_or(settings.use_byok);
    settings.require_local = root["require_local"].boolean().value_or(settings.require_local);
    return {};
}

Statement select_settings() {
    return Statement(
        "SELECT tenant_id, user_id, power_level, preferences, updated, etag "
        "FROM user_llm_settings");
}

base::Result<std::vector<domain::UserSettings>> settings_rows(Session& session,
                                                              const Statement& statement) {
    std::vector<domain::UserSettings> all;
    TRY_VOID(statement.each(session, [&](const Row& row) -> base::Result<void> {
        domain::UserSettings settings;
        settings.tenant = row.string(0);
        settings.user = row.string(1);
        settings.power_level = row.string(2);
        TRY_VOID(read_preferences(row.text(3), settings));
        settings.updated = row.integer(4);
        settings.etag = static_cast<std::uint64_t>(row.integer(5));
        all.push_back(std::move(settings));
        return {};
    }));
    return all;
}

base::Result<std::int64_t> insert_settings(Session& session, const domain::UserSettings& settings,
                                           std::string_view power_level) {
    Statement statement(
        "INSERT INTO user_llm_settings (tenant_id, user_id, power_level, preferences, created, "
        "updated) VALUES (");
    statement.text(settings.tenant).add(", ").text(settings.user).add(", ").text(power_level);
    statement.add(", ").text(preferences_of(settings)).add(", ").integer(settings.updated);
    statement.add(", ").integer(settings.updated);
    statement.add(") ON CONFLICT (tenant_id, user_id) DO NOTHING");
    return statement.execute(session);
}

base::Result<std::int64_t> replace_settings(Session& session, const Access& access,
                                            const domain::UserSettings& settings,
                                            std::string_view power_level) {
    Statement statement("UPDATE user_llm_settings SET power_level = ");
    statement.text(power_level).add(", preferences = ").text(preferences_of(settings));
    statement.add(", updated = ").integer(settings.updated).add(", etag = etag + 1");
    statement.where("tenant_id = ").text(settings.tenant);
    statement.where("user_id = ").text(settings.user).where_tenant(access);
    statement.where("etag = ").integer(static_cast<std::int64_t>(settings.etag));
    return statement.execute(session);
}

}  // namespace

base::Result<domain::UserSettings> settings_of(Session& session, const Access& access,
                                               std::string_view tenant, std::string_view user) {
    Statement statement = select_settings();
    statement.where("tenant_id = ").text(tenant).where("user_id = ").text(user);
    statement.where_tenant(access);
    TRY(auto found, settings_rows(session, statement));
    if (!found.empty()) {
        domain::UserSettings settings = std::move(found.front());
        return settings;
    }
    domain::UserSettings defaults;
    defaults.tenant = tenant;
    defaults.user = user;
    defaults.power_level = default_power_level;
    defaults.etag = 0;
    return defaults;
}

base::Result<domain::UserSettings> put_settings(Session& session, const Access& access,
                                                domain::UserSettings settings) {
    TRY_VOID(check_writes(access, settings.tenant));
    TRY_VOID(check_tenant(session, settings.tenant));
    settings.updated = now_micros();
    const std::string_view power_level =
        settings.power_level.empty() ? default_power_level : std::string_view(settings.power_level);
    TRY(const std::int64_t rows,
        settings.etag == 0 ? insert_settings(session, settings, power_level)
                           : replace_settings(session, access, settings, power_level));
    if (rows == 0) return lost_update("the settings of user " + settings.user);
    return settings_of(session, access, settings.tenant, settings.user);
}

base::Result<void> remove_settings(Session& session, const Access& access, std::string_view tenant,
                                   std::string_view user) {
    Statement statement("DELETE FROM user_llm_settings");
    statement.where("tenant_id = ").text(tenant).where("user_id = ").text(user);
    statement.where_tenant(access);
    TRY(const std::int64_t rows, statement.execute(session));
    if (rows == 0) return not_found("setting of user " + std::string(user));
    return {};
}

base::Result<std::vector<domain::UserSettings>> load_settings(Session& session) {
    Statement statement = select_settings();
    statement.add(" ORDER BY tenant_id, user_id");
    return settings_rows(session, statement);
}

}  // namespace tollgate::store
