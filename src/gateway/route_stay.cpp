#include <algorithm>
#include <cstdio>

#include "gateway/router.hpp"

// Whether a conversation stays where it is.
namespace tollgate::gateway {

// A conversation stays where its prompt is cached unless moving pays: pins that candidate.
void Router::stay(routing::DecisionInput& question, FactsInput& asked) {
    if (input_.conversations == nullptr || !tables_.affinity.enabled || staged_.size() < 2) return;
    plan_.conversation = input_.conversation(wanted_);
    if (!plan_.conversation) return;
    const auto known = input_.conversations->find(*plan_.conversation, input_.unix_now);
    if (!known) return;
    const std::int64_t cached = routing::tokens_cached(*known, input_.unix_now);
    if (cached == 0 && !known->bound) return;
    const auto here = std::find_if(staged_.begin(), staged_.end(), [&](const Staged& one) {
        return one.endpoint->key == known->deployment;
    });
    routing::AffinityScene scene;
    scene.candidate = here != staged_.end();
    scene.rule = plan_.rule != nullptr ? std::string_view(plan_.rule->id) : std::string_view();
    if (scene.candidate) {
        const auto index = static_cast<std::size_t>(here - staged_.begin());
        scene.candidate = facts_[index].excluded.empty();
        scene.circuit = facts_[index].circuit;
        scene.move = best_move(question, index, *known, cached);
        if (routing::judge_affinity(*known, scene) == routing::AffinityEnd::holds) {
            size_.cached = cached;
            asked.pinned = here->endpoint.get();
            facts_[index] = facts_of(*here->endpoint, asked, here->stage, names_[index]);
        }
    }
    if (trace_ == nullptr) return;
    const routing::AffinityEnd end = routing::judge_affinity(*known, scene);
    trace_->affinity = std::string(routing::to_string(end)) + ": " + std::to_string(cached) +
                       " tokens cached at " +
                       known->deployment.substr(0, known->deployment.find('@'));
    if (scene.move.turns > 0) {
        char figures[96];
        std::snprintf(figures, sizeof figures, "; moving saves %.6f USD in %lld turns, costs %.6f",
                      scene.move.saving_usd, static_cast<long long>(scene.move.turns),
                      scene.move.lost_cache_usd);
        trace_->affinity += figures;
    }
}

// Against the candidate that would be first if nothing were cached anywhere.
routing::MoveVerdict Router::best_move(const routing::DecisionInput& question, std::size_t here,
                                       const routing::Assignment& known,
                                       std::int64_t cached) const {
    const routing::Decision free = routing::decide(question);
    if (free.order.empty() || free.order.front().index == here) return {};
    routing::TurnShape turn;
    turn.prefix_tokens = std::min(cached, size_.input);
    turn.new_tokens = size_.input - turn.prefix_tokens;
    turn.output_tokens = size_.output_expected;
    return routing::moving_pays(known, turn, staged_[here].endpoint->deployment.model.prices,
                                staged_[free.order.front().index].endpoint->deployment.model.prices,
                                input_.unix_now);
}

}  // namespace tollgate::gateway
