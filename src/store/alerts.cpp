#include "store/alerts.hpp"

#include <array>

#include "base/ids.hpp"
#include "store/table.hpp"

namespace tollgate::store {
namespace {

struct AlertTable {
    using Value = domain::Alert;
    static constexpr std::string_view name = "alerts", noun = "alert", key = "id",
                                      tenant = "tenant_id";
    template <typename V>
    static void fields(V& v, Value& a) {
        v.column("id", a.id, Written::once);
        v.column("tenant_id", a.tenant, Written::once);
        v.column("event", a.event, Written::once);
        v.column("subject", a.subject, Written::once);
        v.column("message", a.message, Written::once);
        v.object("details", a.details);
        v.column("unique_key", a.unique, Written::once);
        v.column("at", a.at, Written::once);
        v.column("acknowledged", a.acknowledged);
    }
};

struct DeliveryTable {
    using Value = domain::AlertDelivery;
    static constexpr std::string_view name = "alert_deliveries", noun = "delivery", key = "id";
    static constexpr std::array<Constraint, 0> constraints{};
    template <typename V>
    static void fields(V& v, Value& d) {
        v.column("id", d.id, Written::once);
        v.column("tenant_id", d.tenant, Written::once);
        v.column("alert_id", d.alert, Written::once);
        v.column("channel_id", d.channel, Written::once);
        v.column("attempts", d.attempts);
        v.column("due", d.due);
        v.column("delivered", d.delivered);
        v.column("given_up", d.given_up);
        v.column("problem", d.problem);
    }
};

// A star stands for any text, also none. Only the last star seen is ever tried again: what an
// earlier one took more of, the last one can take as well.
bool matches(std::string_view pattern, std::string_view text) {
    std::size_t at = 0;
    std::size_t star = std::string_view::npos;
    std::size_t resume = 0;
    for (std::size_t next = 0; next < text.size();) {
        if (at < pattern.size() && pattern[at] == '*') {
            star = at++;
            resume = next;
        } else if (at < pattern.size() && pattern[at] == text[next]) {
            ++at;
            ++next;
        } else if (star != std::string_view::npos) {
            at = star + 1;
            next = ++resume;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

bool wants(const domain::AlertChannel& channel, std::string_view event) {
    if (channel.events.empty()) return true;
    for (const std::string& pattern : channel.events) {
        if (matches(pattern, event)) return true;
    }
    return false;
}

base::Result<void> queue_deliveries(Session& session, const domain::Alert& alert) {
    TRY(const auto channels, load_channels(session));
    for (const domain::AlertChannel& channel : channels) {
        const bool concerned = channel.tenant.empty() || channel.tenant == alert.tenant;
        if (!concerned || !channel.enabled || !wants(channel, alert.event)) continue;
        domain::AlertDelivery delivery;
        delivery.id = base::uuid7();
        delivery.tenant = channel.tenant;
        delivery.alert = alert.id;
        delivery.channel = channel.id;
        delivery.due = alert.at;
        TRY_VOID(insert_row<DeliveryTable>(session, delivery));
    }
    return {};
}

}  // namespace

base::Result<bool> raise_alert(Session& session, const domain::Alert& alert) {
    domain::Alert row = alert;
    if (row.id.empty()) row.id = base::uuid7();
    if (row.at == 0) row.at = now_micros();
    if (row.unique.empty()) row.unique = row.id;
    RowWriter writer(RowWriter::Mode::insert);
    AlertTable::fields(writer, row);
    TRY(auto statement, writer.insert_into(AlertTable::name));
    statement.add(" ON CONFLICT (tenant_id, unique_key) DO NOTHING");
    TRY(const std::int64_t rows, statement.execute(session));
    if (rows == 0) return false;
    TRY_VOID(queue_deliveries(session, row));
    return true;
}

base::Result<Page<domain::Alert>> list_alerts(Session& session, const Access& access,
                                              const AlertFilter& filter, const PageRequest& page) {
    Statement statement = select_from<AlertTable>();
    statement.where_tenant(access);
    if (!filter.tenant.empty()) statement.where("tenant_id = ").text(filter.tenant);
    statement.where_like("event", filter.event);
    if (filter.acknowledged) {
        statement.where(*filter.acknowledged ? "acknowledged <> 0" : "acknowledged = 0");
    }
    statement.where_time("at", filter.from, filter.to);
    return page_by_time<AlertTable>(session, std::move(statement), "at", page,
                                    [](const domain::Alert& a) { return a.at; });
}

base::Result<domain::Alert> alert_by_id(Session& session, const Access& access,
                                        std::string_view id) {
    return row_by_key<AlertTable>(session, access, id);
}

base::Result<domain::Alert> acknowledge_alert(Session& session, const Access& access,
                                              std::string_view id, domain::UnixMicros now) {
    Statement statement("UPDATE alerts SET acknowledged = ");
    statement.integer(now).where("id = ").text(id).where("acknowledged = 0").where_tenant(access);
    TRY_VOID(statement.execute(session));
    return alert_by_id(session, access, id);
}

base::Result<std::vector<DueDelivery>> take_deliveries(Session& session, domain::UnixMicros now,
                                                       domain::UnixMicros lease_until,
                                                       std::int64_t limit) {
    const Access access = Access::everything();
    Statement statement = select_from<DeliveryTable>();
    statement.where("delivered = 0").where("given_up = 0").where("due <= ").integer(now);
    statement.where("channel_id IN (SELECT id FROM alert_channels WHERE enabled = ").flag(true);
    statement.add(") ORDER BY due, id LIMIT ").integer(limit);
    // SQLite has one writer at a time; PostgreSQL's passes over what another is taking.
    statement.add(session.pick("", " FOR UPDATE SKIP LOCKED"));
    TRY(auto taken, rows_of<DeliveryTable>(session, statement));
    std::vector<DueDelivery> due;
    for (domain::AlertDelivery& delivery : taken) {
        ++delivery.attempts;
        delivery.due = lease_until;
        Statement take("UPDATE alert_deliveries SET attempts = ");
        take.integer(delivery.attempts).add(", due = ").integer(lease_until);
        take.where("id = ").text(delivery.id);
        TRY_VOID(take.execute(session));
        TRY(auto alert, alert_by_id(session, access, delivery.alert));
        TRY(auto channel, channel_by_id(session, access, delivery.channel));
        due.push_back({std::move(delivery), std::move(alert), std::move(channel)});
    }
    return due;
}

base::Result<void> delivery_done(Session& session, std::string_view id, domain::UnixMicros now) {
    Statement statement("UPDATE alert_deliveries SET delivered = ");
    statement.integer(now).add(", problem = ''").where("id = ").text(id);
    TRY(const std::int64_t rows, statement.execute(session));
    if (rows == 0) return not_found("delivery " + std::string(id));
    return {};
}

base::Result<void> delivery_failed(Session& session, std::string_view id, std::string_view problem,
                                   domain::UnixMicros next, domain::UnixMicros now) {
    Statement statement("UPDATE alert_deliveries SET problem = ");
    statement.text(problem);
    if (next == 0) {
        statement.add(", given_up = ").integer(now);
    } else {
        statement.add(", due = ").integer(next);
    }
    statement.where("id = ").text(id);
    TRY(const std::int64_t rows, statement.execute(session));
    if (rows == 0) return not_found("delivery " + std::string(id));
    return {};
}

base::Result<Page<domain::AlertDelivery>> list_deliveries(Session& session, const Access& access,
                                                          std::string_view alert,
                                                          const PageRequest& page) {
    Statement statement = select_from<DeliveryTable>();
    statement.where_tenant(access);
    if (!alert.empty()) statement.where("alert_id = ").text(alert);
    return page_by_key<DeliveryTable>(session, std::move(statement), page,
                                      [](const domain::AlertDelivery& d) { return d.id; });
}

base::Result<std::int64_t> drop_old_alerts(Session& session, domain::UnixMicros before) {
    Statement statement("DELETE FROM alerts");
    statement.where("at < ").integer(before);
    return statement.execute(session);
}

}  // namespace tollgate::store
