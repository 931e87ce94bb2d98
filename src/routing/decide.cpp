#include "routing/decide.hpp"

#include <algorithm>
#include <tuple>

#include "routing/power_level.hpp"
#include "routing/strategies.hpp"

namespace tollgate::routing {
namespace {

using domain::PowerLevel;
using domain::Strategy;

class Deciding {
public:
    explicit Deciding(const DecisionInput& input)
        : input_(input),
          facts_(input.candidates),
          level_(input.level_settings),
          reasons_(facts_.size(), kept),
          terms_(facts_.size()) {
        entries_.reserve(facts_.size());
    }

    Decision run() {
        const bool by_level = level_ != nullptr && input_.strategy != Strategy::custom;
        decision_.weights = by_level ? level_->weights : input_.weights;
        exclude_unfit();
        apply_ceiling();
        collect();
        order_closed();
        order_open();
        finish();
        return std::move(decision_);
    }

private:
    static constexpr std::uint8_t kept = 0xff;

    void exclude(std::size_t index, Exclusion reason) {
        reasons_[index] = static_cast<std::uint8_t>(reason);
    }
    bool is_kept(std::size_t index) const { return reasons_[index] == kept; }

    void exclude_unfit() {
        const auto& wanted = input_.preferences;
        const Selectors disabled(wanted.disabled);
        for (std::size_t at = 0; at < facts_.size(); ++at) {
            const auto& facts = facts_[at];
            if (!facts.excluded.empty()) {
                exclude(at, Exclusion::unusable);
            } else if (wanted.require_local && !facts.local) {
                exclude(at, Exclusion::not_local);
            } else if (disabled.select(facts)) {
                exclude(at, Exclusion::provider_disabled);
            } else if (wanted.cost_max_usd && facts.worst_cost < 0) {
                exclude(at, Exclusion::unknown_cost);
            } else if (wanted.cost_max_usd && facts.worst_cost > *wanted.cost_max_usd) {
                exclude(at, Exclusion::above_cost_max);
            }
        }
    }

    // A level never leaves a request without candidates: where all are above its ceiling, its
    // fallback providers serve, and where there are none of those, everybody, the cheapest first.
    void apply_ceiling() {
        if (level_ == nullptr || level_->ceiling_usd_per_1k <= 0) return;
        const Selectors fallback(level_->fallback);
        const auto under = [&](std::size_t at) {
            const auto price = facts_[at].cost_per_1k;
            return price >= 0 && price <= level_->ceiling_usd_per_1k;
        };
        bool any = false, any_under = false, any_fallback = false;
        for (std::size_t at = 0; at < facts_.size(); ++at) {
            if (!is_kept(at)) continue;
            any = true;
            any_under = any_under || under(at);
            any_fallback = any_fallback || fallback.select(facts_[at]);
        }
        if (!any) return;
        if (!any_under && !any_fallback) {
            cheapest_first_ = true;
            notice("no candidate is under the ceiling of the power level ",
                   "; the cheapest is tried first");
            return;
        }
        if (!any_under) {
            notice("no candidate is under the ceiling of the power level ",
                   "; its fallback providers are used");
        }
        for (std::size_t at = 0; at < facts_.size(); ++at) {
            if (!is_kept(at)) continue;
            if (any_under ? under(at) : fallback.select(facts_[at])) continue;
            exclude(at, facts_[at].cost_per_1k < 0 ? Exclusion::unknown_ceiling
                                                   : Exclusion::above_ceiling);
        }
    }

    void notice(std::string text, std::string_view rest) {
        text += domain::to_string(input_.level);
        text += rest;
        decision_.notices.push_back(std::move(text));
    }

    void collect() {
        std::size_t excluded = 0;
        for (const auto reason : reasons_) excluded += reason != kept ? 1 : 0;
        decision_.excluded.reserve(excluded);
        const Selectors by_user(input_.preferences.preferred);
        const auto by_level = level_ == nullptr ? Selectors() : Selectors(level_->preferred);
        for (std::size_t at = 0; at < facts_.size(); ++at) {
            const auto index = static_cast<std::uint32_t>(at);
            if (!is_kept(at)) {
                decision_.excluded.push_back({index, static_cast<Exclusion>(reasons_[at])});
                continue;
            }
            auto& entry = entries_.emplace_back();
            entry.index = index;
            entry.preferred = by_level.select(facts_[at]) || by_user.select(facts_[at]);
            one_group_ = one_group_ && group(entry) == group(entries_.front());
        }
        score_stages();
        by_stage();
        part_open();
    }

    // Moves those with open circuits behind the others, which keep their order.
    void part_open() {
        std::vector<Entry> open;
        for (const auto& entry : entries_) {
            if (facts_[entry.index].circuit == CircuitState::open) open.push_back(entry);
        }
        if (open.empty()) {
            closed_ = entries_.size();
            return;
        }
        std::erase_if(entries_, [&](const Entry& entry) {
            return facts_[entry.index].circuit == CircuitState::open;
        });
        closed_ = entries_.size();
        entries_.insert(entries_.end(), open.begin(), open.end());
    }

    // The group of candidates that one strategy orders; lower ones go first.
    std::tuple<bool, std::int64_t, bool> group(const Entry& entry) const {
        const auto& facts = facts_[entry.index];
        return {!facts.pinned, facts.pinned ? 0 : facts.order, !facts.byok};
    }

