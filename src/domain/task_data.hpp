// What kinds of work requests are about, and how they are recognised: the content of
// data/tasks.yaml, with what a configuration adds. Plain values.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "domain/routing.hpp"

namespace tollgate::domain {

// Evidence of one task in the user's words: up to three words that stand side by side, in any
// form of inflection, or a mark such as `<code>` (see routing/task_terms.hpp).
struct TaskTerm {
    std::string text;
    double weight = 1;  // negative: speaks against the task
    friend bool operator==(const TaskTerm&, const TaskTerm&) = default;
};

struct TaskKind {
    std::string name;
    std::string text;             // what it is, for people
    std::vector<TaskTerm> terms;  // none: known by its marks only
    // The table of tasks: tried in order for the name `auto`, or for every name where the
    // configuration says so. Empty: none.
    std::vector<std::string> models;
    PowerLevel power_level = PowerLevel::none;  // that orders what the task's models leave open
    std::string origin;           // of a task that a configuration defines
    friend bool operator==(const TaskKind&, const TaskKind&) = default;
};

// A text by which a client's own calls are known.
struct TaskMark {
    enum class Where : std::uint8_t { system, user, reminder };
    std::string task, name;  // name: what traces say
    Where where = Where::system;
    std::string contains;    // as spelled
    std::string unless;      // not when this stands behind it; "" : none
    friend bool operator==(const TaskMark&, const TaskMark&) = default;
};

struct TaskData {
    std::vector<TaskKind> tasks;
    std::vector<TaskMark> marks;
    double threshold = 0.5;             // confidence below which the task is `general`
    double general_score = 1;           // what any task must stand out from
    double thinking_score = 0;          // for `reasoning` when thinking is asked for in earnest
    std::int64_t long_context_tokens = 100'000;  // estimated input from which on it is long
    const TaskKind* find(std::string_view name) const;
    // A task that is there already keeps what `kind` leaves open; its terms grow, and those named
    // in both take the weight of `kind`.
    void add(TaskKind kind);
    friend bool operator==(const TaskData&, const TaskData&) = default;
};

}  // namespace tollgate::domain
