#include "assembly/recorded_routes.hpp"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "assembly/build_directory.hpp"
#include "base/json.hpp"
#include "gateway/candidate_facts.hpp"
#include "gateway/embeds.hpp"
#include "gateway/route.hpp"
#include "policy/time_zone.hpp"
#include "routing/aliases.hpp"
#include "routing/power_level.hpp"
#include "routing/rule_conditions.hpp"

namespace tollgate::assembly {
namespace {

constexpr std::size_t candidates_max = 16;
constexpr std::size_t reason_bytes_max = 200;
constexpr std::int64_t micros = 1'000'000;

base::Result<routing::ZoneOffset> zone_of(const std::string& name) {
    TRY(auto zone, policy::TimeZone::load(name));
    return routing::ZoneOffset(
        [zone](std::int64_t unix_seconds) { return zone->offset_at(unix_seconds); });
}

// A rule over what records tell.
struct KnownRule {
    std::string id, name, tenant;
    routing::RuleConditions conditions;  // those that a record can answer
    std::vector<std::string> models;     // that it leads to
    std::vector<std::string> tasks;      // one of these, where the record says the task
    std::string missing;                 // what else it asks for, in words; "" : nothing
};

void say(std::string& list, std::string_view word) {
    if (!list.empty()) list += ", ";
    list += word;
}

// Takes from `match` what no record answers, and names it.
std::string take_unknown(domain::RoutingMatch& match) {
    std::string missing;
    if (!match.prompts.empty()) say(missing, "prompt");
    if (match.thinking) say(missing, "thinking");
    if (match.has_images) say(missing, "has_images");
    if (match.has_tools) say(missing, "has_tools");
    if (match.budget_used) say(missing, "budget_used");
    match.prompts.clear();
    match.thinking = match.has_images = match.has_tools = std::nullopt;
    match.budget_used = std::nullopt;
    std::erase_if(match.headers, [&](const domain::HeaderMatch& header) {
        if (header.name == "user-agent") return false;
        say(missing, "header " + header.name);
        return true;
    });
    return missing;
}

base::Result<KnownRule> known_rule(const domain::RoutingRule& rule) {
    KnownRule known{rule.id, rule.name, rule.tenant, {}, rule.use.models,
                    rule.match.tasks, ""};
    domain::RoutingMatch match = rule.match;
    known.missing = take_unknown(match);
    match.tasks.clear();
    TRY(known.conditions, routing::RuleConditions::make(match, zone_of));
    return known;
}

// What a record's trace says beyond its columns.
struct Told {
    std::string task;
    std::string work;   // in a loop of tools, what the user's last words are about
    std::string level;  // that the caller asked for
    std::int64_t output_expected = 0;  // 0: nothing had to be reckoned
    // Nullopt: nobody detected it. Borrows this.
    std::optional<routing::TaskVerdict> verdict() const {
        if (task.empty()) return std::nullopt;
        routing::TaskVerdict known;
        known.task = task;
        known.words_task = work.empty() ? task : work;
        return known;
    }
};

Told told_by(const domain::UsageRecord& record) {
    Told told;
    if (record.route_trace.empty()) {
        told.level = record.power_level;
        return told;
    }
    json::Document document;
    const auto trace = document.parse(record.route_trace);
    if (!trace.ok()) return told;
    told.task = (*trace)["task"].text();
    told.work = (*trace)["work"].text();
    told.output_expected = (*trace)["output_tokens"].integer().value_or(0);
    const std::string source = (*trace)["power_level_source"].text();
    if (source == "header" || source == "body") told.level = record.power_level;
    return told;
}

// What the gateway knew of the body, and whether anybody wanted more of it than sizes.
class RecordedBody final : public routing::BodySource {
public:
    explicit RecordedBody(const domain::UsageRecord& record) {
        features_.input_tokens = record.usage.prompt();
        features_.output_tokens_max = domain::Usage::or_zero(record.usage.output);
    }
    const routing::BodyFeatures& body() const override {
        asked_ = true;
        return features_;
    }
    bool asked() const { return asked_; }

private:
    routing::BodyFeatures features_;
    mutable bool asked_ = false;
};

base::Error first_error(const std::vector<config::Problem>& problems) {
    for (const config::Problem& problem : problems) {
        if (problem.severity == config::Severity::error) return base::invalid(problem.text());
    }
    return base::invalid("the configuration cannot be used: tollgate config check says why");
}

std::string bounded(std::string text) {
    if (text.size() > reason_bytes_max) text.resize(reason_bytes_max);
    return text;
}

}  // namespace

struct RecordedRoutes::State {
    config::Config ruled_config, bare_config;  // with the rules, each by a name of its own; without
    std::shared_ptr<const gateway::Snapshot> ruled, bare;
    std::shared_ptr<const gateway::Directory> directory;
    std::unordered_map<std::string, const gateway::KeyPolicy*> by_key;
    std::unordered_map<std::string, gateway::KeyPolicy> strangers;  // keys that are gone
    std::vector<KnownRule> rules;  // in the order of the file; of a tenant before the platform's
    std::unordered_set<gateway::EndpointPointer> used;  // whose prices somebody holds

