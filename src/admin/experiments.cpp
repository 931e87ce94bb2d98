// Experiments and what they show. They are defined in files; what their arms did is in the usage
// rows. Who is of a tenant sees the experiments that its requests may take part in, and the figures
// of its own requests alone.
#include "routing/experiments.hpp"

#include <charconv>
#include <cmath>

#include "admin/handlers.hpp"
#include "base/clock.hpp"
#include "store/feedback.hpp"

namespace tollgate::admin {
namespace {

constexpr std::int64_t micros_per_second = 1'000'000;
constexpr double micros_per_millisecond = 1'000, nano_per_dollar = 1e9;
// Of which figures are told; the newest ones. More would take memory and tell nothing new.
constexpr std::int64_t rows_max = 200'000;
constexpr int status_client_gone = 499, status_bad = 400;

using domain::ExperimentSpec;
using domain::Metric;

// Never null.
base::Result<std::shared_ptr<const gateway::Snapshot>> served(const Call& call) {
    auto snapshot = call.services.snapshot();
    if (snapshot != nullptr) return snapshot;
    return base::Error{base::ErrorCode::unavailable, "nothing is served by this process yet"};
}

bool shows(const Call& call, const ExperimentSpec& spec) {
    return call.platform() || spec.tenant.empty() || spec.tenant == call.caller.tenant;
}

void write_real(json::Writer& writer, std::string_view name, double value) {
    writer.key(name);
    if (!std::isfinite(value)) return void(writer.null());
    std::array<char, 40> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    writer.raw({text.data(), static_cast<std::size_t>(end - text.data())});
}

void write_moment(json::Writer& writer, std::string_view name, std::int64_t seconds) {
    if (seconds == 0) {
        writer.key(name).null();
    } else {
        write_time(writer, name, seconds * micros_per_second);
    }
}

// Without the closing brace.
void begin(json::Writer& writer, const ExperimentSpec& spec) {
    const std::int64_t now = base::unix_seconds();
    const bool runs = routing::applies(spec, "", true, now);
    writer.begin_object()
        .string("name", spec.name)
        .string("tenant", spec.tenant)
        .boolean("enabled", spec.enabled)
        .boolean("running", runs);
    write_names(writer, "models", spec.models);
    writer.key("arms").begin_array();
    for (const domain::ExperimentArm& arm : spec.arms) {
        writer.begin_object().string("name", arm.name).string("model", arm.model);
        write_real(writer, "share", arm.share);
        writer.end_object();
    }
    writer.end_array()
        .string("sticky", domain::to_string(spec.sticky))
        .string("metric", domain::to_string(spec.metric));
    write_real(writer, "confidence", spec.confidence);
    writer.integer("samples_min", spec.samples_min);
    write_moment(writer, "starts", spec.started);
    write_moment(writer, "ends", spec.ends);
    writer.string("origin", spec.origin);
}

// A request counts once. What a client left or nobody answered has no time and no cost to compare.
void count(const store::ArmRow& row, routing::ArmData& arm) {
    ++arm.requests;
    const bool gone = row.client_gone || row.status == status_client_gone;
    const bool failed = !gone && (!row.error_class.empty() || row.status >= status_bad);
    if (failed) ++arm.errors;
    const bool by_provider =
        row.error_class == domain::to_string(domain::ErrorClass::content_policy);
    if (by_provider || row.refused) ++arm.refusals;
    arm.tool_calls += row.tool_calls;
    arm.tool_calls_good += row.tool_calls_valid;
    if (row.score) {
        ++arm.feedback;
        if (*row.score > 0) ++arm.feedback_good;
    }
    if (gone || failed) return;
    if (row.priced) arm.cost_usd.push_back(static_cast<double>(row.cost) / nano_per_dollar);
    arm.latency_ms.push_back(static_cast<double>(row.total_us) / micros_per_millisecond);
    if (row.first_token_us >= 0) {
        arm.first_token_ms.push_back(static_cast<double>(row.first_token_us) /
                                     micros_per_millisecond);
    }
    if (row.output_tokens >= 0) {
        arm.output_tokens.push_back(static_cast<double>(row.output_tokens));
    }
}

struct Measured {
    std::vector<routing::ArmData> arms;
    std::int64_t rows = 0, strangers = 0;  // strangers: of arms that there are no more
};

base::Result<Measured> measure(Session& session, const Call& call, const ExperimentSpec& spec,
                               const store::ArmRowsQuery& query) {
    Measured measured;
    measured.arms.resize(spec.arms.size());
    TRY_VOID(store::each_arm_row(session, call.access, query, [&](const store::ArmRow& row) {
        ++measured.rows;
        for (std::size_t at = 0; at < spec.arms.size(); ++at) {
            if (spec.arms[at].name == row.arm) return count(row, measured.arms[at]);
        }
        ++measured.strangers;
    }));
    return measured;
}

void write_estimates(json::Writer& writer, const routing::ArmData& arm,
                     const std::array<routing::Estimate, domain::metrics_count>& estimates) {
    writer.integer("requests", arm.requests).integer("errors", arm.errors);
    writer.key("metrics").begin_object();
    for (std::size_t at = 0; at < estimates.size(); ++at) {
        const routing::Estimate& one = estimates[at];
        writer.key(domain::to_string(static_cast<Metric>(at)));
        if (one.samples == 0) {
            writer.null();
            continue;
        }
        writer.begin_object().integer("samples", one.samples);
        write_real(writer, "value", one.value);
        write_real(writer, "low", one.interval.low);
        write_real(writer, "high", one.interval.high);
        writer.end_object();
    }
    writer.end_object();
}

void write_comparison(json::Writer& writer, const ExperimentSpec& spec,
                      const routing::Comparison& one) {
    writer.begin_object()
        .string("arm", spec.arms[one.arm].name)
        .string("against", spec.arms.front().name);
    write_real(writer, "difference", one.test.difference);
    write_real(writer, "relative", one.relative);
    write_real(writer, "low", one.test.interval.low);
    write_real(writer, "high", one.test.interval.high);
    write_real(writer, "p_value", one.test.p_value);
    writer.boolean("decided", one.test.decided).boolean("better", one.better).end_object();
}

const char* word_of(routing::VerdictKind verdict) {
    switch (verdict) {
        case routing::VerdictKind::too_few_samples: return "too_few_samples";
        case routing::VerdictKind::undecided: return "undecided";
        case routing::VerdictKind::decided: break;
    }
    return "decided";
}

void write_results(json::Writer& writer, const ExperimentSpec& spec, const Measured& measured) {
    routing::ExperimentResult result = routing::evaluate(spec, measured.arms);
    if (measured.rows == rows_max) {
        result.notices.push_back("only the newest " + std::to_string(rows_max) +
                                 " requests are counted; `from` and `to` choose others");
    }
    if (measured.strangers > 0) {
        result.notices.push_back(std::to_string(measured.strangers) +
                                 " requests are of arms that the experiment has no more");
    }
    writer.key("results").begin_object().integer("requests", measured.rows);
    writer.string("verdict", word_of(result.verdict)).string("line", result.line);
    writer.key("winner");
    if (result.verdict == routing::VerdictKind::decided) {
        writer.string(spec.arms[result.winner].name);
    } else {
        writer.null();
    }
    writer.key("arms").begin_array();
    for (std::size_t at = 0; at < spec.arms.size(); ++at) {
        writer.begin_object().string("name", spec.arms[at].name);
        writer.string("model", spec.arms[at].model);
        write_estimates(writer, measured.arms[at], result.estimates[at]);
        writer.end_object();
    }
    writer.end_array().key("comparisons").begin_array();
    for (const routing::Comparison& one : result.comparisons) {
        write_comparison(writer, spec, one);
    }
    writer.end_array();
    write_names(writer, "notices", result.notices);
    writer.end_object();
}

}  // namespace

// In the order of the configuration; the cursor is the name of the last one shown.
Outcome list_experiments(Call& call, Session& /*session*/) {
    const store::PageRequest page = call.page();
    TRY_VOID(call.checked());
    // The cursor is the name that the page begins with.
    std::string first, next;
    if (!page.cursor.empty()) {
        TRY(auto parts, store::read_cursor(page.cursor, 1));
        first = std::move(parts.front());
    }
    TRY(const auto snapshot, served(call));
    std::string text;
    json::Writer writer(text);
    writer.begin_object().key("data").begin_array();
    std::int64_t count = 0;
    for (const ExperimentSpec& spec : snapshot->routing.experiments) {
        if (!shows(call, spec)) continue;
        if (!first.empty() && spec.name != first) continue;
        first.clear();
        if (count == page.limit) {
            next = store::make_cursor({spec.name});
            break;
        }
        ++count;
        begin(writer, spec);
        writer.end_object();
    }
    writer.end_array();
    Call::end_page(writer, next);
    return call.answer(200, std::move(text));
}

Outcome get_experiment(Call& call, Session& session) {
    store::ArmRowsQuery query;
    query.experiment = call.path("name");
    query.from = call.query().time("from", 0);
    query.to = call.query().time("to", 0);
    query.rows_max = rows_max;
    TRY(query.tenant, call.tenant_filter(session));
    TRY_VOID(call.checked());
    TRY(const auto snapshot, served(call));
    for (const ExperimentSpec& spec : snapshot->routing.experiments) {
        if (spec.name != query.experiment || !shows(call, spec)) continue;
        TRY(const Measured measured, measure(session, call, spec, query));
        std::string text;
        json::Writer writer(text);
        begin(writer, spec);
        write_results(writer, spec, measured);
        writer.end_object();
        return call.answer(200, std::move(text));
    }
    return store::not_found("experiment " + query.experiment);
}

}  // namespace tollgate::admin
