#include "routing/task_classifier.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace tollgate::routing {
namespace {

constexpr std::size_t evidence_terms_max = 5;
// A long text holds words of everything: what stands in it weighs less.
constexpr double plain_words = 80, words_scale = 160;

struct Hit {
    std::uint32_t term = 0, task = 0;
    float weight = 0;
};

std::uint64_t scattered(TermKey key) { return key * 0x9e3779b97f4a7c15; }

}  // namespace

TaskClassifier::TaskClassifier(const domain::TaskData& data)
    : threshold_(data.threshold), thinking_score_(data.thinking_score) {
    for (const domain::TaskKind& kind : data.tasks) {
        const auto task = static_cast<std::uint32_t>(tasks_.size());
        tasks_.push_back(kind.name);
        base_.push_back(kind.name == "general" ? data.general_score : 0);
        for (const domain::TaskTerm& term : kind.terms) {
            const TermKey key = term_key(term.text);
            if (key == 0) continue;  // the loader of the data refuses such terms
            terms_.push_back({key, task, static_cast<float>(term.weight),
                              static_cast<std::uint32_t>(texts_.size())});
            texts_.push_back(term.text);
        }
    }
    std::sort(terms_.begin(), terms_.end(), [](const Term& a, const Term& b) {
        return a.key != b.key ? a.key < b.key : a.text < b.text;
    });
    // Two terms of a task that inflection makes one count once.
    const auto end = std::unique(terms_.begin(), terms_.end(), [](const Term& a, const Term& b) {
        return a.key == b.key && a.task == b.task;
    });
    terms_.erase(end, terms_.end());
    build_slots();
}

void TaskClassifier::build_slots() {
    slots_.assign(std::bit_ceil(terms_.size() * 2 + 2), 0);
    for (std::size_t i = 0; i < terms_.size(); ++i) {
        if (i > 0 && terms_[i].key == terms_[i - 1].key) continue;
        std::size_t at = scattered(terms_[i].key) & (slots_.size() - 1);
        while (slots_[at] != 0) at = (at + 1) & (slots_.size() - 1);
        slots_[at] = static_cast<std::uint32_t>(i + 1);
    }
}

std::size_t TaskClassifier::first(TermKey key) const {
    std::size_t at = scattered(key) & (slots_.size() - 1);
    while (slots_[at] != 0) {
        if (terms_[slots_[at] - 1].key == key) return slots_[at] - 1;
        at = (at + 1) & (slots_.size() - 1);
    }
    return terms_.size();
}

WordsVerdict TaskClassifier::classify(std::string_view words, bool thinking) const {
    WordsVerdict verdict;
    if (tasks_.empty()) return verdict;
    std::vector<TermKey> keys;
    keys.reserve(512);
    text_keys(words, keys);
    std::vector<Hit> hits;
    for (const TermKey key : keys) {
        for (std::size_t i = first(key); i < terms_.size() && terms_[i].key == key; ++i) {
            const auto term = static_cast<std::uint32_t>(i);
            if (std::none_of(hits.begin(), hits.end(),
                             [&](const Hit& hit) { return hit.term == term; })) {
                hits.push_back({term, terms_[i].task, terms_[i].weight});
            }
        }
    }
    // Some two keys in three are runs of words.
    const double count = static_cast<double>(keys.size()) / 3;
    const double scale = 1 / (1 + std::max(0.0, count - plain_words) / words_scale);
    std::vector<double> scores = base_;
    for (const Hit& hit : hits) scores[hit.task] += scale * static_cast<double>(hit.weight);
    for (std::size_t i = 0; thinking && i < tasks_.size(); ++i) {
        if (tasks_[i] == "reasoning") scores[i] += thinking_score_;
    }
    const auto best = std::max_element(scores.begin(), scores.end());
    double sum = 0;
    for (const double score : scores) sum += std::exp(score - *best);
    const auto task = static_cast<std::size_t>(best - scores.begin());
    verdict.confidence = 1 / sum;
    verdict.best = tasks_[task];
    if (verdict.confidence >= threshold_) verdict.task = tasks_[task];

    std::sort(hits.begin(), hits.end(),
              [](const Hit& a, const Hit& b) { return a.weight > b.weight; });
    std::size_t named = 0;
    for (const Hit& hit : hits) {
        if (hit.task != task || hit.weight <= 0 || named == evidence_terms_max) continue;
        if (named++ > 0) verdict.evidence += ", ";
        verdict.evidence += texts_[terms_[hit.term].text];
    }
    return verdict;
}

}  // namespace tollgate::routing
