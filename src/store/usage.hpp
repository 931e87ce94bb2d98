// Usage in the database: the requests (llm_usage_logs), their attempts (usage_attempts), the sums
// over them, the ledger's movements for them, and what reports ask. Blocking functions inside
// Db::transact; see page.hpp for access and errors. Times are Unix microseconds, money is
// nano-dollars, days and hours are those of UTC.
//
// What counts: the request's own row (attempt 0) carries the cost, the fee and the tokens of all
// its attempts, failed and hedged ones too; so sums, budgets and the ledger are over attempt 0
// alone, and rows of attempts say where the cost arose.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "domain/usage_record.hpp"
#include "store/db.hpp"
#include "store/page.hpp"

namespace tollgate::store {

// ---- writing (the usage shipper) ----

struct UsageInserted {
    std::size_t rows = 0;       // of records that were not there yet
    std::size_t requests = 0;   // of attempt 0 among them
};
// Adds the records that are not there yet, by (at, request_id, attempt), and with each request the
// sums, the movements of kind usage and fee of the user's and of the tenant's ledger (of each that
// has one; reference: the request's id), and the key's time of last use (kept to the minute). Sent
// again, a record changes nothing. One transaction: all or none. REQUIRES: Access::everything().
base::Result<UsageInserted> insert_usage(Session& session,
                                         std::span<const domain::UsageView> records);
base::Result<UsageInserted> insert_usage(Session& session,
                                         std::span<const domain::UsageRecord> records);

// Deletes what the tenants' retention_days no longer keep: whole months where nobody keeps them,
// else rows of one tenant, at most `rows_max` per call. The sums stay. Gives how many rows went (a
// dropped partition counts as 1); call again, each time in a transaction of its own, until 0.
// REQUIRES: Access::everything().
base::Result<std::int64_t> delete_expired_usage(Session& session, std::int64_t now,
                                                std::int64_t rows_max = 5000);

// ---- reading ----

// Empty strings and zeros ask for nothing. Globs end in a star.
struct UsageFilter {
    std::int64_t from = 0, to = 0;  // from <= at < to; 0: open
    std::string tenant, team, user, key;
    std::string provider, model, alias, project, power_level, rule, protocol;
    std::string tag, session_id, error_class;
    std::int64_t status_class = 0;  // 2, 3, 4, 5
    bool errors_only = false;
};

// The request's row and its attempts, in order: the only one of a request has no row of its own
// and is given as a copy of the request's. Empty: there is none for this access.
base::Result<std::vector<domain::UsageRecord>> usage_of_request(Session& session,
                                                                const Access& access,
                                                                std::string_view request_id);
// Requests, newest first.
base::Result<Page<domain::UsageRecord>> list_usage(Session& session, const Access& access,
                                                   const UsageFilter& filter,
                                                   const PageRequest& page);
// Requests (and the attempts of those that had several, when asked for) from the oldest on, one by
// one in constant memory. An error of `use` ends it and is given back.
base::Result<void> each_usage(
    Session& session, const Access& access, const UsageFilter& filter, bool with_attempts,
    const std::function<base::Result<void>(const domain::UsageRecord&)>& use);

// ---- sums ----

// Of requests. Tokens that nobody counted are 0 here.
struct UsageSums {
    std::int64_t requests = 0;
    std::int64_t errors = 0;      // with an error class, or a status of 400 and more
    std::int64_t fallbacks = 0;   // answered by another candidate than the first
    std::int64_t input_tokens = 0, output_tokens = 0, cache_read_tokens = 0;
    std::int64_t cache_write_5m_tokens = 0, cache_write_1h_tokens = 0, reasoning_tokens = 0;
    std::int64_t web_searches = 0;
    domain::NanoUsd cost = 0, list_cost = 0, baseline_cost = 0, fee = 0;
    std::int64_t byok_requests = 0;
    domain::NanoUsd byok_list_cost = 0;
    std::int64_t cache_hits = 0;
    domain::NanoUsd cache_hit_list_cost = 0;
    std::int64_t unpriced_requests = 0, estimated_requests = 0;
    std::int64_t total_us = 0, first_token_us = 0, first_token_count = 0;
    std::int64_t request_bytes = 0, response_bytes = 0;

