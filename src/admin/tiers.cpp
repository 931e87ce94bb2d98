#include "store/tiers.hpp"

#include "admin/handlers.hpp"

namespace tollgate::admin {

Outcome list_tiers(Call& call, Session& session) {
    const store::PageRequest page = call.page();
    TRY_VOID(call.checked());
    TRY(const auto found, store::list_tiers(session, page));
    return call.show_page(found);
}

Outcome create_tier(Call& call, Session& session) {
    TRY(Fields * fields, call.body());
    domain::Tier tier;
    fields->required_text("name", tier.name);
    read(*fields, tier);
    TRY_VOID(call.checked());
    TRY(const domain::Tier made, store::insert_tier(session, call.access, std::move(tier)));
    call.record("tier.created", "tier/" + made.name, "", {}, shown(made));
    call.header("location", "/api/v1/tiers/" + made.name);
    return call.show(made, 201);
}

Outcome get_tier(Call& call, Session& session) {
    TRY(const domain::Tier tier, store::tier_by_name(session, call.path("name")));
    TRY_VOID(call.checked());
    return call.show(tier);
}

Outcome update_tier(Call& call, Session& session) {
    TRY(const domain::Tier stored, store::tier_by_name(session, call.path("name")));
    TRY(domain::Tier changed, changed_by(call, stored, "tier " + stored.name));
    TRY(const domain::Tier written, store::update_tier(session, call.access, std::move(changed)));
    call.record_change("tier.updated", "tier/" + stored.name, "", stored, written);
    return call.show(written);
}

Outcome delete_tier(Call& call, Session& session) {
    TRY(const domain::Tier stored, store::tier_by_name(session, call.path("name")));
    TRY_VOID(call.checked());
    TRY_VOID(call.check_match(stored.etag, "tier " + stored.name));
    TRY_VOID(store::remove_tier(session, call.access, stored.name));
    call.record("tier.deleted", "tier/" + stored.name, "", shown(stored));
    return call.done("the tier is deleted", stored.name);
}

}  // namespace tollgate::admin
