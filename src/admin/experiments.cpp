// Experiments of files and of the database, and what they show: what their arms did is in the usage
// rows. Who is of a tenant sees the experiments that its requests may take part in, and the figures
// of its own requests alone.
#include "routing/experiments.hpp"

#include "admin/experiment_finding.hpp"
#include "admin/experiment_objects.hpp"
#include "admin/handlers.hpp"
#include "store/experiments.hpp"
#include "store/feedback.hpp"

namespace tollgate::admin {
namespace {

constexpr double micros_per_millisecond = 1'000, nano_per_dollar = 1e9;
// Of which figures are told; the newest ones. More would take memory and tell nothing new.
constexpr std::int64_t rows_max = 200'000;
constexpr int status_client_gone = 499, status_bad = 400;

using domain::ExperimentSpec;
using domain::Metric;

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

// Where a page begins: "file" or "database", the tenant, the name.
using Place = std::vector<std::string>;

// Writes one page of what `show` is told; each is told once, in order.
class PageWriter {
public:
    PageWriter(json::Writer& writer, const store::PageRequest& page, Place from)
        : writer_(writer), limit_(page.limit), from_(std::move(from)) {}
    template <typename Object>
    void add(const char* origin, const ExperimentSpec& spec, const Object& object, bool hidden) {
        if (!next_.empty()) return;
        if (!from_.empty() && from_ != Place{origin, spec.tenant, spec.name}) return;
        from_.clear();
        if (count_ == limit_) {
            next_ = store::make_cursor({origin, spec.tenant, spec.name});
            return;
        }
        ++count_;
        writer_.begin_object();
        write_members(writer_, object, hidden);
        writer_.end_object();
    }
    const std::string& next() const { return next_; }

private:
    json::Writer& writer_;
    const std::int64_t limit_;
    Place from_;
    std::int64_t count_ = 0;
    std::string next_;
};

}  // namespace

// Those of files in their order, then those of the database.
Outcome list_experiments(Call& call, Session& session) {
    const store::PageRequest page = call.page();
    TRY_VOID(call.checked());
    Place from;
    if (!page.cursor.empty()) {
        TRY(from, store::read_cursor(page.cursor, 3));
    }
    TRY(const auto snapshot, served_snapshot(call));
    TRY(const auto stored, store::readable_experiments(session, call.access));
    std::string text;
    json::Writer writer(text);
    writer.begin_object().key("data").begin_array();
    PageWriter pages(writer, page, std::move(from));
    for (const ExperimentSpec& spec : snapshot->routing.experiments) {
        const bool of_file = spec.origin != domain::origin_database;
        if (of_file && shows(call, spec)) pages.add("file", spec, spec, false);
    }
    for (const domain::ExperimentRow& row : stored) {
        const bool hidden = file_experiment(*snapshot, row.spec.name) != nullptr;
        pages.add("database", row.spec, row, hidden);
    }
    writer.end_array();
    Call::end_page(writer, pages.next());
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
    TRY(const auto snapshot, served_snapshot(call));
    const ExperimentSpec* of_file = file_experiment(*snapshot, query.experiment);
    if (of_file != nullptr && !shows(call, *of_file)) of_file = nullptr;
    std::optional<domain::ExperimentRow> stored;
    if (of_file == nullptr) {
        TRY(stored, stored_experiment(call, session, query.tenant));
        if (!stored) return store::not_found("experiment " + query.experiment);
        if (!stored->spec.tenant.empty()) query.tenant = stored->spec.tenant;
        // Of an earlier one of that name nothing counts.
        if (query.from == 0) query.from = stored->created;
        call.header("etag", "\"" + std::to_string(stored->etag) + "\"");
    }
    const ExperimentSpec& spec = stored ? stored->spec : *of_file;
    TRY(const Measured measured, measure(session, call, spec, query));
    std::string text;
    json::Writer writer(text);
    writer.begin_object();
    stored ? write_members(writer, *stored) : write_members(writer, spec);
    write_results(writer, spec, measured);
    writer.end_object();
    return call.answer(200, std::move(text));
}

}  // namespace tollgate::admin
