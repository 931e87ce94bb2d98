// Where alerts go (channels), what is told (rules), and the deliveries, which outlive a crash and
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
// With its pending deliveries; rules forget it. Fails: not_found.
base::Result<void> remove_channel(Session& session, const Access& access, std::string_view id);
base::Result<Page<domain::AlertChannel>> list_channels(Session& session, const Access& access,
                                                       const ChannelFilter& filter,
                                                       const PageRequest& page);
// All, enabled or not. REQUIRES: platform access.
base::Result<std::vector<domain::AlertChannel>> load_channels(Session& session);

// --- rules -----------------------------------------------------------------------------------
struct RuleFilter {
    std::optional<std::string> tenant;  // "" : the platform's own
    std::string kind;                   // exactly; "" : any
    std::optional<bool> enabled;
};
// As insert_tenant. Fails: is_conflict() with field "name" (taken in this tenant), "id", "tenant",
// or "channels" (the rule's tenant has no such channel).
base::Result<domain::AlertRule> insert_rule(Session& session, const Access& access,
                                            domain::AlertRule rule);
base::Result<domain::AlertRule> rule_by_id(Session& session, const Access& access,
                                           std::string_view id);
// Writes every field but id, tenant and created. Fails: not_found, is_lost_update(),
// is_conflict() ("name", "channels").
base::Result<domain::AlertRule> update_rule(Session& session, const Access& access,
                                            domain::AlertRule rule);
base::Result<void> remove_rule(Session& session, const Access& access, std::string_view id);
base::Result<Page<domain::AlertRule>> list_rules(Session& session, const Access& access,
                                                 const RuleFilter& filter,
                                                 const PageRequest& page);
// All, enabled or not. REQUIRES: platform access.
base::Result<std::vector<domain::AlertRule>> load_rules(Session& session);

// --- deliveries --------------------------------------------------------------------------------
struct RaisedAlert {
    std::string tenant;  // whom it concerns; "" : the platform alone
    std::string kind;    // as rules name it
    std::string unique;  // "budget/ID/PERIOD/80": the same alert, whoever raises it
    std::string event;   // the JSON that is sent
    domain::UnixMicros at = 0;
};
// Queues one delivery for each enabled channel that a rule of this kind names, of the tenant and of
// the platform. Where neither has a rule of this kind, enabled or not, every enabled channel of
// both is meant, so that alerts work before anybody has written a rule. Gives how many were queued:
// 0 too when the same `unique` was raised before. REQUIRES: platform access.
base::Result<std::int64_t> raise_alert(Session& session, const RaisedAlert& alert);

struct DeliveryFilter {
    std::string tenant;   // "" : every one that the access sees
    std::string channel;  // "" : any
    std::optional<domain::DeliveryState> state;
    domain::UnixMicros from = 0, to = 0;  // from <= created < to; 0: open
};
// Newest first.
base::Result<Page<domain::AlertDelivery>> list_deliveries(Session& session, const Access& access,
                                                          const DeliveryFilter& filter,
                                                          const PageRequest& page);

struct DueDelivery {
    domain::AlertDelivery delivery;
    domain::AlertChannel channel;
};
// Takes up to `limit` that are due: counts the attempt and moves next_at to `lease_until`, so that
// no other instance takes them meanwhile and a crash leaves them due again then. Those of disabled
// channels wait. REQUIRES: platform access.
base::Result<std::vector<DueDelivery>> take_deliveries(Session& session, domain::UnixMicros now,
                                                       domain::UnixMicros lease_until,
                                                       std::int64_t limit);
base::Result<void> delivery_sent(Session& session, const RowId& delivery, domain::UnixMicros now);
// `next_at` is when to try again; 0: failed for good.
base::Result<void> delivery_failed(Session& session, const RowId& delivery,
                                   std::string_view problem, domain::UnixMicros next_at);
// Forgets what was sent or given up before `before`; gives how many.
base::Result<std::int64_t> drop_old_deliveries(Session& session, domain::UnixMicros before);

}  // namespace tollgate::store
