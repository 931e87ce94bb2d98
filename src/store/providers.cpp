#include "store/providers.hpp"

#include <array>

#include "crypto/digest.hpp"
#include "crypto/md5_uuid.hpp"
#include "store/table.hpp"

namespace tollgate::store {
namespace {

constexpr std::size_t slug_bytes_max = 60;
constexpr std::size_t tenant_mark_characters = 8;

struct ProviderTable {
    using Value = domain::ProviderRow;
    // A tenant reads the platform's too: where_readable() instead of where_access().
    static constexpr std::string_view name = "llm_providers", noun = "provider", key = "slug",
                                      tenant = "";
    static constexpr std::array<Constraint, 3> constraints{
        {{"llm_providers_name_unique", "name"},
         {"llm_providers_slug_unique", "name"},
         {"llm_providers_pkey", "name"}}};
    template <typename V>
    static void fields(V& v, Value& p) {
        v.column("slug", p.slug, Written::once);
        v.column("tenant_id", p.tenant, Written::once);
        v.column("name", p.name);
        v.column("type", p.type);
        v.nullable("api_key_encrypted", p.api_key_token);
        v.column("masked", p.masked);
        v.column("key_id", p.key_id);
        v.nullable("api_base_url", p.api_base_url);
        v.column("enabled", p.enabled);
        v.column("priority", p.priority);
        v.object("config", p.config);
        v.column("health_status", p.health, Written::once);
        v.column("health_message", p.health_message, Written::once);
        v.column("health_checked", p.health_checked, Written::once);
        v.column("origin", p.origin, Written::once);
        v.column("created", p.created, Written::once);
        v.column("updated", p.updated);
        v.etag(p.etag);
    }
};

}  // namespace

std::string provider_uuid(std::string_view slug) { return crypto::md5_uuid(slug); }

std::string provider_slug(std::string_view name, std::string_view tenant) {
    std::string slug;
    for (const char letter : name.substr(0, slug_bytes_max)) {
        const bool upper = letter >= 'A' && letter <= 'Z';
        const char lower = upper ? static_cast<char>(letter - 'A' + 'a') : letter;
        const bool plain = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9') ||
                           lower == '_' || lower == '.';
        if (plain) {
            slug += lower;
        } else if (!slug.empty() && slug.back() != '-') {
            slug += '-';
        }
    }
    while (!slug.empty() && (slug.back() == '-' || slug.back() == '.')) slug.pop_back();
    while (!slug.empty() && slug.front() == '.') slug.erase(0, 1);
    if (slug.empty() || tenant.empty()) return slug;
    return slug + "-" + crypto::hex(crypto::sha256(tenant)).substr(0, tenant_mark_characters);
}

base::Result<domain::ProviderRow> insert_provider(Session& session, const Access& access,
                                                  domain::ProviderRow provider) {
    TRY_VOID(check_writes(access, provider.tenant));
    if (!provider.tenant.empty()) TRY_VOID(check_tenant(session, provider.tenant));
    if (provider.slug.empty()) provider.slug = provider_slug(provider.name, provider.tenant);
    if (provider.slug.empty()) return conflict("the name has no letter or digit", "name");
    if (provider.created == 0) provider.created = now_micros();
    if (provider.updated == 0) provider.updated = provider.created;
    TRY_VOID(insert_row<ProviderTable>(session, provider));
    return find_provider(session, access, provider.slug);
}

base::Result<domain::ProviderRow> find_provider(Session& session, const Access& access,
                                                std::string_view slug_or_uuid) {
    Statement statement = select_from<ProviderTable>();
    statement.where("slug = ").text(slug_or_uuid);
    where_readable(statement, access);
    TRY(auto rows, rows_of<ProviderTable>(session, statement));
    if (rows.empty()) {
        // SQLite has no column with the UUIDs, and there are few providers.
        Statement all = select_from<ProviderTable>();
        where_readable(all, access);
        TRY(rows, rows_of<ProviderTable>(session, all));
        std::erase_if(rows, [&](const domain::ProviderRow& row) {
            return provider_uuid(row.slug) != slug_or_uuid;
        });
    }
    if (rows.empty()) return not_found("provider " + std::string(slug_or_uuid));
    domain::ProviderRow row = std::move(rows.front());
    return row;
}

base::Result<domain::ProviderRow> update_provider(Session& session, const Access& access,
                                                  domain::ProviderRow provider) {
    TRY(const domain::ProviderRow stored, find_provider(session, access, provider.slug));
    TRY_VOID(check_writes(access, stored.tenant));
    provider.updated = now_micros();
    return update_row<ProviderTable>(session, access, provider, provider.slug, provider.etag);
}

base::Result<void> remove_provider(Session& session, const Access& access, std::string_view slug) {
    TRY(const domain::ProviderRow stored, find_provider(session, access, slug));
    TRY_VOID(check_writes(access, stored.tenant));
    Statement models("DELETE FROM llm_models");
    models.where("provider = ").text(stored.slug);
    TRY_VOID(models.execute(session));
    return remove_row<ProviderTable>(session, access, stored.slug);
}

base::Result<void> set_provider_health(Session& session, std::string_view slug,
                                       std::string_view health, std::string_view message,
                                       domain::UnixMicros at) {
    Statement statement("UPDATE llm_providers SET health_status = ");
    statement.text(health).add(", health_message = ").text(message);
    statement.add(", health_checked = ").integer(at).where("slug = ").text(slug);
    TRY_VOID(statement.execute(session));
    return {};
}

base::Result<bool> rewrap_provider(Session& session, std::string_view slug,
                                   std::string_view old_token, std::string_view token,
                                   std::string_view key_id) {
    Statement statement("UPDATE llm_providers SET api_key_encrypted = ");
    statement.text(token).add(", key_id = ").text(key_id).where("slug = ").text(slug);
    statement.where("api_key_encrypted = ").text(old_token);
    TRY(const std::int64_t rows, statement.execute(session));
    return rows > 0;
}

base::Result<Page<domain::ProviderRow>> list_providers(Session& session, const Access& access,
                                                       const ProviderFilter& filter,
                                                       const PageRequest& page) {
    Statement statement = select_from<ProviderTable>();
    where_readable(statement, access);
    if (filter.enabled) statement.where("enabled = ").flag(*filter.enabled);
    if (filter.tenant) statement.where("tenant_id = ").text(*filter.tenant);
    return page_by_key<ProviderTable>(session, std::move(statement), page,
                                      [](const domain::ProviderRow& p) { return p.slug; });
}

base::Result<std::vector<domain::ProviderRow>> load_providers(Session& session) {
    return load_rows<ProviderTable>(session);
}

}  // namespace tollgate::store
