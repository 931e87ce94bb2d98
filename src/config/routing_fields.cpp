// The keys of `routing` that are plain values, and what LiteLLM's router_settings make of them.
#include <algorithm>
#include <tuple>

#include "config/fields.hpp"
#include "config/routing_rules.hpp"
#include "config/tasks.hpp"

namespace tollgate::config {
namespace {

constexpr double hour_seconds = 3'600, week_seconds = 7 * 86'400;

void number(FieldVisitor& visit, const Field& field, double& value) {
    std::optional<double> read = value;
    visit.value(field, read);
    value = read.value_or(value);
}

void seconds_of(FieldVisitor& visit, const Field& field, std::chrono::seconds& value) {
    Duration read = value;
    visit.value(field, read);
    value = std::chrono::duration_cast<std::chrono::seconds>(read);
}

void describe_weights(domain::ScoreWeights& weights, FieldVisitor& visit) {
    visit.section({"weights", "parts of the score; they sum to 1"}, [&](FieldVisitor& v) {
        number(v, {"cost", "of the cost score", 0, 1}, weights.cost);
        number(v, {"latency", "of the latency score", 0, 1}, weights.latency);
        number(v, {"quality", "of the catalog's quality", 0, 1}, weights.quality);
    });
}

void describe_level(domain::LevelSettings& level, FieldVisitor& visit) {
    number(visit, {"ceiling", "US dollars that 1K tokens of a request may cost; 0: none", 0, 1e3},
           level.ceiling_usd_per_1k);
    describe_weights(level.weights, visit);
    const auto list = [&](const Field& field, std::vector<std::string>& out) {
        // Reading appends; what is given replaces what is built in.
        std::vector<std::string> read = out;
        visit.value(field, read);
        if (read.size() > out.size()) {
            out.assign(read.begin() + static_cast<std::ptrdiff_t>(out.size()), read.end());
        }
    };
    list({"preferred", "provider types or accounts, `local`, `free`, `premium`, or "
                       "`openrouter:free`; tried before others that score at most 10 % better"},
         level.preferred);
    list({"fallback", "the same, for when the ceiling leaves nothing"}, level.fallback);
}

void describe_power_levels(domain::LevelTable& levels, FieldVisitor& visit) {
    visit.section({"power_levels", "what the levels mean"}, [&](FieldVisitor& v) {
        for (const auto& [level, key, text] :
             {std::tuple{domain::PowerLevel::eco, "eco", "cheap first"},
              std::tuple{domain::PowerLevel::balanced, "balanced", "the usual"},
              std::tuple{domain::PowerLevel::precision, "precision", "quality first"}}) {
            domain::LevelSettings& settings = levels[static_cast<std::size_t>(level)];
            v.section({key, text},
                      [&settings](FieldVisitor& inner) { describe_level(settings, inner); });
        }
    });
}

void describe_circuit(domain::CircuitSettings& circuit, FieldVisitor& visit) {
    visit.section({"circuit", "when a deployment is left alone"}, [&](FieldVisitor& v) {
        v.value({"failures_in_a_row", "that open it", 1, 1e6}, circuit.failures_in_a_row);
        number(v, {"error_rate", "above which it opens", 0, 1}, circuit.error_rate);
        v.value({"requests_min", "before the error rate counts", 1, 1e6}, circuit.requests_min);
        v.value({"window", "of the error rate", 1, hour_seconds}, circuit.window);
        v.value({"cooldown", "until the first probe; doubled by each that fails; 0: never open", 0,
                 week_seconds},
                circuit.cooldown);
        v.value({"cooldown_max", "longest wait for a probe", 0, week_seconds},
                circuit.cooldown_max);
    });
}

void describe_deadlines(RoutingConfig& routing, FieldVisitor& visit) {
    visit.value({"max_attempts", "attempts of one request over all candidates", 1, 100},
                routing.max_attempts);
    visit.value({"attempts_per_candidate", "0: one, and two for an only candidate", 0, 20},
                routing.attempts_per_candidate);
    visit.value({"backoff_first", "longest first wait before a retry", 0, 3600},
                routing.backoff_first);
    visit.value({"backoff_max", "longest wait before a retry", 0, 3600}, routing.backoff_max);
    visit.value({"connect_timeout", "for a connection to a provider", 0.05, 3600},
                routing.connect_timeout);
    visit.value({"headers_timeout", "until a provider's answer begins", 0.05, week_seconds},
                routing.headers_timeout);
    visit.value({"headers_timeout_last", "the same on the last candidate", 0.05, week_seconds},
                routing.headers_timeout_last);
    visit.value({"headers_timeout_local", "the same in zone local", 0.05, week_seconds},
                routing.headers_timeout_local);
    visit.value({"first_event_timeout", "from the headers to the first event", 0.05, week_seconds},
                routing.first_event_timeout);
    visit.value({"idle_timeout", "between bytes of an answer", 0.05, week_seconds},
                routing.idle_timeout);
    visit.value({"total_timeout", "for a request that does not stream", 0.05, week_seconds},
                routing.total_timeout);
    visit.value({"stream_total_timeout", "for a stream", 0.05, week_seconds},
                routing.stream_total_timeout);
    visit.value({"drop_params", "remove what a target cannot carry, and say so"},
                routing.drop_params);
    visit.value({"expose_provider_limits", "pass on the providers' rate-limit headers"},
                routing.expose_provider_limits);
}

}  // namespace

void describe(RoutingConfig& routing, FieldVisitor& visit) {
    std::string strategy(routing.strategy ? domain::to_string(*routing.strategy) : "");
    visit.value({"strategy", "how a deployment is picked in its group; left out: they take turns",
                 0, 0,
                 "priority|weighted|round_robin|least_busy|latency|usage|cost|balanced|custom"},
                strategy);
    if (!strategy.empty()) routing.strategy = domain::strategy_of(strategy);
    describe_weights(routing.weights, visit);
    std::string level(routing.power_level ? domain::to_string(*routing.power_level) : "");
    visit.value({"power_level", "of requests that name none; left out: those for `auto` are "
                                "balanced, others are not scored",
                 0, 0, "eco|balanced|precision"},
                level);
    if (!level.empty()) routing.power_level = domain::power_level_of(level);
    visit.value({"power_level_scope", "what a level chooses among for a concrete model: its "
                                      "deployments everywhere, or any model of its class",
                 0, 0, "model|any"},
                routing.power_level_scope);
    describe_power_levels(routing.power_levels, visit);
    visit.value({"task_table", "the table of tasks holds for every name, not only for `auto`"},
                routing.task_table);
    visit.value({"note_tasks", "detect the task of every request and keep it in the usage record, "
                               "for `tollgate simulate`; bodies are decoded for that"},
                routing.note_tasks);
    visit.value({"hedge", "start a second candidate when the first is slower than usual"},
                routing.hedge);
    visit.value({"resume_streams", "continue a stream that broke off with the next candidate"},
                routing.resume_streams);
    visit.value({"cache_marks", "marks for prompt caches where the client set none; `auto`: not "
                                "for Claude Code, nor on prompts too short to be kept",
                 0, 0, "auto|on|off"},
                routing.cache_marks);
    describe_circuit(routing.circuit, visit);
    visit.section({"affinity", "conversations stay where their prompt is cached"},
                  [&](FieldVisitor& v) {
                      v.value({"enabled", "off: every request is decided anew"},
                              routing.affinity.enabled);
                      seconds_of(v, {"idle", "an assignment lives this long after its last use", 1,
                                     week_seconds},
                                 routing.affinity.idle);
                      v.value({"sessions_max", "assignments of one process", 1, 1e8},
                              routing.affinity.sessions_max);
                  });
    describe_deadlines(routing, visit);
}

void read_routing(Session& session, const Node& node, RoutingConfig& routing) {
    const std::string path = "routing";
    if (node.is_sequence()) return read_rules(session, node, path, "", routing.rules);
    Reader reader(session, node, path, Strictness::ours);
    describe(routing, reader);
    for (const auto& [level, name] :
         {std::pair{domain::PowerLevel::eco, "eco"},
          std::pair{domain::PowerLevel::balanced, "balanced"},
          std::pair{domain::PowerLevel::precision, "precision"}}) {
        if (sound(routing.power_levels[static_cast<std::size_t>(level)].weights)) continue;
        complain(session.problems, Severity::error, *node.find("power_levels"),
                 reader.path_of("power_levels") + "." + name + ".weights",
                 "cost, latency and quality must sum to 1; name all three");
    }
    if (!sound(routing.weights)) {
        complain(session.problems, Severity::error, *node.find("weights"),
                 reader.path_of("weights"),
                 "cost, latency and quality must sum to 1; name all three");
    }
    if (const Node* rules = reader.take("rules")) {
        read_rules(session, *rules, reader.path_of("rules"), "", routing.rules);
    }
    if (const Node* experiments = reader.take("experiments")) {
        read_experiments(session, *experiments, reader.path_of("experiments"),
                         routing.experiments);
    }
    if (const Node* tasks = reader.take("tasks")) {
        if (!tasks->is_mapping()) {
            complain(session.problems, Severity::error, *tasks, reader.path_of("tasks"),
                     "expected tasks by name, got " + shown(*tasks));
        }
        for (const Member& member : tasks->members) {
            domain::TaskKind task =
                read_task(session, member.value, join_path(reader.path_of("tasks"), member.key));
            task.name = member.key;
            routing.tasks.push_back(std::move(task));
        }
    }
    reader.finish();
}

void merge_router_into_routing(Config& config) {
    RoutingConfig& routing = config.routing;
    const RouterSettings& router = config.router_settings;
    const auto take = [&](const std::string& from, const std::string& to) {
        const auto origin = config.origins.find("router_settings." + from);
        if (origin == config.origins.end() || config.origins.contains("routing." + to)) {
            return false;
        }
        const Origin copy = origin->second;
        config.origins["routing." + to] = copy;
        return true;
    };
    if (take("routing_strategy", "strategy")) {
        routing.strategy = domain::strategy_of(router.routing_strategy);
    }
    // LiteLLM allows so many failures; the next one opens. A cool-down of 0 turns them off there.
    if (router.allowed_fails && take("allowed_fails", "circuit.failures_in_a_row")) {
        routing.circuit.failures_in_a_row = *router.allowed_fails + 1;
    }
    if (take("cooldown_time", "circuit.cooldown")) {
        routing.circuit.cooldown = router.cooldown_time.value_or(Duration{0});
        routing.circuit.cooldown_max =
            routing.circuit.cooldown.count() == 0
                ? Duration{0}
                : std::max(routing.circuit.cooldown_max, routing.circuit.cooldown);
    }
    if (router.disable_cooldowns && take("disable_cooldowns", "circuit.cooldown_max")) {
        routing.circuit.cooldown = routing.circuit.cooldown_max = Duration{0};
    }
}

}  // namespace tollgate::config
