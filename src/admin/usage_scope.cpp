#include "admin/usage_scope.hpp"

namespace tollgate::admin {
namespace {

constexpr std::int64_t micros_per_millisecond = 1000;

void write_count(json::Writer& writer, std::string_view name, std::int64_t count) {
    writer.key(name);
    count < 0 ? writer.null() : writer.integer(count);
}

void write_usage(json::Writer& writer, const domain::Usage& usage) {
    writer.key("tokens").begin_object();
    write_count(writer, "input", usage.input);
    write_count(writer, "output", usage.output);
    write_count(writer, "cache_read", usage.cache_read);
    write_count(writer, "cache_write_5m", usage.cache_write_5m);
    write_count(writer, "cache_write_1h", usage.cache_write_1h);
    write_count(writer, "reasoning", usage.reasoning);
    writer.end_object();
    write_count(writer, "web_searches", usage.web_searches);
    writer.boolean("estimated", usage.estimated);
}

}  // namespace

void narrow(const Call& call, store::UsageFilter& filter) {
    if (call.reach != policy::Reach::own) {
        if (!call.platform()) filter.tenant = call.caller.tenant;
        return;
    }
    filter.tenant = call.caller.tenant;
    if (!call.caller.user.empty()) {
        filter.user = call.caller.user;
    } else {
        filter.key = call.caller.key_id;
    }
}

base::Result<store::UsageFilter> usage_filter(Call& call, store::Session& session) {
    Query& query = call.query();
    store::UsageFilter filter;
    TRY(filter.tenant, call.tenant_filter(session));
    filter.from = query.time("from", 0);
    filter.to = query.time("to", 0);
    filter.team = query.text("team");
    filter.user = query.text("user");
    filter.key = query.text("key");
    filter.provider = query.text("provider");
    filter.model = query.text("model");
    filter.alias = query.text("alias");
    filter.project = query.text("project");
    filter.power_level = query.text("power_level");
    filter.rule = query.text("rule");
    filter.protocol = query.text("protocol");
    filter.tag = query.text("tag");
    filter.session_id = query.text("session");
    filter.error_class = query.text("error_class");
    filter.status_class = query.integer("status_class", 0, 2, 5);
    filter.errors_only = query.flag("errors_only", false);
    narrow(call, filter);
    return filter;
}

void write(json::Writer& writer, const domain::UsageRecord& record) {
    writer.begin_object()
        .string("request_id", record.request_id)
        .integer("attempt", record.attempt);
    write_time(writer, "at", record.at);
    writer.string("trace_id", record.trace_id)
        .string("session_id", record.session_id)
        .string("tenant", record.tenant)
        .string("team", record.team)
        .string("user", record.user)
        .string("key_id", record.key_id)
        .string("key_name", record.key_name);
    write_names(writer, "tags", record.tags);
    writer.string("project", record.project)
        .string("protocol", record.protocol)
        .string("alias", record.alias)
        .string("provider", record.provider)
        .string("provider_type", record.provider_type)
        .string("model", record.model)
        .string("provider_request_id", record.provider_request_id)
        .string("rule", record.rule)
        .string("strategy", record.strategy)
        .string("experiment", record.experiment)
        .string("arm", record.arm)
        .string("power_level", record.power_level)
        .string("fallback_reason", record.fallback_reason)
        .integer("status", record.status)
        .string("error_class", record.error_class)
        .string("error", record.error)
        .string("error_code", record.error_code);
    write_usage(writer, record.usage);
    write_money(writer, "cost", record.cost);
    write_money(writer, "list_cost", record.list_cost);
    write_money(writer, "baseline_cost", record.baseline_cost);
    writer.string("baseline_model", record.baseline_model);
    write_money(writer, "fee", record.fee);
    writer.boolean("priced", record.priced)
        .string("price_version", record.price_version)
        .boolean("byok", record.byok)
        .boolean("stream", record.stream)
        .boolean("client_gone", record.client_gone)
        .string("cache", record.cache)
        .integer("attempts", record.attempts);
    write_count(writer, "first_token_ms",
                record.first_token_us < 0 ? -1 : record.first_token_us / micros_per_millisecond);
    writer.integer("total_ms", record.total_us / micros_per_millisecond)
        .integer("request_bytes", record.request_bytes)
        .integer("response_bytes", record.response_bytes)
        .integer("redactions", record.redactions)
        .string("client_address", record.client_address)
        .string("user_agent", record.user_agent)
        .string("zone", record.zone)
        .end_object();
}

}  // namespace tollgate::admin
