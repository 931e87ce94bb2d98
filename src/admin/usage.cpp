#include <algorithm>
#include <map>
#include <set>

#include "admin/handlers.hpp"
#include "admin/lookup.hpp"
#include "admin/times.hpp"
#include "admin/usage_scope.hpp"

namespace tollgate::admin {
namespace {

constexpr std::int64_t days_default = 30;
constexpr std::int64_t days_max = 3660;
constexpr double micros_per_ms = 1000.0;

using store::UsageDimension;
using store::UsagePoint;
using store::UsageSums;

std::int64_t tokens_of(const UsageSums& sums) {
    return sums.input_tokens + sums.output_tokens + sums.cache_read_tokens +
           sums.cache_write_5m_tokens + sums.cache_write_1h_tokens;
}

void write_sums(json::Writer& writer, const UsageSums& sums) {
    writer.integer("requests", sums.requests).integer("tokens", tokens_of(sums));
    write_money(writer, "cost", sums.cost);
}

struct ProviderUse {
    UsageSums sums;
    std::set<std::string> users;
};

// Of each provider, with the number of different users; by provider and user, so that both come
// from one query.
base::Result<void> write_providers(json::Writer& writer, Call& call, Session& session,
                                   const store::UsageFilter& filter) {
    store::UsageQuery query{filter, store::UsageStep::whole,
                            {UsageDimension::provider, UsageDimension::user}};
    TRY(const std::vector<UsagePoint> points, store::usage_series(session, call.access, query));
    std::map<std::string, ProviderUse> providers;
    for (const UsagePoint& point : points) {
        ProviderUse& use = providers[point.values[0]];
        use.sums.add(point.sums);
        if (!point.values[1].empty()) use.users.insert(point.values[1]);
    }
    writer.key("providers").begin_array();
    for (const auto& [name, use] : providers) {
        if (name.empty()) continue;  // refused before a provider was called
        const double average = use.sums.requests == 0
                                   ? 0.0
                                   : static_cast<double>(use.sums.total_us) / micros_per_ms /
                                         static_cast<double>(use.sums.requests);
        writer.begin_object().string("provider_id", name).string("provider_name", name);
        write_sums(writer, use.sums);
        writer.integer("avg_latency_ms", static_cast<std::int64_t>(average + 0.5))
            .integer("unique_users", static_cast<std::int64_t>(use.users.size()))
            .end_object();
    }
    writer.end_array();
    return {};
}

base::Result<void> write_series(json::Writer& writer, Call& call, Session& session,
                                const store::UsageFilter& filter) {
    const store::UsageQuery query{filter, store::UsageStep::day, {}};
    TRY(const std::vector<UsagePoint> points, store::usage_series(session, call.access, query));
    constexpr std::size_t date_characters = 10;
    writer.key("series").begin_array();
    for (const UsagePoint& point : points) {
        writer.begin_object().string("date", rfc3339(point.start).substr(0, date_characters));
        write_sums(writer, point.sums);
        writer.end_object();
    }
    writer.end_array();
    return {};
}

// The sums of each value of the dimension that was asked for, the dearest first.
base::Result<void> write_groups(json::Writer& writer, Call& call, Session& session,
                                const store::UsageFilter& filter, const std::string& group_by) {
    std::vector<UsagePoint> points;
    if (group_by == "tag") {
        TRY(points, store::usage_by_tag(session, call.access, filter, store::UsageStep::whole));
    } else {
        const auto dimension = store::usage_dimension_of(group_by);
        assert(dimension.has_value());
        const store::UsageQuery query{filter, store::UsageStep::whole, {*dimension}};
        TRY(points, store::usage_series(session, call.access, query));
    }
    std::sort(points.begin(), points.end(), [](const UsagePoint& a, const UsagePoint& b) {
        return a.sums.cost != b.sums.cost ? a.sums.cost > b.sums.cost : a.values < b.values;
    });
    writer.key("groups").begin_array();
    for (const UsagePoint& point : points) {
        writer.begin_object().string(group_by, point.values[0]);
        write_sums(writer, point.sums);
        writer.end_object();
    }
    writer.end_array();
    return {};
}

struct Asked {
    store::UsageFilter filter;
    std::int64_t days = days_default;
    std::string group_by;
};

base::Result<Asked> asked_usage(Call& call, Session& session) {
    Query& query = call.query();
    Asked asked;
    const std::string user_id = query.text("user_id");
    asked.days = query.integer("days", days_default, 1, days_max);
    asked.filter.provider = query.text("provider_id");
    asked.group_by = query.word(
        "group_by", "day", {"day", "model", "provider", "tenant", "user", "key", "tag", "project"});
    TRY(asked.filter.tenant, call.tenant_filter(session));
    TRY_VOID(call.checked());
    if (!user_id.empty()) {
        TRY(const domain::User user, find_user(call, session, user_id));
        asked.filter.user = user.id;
        asked.filter.tenant = user.tenant;
    }
    narrow(call, asked.filter);
    if (asked.group_by == "tag" && !(asked.filter.user.empty() && asked.filter.key.empty() &&
                                     asked.filter.provider.empty())) {
        return invalid("group_by: tags are summed for whole tenants, not by user or provider",
                             "group_by");
    }
    const domain::UnixMicros now = store::now_micros();
    // Whole days of UTC, today among them.
    asked.filter.to = (now / micros_per_day + 1) * micros_per_day;
    asked.filter.from = asked.filter.to - asked.days * micros_per_day;
    return asked;
}

}  // namespace

Outcome get_usage(Call& call, Session& session) {
    TRY(const Asked asked, asked_usage(call, session));
    const store::UsageQuery whole{asked.filter, store::UsageStep::whole, {}};
    TRY(const std::vector<UsagePoint> points, store::usage_series(session, call.access, whole));
    UsageSums total;
    for (const UsagePoint& point : points) total.add(point.sums);
    std::string text;
    json::Writer writer(text);
    writer.begin_object()
        .integer("total_requests", total.requests)
        .integer("total_tokens", tokens_of(total));
    write_money(writer, "total_cost", total.cost);
    write_money(writer, "avg_cost_per_request",
                total.requests == 0 ? 0 : total.cost / total.requests);
    write_money(writer, "baseline_cost", total.baseline_cost);
    write_money(writer, "savings", total.baseline_cost - total.cost);
    TRY_VOID(write_providers(writer, call, session, asked.filter));
    TRY_VOID(write_series(writer, call, session, asked.filter));
    if (asked.group_by != "day") {
        TRY_VOID(write_groups(writer, call, session, asked.filter, asked.group_by));
    }
    writer.integer("period_days", asked.days).end_object();
    return call.answer(200, std::move(text));
}

}  // namespace tollgate::admin