    void by_stage() {
        const auto earlier = [&](const Entry& a, const Entry& b) {
            const auto one = group(a), other = group(b);
            return one != other ? one < other : a.index < b.index;
        };
        if (!one_group_) std::sort(entries_.begin(), entries_.end(), earlier);
    }

    // The highest figures are those of the candidates' own stage: a dear fallback must not make
    // everything before it look cheap.
    void score_stages() {
        std::vector<std::pair<std::int64_t, ScoreScale>> scales;  // by stage, ascending
        const auto scale_of = [&](const CandidateFacts& facts) -> ScoreScale& {
            if (!scales.empty() && scales.back().first == facts.order) return scales.back().second;
            const auto at = std::lower_bound(
                scales.begin(), scales.end(), facts.order,
                [](const auto& scale, std::int64_t order) { return scale.first < order; });
            if (at != scales.end() && at->first == facts.order) return at->second;
            return scales.insert(at, {facts.order, {}})->second;
        };
        for (const auto& entry : entries_) {
            scale_of(facts_[entry.index]).include(facts_[entry.index]);
        }
        for (const auto& entry : entries_) {
            const auto& facts = facts_[entry.index];
            score(facts, scale_of(facts), decision_.weights, terms_[entry.index]);
        }
    }

    void order_closed() {
        OrderInput order{.strategy = cheapest_first_ ? Strategy::cost : input_.strategy,
                         .facts = facts_,
                         .terms = terms_,
                         .turn = input_.turn,
                         .random = input_.random,
                         .ranked_max = input_.ranked_max};
        for (std::size_t begin = 0; begin < closed_;) {
            auto end = begin + 1;
            if (one_group_) end = closed_;
            while (end < closed_ && group(entries_[end]) == group(entries_[begin])) ++end;
            const auto members = std::span(entries_).subspan(begin, end - begin);
            order_by_strategy(order, members);
            take_cheaper(members);
            begin = end;
        }
    }

    // Where the first is hardly better than a cheaper one, the cheapest of those goes before it.
    void take_cheaper(std::span<Entry> members) {
        if (input_.quality_margin < 0 || members.size() < 2) return;
        const auto& first = facts_[members.front().index];
        if (first.pinned || first.quality < 0 || first.cost < 0) return;
        constexpr double rounding = 1e-9;
        auto best = members.begin();
        auto best_cost = first.cost;
        for (auto it = members.begin() + 1; it != members.end(); ++it) {
            const auto& other = facts_[it->index];
            if (other.cost < 0 || other.cost >= best_cost || other.quality < 0) continue;
            if (other.quality + input_.quality_margin + rounding < first.quality) continue;
            best = it;
            best_cost = other.cost;
        }
        if (best == members.begin()) return;
        std::string text(facts_[best->index].name);
        text += " is cheaper than ";
        text += first.name;
        text += ", and its quality is within the margin";
        decision_.notices.push_back(std::move(text));
        std::rotate(members.begin(), best, best + 1);
    }

    void order_open() {
        const auto earlier = [&](const Entry& a, const Entry& b) {
            const auto& one = facts_[a.index];
            const auto& other = facts_[b.index];
            return std::tie(one.opens_in, one.order, one.name, a.index) <
                   std::tie(other.opens_in, other.order, other.name, b.index);
        };
        std::sort(entries_.begin() + static_cast<std::ptrdiff_t>(closed_), entries_.end(), earlier);
        decision_.all_open = closed_ == 0 && !entries_.empty();
        decision_.usable = decision_.all_open ? 1 : closed_;
        if (!decision_.all_open) return;
        std::string text = "every circuit is open; ";
        text += facts_[entries_.front().index].name;
        text += " opens soonest and is tried";
        decision_.notices.push_back(std::move(text));
    }

    void finish() {
        auto count = entries_.size();
        if (!input_.preferences.fallback && count > 1) {
            for (std::size_t at = 1; at < count; ++at) {
                decision_.excluded.push_back({entries_[at].index, Exclusion::no_fallback});
            }
            std::sort(decision_.excluded.begin(), decision_.excluded.end(),
                      [](const auto& a, const auto& b) { return a.index < b.index; });
            count = 1;
            decision_.usable = 1;
        }
        decision_.order.resize(count);
        for (std::size_t at = 0; at < count; ++at) {
            const auto& entry = entries_[at];
            auto& place = decision_.order[at];
            place.index = entry.index;
            place.preferred = entry.preferred;
            place.terms = terms_[entry.index];
        }
    }

    const DecisionInput& input_;
    std::span<const CandidateFacts> facts_;
    const domain::LevelSettings* level_;
    std::vector<std::uint8_t> reasons_;  // Exclusion, or `kept`; as the next one by candidate
    std::vector<ScoreTerms> terms_;
    std::vector<Entry> entries_;
    bool one_group_ = true;
    std::size_t closed_ = 0;             // the first of entries_ whose circuits are not open
    bool cheapest_first_ = false;
    Decision decision_;
};

}  // namespace

Decision decide(const DecisionInput& input) { return Deciding(input).run(); }

}  // namespace tollgate::routing
