#include "routing/strategies.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tollgate::routing {
namespace {

using domain::Strategy;

// A sequence of numbers from one (SplitMix64), so that every chance of a decision repeats with it.
class Chance {
public:
    explicit Chance(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() {
        state_ += 0x9e3779b97f4a7c15ull;
        auto mixed = state_;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ull;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebull;
        return mixed ^ (mixed >> 31);
    }
    // In (0, 1].
    double share() { return static_cast<double>((next() >> 11) + 1) * 0x1.0p-53; }
    std::size_t below(std::size_t count) { return static_cast<std::size_t>(next() % count); }

private:
    std::uint64_t state_;
};

constexpr double last = std::numeric_limits<double>::infinity();

// The k-th of a weighted draw without replacement has the k-th smallest of these (Efraimidis and
// Spirakis 2006, in logarithms). A weight of nought is drawn only when nothing else is left.
double draw(std::int64_t weight, Chance& chance) {
    const auto share = chance.share();
    if (weight <= 0) return 1e300 * (1 + share);
    return -std::log(share) / static_cast<double>(weight);
}

double mean_latency(const OrderInput& input, std::span<const Entry> entries) {
    double sum = 0;
    std::size_t known = 0;
    for (const auto& entry : entries) {
        const auto latency = input.facts[entry.index].latency_ms;
        if (latency < 0) continue;
        sum += latency;
        ++known;
    }
    return known == 0 ? 0 : sum / static_cast<double>(known);
}

void set_keys(const OrderInput& input, std::span<Entry> entries, Chance& chance) {
    const auto count = entries.size();
    const auto unknown_latency =
        input.strategy == Strategy::latency ? mean_latency(input, entries) : 0;
    for (std::size_t at = 0; at < count; ++at) {
        auto& entry = entries[at];
        const auto& facts = input.facts[entry.index];
        entry.tie = 0;
        switch (input.strategy) {
            case Strategy::priority:
                entry.key = 0;
                entry.tie = entry.index;
                break;
            case Strategy::weighted:
                entry.key = draw(facts.weight, chance);
                break;
            case Strategy::round_robin:
                entry.key = static_cast<double>((at + count - input.turn % count) % count);
                break;
            case Strategy::least_busy:
                entry.key = static_cast<double>(facts.in_flight);
                entry.tie = chance.share();
                break;
            case Strategy::latency:
                entry.key = facts.latency_ms < 0 ? unknown_latency : facts.latency_ms;
                entry.tie = chance.share();
                break;
            case Strategy::usage:
                // Who states no limit is taken to have room; among equals the one that was used
                // least of late.
                entry.key = facts.headroom < 0 ? -1 : -facts.headroom;
                entry.tie = static_cast<double>(facts.minute_tokens) + chance.share();
                break;
            case Strategy::cost:
                entry.key = facts.cost < 0 ? last : facts.cost;
                break;
            case Strategy::balanced:
            case Strategy::custom:
                entry.key = -entry.terms.total;
                break;
        }
    }
}

// The faster of two at random goes first; now and then somebody else does.
void two_choices(std::span<Entry> sorted, Chance& chance) {
    const auto count = sorted.size();
    if (count < 2) return;
    std::size_t chosen = 0;
    if (chance.share() <= probe_share) {
        chosen = 1 + chance.below(count - 1);
    } else {
        const auto one = chance.below(count);
        auto other = chance.below(count - 1);
        if (other >= one) ++other;
        chosen = std::min(one, other);
    }
    const auto begin = sorted.begin();
    const auto middle = begin + static_cast<std::ptrdiff_t>(chosen);
    std::rotate(begin, middle, middle + 1);
}

// True when `other`, who is not preferred, is so much better that it goes before `preferred`.
bool goes_before(Strategy strategy, const Entry& other, const Entry& preferred) {
    constexpr double factor = 1 + preference_margin;
    constexpr double rounding = 1e-9;
    if (strategy == Strategy::cost) {
        return other.key < preferred.key && preferred.key > other.key * factor * (1 + rounding);
    }
    return other.terms.total > preferred.terms.total * factor + rounding;
}

// Merges the preferred with the others, each in its own order.
void advance_preferred(Strategy strategy, std::span<Entry> sorted) {
    const auto is_preferred = [](const Entry& entry) { return entry.preferred; };
    if (std::none_of(sorted.begin(), sorted.end(), is_preferred)) return;
    std::vector<Entry> preferred, others;
    preferred.reserve(sorted.size());
    others.reserve(sorted.size());
    for (const auto& entry : sorted) (entry.preferred ? preferred : others).push_back(entry);
    std::size_t next = 0, next_other = 0;
    for (auto& place : sorted) {
        const bool other_first =
            next == preferred.size() ||
            (next_other < others.size() &&
             goes_before(strategy, others[next_other], preferred[next]));
        place = other_first ? others[next_other++] : preferred[next++];
    }
}

}  // namespace

void order_by_strategy(const OrderInput& input, std::span<Entry> entries) {
    if (entries.empty()) return;
    Chance chance(input.random);
    set_keys(input, entries, chance);
    const bool by_name = input.strategy != Strategy::priority;
    const auto earlier = [&](const Entry& a, const Entry& b) {
        if (a.key != b.key) return a.key < b.key;
        const auto& one = input.facts[a.index];
        const auto& other = input.facts[b.index];
        if (one.priority != other.priority) return one.priority > other.priority;
        if (a.tie != b.tie) return a.tie < b.tie;
        if (by_name && one.name != other.name) return one.name < other.name;
        return a.index < b.index;
    };
    std::sort(entries.begin(), entries.end(), earlier);
    switch (input.strategy) {
        case Strategy::latency: two_choices(entries, chance); break;
        case Strategy::cost:
        case Strategy::balanced:
        case Strategy::custom: advance_preferred(input.strategy, entries); break;
        default: break;
    }
}

}  // namespace tollgate::routing
