// The columns of usage rows and of their sums, each listed once, for reading and writing.
// For the usage files of this folder.
#pragma once
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "domain/usage_record.hpp"
#include "store/fields.hpp"
#include "store/row_batch.hpp"
#include "store/usage.hpp"

namespace tollgate::store {

constexpr std::int64_t micros_per_hour = 3'600'000'000;
constexpr std::int64_t micros_per_day = 24 * micros_per_hour;
// Of our users' specification: VARCHAR(100), VARCHAR(20).
constexpr std::size_t user_characters_max = 100, power_level_characters_max = 20;

// The first columns, which together tell rows apart: at, request_id, attempt.
constexpr std::size_t usage_key_columns = 3;

// integer; counted: -1 is NULL; text; cut: at most so many characters; flag; list: a JSON array.
template <typename Record, typename Visitor>
void usage_columns(Record& r, Visitor& v) {
    v.integer("at", r.at);
    v.text("request_id", r.request_id);
    v.integer("attempt", r.attempt);
    v.text("trace_id", r.trace_id);
    v.text("session_id", r.session_id);
    v.text("agent_id", r.agent_id);
    v.text("parent_agent_id", r.parent_agent_id);
    v.text("tenant_id", r.tenant);
    v.text("team_id", r.team);
    v.cut("user_id", r.user, user_characters_max);
    v.text("key_id", r.key_id);
    v.text("key_name", r.key_name);
    v.list("tags", r.tags);
    v.text("project", r.project);
    v.text("protocol", r.protocol);
    v.text("alias", r.alias);
    v.text("provider", r.provider);
    v.text("provider_type", r.provider_type);
    v.text("model_name", r.model);
    v.text("provider_request_id", r.provider_request_id);
    v.text("rule", r.rule);
    v.text("strategy", r.strategy);
    v.cut("power_level", r.power_level, power_level_characters_max);
    v.text("fallback_reason", r.fallback_reason);
    v.integer("status_code", r.status);
    v.text("error_class", r.error_class);
    v.text("error_message", r.error);
    v.text("error_code", r.error_code);
    v.counted("input_tokens", r.usage.input);
    v.counted("output_tokens", r.usage.output);
    v.counted("cache_read_tokens", r.usage.cache_read);
    v.counted("cache_write_5m_tokens", r.usage.cache_write_5m);
    v.counted("cache_write_1h_tokens", r.usage.cache_write_1h);
    v.counted("reasoning_tokens", r.usage.reasoning);
    v.counted("audio_input_tokens", r.usage.audio_input);
    v.counted("audio_output_tokens", r.usage.audio_output);
    v.counted("image_output_tokens", r.usage.image_output);
    v.counted("images", r.usage.images);
    v.counted("web_searches", r.usage.web_searches);
    v.counted("provider_cost_nano", r.usage.provider_cost_nano_usd);
    v.flag("estimated", r.usage.estimated);
    v.integer("cost_nano", r.cost);
    v.integer("list_cost_nano", r.list_cost);
    v.integer("baseline_cost_nano", r.baseline_cost);
    v.text("baseline_model", r.baseline_model);
    v.integer("fee_nano", r.fee);
    v.flag("priced", r.priced);
    v.text("price_version", r.price_version);
    v.flag("byok", r.byok);
    v.flag("stream", r.stream);
    v.flag("translated", r.translated);
    v.flag("client_gone", r.client_gone);
    v.text("cache", r.cache);
    v.integer("attempts", r.attempts);
    v.counted("first_token_us", r.first_token_us);
    v.integer("total_us", r.total_us);
    v.integer("request_bytes", r.request_bytes);
    v.integer("response_bytes", r.response_bytes);
    v.integer("redactions", r.redactions);
    v.text("client_address", r.client_address);
    v.text("user_agent", r.user_agent);
    v.text("zone", r.zone);
    v.text("experiment", r.experiment);
    v.text("arm", r.arm);
    v.text("route_trace", r.route_trace);
}

// The sums' columns, of usage_hourly, usage_daily and usage_by_dimension.
template <typename Sums, typename Visitor>
void sum_columns(Sums& s, Visitor&& v) {
    v("requests", s.requests);
    v("errors", s.errors);
    v("fallbacks", s.fallbacks);
    v("input_tokens", s.input_tokens);
    v("output_tokens", s.output_tokens);
    v("cache_read_tokens", s.cache_read_tokens);
    v("cache_write_5m_tokens", s.cache_write_5m_tokens);
    v("cache_write_1h_tokens", s.cache_write_1h_tokens);
    v("reasoning_tokens", s.reasoning_tokens);
    v("web_searches", s.web_searches);
    v("cost_nano", s.cost);
    v("list_cost_nano", s.list_cost);
    v("baseline_cost_nano", s.baseline_cost);
    v("fee_nano", s.fee);
    v("byok_requests", s.byok_requests);
    v("byok_list_cost_nano", s.byok_list_cost);
    v("cache_hits", s.cache_hits);
    v("cache_hit_list_cost_nano", s.cache_hit_list_cost);
    v("unpriced_requests", s.unpriced_requests);
    v("estimated_requests", s.estimated_requests);
    v("total_us", s.total_us);
    v("first_token_us", s.first_token_us);
    v("first_token_count", s.first_token_count);
    v("request_bytes", s.request_bytes);
    v("response_bytes", s.response_bytes);
}

// The name in usage_by_dimension: of the rows of days, and of those of months and hours, whose
// `day` is the month's first or the hour's beginning. `name` is that of a dimension or of a joined
// one.
std::string dimension_of_days(UsageDimension dimension);
std::string name_of_months(std::string_view name);
std::string name_of_hours(std::string_view name);

// Dimensions that are summed together, by day and month; the value is their texts with a separator
// between them, which the last may hold too.
inline constexpr std::string_view joined_routing = "rule+provider+model";
inline constexpr std::string_view joined_users = "provider+user";
// Money that the requests' rows say of another provider than the one that took it, by hour and day:
// the attempts of requests that had several, by their own providers, less the whole cost of those
// requests, which stands with the last provider. Sums of cost alone, which may be negative.
inline constexpr std::string_view attempt_provider = "attempt_provider";
// What copies of requests (UsageRecord::is_shadow) added to the sums, taken off again where budgets
// are reckoned: sums of cost, fee and requests with the sign turned, by hour and day, of the
// dimensions that budgets are over.
std::string name_of_copies(std::string_view name);
constexpr char joined_separator = '\x1f';
// The first `count` - 1 texts and the rest.
std::vector<std::string> split_joined(std::string_view value, std::size_t count);

// A range of days as whole months, where there are some, and the days before and after them.
// 0: open.
struct UsageRange {
    bool months = false;
    std::int64_t from = 0, to = 0;
};
std::vector<UsageRange> months_and_days(std::int64_t from, std::int64_t to);
// The first moment of the next day or hour, `at` itself when it begins one.
std::int64_t ceiling_of(std::int64_t at, std::int64_t unit);

// The columns that usage_hourly and usage_daily are grouped by, beside the time. "" for none.
std::string_view column_of(UsageDimension dimension);
// What the record has there.
std::string value_of(const domain::UsageView& record, UsageDimension dimension);
// 2, 3, 4, 5; 0 when there was no status.
std::int64_t status_class_of(std::int64_t status);
std::int64_t hour_of(std::int64_t at);
std::int64_t day_of(std::int64_t at);
// At most `characters` characters (not bytes).
std::string_view cut_text(std::string_view text, std::size_t characters);

// The names of the usage columns, and a record out of a row of them.
const std::string& usage_column_names();
const std::vector<BatchColumn>& usage_batch_columns();
void add_usage_row(RowBatch& batch, const domain::UsageView& record);
// Of the same texts, which must outlive it.
domain::UsageView view_of(const domain::UsageRecord& record);
base::Result<domain::UsageRecord> read_usage_row(const Row& row);

// The buckets of latency_bounds_us. usage_latency_daily holds them by day, and by month as the
// kinds name_of_months(...).
std::int64_t latency_bucket_of(std::int64_t micros);

// Adds sums, tags and times of requests to usage_hourly, usage_daily, usage_by_dimension,
// usage_tag_daily and usage_latency_daily. `records` are requests (attempt 0); `attempts`, of these
// requests or of others, move their cost to the providers that took it.
base::Result<void> add_to_sums(Session& session,
                               std::span<const domain::UsageView* const> records,
                               std::span<const domain::UsageView* const> attempts);

}  // namespace tollgate::store
