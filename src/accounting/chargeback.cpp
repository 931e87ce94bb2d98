#include "accounting/chargeback.hpp"

#include <algorithm>
#include <tuple>

#include "accounting/report_text.hpp"
#include "store/usage_queries.hpp"

namespace tollgate::accounting {
namespace {

std::string name_of(const store::Names& names, const std::string& id) {
    const auto found = names.find(id);
    return found == names.end() ? id : found->second;
}

}  // namespace

base::Result<std::vector<ChargebackRow>> chargeback(store::Session& session,
                                                    const store::Access& access,
                                                    std::string_view tenant, std::int64_t from,
                                                    std::int64_t to) {
    if (from <= 0 || to <= from) {
        return base::invalid("from, to: a report needs a range, `from` before `to`", "from");
    }
    store::UsageQuery query;
    query.filter.tenant = tenant;
    query.filter.from = month_start(from);
    query.filter.to = month_start(to - 1, 1);
    query.step = store::UsageStep::month;
    query.by = {store::UsageDimension::tenant, store::UsageDimension::team};
    TRY(const auto points, store::usage_series(session, access, query));
    TRY(const store::Names tenants, store::tenant_names(session, access, tenant));
    TRY(const store::Names teams, store::team_names(session, access, tenant));
    std::vector<ChargebackRow> rows;
    for (const store::UsagePoint& point : points) {
        rows.push_back({point.start, point.values[0], name_of(tenants, point.values[0]),
                        point.values[1], name_of(teams, point.values[1]), point.sums});
    }
    std::sort(rows.begin(), rows.end(), [](const ChargebackRow& a, const ChargebackRow& b) {
        return std::tie(a.month, a.tenant, a.team) < std::tie(b.month, b.tenant, b.team);
    });
    return rows;
}

void append_json(std::string& out, const std::vector<ChargebackRow>& rows) {
    domain::NanoUsd total = 0;
    json::Writer writer(out);
    writer.begin_object().key("rows").begin_array();
    for (const ChargebackRow& row : rows) {
        total += row.charge();
        writer.begin_object()
            .string("month", month_text(row.month))
            .string("tenant", row.tenant)
            .string("tenant_name", row.tenant_name)
            .string("team", row.team)
            .string("team_name", row.team_name)
            .integer("requests", row.sums.requests)
            .integer("tokens", tokens_of(row.sums));
        write_money(writer, "cost", row.sums.cost);
        write_money(writer, "fee", row.sums.fee);
        write_money(writer, "charge", row.charge());
        writer.integer("unpriced_requests", row.sums.unpriced_requests).end_object();
    }
    writer.end_array();
    write_money(writer, "total", total);
    writer.end_object();
}

void append_csv(std::string& out, const std::vector<ChargebackRow>& rows) {
    out +=
        "month,tenant,tenant_name,team,team_name,requests,tokens,cost,fee,charge,"
        "unpriced_requests\r\n";
    for (const ChargebackRow& row : rows) {
        out += month_text(row.month);
        for (const std::string* text : {&row.tenant, &row.tenant_name, &row.team, &row.team_name}) {
            out += ',';
            append_csv_text(out, *text);
        }
        out += "," + std::to_string(row.sums.requests) + "," + std::to_string(tokens_of(row.sums)) +
               "," + domain::dollars(row.sums.cost) + "," + domain::dollars(row.sums.fee) + "," +
               domain::dollars(row.charge()) + "," + std::to_string(row.sums.unpriced_requests) +
               "\r\n";
    }
}

}  // namespace tollgate::accounting
