// Rules and experiments as lines that read back as the same, and their keys for people.
#include <array>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "config/routing_rules.hpp"
#include "config/scalar.hpp"

namespace tollgate::config {
namespace {

constexpr std::int32_t minutes_per_hour = 60;

void texts(json::Writer& writer, std::string_view key, const std::vector<std::string>& list) {
    if (list.empty()) return;
    writer.key(key);
    if (list.size() == 1) {
        writer.string(list.front());
        return;
    }
    writer.begin_array();
    for (const std::string& text : list) writer.string(text);
    writer.end_array();
}

void flag(json::Writer& writer, std::string_view key, const std::optional<bool>& value) {
    if (value) writer.boolean(key, *value);
}

void number(json::Writer& writer, std::string_view key, const std::optional<double>& value) {
    if (value) writer.raw(key, format_number(*value));
}

void duration(json::Writer& writer, std::string_view key, Duration value) {
    if (value.count() != 0) writer.string(key, format_duration(value));
}

template <typename Number>
void range(json::Writer& writer, const std::optional<Number>& low,
           const std::optional<Number>& high) {
    writer.begin_object();
    number(writer, "min", low ? std::optional<double>(*low) : std::nullopt);
    number(writer, "max", high ? std::optional<double>(*high) : std::nullopt);
    writer.end_object();
}

std::string clock(std::int32_t minute) {
    const auto two = [](std::int32_t value) {
        return (value < 10 ? "0" : "") + std::to_string(value);
    };
    return two(minute / minutes_per_hour) + ":" + two(minute % minutes_per_hour);
}

void window(json::Writer& writer, const domain::TimeWindow& hours) {
    constexpr std::array<std::string_view, 7> names{"mon", "tue", "wed", "thu",
                                                    "fri", "sat", "sun"};
    writer.begin_object();
    if (hours.days != domain::TimeWindow::every_day) {
        writer.key("days").begin_array();
        for (std::size_t day = 0; day < names.size(); ++day) {
            if (((hours.days >> day) & 1) != 0) writer.string(names[day]);
        }
        writer.end_array();
    }
    writer.string("from", clock(hours.from_minute)).string("to", clock(hours.to_minute));
    if (!hours.zone.empty()) writer.string("zone", hours.zone);
    writer.end_object();
}

void write_match(json::Writer& writer, const domain::RoutingMatch& match) {
    writer.key("match").begin_object();
    texts(writer, "model", match.models);
    texts(writer, "task", match.tasks);
    if (!match.prompts.empty()) {
        writer.key("prompt").begin_array();
        for (const domain::TextPattern& pattern : match.prompts) {
            const bool glob = pattern.kind == domain::TextPattern::Kind::glob;
            writer.begin_object().string(glob ? "glob" : "regex", pattern.text).end_object();
        }
        writer.end_array();
    }
    if (!match.tokens.empty()) {
        writer.key("tokens").begin_array();
        for (const auto& tokens : match.tokens) range(writer, tokens.at_least, tokens.at_most);
        writer.end_array();
    }
    flag(writer, "thinking", match.thinking);
    flag(writer, "has_images", match.has_images);
    flag(writer, "has_tools", match.has_tools);
    texts(writer, "tenant", match.tenants);
    texts(writer, "team", match.teams);
    texts(writer, "user", match.users);
    texts(writer, "tag", match.tags);
    if (!match.headers.empty()) {
        writer.key("header").begin_object();
        for (const auto& header : match.headers) {
            writer.foreign_key(header.name).string(header.value);
        }
        writer.end_object();
    }
    if (!match.times.empty()) {
        writer.key("time").begin_array();
        for (const auto& hours : match.times) window(writer, hours);
        writer.end_array();
    }
    if (match.budget_used) {
        writer.key("budget_used");
        range(writer, match.budget_used->at_least, match.budget_used->at_most);
    }
    std::vector<std::string> levels;
    for (const auto level : match.power_levels) levels.emplace_back(domain::to_string(level));
    texts(writer, "power_level", levels);
    writer.end_object();
}

void write_weights(json::Writer& writer, const domain::ScoreWeights& weights) {
    writer.key("weights").begin_object();
    number(writer, "cost", weights.cost);
    number(writer, "latency", weights.latency);
    number(writer, "quality", weights.quality);
    writer.end_object();
}

void write_use(json::Writer& writer, const domain::RoutingUse& use) {
    writer.key("use").begin_object();
    texts(writer, use.models.size() == 1 ? "model" : "models", use.models);
    if (use.strategy) writer.string("strategy", domain::to_string(*use.strategy));
    if (use.weights) write_weights(writer, *use.weights);
    if (use.power_level) writer.string("power_level", domain::to_string(*use.power_level));
    texts(writer, "fallback", use.fallback);
    if (!use.fallback_on.empty()) {
        writer.key("fallback_on").begin_object();
        for (const auto& on : use.fallback_on) {
            texts(writer, domain::to_string(on.error_class), on.models);
        }
        writer.end_object();
    }
    if (use.shadow) {
        writer.key("shadow").begin_object().string("model", use.shadow->model);
        number(writer, "share", use.shadow->share);
        writer.end_object();
    }
    if (!use.experiment.empty()) writer.string("experiment", use.experiment);
    number(writer, "quality_margin", use.quality_margin);
    writer.end_object();
}

}  // namespace

std::string rule_text(const domain::RoutingRule& rule) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object().string("name", rule.name);
    if (!rule.enabled) writer.boolean("enabled", false);
    if (rule.match != domain::RoutingMatch{}) write_match(writer, rule.match);
    if (rule.use != domain::RoutingUse{}) write_use(writer, rule.use);
    duration(writer, "connect_timeout", rule.deadlines.connect);
    duration(writer, "headers_timeout", rule.deadlines.headers);
    duration(writer, "first_event_timeout", rule.deadlines.first_event);
    duration(writer, "idle_timeout", rule.deadlines.idle);
    duration(writer, "total_timeout", rule.deadlines.total);
    if (rule.attempts.max_attempts != 0) {
        writer.integer("max_attempts", rule.attempts.max_attempts);
    }
    if (rule.attempts.attempts_per_candidate != 0) {
        writer.integer("attempts_per_candidate", rule.attempts.attempts_per_candidate);
    }
    duration(writer, "backoff_first", rule.attempts.first_backoff);
    duration(writer, "backoff_max", rule.attempts.backoff_max);
    number(writer, "max_cost_per_request", rule.cost_max_usd);
    if (rule.output_tokens_max) writer.integer("max_output_tokens", *rule.output_tokens_max);
    flag(writer, "hedge", rule.hedge);
    flag(writer, "resume_streams", rule.resume_streams);
    writer.end_object();
    return out;
}

