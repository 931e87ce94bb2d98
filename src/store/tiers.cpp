#include "store/tiers.hpp"

#include <array>

#include "store/table.hpp"

namespace tollgate::store {
namespace {

struct TierTable {
    using Value = domain::Tier;
    static constexpr std::string_view name = "tiers", noun = "tier", key = "name", tenant = "";
    static constexpr std::array<Constraint, 1> constraints{{{"tiers_pkey", "name"}}};
    template <typename V>
    static void fields(V& v, Value& t) {
        v.column("name", t.name, Written::once);
        v.column("limits", t.limits);
        v.column("monthly_cap_nano", t.monthly_cap);
        v.column("allowed_models", t.allowed_models);
        v.column("built_in", t.built_in, Written::once);
        v.column("updated", t.updated);
        v.etag(t.etag);
    }
};

base::Result<void> require_platform(const Access& access) {
    if (access.platform) return {};
    return base::Error{base::ErrorCode::permission, "only a platform admin may change tiers"};
}

}  // namespace

base::Result<domain::Tier> insert_tier(Session& session, const Access& access, domain::Tier tier) {
    TRY_VOID(require_platform(access));
    if (tier.updated == 0) tier.updated = now_micros();
    TRY_VOID(insert_row<TierTable>(session, tier));
    return tier_by_name(session, tier.name);
}

base::Result<domain::Tier> tier_by_name(Session& session, std::string_view name) {
    return row_by_key<TierTable>(session, {}, name);
}

base::Result<domain::Tier> update_tier(Session& session, const Access& access, domain::Tier tier) {
    TRY_VOID(require_platform(access));
    tier.updated = now_micros();
    return update_row<TierTable>(session, access, tier, tier.name, tier.etag);
}

base::Result<void> remove_tier(Session& session, const Access& access, std::string_view name) {
    TRY_VOID(require_platform(access));
    TRY(const auto tier, tier_by_name(session, name));
    if (tier.built_in) {
        return conflict("the tier " + tier.name + " is built in: change its limits instead",
                        "name");
    }
    for (const std::string table : {"tenants", "users", "api_keys"}) {
        Statement users("SELECT id FROM ");
        users.add(table).where("tier = ").text(name);
        if (table == "tenants") users.where("removed = 0");
        if (table == "api_keys") users.where("revoked = 0");
        users.add(" LIMIT 1");
        std::string id;
        TRY(const bool used, users.any(session, &id));
        if (used) {
            return conflict("the tier " + tier.name + " is in use, by " + id + " of " + table +
                                ": give those another tier first",
                            "name");
        }
    }
    return remove_row<TierTable>(session, access, name);
}

base::Result<Page<domain::Tier>> list_tiers(Session& session, const PageRequest& page) {
    return page_by_key<TierTable>(session, select_from<TierTable>(), page,
                                  [](const domain::Tier& t) { return t.name; });
}

base::Result<std::vector<domain::Tier>> load_tiers(Session& session) {
    return load_rows<TierTable>(session);
}

}  // namespace tollgate::store
