#include "admin/events.hpp"

#include <array>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "store/alerts.hpp"

namespace tollgate::admin {
namespace {

constexpr std::int64_t micros = 1'000'000;

struct Event {
    std::string_view action;  // as the audit has it
    std::string_view name;
    std::string_view words;
};
constexpr std::array<Event, 5> events{{
    {"provider.created", "provider.created", "was added"},
    {"provider.updated", "provider.updated", "was changed"},
    {"provider.deleted", "provider.deleted", "was deleted"},
    {"byok_key_added", "user.byok_added", "was brought by its user"},
    {"byok_key_deleted", "user.byok_deleted", "was deleted"},
}};

// What was done, as an alert; the audit's details hold no secret.
std::vector<domain::Alert> alerts_of(const Call& call) {
    std::vector<domain::Alert> alerts;
    for (const domain::AuditRow& row : call.records()) {
        for (const Event& event : events) {
            if (row.action != event.action || row.outcome != "success") continue;
            domain::Alert alert;
            alert.tenant = row.tenant;
            alert.event = event.name;
            alert.subject = row.resource;
            alert.message = row.resource + " " + std::string(event.words);
            alert.details = row.details;
            alert.at = alert.acknowledged = base::unix_seconds() * micros;
            alerts.push_back(std::move(alert));
        }
    }
    return alerts;
}

}  // namespace

net::Task<void> tell_events(http::Exchange& exchange, std::shared_ptr<Call> call) {
    auto alerts = std::make_shared<const std::vector<domain::Alert>>(alerts_of(*call));
    if (alerts->empty()) co_return;
    store::Db::Work work = [alerts](store::Session& session) -> base::Result<void> {
        for (const domain::Alert& alert : *alerts) {
            TRY(const bool raised, store::raise_alert(session, alert));
            (void)raised;
        }
        return {};
    };
    store::Access access = store::Access::everything();
    auto done = co_await call->services.db.run(exchange.loop(), std::move(access), true,
                                               std::move(work));
    if (!done.ok()) {
        base::log().warn("event_not_told", {{"event", alerts->front().event},
                                            {"subject", alerts->front().subject},
                                            {"why", done.error().message}});
    }
}

}  // namespace tollgate::admin
