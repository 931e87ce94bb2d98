// Where alerts go (channels), which were raised, and their deliveries, which outlive a crash and
// are taken by one instance at a time. Blocking; see page.hpp for access, errors and paging.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "domain/tenancy.hpp"
#include "store/db.hpp"
#include "store/page.hpp"

namespace tollgate::store {

// --- channels --------------------------------------------------------------------------------
struct ChannelFilter {
    std::optional<std::string> tenant;  // "" : the platform's own
    std::optional<bool> enabled;
};
// As insert_tenant. Fails: is_conflict() with field "name" (taken in this tenant), "id", "tenant".
base::Result<domain::AlertChannel> insert_channel(Session& session, const Access& access,
                                                  domain::AlertChannel channel);
base::Result<domain::AlertChannel> channel_by_id(Session& session, const Access& access,
                                                 std::string_view id);
// Writes every field but id, tenant and created. Fails: not_found, is_lost_update(),
// is_conflict() ("name").
base::Result<domain::AlertChannel> update_channel(Session& session, const Access& access,
                                                  domain::AlertChannel channel);
// With its deliveries. Fails: not_found.
base::Result<void> remove_channel(Session& session, const Access& access, std::string_view id);
base::Result<Page<domain::AlertChannel>> list_channels(Session& session, const Access& access,
                                                       const ChannelFilter& filter,
                                                       const PageRequest& page);
// All, enabled or not. REQUIRES: platform access.
base::Result<std::vector<domain::AlertChannel>> load_channels(Session& session);

// --- alerts ----------------------------------------------------------------------------------
// Adds the alert, and a delivery for each channel of its tenant and of the platform that is
// enabled and whose events match; false when one with that `unique` text is there already, from
// this instance or another. An empty `unique` becomes the id. Fills an empty id and a time of 0.
// REQUIRES: platform access.
base::Result<bool> raise_alert(Session& session, const domain::Alert& alert);

struct AlertFilter {
    std::string tenant;      // "" : every one that the access sees
    std::string event;       // exactly, or with a star at its end; "" : any
    std::optional<bool> acknowledged;
    domain::UnixMicros from = 0, to = 0;  // from <= at < to; 0: open
};
// Newest first.
base::Result<Page<domain::Alert>> list_alerts(Session& session, const Access& access,
                                              const AlertFilter& filter, const PageRequest& page);
base::Result<domain::Alert> alert_by_id(Session& session, const Access& access,
                                        std::string_view id);
// Acknowledging twice keeps the first time. Fails: not_found.
base::Result<domain::Alert> acknowledge_alert(Session& session, const Access& access,
                                              std::string_view id, domain::UnixMicros now);

// --- deliveries: the sender's side. REQUIRES: platform access. ---------------------------------
struct DueDelivery {
    domain::AlertDelivery delivery;
    domain::Alert alert;
    domain::AlertChannel channel;
};
// Takes up to `limit` that are due: counts the attempt and moves `due` to `lease_until`, so that
// no other instance takes them meanwhile and a crash leaves them due again then.
base::Result<std::vector<DueDelivery>> take_deliveries(Session& session, domain::UnixMicros now,
                                                       domain::UnixMicros lease_until,
                                                       std::int64_t limit);
base::Result<void> delivery_done(Session& session, std::string_view id, domain::UnixMicros now);
// `next` is when to try again; 0: given up.
base::Result<void> delivery_failed(Session& session, std::string_view id, std::string_view problem,
                                   domain::UnixMicros next, domain::UnixMicros now);

// `alert` "" : of every one. The newest alert's last.
base::Result<Page<domain::AlertDelivery>> list_deliveries(Session& session, const Access& access,
                                                          std::string_view alert,
                                                          const PageRequest& page);
// Forgets alerts older than that, with their deliveries; gives how many. REQUIRES: platform access.
base::Result<std::int64_t> drop_old_alerts(Session& session, domain::UnixMicros before);

}  // namespace tollgate::store
