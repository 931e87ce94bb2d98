// data/tasks.yaml, and the tasks that a configuration adds under routing.tasks. The format stands
// at the head of that file. Strict: unknown keys and wrong types are errors. Pure.
#pragma once
#include <string_view>

#include "base/result.hpp"
#include "config/reader.hpp"
#include "domain/task_data.hpp"

namespace tollgate::config {

// Fails: invalid_request naming file, line, column and key; all problems, one per line.
base::Result<domain::TaskData> load_tasks(std::string_view yaml);

// One task: `terms` by weight, `models`, `power_level`, `text`. Complains about what is wrong.
domain::TaskKind read_task(Session& session, const Node& node, const std::string& path);

}  // namespace tollgate::config
