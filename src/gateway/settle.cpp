#include "gateway/settle.hpp"

#include "base/clock.hpp"
#include "base/log.hpp"

namespace tollgate::gateway {
namespace {

// Providers quote what they refuse: the log keeps their words, not the prompt.
constexpr std::size_t logged_words_max = 300;

bool from_cache(const RequestRecord& record) { return record.cache == "hit"; }

double seconds_between(net::Instant from, net::Instant to) {
    return std::chrono::duration<double>(to - from).count();
}

void log_access(const RequestRecord& record, double total, double first_token) {
    const domain::Usage& usage = record.usage;
    const auto level = record.status >= 500 ? base::LogLevel::warn : base::LogLevel::info;
    base::log().write(
        level, "request",
        {{"request_id", record.request_id},
         {"status", record.status},
         {"path", record.path},
         {"model", record.alias},
         {"provider", record.provider},
         {"provider_model", record.model},
         {"tenant", record.tenant},
         {"key", record.key_name},
         {"stream", record.stream},
         {"translated", record.translated},
         {"attempts", record.attempts},
         {"fallback", record.fallback_reason},
         {"cache", record.cache},
         {"input_tokens", domain::Usage::or_zero(usage.input)},
         {"cache_read_tokens", domain::Usage::or_zero(usage.cache_read)},
         {"cache_write_tokens", usage.cache_write()},
         {"output_tokens", domain::Usage::or_zero(usage.output)},
         {"reasoning_tokens", domain::Usage::or_zero(usage.reasoning)},
         {"estimated", usage.estimated},
         {"cost_usd", domain::dollars(record.cost.billed)},
         {"priced", record.cost.priced},
         {"latency_ms", total * 1000},
         {"ttft_ms", first_token * 1000},
         {"queued_ms", std::chrono::duration<double, std::milli>(record.queued).count()},
         {"request_bytes", record.request_bytes},
         {"session", record.session_id},
         {"agent", record.agent_id},
         {"parent_agent", record.parent_agent_id},
         {"client", record.client_address},
         {"client_gone", record.client_gone},
         {"provider_request_id", record.provider_request_id},
         {"error_class", domain::to_string(record.error_class)},
         {"error", std::string_view(record.error).substr(0, logged_words_max)}});
}

void count_tokens_by_class(const EndpointMetrics& metrics, const domain::Usage& usage) {
    const auto add = [](base::Counter* counter, std::int64_t tokens) {
        if (counter != nullptr && tokens > 0) counter->add(static_cast<std::uint64_t>(tokens));
    };
    add(metrics.input, usage.input);
    add(metrics.output, usage.output);
    add(metrics.cache_read, usage.cache_read);
    add(metrics.cache_write, usage.cache_write());
    add(metrics.reasoning, usage.reasoning);
}

void count_of_tenant(const TenantMetrics& metrics, const RequestRecord& record) {
    const auto add = [](base::Counter* counter, std::int64_t amount) {
        if (counter != nullptr && amount > 0) counter->add(static_cast<std::uint64_t>(amount));
    };
    add(metrics.requests, 1);
    if (from_cache(record)) return;  // no tokens were used
    add(metrics.input, record.usage.prompt());
    add(metrics.output, record.usage.output);
    add(metrics.cost, record.cost.billed);
}

}  // namespace

void settle(Gateway& gateway, const Snapshot& snapshot, const RequestRecord& record) {
    const net::Instant now = base::StretchClock::now();
    const double total = seconds_between(record.arrived, now);
    const bool has_first = record.first_content != net::Instant{};
    const double first_token =
        has_first ? seconds_between(record.arrived, record.first_content) : 0;
    RequestMetrics& metrics = gateway.metrics();
    const EndpointMetrics* counters = record.metrics;
    if (counters != nullptr && record.status == 200 && !record.client_gone) {
        counters->served->add(1);
    } else {
        const std::string status = record.client_gone ? "499" : std::to_string(record.status);
        const std::string_view model = counters != nullptr ? counters->model : std::string_view();
        metrics.requests.with({record.provider, model, "", status}).add(1);
    }
    if (counters != nullptr && !from_cache(record)) {
        counters->duration->observe(total);
        if (has_first) counters->first_token->observe(first_token);
        count_tokens_by_class(*counters, record.usage);
        if (record.cost.billed > 0 && counters->cost != nullptr) {
            counters->cost->add(static_cast<std::uint64_t>(record.cost.billed));
        }
        if (!record.cost.priced) metrics.unpriced.add(1);
        if (record.sent != net::Instant{}) {
            metrics.overhead_before.observe(
                seconds_between(record.arrived + record.queued, record.sent));
        }
    }
    if (record.tenant_metrics != nullptr) count_of_tenant(*record.tenant_metrics, record);
    if (!record.fallback_reason.empty()) {
        metrics.fallbacks.with({record.first_provider, record.provider, record.fallback_reason})
            .add(1);
    }
    if (snapshot.access_log) log_access(record, total, first_token);
}

}  // namespace tollgate::gateway