    const gateway::KeyPolicy& policy_of(const domain::UsageRecord& record);
    // The rule that applies, null: none; `unknown` where nobody can say.
    const KnownRule* match(const routing::RequestFeatures& features, const Told& told,
                           bool embeds, std::string& unknown) const;
    routing::SimulatedRoute decide(const gateway::RouteInput& input, const RecordedBody& body);
};

const gateway::KeyPolicy& RecordedRoutes::State::policy_of(const domain::UsageRecord& record) {
    const auto found = by_key.find(record.key_id);
    if (found != by_key.end()) return *found->second;
    gateway::KeyPolicy& made = strangers[record.tenant + '\n' + record.key_id];
    made.key_id = record.key_id;
    made.tenant = record.tenant;
    made.team = record.team;
    made.user = record.user;
    made.tags = record.tags;
    return made;
}

const KnownRule* RecordedRoutes::State::match(const routing::RequestFeatures& features,
                                              const Told& told, bool embeds,
                                              std::string& unknown) const {
    const routing::TaskOfRequest task(bare->routing.tasks, features);  // nothing asks for it here
    const auto verdict = told.verdict();
    const std::string_view dateless = routing::without_date(features.requested);
    for (const bool of_tenant : {true, false}) {
        for (const KnownRule& rule : rules) {
            if (rule.tenant.empty() == of_tenant) continue;
            if (of_tenant && rule.tenant != features.tenant) continue;
            if (!rule.conditions.hold(features, dateless, task, nullptr)) continue;
            // As the gateway passes it over, without its words being asked for.
            if (embeds && !rule.models.empty() && !gateway::any_embeds(*ruled, rule.models)) {
                continue;
            }
            std::string missing = rule.missing;
            if (!rule.tasks.empty() && !verdict) say(missing, "task");
            const bool other_task =
                !rule.tasks.empty() && verdict &&
                std::none_of(rule.tasks.begin(), rule.tasks.end(),
                             [&](const std::string& name) { return verdict->is(name); });
            if (other_task) continue;
            if (missing.empty()) return &rule;
            unknown = "rule " + rule.name + " asks for " + missing;
            return nullptr;
        }
    }
    return nullptr;
}

routing::SimulatedRoute RecordedRoutes::State::decide(const gateway::RouteInput& input,
                                                      const RecordedBody& body) {
    routing::SimulatedRoute route;
    const auto plan = gateway::route(input);
    if (body.asked()) {
        route.unknown = "the task decides, which needs the words";
        return route;
    }
    if (!plan.ok()) {
        route.refused = bounded(plan.error().message);
        return route;
    }
    for (const gateway::EndpointPointer& endpoint : plan->candidates) {
        if (route.candidates.size() == candidates_max) break;
        const domain::Deployment& target = endpoint->deployment;
        used.insert(endpoint);
        route.candidates.push_back({target.provider.type + "/" + target.model_name,
                                    &target.model.prices, target.provider.echo, endpoint->key});
    }
    return route;
}

RecordedRoutes::RecordedRoutes(std::unique_ptr<State> state) : state_(std::move(state)) {}
RecordedRoutes::RecordedRoutes(RecordedRoutes&&) noexcept = default;
RecordedRoutes& RecordedRoutes::operator=(RecordedRoutes&&) noexcept = default;
RecordedRoutes::~RecordedRoutes() = default;

base::Result<RecordedRoutes> RecordedRoutes::make(const config::Config& config,
                                                  const DirectoryRows& rows, const Build& build) {
    auto state = std::make_unique<State>();
    state->ruled_config = state->bare_config = config;
    std::size_t number = 0;
    const auto take = [&](std::vector<domain::RoutingRule>& list) -> base::Result<void> {
        for (domain::RoutingRule& rule : list) {
            rule.id = "#" + std::to_string(++number);
            if (!rule.enabled) continue;
            TRY(KnownRule known, known_rule(rule));
            state->rules.push_back(std::move(known));
        }
        return {};
    };
    for (config::TenantConfig& tenant : state->ruled_config.tenants) TRY_VOID(take(tenant.routing));
    TRY_VOID(take(state->ruled_config.routing.rules));
    for (config::TenantConfig& tenant : state->bare_config.tenants) tenant.routing.clear();
    state->bare_config.routing.rules.clear();
    BuildResult ruled = build(state->ruled_config);
    if (ruled.snapshot == nullptr) return first_error(ruled.problems);
    BuildResult bare = build(state->bare_config);
    if (bare.snapshot == nullptr) return first_error(bare.problems);
    state->ruled = std::move(ruled.snapshot);
    state->bare = std::move(bare.snapshot);
    const DirectoryResult directory =
        build_directory({.rows = rows, .config = state->bare_config, .snapshot = *state->bare});
    if (directory.directory == nullptr) return first_error(directory.problems);
    state->directory = directory.directory;
    for (const gateway::KeyPolicy& policy : state->directory->policies) {
        state->by_key.emplace(policy.key_id, &policy);
    }
    return RecordedRoutes(std::move(state));
}

routing::SimulatedRoute RecordedRoutes::route(const domain::UsageRecord& record) {
    const gateway::KeyPolicy& policy = state_->policy_of(record);
    const Told told = told_by(record);
    const RecordedBody sizes(record), body(record);
    std::string forced;  // the rule, by the name that it has here
    const auto header = [&](std::string_view name) -> std::optional<std::string_view> {
        if (name == "user-agent") return record.user_agent;
        if (name == "x-tollgate-route" && !forced.empty()) return forced;
        return std::nullopt;
    };
    routing::LevelSources levels;
    if (!told.level.empty()) levels.body = domain::power_level_of(told.level);
    const std::string_view wanted = policy.alias_target(record.alias);
    levels.model_name = routing::level_of_model_name(wanted);
    levels.key = policy.key_level;
    levels.user = policy.user_level;
    levels.tenant = policy.tenant_level;
    routing::RequestFeatures features;
    features.requested = record.alias;
    features.name = wanted;
    features.tenant = policy.tenant;
    features.tenant_name = policy.tenant_name;
    features.team = policy.team;
    features.user = policy.user;
    features.tags = policy.tags;
    features.header = header;
    features.now = record.at / micros;
    features.power_level = routing::choose_level(levels, state_->bare->routing.level).level;
    features.source = &sizes;
    routing::SimulatedRoute found;
    const bool embeds = record.protocol == "openai_embeddings";
    const KnownRule* rule = state_->match(features, told, embeds, found.unknown);
    if (!found.unknown.empty()) return found;
    if (rule != nullptr) forced = rule->id;
    gateway::RouteInput asked{.snapshot = rule != nullptr ? *state_->ruled : *state_->bare,
                              .policy = policy, .model = record.alias};
    if (embeds) asked.mode = domain::ModelMode::embedding;
    asked.header = header;
    asked.body_level = told.level;
    asked.body = &body;
    asked.input_tokens = [&record] { return record.usage.prompt(); };
    asked.output_tokens_max = told.output_expected > 0
                                  ? told.output_expected
                                  : domain::Usage::or_zero(record.usage.output);
    const auto verdict = told.verdict();
    if (verdict) asked.task = &*verdict;
    asked.session_id = record.session_id;
    asked.request_id = record.request_id;
    asked.now = net::Clock::now();
    asked.unix_now = features.now;
    asked.random = std::hash<std::string>{}(record.request_id);
    found = state_->decide(asked, body);
    found.output_expected = std::min(asked.output_tokens_max, gateway::usual_output_tokens);
    if (rule != nullptr) found.rule = rule->name;
    return found;
}

routing::SimulationSettings RecordedRoutes::settings() const {
    const domain::AffinitySettings& affinity = state_->bare->routing.affinity;
    return {affinity.enabled, affinity.idle.count()};
}

}  // namespace tollgate::assembly
