#include "domain/task_data.hpp"

namespace tollgate::domain {

const TaskKind* TaskData::find(std::string_view name) const {
    for (const TaskKind& task : tasks) {
        if (task.name == name) return &task;
    }
    return nullptr;
}

}  // namespace tollgate::domain