    void add(const UsageSums& other);
    void subtract(const UsageSums& other);
    friend bool operator==(const UsageSums&, const UsageSums&) = default;
};
// The sums of one record, which is a request's.
UsageSums sums_of(const domain::UsageView& record);

enum class UsageDimension : std::uint8_t {
    none, tenant, team, user, key, provider, model, alias, project, power_level, rule, status_class,
};
constexpr std::size_t usage_dimension_count = 12;
// "team", "status_class"; the column that holds it is column_of().
const char* to_string(UsageDimension dimension);
std::optional<UsageDimension> usage_dimension_of(std::string_view text);
enum class UsageStep : std::uint8_t { whole, hour, day, month };

// Sums over a range, in steps, by up to three dimensions. `filter` may not ask for tag, protocol,
// session or error class (those are in the rows only: invalid_request naming the field). The range
// is widened to whole hours (step hour, or a range within 48 hours), else to whole days. With at
// most one dimension and no filter but time and tenant (and that dimension), or with rule, provider
// and model alone and no step of hours, the answer comes from sums that have a few rows per step,
// however many keys there are.
struct UsageQuery {
    UsageFilter filter;
    UsageStep step = UsageStep::whole;
    std::vector<UsageDimension> by;        // at most 3, none of them UsageDimension::none
    std::vector<std::string> values = {};  // of by[0]: these alone. Empty: all
};
struct UsagePoint {
    std::int64_t start = 0;              // of the step; 0 for UsageStep::whole
    std::vector<std::string> values;     // of the dimensions, in the query's order
    UsageSums sums;
};
// By start, then by values.
base::Result<std::vector<UsagePoint>> usage_series(Session& session, const Access& access,
                                                   const UsageQuery& query);

// A series by one dimension for a chart: its `top` dearest values of the whole range, and per step
// one point of all others together, whose value is usage_other. Costs a few rows per step where
// usage_series() gives each of thousands of keys. Fails as usage_series(), and invalid_request when
// `query.by` is not one dimension.
inline constexpr std::string_view usage_other = "__other__";
base::Result<std::vector<UsagePoint>> usage_series_top(Session& session, const Access& access,
                                                       const UsageQuery& query, std::size_t top);

// Of one tag per point (values[0]); a request with several tags counts in each. Steps whole, day or
// month; of `filter` only time, tenant and tag. Only requests, errors, tokens (cache writes in
// cache_write_5m_tokens), cost, baseline_cost and total_us are filled.
base::Result<std::vector<UsagePoint>> usage_by_tag(Session& session, const Access& access,
                                                   const UsageFilter& filter, UsageStep step);

// What was spent by a subject in from <= at < until (0: open), exact: whole days and hours from the
// sums, the rest from the rows. `subject` "" : everybody (of `tenant`, when it is given). Of a
// provider: what its own attempts cost, also of requests that another one answered in the end.
struct Spent {
    domain::NanoUsd cost = 0, fee = 0;
    std::int64_t requests = 0;
    domain::NanoUsd total() const { return cost + fee; }
};
base::Result<Spent> spent_between(Session& session, const Access& access, domain::SubjectKind kind,
                                  std::string_view tenant, std::string_view subject,
                                  std::int64_t from, std::int64_t until);

// The same of every subject of a kind that spent something then, by its tenant and itself; of a
// tenant both are its id. For many at once: reads all of them.
using SpentOf = std::map<std::pair<std::string, std::string>, Spent>;
base::Result<SpentOf> spent_of_each(Session& session, const Access& access,
                                    domain::SubjectKind kind, std::int64_t from,
                                    std::int64_t until);

// ---- times ----

// Upper bounds of the latency buckets, in microseconds; a last bucket holds what is above.
inline constexpr std::array<std::int64_t, 24> latency_bounds_us = {
    10'000,     25'000,     50'000,     75'000,     100'000,    150'000,
    250'000,    400'000,    600'000,    800'000,    1'000'000,  1'500'000,
    2'000'000,  3'000'000,  4'000'000,  6'000'000,  8'000'000,  12'000'000,
    20'000'000, 30'000'000, 60'000'000, 120'000'000, 300'000'000, 600'000'000};
using LatencyCounts = std::array<std::int64_t, latency_bounds_us.size() + 1>;
enum class LatencyKind : std::uint8_t { total, first_token };
struct LatencyRow {
    std::string provider, model;  // "" : of all, when not asked by model
    LatencyCounts counts{};
};
// Over whole days; of `filter` only time, tenant, provider and model.
base::Result<std::vector<LatencyRow>> usage_latency(Session& session, const Access& access,
                                                    const UsageFilter& filter, LatencyKind kind,
                                                    bool by_model);
// The time that `percent` of the requests stayed below, between the bounds of its bucket in
// proportion; 0 when there were none.
std::int64_t latency_percentile_us(const LatencyCounts& counts, double percent);

}  // namespace tollgate::store
