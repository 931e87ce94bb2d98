#include "store/alerts.hpp"

#include "admin/handlers.hpp"

namespace tollgate::admin {
namespace {

// What was shown of a target stands for it; any other text with a mask in it is no address.
base::Result<void> take_target(domain::AlertChannel& channel, const domain::AlertChannel* stored) {
    if (stored != nullptr && channel.target == shown_target(*stored)) {
        channel.target = stored->target;
    }
    if (channel.kind == domain::AlertChannelKind::email ||
        channel.target.find(target_mask) == std::string::npos) {
        return {};
    }
    return invalid("target: is masked, as it is shown: give the whole URL, or leave it out",
                   "target");
}

}  // namespace

Outcome list_alerts(Call& call, Session& session) {
    store::AlertFilter filter;
    TRY(filter.tenant, call.tenant_filter(session));
    filter.event = call.query().text("event");
    filter.acknowledged = call.query().optional_flag("acknowledged");
    filter.from = call.query().time("from", 0);
    filter.to = call.query().time("to", 0);
    const store::PageRequest page = call.page();
    TRY_VOID(call.checked());
    TRY(const auto found, store::list_alerts(session, call.access, filter, page));
    return call.show_page(found);
}

Outcome get_alert(Call& call, Session& session) {
    TRY(const domain::Alert alert, store::alert_by_id(session, call.access, call.path("id")));
    TRY_VOID(call.checked());
    return call.answer(200, shown(alert));
}

Outcome acknowledge_alert(Call& call, Session& session) {
    TRY_VOID(call.checked());
    TRY(const domain::Alert alert,
        store::acknowledge_alert(session, call.access, call.path("id"), store::now_micros()));
    call.record("alert.acknowledged", "alert/" + alert.id, alert.tenant);
    return call.answer(200, shown(alert));
}

Outcome list_channels(Call& call, Session& session) {
    store::ChannelFilter filter;
    if (call.query().has("tenant") || !call.platform()) {
        TRY(filter.tenant, call.tenant_filter(session));
    }
    filter.enabled = call.query().optional_flag("enabled");
    const store::PageRequest page = call.page();
    TRY_VOID(call.checked());
    TRY(const auto found, store::list_channels(session, call.access, filter, page));
    return call.show_page(found);
}

Outcome create_channel(Call& call, Session& session) {
    TRY(Fields * fields, call.body());
    domain::AlertChannel channel;
    std::string asked;
    fields->text("tenant", asked);
    read(*fields, channel);
    TRY_VOID(call.checked());
    TRY_VOID(take_target(channel, nullptr));
    // Without a tenant a platform admin's channel gets what concerns the platform.
    if (!asked.empty() || !call.platform()) {
        TRY(const domain::Tenant tenant, call.tenant_for(session, asked));
        channel.tenant = tenant.id;
    }
    TRY(const domain::AlertChannel made,
        store::insert_channel(session, call.access, std::move(channel)));
    call.record("alert_channel.created", "alert_channel/" + made.id, made.tenant, {},
                shown(made));
    call.header("location", "/api/v1/alerts/channels/" + made.id);
    return call.show(made, 201);
}

Outcome get_channel(Call& call, Session& session) {
    TRY(const domain::AlertChannel channel,
        store::channel_by_id(session, call.access, call.path("id")));
    TRY_VOID(call.checked());
    return call.show(channel);
}

Outcome update_channel(Call& call, Session& session) {
    TRY(const domain::AlertChannel stored,
        store::channel_by_id(session, call.access, call.path("id")));
    TRY(domain::AlertChannel changed, changed_by(call, stored, "alert channel " + stored.name));
    // The secret is never shown, so a PUT without it keeps it; "" or null takes it away.
    TRY(Fields * fields, call.body());
    if (!fields->has("secret")) changed.secret = stored.secret;
    TRY_VOID(take_target(changed, &stored));
    TRY(const domain::AlertChannel written,
        store::update_channel(session, call.access, std::move(changed)));
    call.record_change("alert_channel.updated", "alert_channel/" + stored.id, stored.tenant,
                       stored, written);
    return call.show(written);
}

Outcome delete_channel(Call& call, Session& session) {
    TRY(const domain::AlertChannel stored,
        store::channel_by_id(session, call.access, call.path("id")));
    TRY_VOID(call.checked());
    TRY_VOID(call.check_match(stored.etag, "alert channel " + stored.name));
    TRY_VOID(store::remove_channel(session, call.access, stored.id));
    call.record("alert_channel.deleted", "alert_channel/" + stored.id, stored.tenant,
                shown(stored));
    return call.done("the alert channel is removed", stored.id);
}

}  // namespace tollgate::admin
