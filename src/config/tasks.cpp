#include "config/tasks.hpp"

#include <algorithm>

#include "config/catalog_text.hpp"
#include "config/scalar.hpp"

namespace tollgate::config {
namespace {

constexpr double weight_max = 100;
constexpr std::size_t term_bytes_max = 64, terms_max = 2'000;

void read_terms(Session& session, const Node& terms, const std::string& path,
                domain::TaskKind& kind) {
    if (!terms.is_mapping()) {
        complain(session.problems, Severity::error, terms, path,
                 "expected `weight: [terms]` lines, got " + shown(terms));
        return;
    }
    for (const Member& member : terms.members) {
        const std::string here = join_path(path, member.key);
        const auto weight = parse_number(member.key);
        if (!weight || *weight == 0 || std::abs(*weight) > weight_max) {
            complain(session.problems, Severity::error, member.value, here,
                     "expected a weight such as `2.5` before the terms, got `" + member.key + "`");
            continue;
        }
        std::vector<std::string> texts;
        read_strings(session, member.value, here, texts);
        for (std::string& text : texts) {
            const bool again =
                std::any_of(kind.terms.begin(), kind.terms.end(),
                            [&](const domain::TaskTerm& term) { return term.text == text; });
            const auto words = std::count_if(text.begin(), text.end(),
                                             [](char c) { return c == ' ' || c == '^'; }) + 1;
            if (text.empty() || text.size() > term_bytes_max || words > 3) {
                complain(session.problems, Severity::error, member.value, here,
                         "`" + text + "` is no term: one to three words, `^` is one");
            } else if (again) {
                complain(session.problems, Severity::error, member.value, here,
                         "`" + text + "` stands twice");
            } else if (kind.terms.size() < terms_max) {
                kind.terms.push_back({std::move(text), *weight});
            } else {
                complain(session.problems, Severity::error, member.value, here,
                         "a task has at most 2000 terms");
                return;
            }
        }
    }
}

void read_marks(Session& session, const Node& list, domain::TaskData& data) {
    for (std::size_t i = 0; i < list.items.size(); ++i) {
        domain::TaskMark mark;
        std::string where = "system";
        Reader reader(session, list.items[i], "marks[" + std::to_string(i) + "]",
                      Strictness::ours);
        reader.value({"task", ""}, mark.task);
        reader.value({"name", ""}, mark.name);
        reader.value({"in", "", 0, 0, "system|user|reminder"}, where);
        reader.value({"contains", ""}, mark.contains);
        reader.value({"unless", ""}, mark.unless);
        reader.finish();
        if (where == "user") mark.where = domain::TaskMark::Where::user;
        if (where == "reminder") mark.where = domain::TaskMark::Where::reminder;
        if (mark.contains.empty() || mark.name.empty() || data.find(mark.task) == nullptr) {
            complain(session.problems, Severity::error, list.items[i],
                     "marks[" + std::to_string(i) + "]",
                     "needs `name`, `contains` and a `task` of the list");
            continue;
        }
        data.marks.push_back(std::move(mark));
    }
}

}  // namespace

domain::TaskKind read_task(Session& session, const Node& node, const std::string& path) {
    domain::TaskKind kind;
    kind.origin = node.origin().text();
    Reader reader(session, node, path, Strictness::ours);
    reader.value({"name", ""}, kind.name);
    reader.value({"text", "what it is, for people"}, kind.text);
    reader.value({"models", "tried in order for the name `auto`"}, kind.models);
    std::string level;
    reader.value({"power_level", "", 0, 0, "eco|balanced|precision"}, level);
    if (!level.empty()) {
        kind.power_level = domain::power_level_of(level).value_or(domain::PowerLevel::none);
    }
    if (const Node* terms = reader.take("terms")) {
        read_terms(session, *terms, reader.path_of("terms"), kind);
    }
    reader.finish();
    return kind;
}

base::Result<domain::TaskData> load_tasks(std::string_view yaml) {
    static const Environment nothing;
    static const std::string name = "tasks.yaml";
    domain::TaskData data;
    std::vector<Problem> problems;
    Session session{nothing, problems, nullptr};
    Node root;
    if (!parse_plain_yaml(yaml, &name, root)) {
        root = Node();
        parse_yaml(yaml, &name, root, problems);
    }
    Reader reader(session, root, "", Strictness::ours);
    const auto number = [&](const Field& field, double& out) {
        std::optional<double> read;
        reader.value(field, read);
        if (read) out = *read;
    };
    number({"threshold", "", 0, 1}, data.threshold);
    number({"general_score", "", 0, weight_max}, data.general_score);
    number({"thinking_score", "", 0, weight_max}, data.thinking_score);
    reader.value({"long_context_tokens", "", 1, 1e12}, data.long_context_tokens);
    const Node* tasks = reader.take("tasks");
    for (std::size_t i = 0; tasks != nullptr && i < tasks->items.size(); ++i) {
        const std::string path = "tasks[" + std::to_string(i) + "]";
        domain::TaskKind kind = read_task(session, tasks->items[i], path);
        if (kind.name.empty() || data.find(kind.name) != nullptr) {
            complain(problems, Severity::error, tasks->items[i], path,
                     kind.name.empty() ? "needs a `name`" : "the name stands twice");
        }
        data.tasks.push_back(std::move(kind));
    }
    if (data.find("general") == nullptr) {
        complain(problems, Severity::error, root, "tasks", "has no task `general`");
    }
    if (const Node* marks = reader.take("marks")) read_marks(session, *marks, data);
    reader.finish();
    if (problems.empty()) return data;
    std::string report = "the tasks have errors:";
    for (const Problem& problem : problems) report += "\n" + problem.text();
    return base::invalid(std::move(report));
}

}  // namespace tollgate::config
