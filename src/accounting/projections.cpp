#include "accounting/projections.hpp"

#include <algorithm>
#include <vector>

#include "accounting/report_text.hpp"

namespace tollgate::accounting {
namespace {

constexpr std::int64_t days_max = 7;
// Less of a first day says nothing about the rest of it.
constexpr std::int64_t today_min = 3'600 * micros_per_second;

std::int64_t day_of(std::int64_t at) { return at / micros_per_day * micros_per_day; }

// The part of usage that a subject's budget counts. False: usage is not summed by that kind.
bool narrow(store::UsageFilter& filter, domain::SubjectKind kind, std::string_view subject) {
    switch (kind) {
        case domain::SubjectKind::tenant:
            if (!subject.empty()) filter.tenant = subject;
            return true;
        case domain::SubjectKind::team: filter.team = subject; return true;
        case domain::SubjectKind::user: filter.user = subject; return true;
        case domain::SubjectKind::key: filter.key = subject; return true;
        case domain::SubjectKind::provider: filter.provider = subject; return true;
        case domain::SubjectKind::model: filter.model = subject; return true;
        default: return false;
    }
}

}  // namespace

Projection project(std::span<const DaySpend> days, domain::NanoUsd spent, std::int64_t from,
                   std::int64_t now, std::int64_t until) {
    Projection result{from, now, until, spent, 0, spent, 0};
    const std::int64_t today = day_of(now);
    std::int64_t first = today;
    domain::NanoUsd of_today = 0;
    for (const DaySpend& one : days) {
        if (one.day < today) first = std::min(first, one.day);
        if (one.day == today) of_today += one.cost;
    }
    const std::int64_t begin = std::max(first, today - days_max * micros_per_day);
    result.days_measured = (today - begin) / micros_per_day;
    __int128 per_micro_sum = 0;  // spent in `measured` microseconds
    std::int64_t measured = 0;
    if (result.days_measured > 0) {
        for (const DaySpend& one : days) {
            if (one.day >= begin && one.day < today) per_micro_sum += one.cost;
        }
        measured = today - begin;
    } else {
        per_micro_sum = of_today;
        measured = std::max(now - today, today_min);
    }
    result.daily = static_cast<domain::NanoUsd>(per_micro_sum * micros_per_day / measured);
    if (until > now) {
        result.projected += static_cast<domain::NanoUsd>(per_micro_sum * (until - now) / measured);
    }
    return result;
}

base::Result<Projection> projection(store::Session& session, const store::Access& access,
                                    domain::SubjectKind kind, std::string_view tenant,
                                    std::string_view subject, std::int64_t from, std::int64_t now,
                                    std::int64_t until) {
    store::UsageQuery query;
    query.filter.tenant = tenant;
    if (!narrow(query.filter, kind, subject)) {
        return base::invalid(
            "subject: usage is not summed by " + std::string(domain::to_string(kind)), "subject");
    }
    query.step = store::UsageStep::day;
    query.filter.from = day_of(now) - days_max * micros_per_day;
    query.filter.to = day_of(now) + micros_per_day;
    TRY(const auto points, store::usage_series(session, access, query));
    std::vector<DaySpend> days;
    for (const store::UsagePoint& point : points) {
        days.push_back({point.start, point.sums.cost + point.sums.fee});
    }
    TRY(const store::Spent spent,
        store::spent_between(session, access, kind, tenant, subject, from, now));
    return project(days, spent.total(), from, now, until);
}

void append_json(std::string& out, const Projection& projection) {
    json::Writer writer(out);
    writer.begin_object()
        .string("from", time_text(projection.from))
        .string("now", time_text(projection.now))
        .string("until", time_text(projection.until));
    write_money(writer, "spent", projection.spent);
    write_money(writer, "daily", projection.daily);
    write_money(writer, "projected", projection.projected);
    writer.integer("days_measured", projection.days_measured).end_object();
}

}  // namespace tollgate::accounting
