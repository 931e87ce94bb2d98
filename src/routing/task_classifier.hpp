// Tells from a user's words what they ask for: a sum of weighted terms per task, turned into
// confidences. Pure; const and thread-safe once built; allocates only for the evidence.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "domain/task_data.hpp"
#include "routing/task_terms.hpp"

namespace tollgate::routing {

struct WordsVerdict {
    std::string_view task;   // borrowed from the classifier; "" : none stands out
    double confidence = 0;   // of the best task, also where it is below the threshold
    std::string_view best;   // the best task all the same; "" : no term was found
    std::string evidence;    // the terms that spoke for the best, strongest first
};

class TaskClassifier {
public:
    TaskClassifier() = default;
    explicit TaskClassifier(const domain::TaskData& data);

    // `thinking`: the request asks for thinking in earnest, which speaks for `reasoning`.
    WordsVerdict classify(std::string_view words, bool thinking) const;

private:
    struct Term {
        TermKey key = 0;
        std::uint32_t task = 0;
        float weight = 0;
        std::uint32_t text = 0;  // in texts_
    };
    // The first term of a key in terms_, its size when there is none.
    std::size_t first(TermKey key) const;
    void build_slots();

    std::vector<std::string> tasks_, texts_;
    std::vector<Term> terms_;           // by key
    std::vector<std::uint32_t> slots_;  // open addressing: index in terms_ plus 1; 0: free
    double threshold_ = 1, thinking_score_ = 0;
    std::vector<double> base_;          // by task, before any term
};

}  // namespace tollgate::routing
