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
        entry.priority = facts.priority;
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
                entry.key = -input.terms[entry.index].total;
                break;
        }
    }
}

// True when `other`, who is not preferred, is so much better that it goes before `preferred`.
bool goes_before(Strategy strategy, const Entry& other, const Entry& preferred) {
    constexpr double factor = 1 + preference_margin;
    constexpr double rounding = 1e-9;
    if (strategy == Strategy::cost) {
        return other.key < preferred.key && preferred.key > other.key * factor * (1 + rounding);
    }
    return -other.key > -preferred.key * factor + rounding;  // keys are scores below nought
}

class Earlier {
public:
    explicit Earlier(const OrderInput& input)
        : facts_(input.facts), by_name_(input.strategy != Strategy::priority) {}
    bool operator()(const Entry& a, const Entry& b) const {
        if (a.key != b.key) return a.key < b.key;
        if (a.priority != b.priority) return a.priority > b.priority;
        if (a.tie != b.tie) return a.tie < b.tie;
        const auto one = facts_[a.index].name, other = facts_[b.index].name;
        if (by_name_ && one != other) return one < other;
        return a.index < b.index;
    }

private:
    std::span<const CandidateFacts> facts_;
    bool by_name_;
};

void sort_first(const OrderInput& input, std::span<Entry> entries) {
    const Earlier earlier(input);
    if (input.ranked_max != 0 && input.ranked_max < entries.size()) {
        const auto middle = entries.begin() + static_cast<std::ptrdiff_t>(input.ranked_max);
        std::partial_sort(entries.begin(), middle, entries.end(), earlier);
    } else if (!std::is_sorted(entries.begin(), entries.end(), earlier)) {
        std::sort(entries.begin(), entries.end(), earlier);
    }
}

// The faster of two at random goes first; now and then somebody else than the fastest does. The
// others follow by latency.
void two_choices(const OrderInput& input, std::span<Entry> entries, Chance& chance) {
    const auto count = entries.size();
    if (count < 2) return;
    const Earlier earlier(input);
    const auto begin = entries.begin();
    auto chosen = begin;
    if (chance.share() <= probe_share) {
        std::iter_swap(begin, std::min_element(begin, entries.end(), earlier));
        chosen = begin + 1 + static_cast<std::ptrdiff_t>(chance.below(count - 1));
    } else {
        const auto one = chance.below(count);
        auto other = chance.below(count - 1);
        if (other >= one) ++other;
        const bool first = earlier(entries[one], entries[other]);
        chosen = begin + static_cast<std::ptrdiff_t>(first ? one : other);
    }
    std::iter_swap(begin, chosen);
    sort_first(input, entries.subspan(1));
}

// Merges the preferred with the others, each sorted, so far as an order is wanted.
void merge_preferred(const OrderInput& input, std::span<const Entry> preferred,
                     std::span<const Entry> others, std::span<Entry> out) {
    const auto wanted = input.ranked_max == 0 ? out.size() : std::min(input.ranked_max, out.size());
    std::size_t next = 0, next_other = 0;
    for (std::size_t at = 0; at < out.size(); ++at) {
        bool other_first = next == preferred.size();
        if (!other_first && next_other < others.size()) {
            other_first = at < wanted && goes_before(input.strategy, others[next_other],
                                                     preferred[next]);
        }
        out[at] = other_first ? others[next_other++] : preferred[next++];
    }
}

}  // namespace

void order_by_strategy(const OrderInput& input, std::span<Entry> entries) {
    if (entries.empty()) return;
    Chance chance(input.random);
    set_keys(input, entries, chance);
    const bool by_preference = input.strategy == Strategy::cost ||
                               input.strategy == Strategy::balanced ||
                               input.strategy == Strategy::custom;
    if (input.strategy == Strategy::latency) return two_choices(input, entries, chance);
    if (!by_preference) return sort_first(input, entries);
    std::vector<Entry> parted(entries.begin(), entries.end());
    const auto middle = std::partition(parted.begin(), parted.end(),
                                       [](const Entry& entry) { return entry.preferred; });
    const auto count = static_cast<std::size_t>(middle - parted.begin());
    const auto preferred = std::span(parted).first(count);
    const auto others = std::span(parted).subspan(count);
    sort_first(input, preferred);
    sort_first(input, others);
    merge_preferred(input, preferred, others, entries);
}

}  // namespace tollgate::routing
