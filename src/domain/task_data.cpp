#include "domain/task_data.hpp"

#include <algorithm>
#include <utility>

namespace tollgate::domain {

const TaskKind* TaskData::find(std::string_view name) const {
    for (const TaskKind& task : tasks) {
        if (task.name == name) return &task;
    }
    return nullptr;
}

void TaskData::add(TaskKind kind) {
    const auto at = std::find_if(tasks.begin(), tasks.end(),
                                 [&](const TaskKind& task) { return task.name == kind.name; });
    if (at == tasks.end()) return tasks.push_back(std::move(kind));
    for (TaskTerm& term : kind.terms) {
        const auto same =
            std::find_if(at->terms.begin(), at->terms.end(),
                         [&](const TaskTerm& other) { return other.text == term.text; });
        if (same == at->terms.end()) {
            at->terms.push_back(std::move(term));
        } else {
            same->weight = term.weight;
        }
    }
    if (!kind.text.empty()) at->text = std::move(kind.text);
    if (!kind.models.empty()) at->models = std::move(kind.models);
    if (kind.power_level != PowerLevel::none) at->power_level = kind.power_level;
    at->origin = std::move(kind.origin);
}

}  // namespace tollgate::domain