std::string experiment_text(const domain::ExperimentSpec& experiment) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object().string("name", experiment.name);
    if (!experiment.enabled) writer.boolean("enabled", false);
    texts(writer, "models", experiment.models);
    writer.key("arms").begin_array();
    for (const domain::ExperimentArm& arm : experiment.arms) {
        writer.begin_object().string("name", arm.name).string("model", arm.model);
        number(writer, "share", arm.share);
        writer.end_object();
    }
    writer.end_array();
    writer.string("sticky", domain::to_string(experiment.sticky));
    writer.string("metric", domain::to_string(experiment.metric));
    number(writer, "confidence", experiment.confidence);
    writer.integer("samples_min", experiment.samples_min);
    constexpr std::int64_t micros = 1'000'000;
    if (experiment.started != 0) {
        writer.string("starts", base::rfc3339_of_micros(experiment.started * micros));
    }
    if (experiment.ends != 0) {
        writer.string("ends", base::rfc3339_of_micros(experiment.ends * micros));
    }
    writer.end_object();
    return out;
}

const std::vector<Field> rule_keys = {
    {"name", "what `x-tollgate-route` and traces say; left out: rule-1, rule-2, ..."},
    {"enabled", "false: the rule is left alone"},
    {"match", "conditions; all must hold"},
    {"use", "what follows: a model, a list of models, or a mapping"},
    {"pattern", "short for `match: {prompt: ...}`; `*`: every request"},
    {"model", "short for `use: {model: ...}`"},
    {"fallback", "short for `use: {fallback: ...}`"},
    {"max_attempts", "attempts over all candidates"},
    {"attempts_per_candidate", "attempts of each"},
    {"backoff_first", "longest first wait before a retry"},
    {"backoff_max", "longest wait before a retry"},
    {"connect_timeout", "for a connection to a provider"},
    {"headers_timeout", "until a provider's answer begins"},
    {"first_event_timeout", "from the headers to the first event"},
    {"idle_timeout", "between bytes of an answer"},
    {"total_timeout", "for the whole request"},
    {"max_cost_per_request", "US dollars that a candidate may cost at worst"},
    {"max_output_tokens", "cap above what the client may ask"},
    {"hedge", "start a second candidate when the first is slower than usual"},
    {"resume_streams", "continue a stream that broke off with the next candidate"},
};
const std::vector<Field> match_keys = {
    {"model", "globs of the name asked for, or of what aliases made of it"},
    {"task", "code_generation, reasoning, refactoring, ..., or a task of your own"},
    {"prompt", "globs, `/expressions/` or `{regex: ...}` over the user's last words"},
    {"tokens", "estimated input: `\"> 8000\"`, `8k..32k`, `{min: 8000, max: 32000}`"},
    {"thinking", "whether the request asks for thinking"},
    {"has_images", "whether there are images"},
    {"has_tools", "whether tools are offered"},
    {"tenant", "ids or names, globs"},
    {"team", "ids or names, globs"},
    {"user", "ids or names, globs"},
    {"tag", "globs; one tag of the key or request suffices"},
    {"header", "header names with globs of their values; all must be there"},
    {"time", "`mon-fri 08:00-18:00 Europe/Berlin`, or `{days, from, to, zone}`"},
    {"budget_used", "per cent of the tightest budget: `\">= 80\"`, `50..80`"},
    {"power_level", "eco, balanced, precision or none"},
};
const std::vector<Field> use_keys = {
    {"model", "the model"},
    {"models", "several, tried in order unless there is a strategy"},
    {"strategy", "how they, or what the name leads to, are ordered"},
    {"weights", "`{cost, latency, quality}` of the strategy custom"},
    {"power_level", "the level that counts"},
    {"fallback", "models after those"},
    {"fallback_on", "other models by class of failure: `{context_overflow: [NAME]}`"},
    {"shadow", "`{model, share}`: a copy goes there, its answer is dropped"},
    {"experiment", "name of an experiment whose arms are the models"},
    {"quality_margin", "candidates within it of the best quality give way to the cheapest"},
};
const std::vector<Field> experiment_keys = {
    {"name", "what rules and reports call it"},
    {"enabled", "false: no request takes part"},
    {"models", "globs of names whose requests take part; rules may name it besides"},
    {"arms", "two or more of `{name, model, share}`; the first is what others are compared with"},
    {"sticky", "whose requests stay with one arm: user, session or request"},
    {"metric", "what the verdict is about: cost, latency, first_token, error_rate, refusal_rate, "
               "output_tokens, tool_success or feedback"},
    {"confidence", "of the verdict"},
    {"samples_min", "of each arm before any verdict"},
    {"starts", "a date or a time with its zone; nobody takes part before"},
    {"ends", "likewise; nobody takes part from then on"},
};
const std::vector<Field> task_keys = {
    {"text", "what it is, for people"},
    {"terms", "by weight, one to three words each: `{3: [translate, \"into german\"]}`; of a "
              "built-in task these come on top of its own"},
    {"models", "tried in order for the name `auto`, instead of the built-in ones"},
    {"power_level", "orders them where several deployments serve one"},
};

}  // namespace tollgate::config
