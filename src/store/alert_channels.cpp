// Channels of alerts; alerts and their deliveries are in alerts.cpp.
#include <array>

#include "base/ids.hpp"
#include "store/alerts.hpp"
#include "store/table.hpp"

namespace tollgate::store {
namespace {

struct ChannelTable {
    using Value = domain::AlertChannel;
    static constexpr std::string_view name = "alert_channels", noun = "alert channel", key = "id",
                                      tenant = "tenant_id";
    static constexpr std::array<Constraint, 1> constraints{
        {{"alert_channels_name_unique", "name"}}};
    template <typename V>
    static void fields(V& v, Value& c) {
        v.column("id", c.id, Written::once);
        v.column("tenant_id", c.tenant, Written::once);
        v.column("name", c.name);
        v.word("kind", c.kind);
        v.column("target", c.target);
        v.column("secret", c.secret);
        v.column("events", c.events);
        v.column("enabled", c.enabled);
        v.column("created", c.created, Written::once);
        v.column("updated", c.updated);
        v.etag(c.etag);
    }
};

}  // namespace

base::Result<domain::AlertChannel> insert_channel(Session& session, const Access& access,
                                                  domain::AlertChannel channel) {
    TRY_VOID(check_writes(access, channel.tenant));
    if (!channel.tenant.empty()) TRY_VOID(check_tenant(session, channel.tenant));
    if (channel.id.empty()) channel.id = base::uuid7();
    if (channel.created == 0) channel.created = now_micros();
    if (channel.updated == 0) channel.updated = channel.created;
    TRY_VOID(insert_row<ChannelTable>(session, channel));
    return channel_by_id(session, access, channel.id);
}

base::Result<domain::AlertChannel> channel_by_id(Session& session, const Access& access,
                                                 std::string_view id) {
    return row_by_key<ChannelTable>(session, access, id);
}

base::Result<domain::AlertChannel> update_channel(Session& session, const Access& access,
                                                  domain::AlertChannel channel) {
    channel.updated = now_micros();
    return update_row<ChannelTable>(session, access, channel, channel.id, channel.etag);
}

base::Result<void> remove_channel(Session& session, const Access& access, std::string_view id) {
    return remove_row<ChannelTable>(session, access, id);
}

base::Result<Page<domain::AlertChannel>> list_channels(Session& session, const Access& access,
                                                       const ChannelFilter& filter,
                                                       const PageRequest& page) {
    Statement statement = select_from<ChannelTable>();
    statement.where_tenant(access);
    if (filter.tenant) statement.where("tenant_id = ").text(*filter.tenant);
    if (filter.enabled) statement.where("enabled = ").flag(*filter.enabled);
    return page_by_key<ChannelTable>(session, std::move(statement), page,
                                     [](const domain::AlertChannel& c) { return c.id; });
}

base::Result<std::vector<domain::AlertChannel>> load_channels(Session& session) {
    return load_rows<ChannelTable>(session);
}

}  // namespace tollgate::store
