#include "gateway/usage_rows.hpp"

#include "accounting/pricing.hpp"
#include "accounting/usage_codec.hpp"
#include "base/ids.hpp"
#include "base/json.hpp"
#include "gateway/conclude.hpp"

namespace tollgate::gateway {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;

constexpr std::size_t error_bytes_max = 500;  // of the words kept in a record
constexpr std::size_t project_bytes_max = 100;
constexpr std::size_t agent_bytes_max = 200;

std::int64_t micros(net::Instant from, net::Instant to) {
    return duration_cast<microseconds>(to - from).count();
}

// "00-<32 hex>-<16 hex>-01". Format: W3C Trace Context.
std::string_view trace_of(std::string_view traceparent) {
    constexpr std::size_t id_at = 3, id_size = 32, whole = 55;
    return traceparent.size() >= whole ? traceparent.substr(id_at, id_size) : std::string_view();
}

// What the same tokens would have cost on the baseline model.
void add_baseline(Generation& generation, domain::UsageView& row) {
    const Snapshot& snapshot = *generation.snapshot;
    if (!snapshot.priced_model) return;
    const KeyPolicy& policy = generation.policy();
    const domain::ModelTraits* baseline = nullptr;
    const std::string& alias = generation.record.alias;
    if (alias.find("claude") != std::string::npos) baseline = snapshot.priced_model(alias);
    for (const std::string* name : {&policy.baseline_model, &snapshot.billing.baseline_model}) {
        if (baseline == nullptr && !name->empty()) baseline = snapshot.priced_model(*name);
    }
    if (baseline == nullptr) {
        row.baseline_cost = row.list_cost;
        return;
    }
    domain::Usage usage = row.usage;
    usage.provider_cost_nano_usd = -1;
    row.baseline_model = baseline->id;
    row.baseline_cost = accounting::cost_of(baseline->prices, usage).list;
}

// What the request's own row and those of its attempts share.
domain::UsageView common_row(const Generation& generation) {
    const RequestRecord& record = generation.record;
    const KeyPolicy& policy = generation.policy();
    const http::Headers& headers = generation.exchange.headers();
    domain::UsageView row;
    row.request_id = record.request_id;
    row.at = generation.exchange.arrived_unix_micros();
    row.trace_id = trace_of(headers.get("traceparent"));
    row.session_id = record.session_id;
    row.agent_id = record.agent_id;
    row.parent_agent_id = record.parent_agent_id;
    row.tenant = record.tenant;
    row.team = policy.team;
    row.user = policy.user;
    row.key_id = policy.key_id;
    row.key_name = record.key_name;
    row.project = headers.get("x-tollgate-project").substr(0, project_bytes_max);
    row.protocol = record.protocol;
    row.alias = record.alias;
    row.stream = record.stream;
    row.request_bytes = static_cast<std::int64_t>(record.request_bytes);
    row.client_address = record.client_address;
    row.user_agent = headers.get("user-agent").substr(0, agent_bytes_max);
    row.cache = record.cache;
    return row;
}

void fill_attempt(domain::UsageView& row, const AttemptRecord& attempt) {
    row.attempt = attempt.number;
    row.provider = attempt.provider;
    row.provider_type = attempt.provider_type;
    row.model = attempt.model;
    row.provider_request_id = attempt.provider_request_id;
    row.status = attempt.status;
    row.error_class = attempt.error_class;
    row.error = std::string_view(attempt.error).substr(0, error_bytes_max);
    row.usage = attempt.usage;
    row.cost = attempt.cost.billed;
    row.list_cost = attempt.cost.list;
    row.priced = attempt.cost.priced;
    row.price_version = attempt.price_version;
    row.translated = attempt.translated;
    row.zone = attempt.zone;
    row.total_us = attempt.total_us;
    row.byok = attempt.byok;
    row.fee = attempt.fee;
}

}  // namespace

void write_rows(Generation& generation, net::Instant now) {
    accounting::UsageSink* sink = generation.worker.usage.get();
    if (sink == nullptr || generation.attempts.empty()) return;
    RequestRecord& record = generation.record;
    domain::UsageView row = common_row(generation);
    const std::vector<std::string> tags = tags_of(generation);
    row.tags = tags;
    // The attempts first: a request's own row tells that all of it is there. A single one says
    // nothing that the request's row does not; where others were refused before it, its number.
    const bool several = record.attempts > 1;
    for (const AttemptRecord& attempt : generation.attempts) {
        fill_attempt(row, attempt);
        if (several) sink->add(row);
    }
    // The request's row carries what all its attempts used and cost.
    domain::Usage used;
    for (const AttemptRecord& attempt : generation.attempts) used.add(attempt.usage);
    // One that was overtaken may stand behind the one that answered.
    fill_attempt(row, generation.attempts[generation.attempt_at]);
    row.attempt = 0;
    row.fee = 0;
    for (const AttemptRecord& attempt : generation.attempts) row.fee += attempt.fee;
    row.status = record.client_gone ? 499 : record.status;
    row.client_gone = record.client_gone;
    row.error_class =
        record.error.empty() ? std::string_view() : domain::to_string(record.error_class);
    row.error = std::string_view(record.error).substr(0, error_bytes_max);
    row.usage = used;
    row.cost = record.cost.billed;
    row.list_cost = record.cost.list;
    row.priced = record.cost.priced;
    row.attempts = record.attempts;
    row.rule = record.rule;
    row.strategy = record.strategy;
    row.power_level = record.power_level;
    row.experiment = record.experiment;
    row.arm = record.arm;
    if (generation.judge && !record.route_trace.empty()) {
        generation.judge->append_to(record.route_trace);
    }
    row.route_trace = record.route_trace;
    if (record.attempts > 1) row.fallback_reason = record.fallback_reason;
    row.total_us = micros(record.arrived, now);
    row.first_token_us = record.first_content == net::Instant{}
                             ? -1
                             : micros(record.arrived, record.first_content);
    row.response_bytes = static_cast<std::int64_t>(generation.exchange.bytes_sent());
    add_baseline(generation, row);
    sink->add(row);
}

domain::UsageRecord shadow_row(Generation& generation, const Endpoint& shadow) {
    domain::UsageView row = common_row(generation);
    const RequestRecord& record = generation.record;
    const domain::Deployment& target = shadow.deployment;
    const std::vector<std::string> tags = tags_of(generation);
    row.tags = tags;
    const std::string request_id = base::uuid7();
    row.request_id = request_id;
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    row.at = duration_cast<microseconds>(since).count();
    row.cache = "off";
    row.attempts = 1;
    row.provider = row.provider_type = target.provider.type;
    row.model = target.model_name;
    row.rule = record.rule;
    row.strategy = domain::UsageRecord::shadow_strategy;
    row.first_token_us = -1;
    std::string trace;
    json::Writer writer(trace);
    writer.begin_object().string("shadow_of", record.request_id);
    writer.string("rule", record.rule).end_object();
    row.route_trace = trace;
    // The copy outlives what the views are of.
    std::string bytes;
    return *accounting::decode_usage(accounting::encode_usage(row, bytes));
}

}  // namespace tollgate::gateway
