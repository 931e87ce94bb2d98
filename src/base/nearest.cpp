#include "base/nearest.hpp"

#include <algorithm>

namespace tollgate::base {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool contains(std::string_view text, std::string_view part) {
    return std::search(text.begin(), text.end(), part.begin(), part.end(),
                       [](char a, char b) { return lower(a) == lower(b); }) != text.end();
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit) {
    if (a.size() > b.size()) std::swap(a, b);
    if (b.size() - a.size() > limit) return limit + 1;
    std::vector<std::size_t> before_last(a.size() + 1), last(a.size() + 1), row(a.size() + 1);
    for (std::size_t i = 0; i <= a.size(); ++i) last[i] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
        row[0] = j;
        std::size_t best = row[0];
        for (std::size_t i = 1; i <= a.size(); ++i) {
            const bool same = lower(a[i - 1]) == lower(b[j - 1]);
            row[i] = std::min({last[i] + 1, row[i - 1] + 1, last[i - 1] + (same ? 0 : 1)});
            const bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                                 lower(a[i - 2]) == lower(b[j - 1]);
            if (swapped) row[i] = std::min(row[i], before_last[i - 2] + 1);
            best = std::min(best, row[i]);
        }
        if (best > limit) return limit + 1;
        before_last.swap(last);
        last.swap(row);
    }
    return std::min(last[a.size()], limit + 1);
}

std::vector<std::string> nearest(std::string_view wanted, std::span<const std::string> names,
                                 std::size_t count, bool strict) {
    struct Scored {
        double score;
        std::size_t index;
    };
    std::vector<Scored> scored;
    for (std::size_t i = 0; i < names.size(); ++i) {
        const std::string& name = names[i];
        const std::size_t longer = std::max(wanted.size(), name.size());
        if (longer == 0) continue;
        // Strict: about one slip in three letters, as one misspells a word that one knows.
        const std::size_t limit = strict ? std::max<std::size_t>(1, wanted.size() / 3) : longer;
        const std::size_t distance = edit_distance(wanted, name, limit);
        if (distance > limit) continue;
        double score = static_cast<double>(distance) / static_cast<double>(longer);
        constexpr std::size_t part_min = 3;  // shorter ones are in everything
        const std::size_t shorter = std::min(wanted.size(), name.size());
        if (shorter >= part_min && (contains(name, wanted) || contains(wanted, name))) score *= 0.5;
        scored.push_back({score, i});
    }
    std::sort(scored.begin(), scored.end(), [](const Scored& a, const Scored& b) {
        return a.score != b.score ? a.score < b.score : a.index < b.index;
    });
    std::vector<std::string> out;
    for (const Scored& entry : scored) {
        if (out.size() == count) break;
        if (std::find(out.begin(), out.end(), names[entry.index]) == out.end()) {
            out.push_back(names[entry.index]);
        }
    }
    return out;
}

}  // namespace tollgate::base
