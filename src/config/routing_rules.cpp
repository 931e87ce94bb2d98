#include "config/routing_rules.hpp"

#include <algorithm>

#include "base/time_text.hpp"
#include "config/tasks.hpp"

namespace tollgate::config {
namespace {

constexpr double hour_seconds = 3'600, week_seconds = 7 * 86'400;
constexpr std::string_view strategy_choices =
    "priority|weighted|round_robin|least_busy|latency|usage|cost|balanced|custom";
constexpr std::string_view failure_choices =
    "rate_limited|overloaded|provider_fault|timeout|credential|context_overflow|content_policy";

std::string element(const std::string& path, std::size_t index) {
    return path + "[" + std::to_string(index) + "]";
}

std::optional<domain::ErrorClass> error_class_of(std::string_view name) {
    for (int i = 0; i <= static_cast<int>(domain::ErrorClass::bad_request); ++i) {
        const auto candidate = static_cast<domain::ErrorClass>(i);
        if (domain::to_string(candidate) == name) return candidate;
    }
    return std::nullopt;
}

void read_fallback_on(Session& session, const Node& node, const std::string& path,
                      domain::RoutingUse& out) {
    Reader reader(session, node, path, Strictness::ours);
    each_word(failure_choices, '|', [&](std::string_view name) {
        std::vector<std::string> models;
        reader.value({name, ""}, models);
        const auto error_class = error_class_of(name);
        if (!models.empty() && error_class) {
            out.fallback_on.push_back({*error_class, std::move(models)});
        }
    });
    reader.finish();
}

void read_shadow(Session& session, const Node& node, const std::string& path,
                 domain::RoutingUse& out) {
    domain::ShadowUse shadow;
    std::optional<double> share;
    Reader reader(session, node, path, Strictness::ours);
    reader.value({"model", ""}, shadow.model);
    reader.value({"share", "", 0, 1}, share);
    reader.finish();
    if (shadow.model.empty()) {
        complain(session.problems, Severity::error, node, path,
                 "names no model; write `{model: NAME, share: 0.1}`");
        return;
    }
    shadow.share = share.value_or(1);
    out.shadow = std::move(shadow);
}

void read_weights(Session& session, Reader& reader, std::optional<domain::ScoreWeights>& out) {
    const Node* node = reader.take("weights");
    if (!node) return;
    std::optional<double> cost, latency, quality;
    Reader inner(session, *node, reader.path_of("weights"), Strictness::ours);
    inner.value({"cost", "", 0, 1}, cost);
    inner.value({"latency", "", 0, 1}, latency);
    inner.value({"quality", "", 0, 1}, quality);
    inner.finish();
    const domain::ScoreWeights weights{cost.value_or(0), latency.value_or(0), quality.value_or(0)};
    if (!domain::sound(weights)) {
        complain(session.problems, Severity::error, *node, reader.path_of("weights"),
                 "cost, latency and quality must sum to 1");
        return;
    }
    out = weights;
}

void read_deadlines(Reader& reader, domain::RoutingRule& rule) {
    domain::DeadlineSettings& deadlines = rule.deadlines;
    reader.value({"connect_timeout", "", 0.05, hour_seconds}, deadlines.connect);
    reader.value({"headers_timeout", "", 0.05, week_seconds}, deadlines.headers);
    reader.value({"first_event_timeout", "", 0.05, week_seconds}, deadlines.first_event);
    reader.value({"idle_timeout", "", 0.05, week_seconds}, deadlines.idle);
    reader.value({"total_timeout", "", 0.05, week_seconds}, deadlines.total);
    reader.value({"max_attempts", "", 1, 100}, rule.attempts.max_attempts);
    reader.value({"attempts_per_candidate", "", 1, 20}, rule.attempts.attempts_per_candidate);
    reader.value({"backoff_first", "", 0, hour_seconds}, rule.attempts.first_backoff);
    reader.value({"backoff_max", "", 0, hour_seconds}, rule.attempts.backoff_max);
}

// `pattern`, `model` and `fallback` beside each other: the rules of simple configurations.
void read_short_form(Session& session, Reader& reader, domain::RoutingRule& rule) {
    if (const Node* pattern = reader.take("pattern")) {
        const bool every = pattern->is_scalar() && pattern->text == "*";
        if (!pattern->is_scalar()) {
            complain(session.problems, Severity::error, *pattern, reader.path_of("pattern"),
                     "expected a glob such as `refactor*`, got " + shown(*pattern));
        } else if (!every) {
            rule.match.prompts.push_back({domain::TextPattern::Kind::glob, pattern->text});
        }
    }
    std::vector<std::string> models;
    reader.value({"model", ""}, models);
    rule.use.models.insert(rule.use.models.end(), models.begin(), models.end());
    reader.value({"fallback", ""}, rule.use.fallback);
}

bool does_something(const domain::RoutingRule& rule) {
    const domain::RoutingRule nothing;
    return rule.use != nothing.use || rule.deadlines != nothing.deadlines ||
           rule.attempts != nothing.attempts || rule.hedge || rule.resume_streams ||
           rule.cost_max_usd || rule.output_tokens_max;
}

domain::RoutingRule read_rule(Session& session, const Node& node, const std::string& path) {
    domain::RoutingRule rule;
    rule.origin = node.origin().text();
    Reader reader(session, node, path, Strictness::ours);
    reader.value({"name", ""}, rule.name);
    reader.value({"enabled", ""}, rule.enabled);
    if (const Node* match = reader.take("match")) {
        read_match(session, *match, reader.path_of("match"), rule.match);
    }
    if (const Node* use = reader.take("use")) {
        read_use(session, *use, reader.path_of("use"), rule.use);
    }
    read_short_form(session, reader, rule);
    read_deadlines(reader, rule);
    reader.value({"max_cost_per_request", "", 0, 1e6}, rule.cost_max_usd);
    reader.value({"max_output_tokens", "", 1, 1e9}, rule.output_tokens_max);
    reader.value({"hedge", ""}, rule.hedge);
    reader.value({"resume_streams", ""}, rule.resume_streams);
    reader.finish();
    return rule;
}

}  // namespace

void read_use(Session& session, const Node& node, const std::string& path,
              domain::RoutingUse& out) {
    if (!node.is_mapping()) return read_strings(session, node, path, out.models);
    Reader reader(session, node, path, Strictness::ours);
    std::string model, strategy, level;
    reader.value({"model", ""}, model);
    if (!model.empty()) out.models.push_back(model);
    std::vector<std::string> models;
    reader.value({"models", ""}, models);
    out.models.insert(out.models.end(), models.begin(), models.end());
    reader.value({"strategy", "", 0, 0, strategy_choices}, strategy);
    if (!strategy.empty()) out.strategy = domain::strategy_of(strategy);
    read_weights(session, reader, out.weights);
    if (out.weights && !out.strategy) out.strategy = domain::Strategy::custom;
    reader.value({"power_level", "", 0, 0, "eco|balanced|precision"}, level);
    if (!level.empty()) out.power_level = domain::power_level_of(level);
    reader.value({"fallback", ""}, out.fallback);
    if (const Node* by_class = reader.take("fallback_on")) {
        read_fallback_on(session, *by_class, reader.path_of("fallback_on"), out);
    }
    if (const Node* shadow = reader.take("shadow")) {
        read_shadow(session, *shadow, reader.path_of("shadow"), out);
    }
    reader.value({"experiment", ""}, out.experiment);
    reader.value({"quality_margin", "", 0, 1}, out.quality_margin);
    reader.finish();
    if (out.strategy == domain::Strategy::custom && !out.weights) {
        complain(session.problems, Severity::error, node, reader.path_of("strategy"),
                 "custom needs `weights: {cost: 0.4, latency: 0.4, quality: 0.2}`");
    }
}

void read_rules(Session& session, const Node& list, const std::string& path,
                const std::string& tenant, std::vector<domain::RoutingRule>& out) {
    if (!list.is_sequence()) {
        complain(session.problems, Severity::error, list, path,
                 "expected a list of rules (`- {match: {...}, use: {...}}`), got " + shown(list));
        return;
    }
    for (std::size_t i = 0; i < list.items.size(); ++i) {
        const Node& item = list.items[i];
        const std::string here = element(path, i);
        if (i == rules_max) {
            complain(session.problems, Severity::error, item, here,
                     "more than 1000 rules; the rest is not read");
            return;
        }
        domain::RoutingRule rule = read_rule(session, item, here);
        rule.tenant = tenant;
        if (rule.name.empty()) rule.name = "rule-" + std::to_string(i + 1);
        rule.id = rule.name;
        const bool again = std::any_of(out.begin(), out.end(), [&](const auto& other) {
            return other.name == rule.name && other.tenant == rule.tenant;
        });
        if (again) {
            complain(session.problems, Severity::error, item, join_path(here, "name"),
                     "`" + rule.name + "` is already the name of another rule");
        } else if (!item.is_mapping()) {
            continue;  // told of already
        } else if (!does_something(rule)) {
            complain(session.problems, Severity::error, item, join_path(here, "use"),
                     "the rule does nothing; write `use: {model: NAME}`, or a strategy or limit");
        } else {
            out.push_back(std::move(rule));
        }
    }
}

// Unix seconds; 0 where nothing is said.
static void read_moment(Session& session, Reader& reader, const Node& item, const char* key,
                        std::int64_t& out) {
    std::string text;
    reader.value({key, ""}, text);
    if (text.empty()) return;
    if (const auto micros = base::micros_of_text(text)) {
        out = *micros / 1'000'000;
        return;
    }
    complain(session.problems, Severity::error, item, reader.path_of(key),
             "expected a date or a time with its zone, as 2026-11-21 or 2026-11-21T08:00:00Z, "
             "got `" +
                 text + "`");
}

// What is wrong with it, "" : nothing.
static std::string fault_of(const domain::ExperimentSpec& spec,
                            const std::vector<domain::ExperimentSpec>& others) {
    if (spec.name.empty()) return "needs a `name`";
    const auto named = [](const std::string& name) {
        return [&name](const auto& other) { return other.name == name; };
    };
    if (std::any_of(others.begin(), others.end(), named(spec.name))) {
        return "`" + spec.name + "` is already the name of another experiment";
    }
    const auto& arms = spec.arms;
    double shares = 0;
    bool whole = true, unique = true;
    for (const domain::ExperimentArm& arm : arms) {
        shares += arm.share;
        whole = whole && !arm.model.empty();
        unique = unique && std::count_if(arms.begin(), arms.end(), named(arm.name)) == 1;
    }
    if (arms.size() < 2 || !whole) {
        return "needs two `arms` or more, each `{model: NAME, share: 1}`";
    }
    if (!unique) return "has two arms of one name; give each its own `name`";
    if (shares <= 0) return "has no arm with a `share` above 0";
    if (spec.ends != 0 && spec.ends <= spec.started) return "`ends` before it `starts`";
    return "";
}

void read_experiments(Session& session, const Node& list, const std::string& path,
                      std::vector<domain::ExperimentSpec>& out) {
    if (!list.is_sequence()) {
        complain(session.problems, Severity::error, list, path,
                 "expected a list of experiments, got " + shown(list));
        return;
    }
    for (std::size_t i = 0; i < list.items.size(); ++i) {
        const Node& item = list.items[i];
        domain::ExperimentSpec spec;
        spec.origin = item.origin().text();
        Reader reader(session, item, element(path, i), Strictness::ours);
        reader.value({"name", ""}, spec.name);
        reader.value({"enabled", ""}, spec.enabled);
        reader.value({"models", ""}, spec.models);
        std::string sticky(domain::to_string(spec.sticky));
        std::string metric(domain::to_string(spec.metric));
        reader.value({"sticky", "", 0, 0, "user|session|request"}, sticky);
        reader.value({"metric", "", 0, 0,
                      "cost|latency|first_token|error_rate|refusal_rate|output_tokens|"
                      "tool_success|feedback"},
                     metric);
        spec.sticky = domain::sticky_of(sticky).value_or(spec.sticky);
        spec.metric = domain::metric_of(metric).value_or(spec.metric);
        std::optional<double> confidence;
        reader.value({"confidence", "", 0.5, 0.9999}, confidence);
        spec.confidence = confidence.value_or(spec.confidence);
        reader.value({"samples_min", "", 1, 1e9}, spec.samples_min);
        read_moment(session, reader, item, "starts", spec.started);
        read_moment(session, reader, item, "ends", spec.ends);
        const Node* arms = reader.take("arms");
        for (std::size_t k = 0; arms != nullptr && k < arms->items.size(); ++k) {
            domain::ExperimentArm arm;
            std::optional<double> share;
            Reader inner(session, arms->items[k], element(reader.path_of("arms"), k),
                         Strictness::ours);
            inner.value({"name", ""}, arm.name);
            inner.value({"model", ""}, arm.model);
            inner.value({"share", "", 0, 1e6}, share);
            inner.finish();
            if (arm.name.empty()) arm.name = arm.model;
            arm.share = share.value_or(1);
            spec.arms.push_back(std::move(arm));
        }
        reader.finish();
        spec.id = spec.name;
        std::string fault = fault_of(spec, out);
        if (fault.empty()) {
            out.push_back(std::move(spec));
        } else {
            complain(session.problems, Severity::error, item, element(path, i), std::move(fault));
        }
    }
}

}  // namespace tollgate::config
