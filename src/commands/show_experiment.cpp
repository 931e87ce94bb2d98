// An experiment's figures: a row for each arm and metric, and what they say.
#include <cstdio>
#include <ostream>

#include "commands/run_action.hpp"

namespace tollgate::commands {
namespace {

// Six digits say all that an estimate knows.
std::string short_number(json::Value value) {
    const auto number = value.number();
    if (!number) return "null";
    char text[48];
    std::snprintf(text, sizeof text, "%.6g", *number);
    return text;
}

std::string row_of(json::Value arm, std::string_view metric, json::Value estimate) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object()
        .string("arm", arm["name"].text())
        .string("model", arm["model"].text())
        .integer("requests", arm["requests"].integer().value_or(0))
        .string("metric", metric)
        .integer("samples", estimate["samples"].integer().value_or(0));
    for (const char* name : {"value", "low", "high"}) {
        const std::string number = short_number(estimate[name]);
        writer.key(name).raw({number});
    }
    writer.end_object();
    return out;
}

}  // namespace

base::Result<void> show_experiment(const Invocation& invocation, const std::string& answer,
                                   const Console& console) {
    if (printed_whole(invocation, answer, console)) return {};
    json::Document document;
    TRY(const json::Value root, document.parse(answer));
    const json::Value results = root["results"];
    std::vector<std::string> rows;
    for (const json::Value arm : results["arms"].elements()) {
        const json::Value metrics = arm["metrics"];
        const auto all = metrics.members();
        for (auto it = all.begin(); it != all.end(); ++it) {
            if ((*it).is_object()) rows.push_back(row_of(arm, it.key().text(), *it));
        }
    }
    console.out << rows_text(invocation.output, invocation.action->columns, rows, console.colour);
    if (invocation.output != Output::table) return {};
    if (rows.empty()) console.err << "no request took part\n";
    console.out << harmless(root["name"].text()) << ": " << harmless(results["line"].text())
                << "\n";
    for (const json::Value notice : results["notices"].elements()) {
        console.out << "notice: " << harmless(notice.text()) << "\n";
    }
    return {};
}

}  // namespace tollgate::commands
