#include "accounting/reports.hpp"

#include "accounting/chargeback.hpp"
#include "accounting/report_text.hpp"
#include "accounting/savings.hpp"
#include "admin/handlers.hpp"
#include "admin/times.hpp"
#include "admin/usage_scope.hpp"

namespace tollgate::admin {
namespace {

constexpr std::int64_t range_days_default = 30;
constexpr std::size_t dimensions_max = 3;

// Without a range: the last 30 days, today among them.
void fill_range(store::UsageFilter& filter) {
    if (filter.to == 0) filter.to = (store::now_micros() / micros_per_day + 1) * micros_per_day;
    if (filter.from == 0) filter.from = filter.to - range_days_default * micros_per_day;
}

// group_by=model,team or group_by=tag.
base::Result<void> read_dimensions(const std::string& text,
                                   accounting::UsageReportQuery& wanted) {
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::string_view name = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(name.size() + 1, rest.size()));
        if (name == "tag") {
            wanted.by_tag = true;
            continue;
        }
        const auto dimension = store::usage_dimension_of(name);
        if (!dimension || *dimension == store::UsageDimension::none) {
            return invalid("group_by: " + std::string(name) +
                               " is none of tenant, team, user, key, provider, model, alias, "
                               "project, power_level, rule, status_class, tag",
                           "group_by");
        }
        wanted.by.push_back(*dimension);
    }
    if (wanted.by.size() > dimensions_max || (wanted.by_tag && !wanted.by.empty())) {
        return invalid("group_by takes up to three dimensions, or tag alone", "group_by");
    }
    return {};
}

store::UsageStep step_of(const std::string& word) {
    if (word == "hour") return store::UsageStep::hour;
    if (word == "month") return store::UsageStep::month;
    if (word == "whole") return store::UsageStep::whole;
    return store::UsageStep::day;
}

// Prices of today of what the configuration serves.
accounting::PriceLookup prices_of(std::shared_ptr<const gateway::Snapshot> snapshot) {
    return [snapshot = std::move(snapshot)](std::string_view provider,
                                            std::string_view model) -> const domain::TokenPrices* {
        if (snapshot == nullptr) return nullptr;
        for (const auto& endpoint : snapshot->endpoints) {
            const domain::Deployment& deployment = endpoint->deployment;
            if (deployment.model_name == model && deployment.provider.type == provider) {
                return &deployment.model.prices;
            }
        }
        return nullptr;
    };
}

}  // namespace

Outcome report_usage(Call& call, Session& session) {
    accounting::UsageReportQuery wanted;
    TRY(wanted.filter, usage_filter(call, session));
    Query& query = call.query();
    const std::string group_by = query.text("group_by");
    wanted.step = step_of(query.word("step", "day", {"hour", "day", "month", "whole"}));
    wanted.top = static_cast<std::size_t>(
        query.integer("top", 10, 1, static_cast<std::int64_t>(accounting::top_max)));
    wanted.series_top = static_cast<std::size_t>(
        query.integer("series_top", 0, 1, static_cast<std::int64_t>(accounting::top_max)));
    TRY_VOID(call.checked());
    TRY_VOID(read_dimensions(group_by, wanted));
    fill_range(wanted.filter);
    TRY(const accounting::UsageReport report,
        accounting::usage_report(session, call.access, wanted));
    std::string text;
    accounting::append_json(text, report);
    return call.answer(200, std::move(text));
}

Outcome report_savings(Call& call, Session& session) {
    TRY(store::UsageFilter filter, usage_filter(call, session));
    TRY_VOID(call.checked());
    fill_range(filter);
    const accounting::PriceLookup prices = prices_of(call.services.snapshot());
    TRY(const accounting::SavingsReport report,
        accounting::savings_report(session, call.access, filter, prices));
    std::string text;
    accounting::append_json(text, report);
    return call.answer(200, std::move(text));
}

Outcome report_chargeback(Call& call, Session& session) {
    TRY(const std::string tenant, call.tenant_filter(session));
    Query& query = call.query();
    const domain::UnixMicros now = store::now_micros();
    const domain::UnixMicros from = query.time("from", accounting::month_start(now));
    const domain::UnixMicros to = query.time("to", now);
    const std::string format = query.word("format", "json", {"json", "csv"});
    TRY_VOID(call.checked());
    TRY(const auto rows, accounting::chargeback(session, call.access, tenant, from, to));
    std::string text;
    if (format == "csv") {
        accounting::append_csv(text, rows);
        call.reply().content_type = "text/csv; charset=utf-8";
    } else {
        accounting::append_json(text, rows);
    }
    return call.answer(200, std::move(text));
}

}  // namespace tollgate::admin
