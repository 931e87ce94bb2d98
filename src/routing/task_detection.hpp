// What a request is about: code_generation, reasoning, ..., or `general`. Evidence is looked at
// cheapest first: marks of clients (title and background calls, compaction, plan mode, hosted web
// search), images, the amount of input, results of tools, then the words of the user.
//
// TaskDetector is built once per snapshot, then const and thread-safe. The words cost about 20
// microseconds at most, whatever their number, and 2 where they are few.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/task_data.hpp"
#include "routing/request_features.hpp"
#include "routing/task_classifier.hpp"

namespace tollgate::routing {

struct TaskVerdict {
    std::string_view task = "general";  // borrowed from the detector, or static
    double confidence = 1;              // 0..1
    std::string evidence;  // "mark: session_title", "tokens: 120000", "words: refactor, rename"
    // What the words say where a mark or the state of the conversation decided; the same as `task`
    // otherwise. In a loop of tools the work is still that of the user's last words.
    std::string_view words_task = "general";
    double words_confidence = 0;
    // A rule for `name` applies: it is the task, or, in a loop of tools, the words' task.
    bool is(std::string_view name) const {
        return task == name || (task == "tool_loop" && words_task == name);
    }
};

class TaskDetector {
public:
    TaskDetector() = default;  // everything that only words tell is `general`
    explicit TaskDetector(domain::TaskData data);

    TaskVerdict detect(const RequestFeatures& features) const;
    const domain::TaskData& data() const { return data_; }

private:
    const domain::TaskKind* marked(const RequestFeatures& features, std::string& evidence) const;
    domain::TaskData data_;
    TaskClassifier classifier_;
};

// The task of one request, detected when first asked for. Borrows both; one thread.
class TaskOfRequest {
public:
    TaskOfRequest(const TaskDetector& detector, const RequestFeatures& features)
        : detector_(detector), features_(features) {}
    const TaskVerdict& get() const {
        if (!verdict_) verdict_ = detector_.detect(features_);
        return *verdict_;
    }
    // Null: nobody has asked.
    const TaskVerdict* known() const { return verdict_ ? &*verdict_ : nullptr; }
    // What was detected before, where the words are not there any more.
    void know(TaskVerdict verdict) { verdict_ = std::move(verdict); }

private:
    const TaskDetector& detector_;
    const RequestFeatures& features_;
    mutable std::optional<TaskVerdict> verdict_;
};

}  // namespace tollgate::routing
