#include "gateway/route.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "gateway/affinity.hpp"
#include "gateway/asked_name.hpp"
#include "gateway/conclude.hpp"
#include "gateway/request_body.hpp"
#include "gateway/router.hpp"

namespace tollgate::gateway {

using domain::PowerLevel;

base::Result<void> Router::plan() {
    const AskedName asked = asked_name(snapshot_, policy_, input_.model);
    wanted_ = asked.wanted;
    asked_ = asked.held;
    TRY_VOID(take_level());
    fill_features();
    TRY_VOID(take_rule());
    if (!embeds()) take_arm();
    TRY_VOID(gather());
    TRY_VOID(keep_provider());
    TRY_VOID(decide());
    add_special_chains();
    finish();
    return {};
}

base::Result<void> Router::take_level() {
    routing::LevelSources sources;
    if (const auto text = input_.header("x-power-level"); text && !text->empty()) {
        sources.header = domain::power_level_of(*text);
        if (!sources.header) {
            return base::invalid("must be eco, balanced or precision, not '" +
                                     std::string(*text) + "'",
                                 "x-power-level");
        }
    }
    if (!input_.body_level.empty()) {
        sources.body = domain::power_level_of(input_.body_level);
        if (!sources.body) {
            return base::invalid("must be eco, balanced or precision, not '" +
                                     std::string(input_.body_level) + "'",
                                 "power_level");
        }
    }
    sources.model_name = routing::level_of_model_name(wanted_);
    sources.key = policy_.key_level;
    sources.user = policy_.user_level;
    sources.tenant = policy_.tenant_level;
    level_ = routing::choose_level(sources, tables_.level);
    return {};
}

void Router::fill_features() {
    features_.requested = input_.model;
    features_.name = wanted_;
    features_.tenant = policy_.tenant;
    features_.tenant_name = policy_.tenant_name;
    features_.team = policy_.team;
    features_.team_name = policy_.team_name;
    features_.user = policy_.user;
    features_.user_name = policy_.user_name;
    features_.tags = input_.tags.empty() ? std::span(policy_.tags) : input_.tags;
    features_.header = input_.header;
    features_.now = input_.unix_now;
    features_.power_level = level_.level;
    features_.source = input_.body;
    // Looking at budgets takes locks: for rules alone.
    if (tables_.rules.empty()) return;
    for (const policy::LiveBudgetPointer& budget : policy_.governance.budgets) {
        const domain::UnixMicros now = input_.unix_now * 1'000'000;
        const domain::NanoUsd limit = budget->stop_at().value_or(budget->budget().limit);
        if (limit <= 0) continue;
        const domain::NanoUsd spent = budget->standing(budget->period(now)).spent;
        const double percent = 100.0 * static_cast<double>(spent) / static_cast<double>(limit);
        std::optional<double>& most = features_.budget_used_percent;
        most = std::max(most.value_or(0), percent);
    }
}

base::Result<void> Router::take_rule() {
    if (const auto named = input_.header("x-tollgate-route"); named && !named->empty()) {
        plan_.rule = tables_.rules.by_name(policy_.tenant, *named);
        rule_by_name_ = true;
        if (plan_.rule == nullptr) {
            std::string known;
            for (const std::string& name : tables_.rules.names(policy_.tenant)) {
                known += (known.empty() ? "" : ", ") + name;
            }
            return base::invalid("no routing rule is named '" + std::string(*named) + "'; there " +
                                     (known.empty() ? "are none" : "are: " + known),
                                 "x-tollgate-route");
        }
    } else if (!tables_.rules.empty()) {
        routing::RuleTrace tried;
        routing::PassOver passed;
        if (embeds()) {
            passed = [this](const domain::RoutingRule& rule) { return pass_over(rule); };
        }
        plan_.rule = tables_.rules.match(features_, task_, trace_ != nullptr ? &tried : nullptr,
                                         passed);
        if (trace_ != nullptr) trace_->rules = std::move(tried.outcomes);
    }
    // What the caller says of power stands above what the rule says.
    if (plan_.rule != nullptr && plan_.rule->use.power_level &&
        (level_.source == "default" || level_.source.empty())) {
        level_ = {*plan_.rule->use.power_level, "rule"};
    }
    return {};
}

base::Result<void> Router::keep_provider() {
    const auto wanted = input_.header("x-tollgate-provider");
    if (!wanted || wanted->empty()) return {};
    std::vector<Staged> kept;
    std::string others;
    for (Staged& one : staged_) {
        const domain::Deployment& target = one.endpoint->deployment;
        if (target.provider.type == *wanted || target.account == *wanted) {
            kept.push_back(std::move(one));
        } else {
            others += (others.empty() ? "" : ", ") + domain::target_name(target);
        }
    }
    staged_ = std::move(kept);
    if (!staged_.empty()) return {};
    return base::invalid("no candidate for '" + std::string(input_.model) + "' is at '" +
                             std::string(*wanted) + "'; there are: " + others,
                         "x-tollgate-provider");
}

domain::Strategy Router::strategy_of_stage() const {
    if (plan_.rule != nullptr && plan_.rule->use.strategy) return *plan_.rule->use.strategy;
    if (scored() && !keep_order_) return domain::Strategy::balanced;
    if (tenant_ != nullptr && tenant_->strategy) return *tenant_->strategy;
    return tables_.strategy;
}

// One candidate that nothing bounds.
bool Router::nothing_to_decide() const {
    return staged_.size() == 1 && !scored() && policy_.settings == nullptr && arm_ == nullptr &&
           policy_.own_keys == nullptr && plan_.rule == nullptr && input_.counts;
}

routing::Preferences Router::preferences() const {
    routing::Preferences wanted;
    if (const domain::UserSettings* settings = policy_.settings.get(); settings != nullptr) {
        wanted.preferred = settings->preferred_providers;
        wanted.disabled = settings->disabled_providers;
        wanted.require_local = settings->require_local;
        wanted.fallback = settings->auto_fallback;
        if (settings->max_cost_per_request) {
            wanted.cost_max_usd = static_cast<double>(*settings->max_cost_per_request) * 1e-9;
        }
    }
    if (plan_.rule != nullptr && plan_.rule->cost_max_usd) {
        const double bound = *plan_.rule->cost_max_usd;
        wanted.cost_max_usd = std::min(wanted.cost_max_usd.value_or(bound), bound);
    }
    return wanted;
}

// The table names its models itself: the ceiling must not take what was asked for from behind them,
// or a row whose models are down would refuse the request. `of_task` keeps the level without it.
void Router::take_level(routing::DecisionInput& question, domain::LevelSettings& of_task) const {
    question.level = level_.level;
    if (!scored()) return;
    question.level_settings = &tables_.levels[static_cast<std::size_t>(level_.level)];
    if (level_.source != "task") return;
    of_task = *question.level_settings;
    of_task.ceiling_usd_per_1k = 0;
    question.level_settings = &of_task;
}

base::Result<void> Router::decide() {
    if (nothing_to_decide()) {
        plan_.candidates.push_back(std::move(staged_.front().endpoint));
        return {};
    }
    const domain::Strategy strategy = strategy_of_stage();
    strategy_ = domain::to_string(strategy);
    RequestSize& size = size_;
    size.input = input_.input_tokens();
    size.output_max = input_.output_tokens_max;
    size.output_expected = size.output_max > 0 ? std::min(size.output_max, usual_output_tokens)
                                               : usual_output_tokens;
    if (embeds()) size.output_expected = 0;
    FactsInput asked{.size = size};
    const bool byok = policy_.settings == nullptr || policy_.settings->use_byok;
    asked.own_keys = byok ? policy_.own_keys.get() : nullptr;
    asked.byok_fee_percent = snapshot_.billing.byok_fee_percent;
    asked.now = input_.now;
    names_.resize(staged_.size());
    facts_.reserve(staged_.size());
    for (std::size_t i = 0; i < staged_.size(); ++i) {
        facts_.push_back(facts_of(*staged_[i].endpoint, asked, staged_[i].stage, names_[i]));
    }
    routing::DecisionInput question;
    question.strategy = strategy;
    const bool own_weights = tenant_ != nullptr && tenant_->strategy;
    question.weights = own_weights ? tenant_->weights : tables_.weights;
    domain::LevelSettings of_task;
    take_level(question, of_task);
    question.candidates = facts_;
    question.preferences = preferences();
    question.turn = turn_;
    question.random = input_.random;
    // Nobody looks at more; who explains wants to see all.
    constexpr std::size_t ranked = 16;
    if (input_.counts) question.ranked_max = ranked;
    if (plan_.rule != nullptr) {
        const domain::RoutingUse& use = plan_.rule->use;
        if (use.weights) question.weights = *use.weights;
        question.quality_margin = use.quality_margin.value_or(-1);
    }
    stay(question, asked);
    const routing::Decision decision = routing::decide(question);
    decided_ = true;
    if (decision.order.empty()) {
        if (trace_ != nullptr) {
            trace_decision(decision, question);
            finish();
        }
        return nobody(decision, question);
    }
    plan_.usable = decision.usable;
    plan_.all_open = decision.all_open;
    for (const routing::RankedCandidate& one : decision.order) {
        const EndpointPointer& endpoint = staged_[one.index].endpoint;
        if (!facts_[one.index].byok) {
            plan_.candidates.push_back(endpoint);
        } else if (EndpointPointer own = with_own_key(endpoint, *asked.own_keys); own != nullptr) {
            plan_.candidates.push_back(std::move(own));
        }
    }
    if (plan_.candidates.empty()) return own_keys_only();
    if (trace_ != nullptr) {
        trace_->input_tokens = size.input;
        trace_->output_tokens = size.output_expected;
        trace_unable();
        trace_decision(decision, question);
    }
    return {};
}

base::Result<void> Router::nobody(const routing::Decision& decision,
                                  const routing::DecisionInput& asked) const {
    std::string reasons;
    for (const routing::ExcludedCandidate& one : decision.excluded) {
        if (!reasons.empty()) reasons += "; ";
        reasons += std::string(asked.candidates[one.index].name) + ": " +
                   routing::describe(one, asked);
    }
    return base::Error{base::ErrorCode::permission,
                       "no candidate is left for '" + std::string(input_.model) + "': " + reasons,
                       "model"};
}

std::vector<EndpointPointer> Router::endpoints_of(
    const std::vector<routing::Candidate>& candidates) {
    std::vector<EndpointPointer> found;
    if (candidates.empty()) return found;
    std::vector<Staged> kept = std::move(staged_);
    staged_.clear();
    routing::Resolution part;
    part.candidates = candidates;
    add(part, 0);
    for (Staged& one : staged_) found.push_back(std::move(one.endpoint));
    staged_ = std::move(kept);
    return found;
}

// A chain for a special failure that nobody can serve is no reason to refuse the request.
void Router::add_special_chains() {
    plan_.context_window = endpoints_of(resolution_->context_window);
    plan_.content_policy = endpoints_of(resolution_->content_policy);
    if (plan_.rule == nullptr) return;
    for (const domain::FallbackOn& on : plan_.rule->use.fallback_on) {
        std::vector<EndpointPointer> chain;
        for (const std::string& model : on.models) {
            for (EndpointPointer& one : endpoints_of(snapshot_.names.resolve(model).candidates)) {
                chain.push_back(std::move(one));
            }
        }
        if (!chain.empty()) plan_.fallback_on.emplace_back(on.error_class, std::move(chain));
    }
    take_shadow();
}

// A share of the rule's requests is copied; one that may not go there, or goes there anyway, is
// not.
void Router::take_shadow() {
    const auto& shadow = plan_.rule->use.shadow;
    if (!shadow || !input_.counts || embeds()) return;
    constexpr double draws = 1'000'000;
    const auto drawn =
        static_cast<double>(input_.shadow_random % static_cast<std::uint64_t>(draws));
    if (drawn >= shadow->share * draws) return;
    auto found = endpoints_of(snapshot_.names.resolve(shadow->model).candidates);
    if (!found.empty()) plan_.shadow = std::move(found.front());
}

// What the rule says of deadlines and attempts stands above what holds for all requests.
void Router::take_attempts() {
    static const domain::RoutingRule no_rule;
    const domain::RoutingRule& rule = plan_.rule != nullptr ? *plan_.rule : no_rule;
    const domain::DeadlineSettings& deadlines = rule.deadlines;
    const domain::AttemptSettings& counts = rule.attempts;
    const bool by_rule = deadlines != domain::DeadlineSettings{} ||
                         counts != domain::AttemptSettings{};
    if (!by_rule && tenant_ == nullptr) return;
    AttemptSettings settings = snapshot_.attempts;
    const auto take = [](std::chrono::milliseconds given, std::chrono::milliseconds& out) {
        if (given.count() > 0) out = given;
    };
    if (tenant_ != nullptr) {
        if (tenant_->max_attempts > 0) settings.max_attempts = tenant_->max_attempts;
        take(tenant_->first_backoff, settings.backoff_first);
        take(tenant_->headers, settings.headers);
        take(tenant_->headers, settings.headers_last);
    }
    take(deadlines.connect, settings.connect);
    take(deadlines.headers, settings.headers);
    take(deadlines.headers, settings.headers_last);
    take(deadlines.headers, settings.headers_local);
    take(deadlines.first_event, settings.first_event);
    take(deadlines.idle, settings.idle);
    take(deadlines.total, settings.total);
    take(deadlines.total, settings.stream_total);
    take(counts.first_backoff, settings.backoff_first);
    take(counts.backoff_max, settings.backoff_max);
    if (counts.max_attempts > 0) settings.max_attempts = counts.max_attempts;
    if (counts.attempts_per_candidate > 0) {
        settings.attempts_per_candidate = counts.attempts_per_candidate;
    }
    plan_.attempts = settings;
}

void Router::finish() {
    take_attempts();
    if (arm_ != nullptr) {
        plan_.route = "experiment:" + experiment_->name + '/' + arm_->name;
    } else if (decided_) {
        plan_.route = plan_.rule != nullptr ? plan_.rule->name : "default";
        plan_.route += '/';
        plan_.route += strategy_;
    }
    if (tables_.note_tasks && !embeds()) task_.get();
    if (trace_ == nullptr || (!noted() && input_.counts)) return;
    trace_->requested = input_.model;
    if (wanted_ != input_.model) trace_->renamed = wanted_;
    trace_->name = name_;
    if (plan_.rule != nullptr) trace_->rule = plan_.rule->name;
    if (arm_ != nullptr) {
        trace_->experiment = experiment_->name;
        trace_->arm = arm_->name;
    }
    trace_->strategy = strategy_;
    if (level_.level != PowerLevel::none) {
        trace_->level = domain::to_string(level_.level);
        trace_->level_source = level_.source;
    }
    if (const routing::TaskVerdict* verdict = task_.known(); verdict != nullptr) {
        trace_->task = verdict->task;
        trace_->task_confidence = verdict->confidence;
        trace_->task_evidence = verdict->evidence;
        if (verdict->words_task != verdict->task) trace_->work = verdict->words_task;
    }
    for (const std::string& notice : resolution_->notices) trace_->notices.push_back(notice);
    for (const std::string& problem : problems_) trace_->notices.push_back(problem);
    for (const std::string& ended : passed_over_) trace_->notices.push_back(ended);
}

static TracedCandidate traced(const Staged& staged, const routing::CandidateFacts& facts) {
    TracedCandidate out;
    out.name = facts.name;
    out.group = staged.endpoint->deployment.group;
    out.stage = staged.stage;
    out.byok = facts.byok;
    out.pinned = facts.pinned;
    out.cost = facts.cost;
    out.cost_per_1k = facts.cost_per_1k;
    out.worst_cost = facts.worst_cost;
    out.cached_saving = facts.cached_saving;
    out.latency_ms = facts.latency_ms;
    out.quality = facts.quality;
    out.error_rate = facts.error_rate;
    out.limit_use = facts.limit_use;
    out.circuit = routing::to_string(facts.circuit);
    return out;
}

void Router::trace_decision(const routing::Decision& decision,
                            const routing::DecisionInput& asked) {
    for (const routing::RankedCandidate& one : decision.order) {
        TracedCandidate candidate = traced(staged_[one.index], facts_[one.index]);
        candidate.preferred = one.preferred;
        candidate.terms = one.terms;
        trace_->order.push_back(std::move(candidate));
    }
    for (const routing::ExcludedCandidate& one : decision.excluded) {
        TracedCandidate candidate = traced(staged_[one.index], facts_[one.index]);
        candidate.excluded = routing::describe(one, asked);
        trace_->excluded.push_back(std::move(candidate));
    }
    for (const std::string& notice : decision.notices) trace_->notices.push_back(notice);
}

// Of a body with that field; "" : none.
static std::string_view level_of_body(const Generation& generation) {
    for (const json::TopField& field : generation.outline.fields) {
        if (!json::key_equals(field.key, "power_level")) continue;
        std::string_view value = field.value;
        if (value.size() < 2 || value.front() != '"') return value;
        return value.substr(1, value.size() - 2);
    }
    return {};
}

base::Result<Plan> route(const RouteInput& input, RouteTrace* trace) {
    Plan plan;
    TRY_VOID(Router(input, trace, plan).plan());
    return plan;
}

base::Result<void> route(Generation& generation, bool counts) {
    const http::Headers& headers = generation.client_headers();
    const bool embeds = generation.mode == domain::ModelMode::embedding;
    const RequestBody decoded(generation);
    const EmbeddingsBody texts(generation);
    RouteInput input{.snapshot = *generation.snapshot, .policy = generation.policy(),
                     .model = generation.outline.model};
    input.header = [&headers](std::string_view name) { return headers.find(name); };
    std::vector<std::string> tags;
    if (!generation.snapshot->routing.rules.empty() && headers.find("x-tollgate-tags")) {
        tags = tags_of(generation);
        input.tags = tags;
    }
    input.body_level = level_of_body(generation);
    input.mode = generation.mode;
    input.body = &decoded;
    if (embeds) input.body = &texts;
    input.session_id = generation.record.session_id;
    input.request_id = generation.record.request_id;
    input.input_tokens = [&generation] { return generation.input_estimate(); };
    input.output_tokens_max = generation.outline.max_tokens;
    input.now = generation.exchange.loop().now();
    input.unix_now = base::unix_seconds();
    std::optional<Draws>& draws = generation.draws;
    if (!draws) draws = Draws{base::random_u64(), base::random_u64(), {}};
    input.random = draws->random;
    input.shadow_random = draws->shadow;
    input.turn = &draws->turn;
    input.counts = counts;
    if (!embeds) input.conversations = generation.worker.gateway.conversations.get();
    input.conversation = [&generation](std::string_view name) {
        return conversation_of(generation, name);
    };
    RouteTrace trace;
    Plan& plan = generation.plan;
    Router router(input, &trace, plan);
    TRY_VOID(router.plan());
    plan.binds = plan.conversation && binds_conversation(generation);
    RequestRecord& record = generation.record;
    if (plan.rule != nullptr) record.rule = plan.rule->name;
    if (router.arm() != nullptr) {
        record.experiment = router.experiment()->name;
        record.arm = router.arm()->name;
    }
    if (router.decided()) record.strategy = router.strategy();
    if (router.noted()) record.route_trace = to_json(trace, false);
    if (router.level() != PowerLevel::none) {
        record.power_level = domain::to_string(router.level());
    }
    return {};
}

}  // namespace tollgate::gateway
