#include "accounting/reports_litellm.hpp"

#include <algorithm>
#include <map>

#include "accounting/report_text.hpp"
#include "accounting/reports.hpp"
#include "store/usage_queries.hpp"

namespace tollgate::accounting {
namespace {

using domain::Usage;
using domain::UsageRecord;
using store::UsageDimension;
using store::UsagePoint;
using store::UsageStep;

void write_log(json::Writer& writer, const UsageRecord& r) {
    const std::int64_t output = Usage::or_zero(r.usage.output);
    writer.begin_object()
        .string("request_id", r.request_id)
        .string("call_type", r.protocol == "anthropic" ? "anthropic_messages" : "acompletion")
        .string("api_key", r.key_id);
    write_money(writer, "spend", r.cost + r.fee);
    writer.integer("total_tokens", r.usage.prompt() + output)
        .integer("prompt_tokens", r.usage.prompt())
        .integer("completion_tokens", output)
        .string("startTime", time_text(r.at))
        .string("endTime", time_text(r.at + r.total_us));
    writer.key("completionStartTime");
    r.first_token_us < 0 ? writer.null() : writer.string(time_text(r.at + r.first_token_us));
    writer.string("model", r.model)
        .string("model_id", r.provider.empty() ? "" : r.provider + "/" + r.model)
        .string("model_group", r.alias)
        .string("custom_llm_provider", r.provider_type)
        .string("user", r.user)
        .string("team_id", r.team)
        .string("end_user", "")
        .string("cache_hit", r.cache == "hit" ? "True" : "False")
        .string("requester_ip_address", r.client_address)
        .string("session_id", r.session_id)
        .string("status", r.error_class.empty() && r.status < 400 ? "success" : "failure")
        .key("request_tags")
        .begin_array();
    for (const std::string& tag : r.tags) writer.string(tag);
    writer.end_array().key("metadata").begin_object();
    writer.string("user_api_key_alias", r.key_name)
        .string("user_api_key_user_id", r.user)
        .string("user_api_key_team_id", r.team)
        .integer("status_code", r.status)
        .end_object()
        .end_object();
}

domain::NanoUsd spend_of(const store::UsageSums& sums) { return sums.cost + sums.fee; }

void write_amounts(json::Writer& writer, std::string_view name,
                   const std::map<std::string, domain::NanoUsd>& amounts) {
    writer.key(name).begin_object();
    for (const auto& [what, amount] : amounts) {
        writer.foreign_key(what).raw(domain::dollars(amount));
    }
    writer.end_object();
}

// "2026-11-21T00:00:00+00:00".
std::string day_with_zone(std::int64_t day) { return day_text(day) + "T00:00:00+00:00"; }

// One team or customer of one day, or one key: what it spent, by key and model.
struct Spender {
    store::UsageSums total;
    std::vector<const UsagePoint*> points;
};
using Spenders = std::map<std::string, Spender>;

void write_spender(json::Writer& writer, const std::string& name, const Spender& spender,
                   SpendGroup group) {
    writer.begin_object().string(group == SpendGroup::team ? "team_name" : "customer", name);
    write_money(writer, "total_spend", spend_of(spender.total));
    writer.key("metadata").begin_array();
    for (const UsagePoint* point : spender.points) {
        writer.begin_object().string("model", point->values[2]);
        write_money(writer, "spend", spend_of(point->sums));
        writer.integer("total_tokens", tokens_of(point->sums))
            .string("api_key", point->values[1])
            .end_object();
    }
    writer.end_array().end_object();
}

base::Result<void> append_by_day(std::string& out, store::Session& session,
                                 const store::Access& access, const store::UsageFilter& filter,
                                 SpendGroup group) {
    const bool teams = group == SpendGroup::team;
    const store::UsageQuery query{filter,
                                  UsageStep::day,
                                  {teams ? UsageDimension::team : UsageDimension::user,
                                   UsageDimension::key, UsageDimension::model}};
    TRY(const std::vector<UsagePoint> points, store::usage_series(session, access, query));
    store::Names names;
    if (teams) {
        TRY(names, store::team_names(session, access, filter.tenant));
    }
    std::map<std::int64_t, Spenders> days;
    for (const UsagePoint& point : points) {
        const auto named = names.find(point.values[0]);
        Spender& spender =
            days[point.start][named == names.end() ? point.values[0] : named->second];
        spender.total.add(point.sums);
        spender.points.push_back(&point);
    }
    json::Writer writer(out);
    writer.begin_array();
    for (const auto& [day, spenders] : days) {
        writer.begin_object()
            .string("group_by_day", day_with_zone(day))
            .key(teams ? "teams" : "customers")
            .begin_array();
        for (const auto& [name, spender] : spenders) write_spender(writer, name, spender, group);
        writer.end_array().end_object();
    }
    writer.end_array();
    return {};
}

void write_totals(json::Writer& writer, const store::UsageSums& sums) {
    write_money(writer, "total_cost", spend_of(sums));
    writer.integer("total_input_tokens", tokens_of(sums) - sums.output_tokens)
        .integer("total_output_tokens", sums.output_tokens);
}

base::Result<void> append_by_key(std::string& out, store::Session& session,
                                 const store::Access& access, const store::UsageFilter& filter) {
    const store::UsageQuery query{
        filter, UsageStep::whole, {UsageDimension::key, UsageDimension::model}};
    TRY(const std::vector<UsagePoint> points, store::usage_series(session, access, query));
    Spenders keys;
    for (const UsagePoint& point : points) {
        Spender& spender = keys[point.values[0]];
        spender.total.add(point.sums);
        spender.points.push_back(&point);
    }
    json::Writer writer(out);
    writer.begin_array();
    for (const auto& [key, spender] : keys) {
        writer.begin_object().string("api_key", key);
        write_totals(writer, spender.total);
        writer.key("model_details").begin_array();
        for (const UsagePoint* point : spender.points) {
            writer.begin_object().string("model", point->values[1]);
            write_totals(writer, point->sums);
            writer.end_object();
        }
        writer.end_array().end_object();
    }
    writer.end_array();
    return {};
}

}  // namespace

base::Result<void> append_spend_logs(std::string& out, store::Session& session,
                                     const store::Access& access, const store::UsageFilter& filter,
                                     std::int64_t rows_max) {
    json::Writer writer(out);
    writer.begin_array();
    store::PageRequest page;
    std::int64_t left = rows_max;
    do {
        page.limit = std::min(left, store::page_rows_max);
        TRY(const auto rows, store::list_usage(session, access, filter, page));
        for (const UsageRecord& record : rows.items) write_log(writer, record);
        left -= static_cast<std::int64_t>(rows.items.size());
        page.cursor = rows.next;
    } while (left > 0 && !page.cursor.empty());
    writer.end_array();
    return {};
}

base::Result<void> append_spend_log(std::string& out, store::Session& session,
                                    const store::Access& access, std::string_view request_id) {
    TRY(const auto records, store::usage_of_request(session, access, request_id));
    json::Writer writer(out);
    writer.begin_array();
    for (const UsageRecord& record : records) {
        if (record.attempt == 0) write_log(writer, record);
    }
    writer.end_array();
    return {};
}

base::Result<void> append_spend_by_day(std::string& out, store::Session& session,
                                       const store::Access& access,
                                       const store::UsageFilter& filter) {
    const store::UsageQuery query{
        filter, UsageStep::day, {UsageDimension::user, UsageDimension::model}};
    TRY(const std::vector<UsagePoint> points, store::usage_series(session, access, query));
    struct Day {
        domain::NanoUsd spend = 0;
        std::map<std::string, domain::NanoUsd> users, models;
    };
    std::map<std::int64_t, Day> days;
    for (const UsagePoint& point : points) {
        Day& day = days[point.start];
        day.spend += spend_of(point.sums);
        if (!point.values[0].empty()) day.users[point.values[0]] += spend_of(point.sums);
        if (!point.values[1].empty()) day.models[point.values[1]] += spend_of(point.sums);
    }
    json::Writer writer(out);
    writer.begin_array();
    for (const auto& [start, day] : days) {
        writer.begin_object().string("startTime", day_text(start));
        write_money(writer, "spend", day.spend);
        write_amounts(writer, "users", day.users);
        write_amounts(writer, "models", day.models);
        writer.end_object();
    }
    writer.end_array();
    return {};
}

base::Result<void> append_spend_tags(std::string& out, store::Session& session,
                                     const store::Access& access,
                                     const store::UsageFilter& filter) {
    TRY(std::vector<UsagePoint> points,
        store::usage_by_tag(session, access, filter, UsageStep::whole));
    sort_dearest_first(points);
    json::Writer writer(out);
    writer.begin_array();
    for (const UsagePoint& point : points) {
        writer.begin_object()
            .string("individual_request_tag", point.values[0])
            .integer("log_count", point.sums.requests);
        write_money(writer, "total_spend", point.sums.cost);
        writer.end_object();
    }
    writer.end_array();
    return {};
}

base::Result<void> append_global_spend(std::string& out, store::Session& session,
                                       const store::Access& access,
                                       const store::UsageFilter& filter,
                                       std::optional<domain::NanoUsd> max_budget) {
    const store::UsageQuery query{filter, UsageStep::whole, {}};
    TRY(const std::vector<UsagePoint> points, store::usage_series(session, access, query));
    domain::NanoUsd spend = 0;
    for (const UsagePoint& point : points) spend += spend_of(point.sums);
    json::Writer writer(out);
    writer.begin_object();
    write_money(writer, "spend", spend);
    writer.key("max_budget");
    max_budget ? writer.raw(domain::dollars(*max_budget)) : writer.null();
    writer.end_object();
    return {};
}

std::optional<SpendGroup> spend_group_of(std::string_view text) {
    if (text == "team") return SpendGroup::team;
    if (text == "customer") return SpendGroup::customer;
    if (text == "api_key") return SpendGroup::api_key;
    return std::nullopt;
}

base::Result<void> append_spend_report(std::string& out, store::Session& session,
                                       const store::Access& access,
                                       const store::UsageFilter& filter, SpendGroup group) {
    if (group == SpendGroup::api_key) return append_by_key(out, session, access, filter);
    return append_by_day(out, session, access, filter, group);
}

}  // namespace tollgate::accounting
