#include "commands/simulate.hpp"

#include <cstdio>
#include <ostream>
#include <vector>

#include "base/clock.hpp"
#include "commands/resource_call.hpp"
#include "commands/run_action.hpp"
#include "domain/money.hpp"

namespace tollgate::commands {
namespace {

using domain::NanoUsd;
using routing::SimulatedLine;
using routing::SimulationReport;

constexpr std::size_t minute_length = 16;  // of "2026-11-21T10:00"
constexpr double percent = 100;

// "-33.5%"; "" where nothing was spent.
std::string change(NanoUsd before, NanoUsd after) {
    if (before == 0) return "";
    char text[32];
    const double share = static_cast<double>(after - before) / static_cast<double>(before);
    std::snprintf(text, sizeof text, "%+.1f%%", share * percent);
    return text;
}

std::string row_of(const SimulatedLine& line, const char* by) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object()
        .string("by", by)
        .string("name", line.name)
        .integer("did_requests", line.did.requests)
        .raw("did_cost", domain::dollars(line.did.cost))
        .integer("would_requests", line.would.requests)
        .raw("would_cost", domain::dollars(line.would.cost))
        .raw("difference", domain::dollars(line.would.cost - line.did.cost))
        .string("change", change(line.did.cost, line.would.cost))
        .end_object();
    return out;
}

std::vector<std::string> rows_for(const std::vector<SimulatedLine>& lines, const char* by) {
    std::vector<std::string> rows;
    for (const SimulatedLine& line : lines) rows.push_back(row_of(line, by));
    return rows;
}

void add_table(std::string& out, const char* title, const std::vector<SimulatedLine>& lines,
               const SimulationReport& report, const Console& console) {
    const Column columns[] = {{title, "name"},
                              {"REQUESTS", "did_requests"},
                              {"COST", "did_cost"},
                              {"WOULD BE", "would_requests"},
                              {"WOULD COST", "would_cost"},
                              {"DIFFERENCE", "difference"},
                              {"", "change"}};
    const std::string total = row_of(report.total, "");
    out += rows_text(Output::table, columns, rows_for(lines, ""), console.colour, total);
    out += '\n';
}

std::string counted(std::int64_t number, const std::string& noun) {
    return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
}

std::string minute(std::int64_t at) {
    std::string text = base::rfc3339_of_micros(at).substr(0, minute_length);
    text[text.find('T')] = ' ';
    return text;
}

void add_reasons(std::string& out, std::string_view what,
                 const std::vector<routing::SimulatedReason>& reasons) {
    for (const routing::SimulatedReason& one : reasons) {
        out += "- " + counted(one.did.requests, "request") + " (" +
               domain::dollars(one.did.cost) + " USD) " + std::string(what) + ": " +
               harmless(one.reason) + "\n";
    }
}

}  // namespace

base::Result<SimulateQuestion> simulate_question(const SimulateArgs& args) {
    if (args.from != "usage") {
        return base::invalid("--from: '" + args.from + "' is not usage, which alone is replayed",
                             "--from");
    }
    SimulateQuestion question{args.rules, args.tenant, 0};
    if (args.range == "all") return question;
    question.seconds = duration_seconds(args.range);
    if (question.seconds > 0) return question;
    return base::invalid("--range: '" + args.range + "' is not a time such as 7d or 24h, or all",
                         "--range");
}

std::string simulated_text(const SimulationReport& report, const Console& console) {
    std::string out = counted(report.total.did.requests, "request") + " from " +
                      minute(report.from) + " to " + minute(report.to) + " UTC, in USD\n\n";
    add_table(out, "RULE", report.by_rule, report, console);
    add_table(out, "MODEL", report.by_model, report, console);
    out += "- " + counted(report.moved_requests, "request") + " would go elsewhere";
    if (report.conversations > 0) {
        out += ", of " + std::to_string(report.moved_conversations) + " of " +
               counted(report.conversations, "conversation");
    }
    out += "\n- prompt caches that are lost and won: " + domain::dollars(report.prefixes_anew) +
           " USD of what it would cost\n";
    add_reasons(out, "are kept as they were", report.kept);
    add_reasons(out, "would be refused", report.refused);
    for (const std::string& model : report.models_without_price) {
        out += "- the price of " + harmless(model) + " is not wholly known\n";
    }
    out += "\nassumed:\n";
    for (const std::string& words : report.assumptions) out += "- " + words + "\n";
    return out;
}

std::string simulated_csv(const SimulationReport& report) {
    constexpr Column columns[] = {{"", "by"},
                                  {"", "name"},
                                  {"", "did_requests"},
                                  {"", "did_cost"},
                                  {"", "would_requests"},
                                  {"", "would_cost"},
                                  {"", "difference"}};
    std::vector<std::string> rows = rows_for(report.by_rule, "rule");
    for (std::string& row : rows_for(report.by_model, "model")) rows.push_back(std::move(row));
    return rows_text(Output::csv, columns, rows, false);
}

int run_simulate(const SimulateArgs& args, const Simulate& simulate, const Console& console) {
    const auto question = simulate_question(args);
    if (!question.ok()) {
        complain(console, question.error().message);
        return exit_usage;
    }
    const auto report = simulate(*question);
    if (!report.ok()) return failed(console, report.error());
    if (args.output == Output::json || args.output == Output::yaml) {
        std::string text;
        routing::append_json(text, *report);
        console.out << object_text(args.output, text);
        return exit_done;
    }
    if (report->total.did.requests == 0) {
        console.err << "nothing was recorded in that time\n";
        return exit_done;
    }
    console.out << (args.output == Output::csv ? simulated_csv(*report)
                                               : simulated_text(*report, console));
    return exit_done;
}

}  // namespace tollgate::commands
