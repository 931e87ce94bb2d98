#include "gateway/route_trace.hpp"

#include <charconv>
#include <limits>

#include "base/json.hpp"

namespace tollgate::gateway {
namespace {

constexpr std::size_t kept_candidates_max = 8;

// Writes one object member by member.
class Object {
public:
    explicit Object(std::string& out) : out_(out) { out_ += '{'; }
    void text(std::string_view name, std::string_view value) {
        if (value.empty()) return;
        key(name);
        json::append_string(out_, value);
    }
    void real(std::string_view name, double value, int decimals) {
        key(name);
        char text[64];
        const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed,
                                       decimals).ptr;
        out_.append(text, end);
    }
    void known(std::string_view name, double value, int decimals) {
        if (value >= 0) real(name, value, decimals);
    }
    void integer(std::string_view name, std::int64_t value) {
        key(name);
        json::append_integer(out_, value);
    }
    void flag(std::string_view name, bool value) {
        if (!value) return;
        key(name);
        out_ += "true";
    }
    std::string& raw(std::string_view name) {
        key(name);
        return out_;
    }
    void end() { out_ += '}'; }

private:
    void key(std::string_view name) {
        if (!first_) out_ += ',';
        first_ = false;
        out_ += '"';
        out_ += name;
        out_ += "\":";
    }
    std::string& out_;
    bool first_ = true;
};

void append_candidate(std::string& out, const TracedCandidate& candidate, bool whole) {
    Object object(out);
    object.text("name", candidate.name);
    object.text("group", candidate.group);
    object.integer("stage", candidate.stage);
    object.text("excluded", candidate.excluded);
    object.flag("byok", candidate.byok);
    object.flag("pinned", candidate.pinned);
    object.flag("preferred", candidate.preferred);
    if (whole || candidate.circuit != "closed") object.text("circuit", candidate.circuit);
    object.known("cost", candidate.cost, 9);
    object.known("cost_per_1k", candidate.cost_per_1k, 9);
    if (whole) object.known("worst_cost", candidate.worst_cost, 9);
    if (candidate.cached_saving > 0) object.real("cached_saving", candidate.cached_saving, 9);
    object.known("latency_ms", candidate.latency_ms, 1);
    object.known("quality", candidate.quality, 3);
    if (whole || candidate.error_rate > 0) object.real("error_rate", candidate.error_rate, 4);
    object.known("limit_use", candidate.limit_use, 4);
    if (candidate.excluded.empty()) {
        object.real("score", candidate.terms.total, 4);
        if (whole) {
            object.real("cost_score", candidate.terms.cost, 4);
            object.real("latency_score", candidate.terms.latency, 4);
            object.real("quality_score", candidate.terms.quality, 4);
            object.real("error_factor", candidate.terms.error_factor, 4);
            object.real("limit_factor", candidate.terms.limit_factor, 4);
        }
    }
    object.end();
}

void append_candidates(std::string& out, const std::vector<TracedCandidate>& list, bool whole,
                       std::size_t most) {
    out += '[';
    std::size_t count = 0;
    for (const TracedCandidate& candidate : list) {
        if (count == most) break;
        if (count++ > 0) out += ',';
        append_candidate(out, candidate, whole);
    }
    out += ']';
}

void append_rules(std::string& out, const std::vector<routing::RuleOutcome>& rules) {
    out += '[';
    bool first = true;
    for (const routing::RuleOutcome& outcome : rules) {
        if (!first) out += ',';
        first = false;
        Object object(out);
        object.text("rule", outcome.rule);
        object.text("tenant", outcome.tenant);
        object.text("failed", outcome.failed);
        object.end();
    }
    out += ']';
}

// With at most so many candidates of each list.
std::string json_of(const RouteTrace& trace, bool whole, std::size_t most) {
    std::string out;
    Object object(out);
    object.text("requested", trace.requested);
    object.text("renamed", trace.renamed);
    object.text("name", trace.name);
    object.text("rule", trace.rule);
    if (whole) append_rules(object.raw("rules"), trace.rules);
    object.text("experiment", trace.experiment);
    object.text("arm", trace.arm);
    if (!trace.task.empty()) {
        object.text("task", trace.task);
        object.real("task_confidence", trace.task_confidence, 3);
        object.text("task_evidence", trace.task_evidence);
        object.text("work", trace.work);
    }
    object.text("strategy", trace.strategy);
    object.text("power_level", trace.level);
    object.text("power_level_source", trace.level_source);
    object.text("affinity", trace.affinity);
    object.integer("input_tokens", trace.input_tokens);
    object.integer("output_tokens", trace.output_tokens);
    append_candidates(object.raw("order"), trace.order, whole, most);
    if (whole || !trace.excluded.empty()) {
        append_candidates(object.raw("excluded"), trace.excluded, whole, most);
    }
    if (whole || !trace.notices.empty()) {
        std::string& text = object.raw("notices");
        text += '[';
        for (std::size_t i = 0; i < trace.notices.size(); ++i) {
            if (i > 0) text += ',';
            json::append_string(text, trace.notices[i]);
        }
        text += ']';
    }
    object.end();
    return out;
}

}  // namespace

std::string to_json(const RouteTrace& trace, bool whole) {
    if (whole) return json_of(trace, true, std::numeric_limits<std::size_t>::max());
    for (std::size_t most = kept_candidates_max; most > 0; most /= 2) {
        std::string out = json_of(trace, false, most);
        if (out.size() <= kept_trace_bytes_max) return out;
    }
    // Only names and notices as long as texts make it so.
    RouteTrace shorter;
    shorter.strategy = trace.strategy;
    shorter.level = trace.level;
    shorter.notices = {"the decision was too long to be kept"};
    return json_of(shorter, false, 0);
}

}  // namespace tollgate::gateway
