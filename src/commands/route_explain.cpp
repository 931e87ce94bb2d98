#include "commands/route_explain.hpp"

#include <algorithm>
#include <cmath>
#include <ostream>
#include <vector>

#include "commands/connection.hpp"
#include "commands/json_tree.hpp"
#include "commands/run_action.hpp"

namespace tollgate::commands {
namespace {

constexpr std::size_t label_width = 10;
constexpr double percent = 100;

std::string quoted(std::string_view text) {
    std::string out;
    json::append_string(out, text);
    return out;
}

// A figure without the zeros behind it; "" when nobody knows it.
std::string figure(json::Value value) {
    std::string text(value.kind() == json::Kind::number ? value.raw() : std::string_view());
    if (text.find('.') == text.npos) return text;
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) text.pop_back();
    return text;
}

// "87%"; "" where there is none.
std::string share(json::Value value) {
    const auto number = value.number();
    if (!number) return "";
    return std::to_string(std::lround(*number * percent)) + "%";
}

bool is_set(json::Value value) { return value.boolean().value_or(false); }

// What else is worth knowing of a candidate, in words.
std::string marks_of(json::Value candidate) {
    std::vector<std::string> marks;
    if (is_set(candidate["pinned"])) marks.emplace_back("pinned");
    if (is_set(candidate["byok"])) marks.emplace_back("own key");
    if (is_set(candidate["preferred"])) marks.emplace_back("preferred");
    if (const std::string saving = figure(candidate["cached_saving"]); !saving.empty()) {
        marks.push_back("cache saves " + saving + " USD");
    }
    if (candidate["error_rate"].number().value_or(0) > 0) {
        marks.push_back(share(candidate["error_rate"]) + " errors");
    }
    if (candidate["limit_use"].exists()) {
        marks.push_back(share(candidate["limit_use"]) + " of its limit");
    }
    std::string out;
    for (const std::string& mark : marks) out += (out.empty() ? "" : ", ") + mark;
    return out;
}

// A candidate as a row of the tables below.
std::string row_of(json::Value candidate, std::size_t place) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    if (place > 0) writer.integer("place", static_cast<std::int64_t>(place));
    writer.string("name", candidate["name"].text()).string("group", candidate["group"].text());
    for (const char* name : {"stage", "cost_per_1k", "cost", "latency_ms", "quality", "score"}) {
        if (const std::string text = figure(candidate[name]); !text.empty()) {
            writer.raw(name, text);
        }
    }
    writer.string("circuit", candidate["circuit"].text())
        .string("marks", marks_of(candidate))
        .string("excluded", candidate["excluded"].text())
        .end_object();
    return out;
}

std::vector<std::string> rows_below(json::Value list, bool counted) {
    std::vector<std::string> rows;
    for (const json::Value candidate : list.elements()) {
        rows.push_back(row_of(candidate, counted ? rows.size() + 1 : 0));
    }
    return rows;
}

constexpr Column order_columns[] = {
    {"#", "place"},          {"CANDIDATE", "name"},   {"AS", "group"},
    {"STAGE", "stage"},      {"USD/1K", "cost_per_1k"}, {"MS", "latency_ms"},
    {"QUALITY", "quality"},  {"SCORE", "score"},      {"CIRCUIT", "circuit"},
    {"MARKS", "marks"}};
constexpr Column excluded_columns[] = {{"LEFT OUT", "name"}, {"AS", "group"},
                                       {"BECAUSE", "excluded"}};
constexpr Column rule_columns[] = {{"RULE", "rule"}, {"OF TENANT", "tenant", Show::optional},
                                   {"OUTCOME", "outcome"}};
constexpr Column csv_columns[] = {
    {"", "place"},   {"", "name"},       {"", "group"},   {"", "stage"},
    {"", "cost_per_1k"}, {"", "cost"},   {"", "latency_ms"}, {"", "quality"},
    {"", "score"},   {"", "circuit"},    {"", "marks"},   {"", "excluded"}};

std::vector<std::string> rule_rows(json::Value rules) {
    std::vector<std::string> rows;
    for (const json::Value rule : rules.elements()) {
        const std::string failed = rule["failed"].text();
        json::Writer writer(rows.emplace_back());
        writer.begin_object().string("rule", rule["rule"].text());
        if (rule["tenant"].exists()) writer.string("tenant", rule["tenant"].text());
        writer.string("outcome", failed.empty() ? "applies" : failed).end_object();
    }
    return rows;
}

// "label     text" with the text as it may stand on a terminal; nothing for no text.
void add_line(std::string& out, std::string_view label, std::string_view text) {
    if (text.empty()) return;
    out += label;
    out.append(label_width - std::min(label.size(), label_width - 1), ' ');
    out += harmless(text);
    out += '\n';
}

std::string name_text(json::Value root) {
    std::string text = root["requested"].text();
    for (const char* later : {"renamed", "name"}) {
        const std::string name = root[later].text();
        if (!name.empty() && !text.ends_with(name)) text += " -> " + name;
    }
    return text;
}

std::string rule_text(json::Value root) {
    std::string rule = root["rule"].text();
    if (!rule.empty()) return rule;
    const std::size_t tried = root["rules"].size();
    if (tried == 0) return "none is there";
    return "none of " + std::to_string(tried) + " applies";
}

std::string task_text(json::Value root) {
    const std::string task = root["task"].text();
    if (task.empty()) return "";
    std::string text = task + " (" + share(root["task_confidence"]);
    if (const std::string why = root["task_evidence"].text(); !why.empty()) text += "; " + why;
    return text + ")";
}

std::string level_text(json::Value root) {
    const std::string level = root["power_level"].text();
    if (level.empty()) return "";
    const std::string source = root["power_level_source"].text();
    return source.empty() ? level : level + ", from the " + source;
}

std::string size_text(json::Value root) {
    const std::int64_t input = root["input_tokens"].integer().value_or(0);
    if (input <= 0) return "";
    return std::to_string(input) + " tokens in, " +
           std::to_string(root["output_tokens"].integer().value_or(0)) + " expected out";
}

void add_table(std::string& out, std::span<const Column> columns,
               const std::vector<std::string>& rows, const Console& console) {
    if (rows.empty()) return;
    out += '\n' + rows_text(Output::table, columns, rows, console.colour);
}

// The document must outlive the value.
base::Result<json::Value> parsed(json::Document& document, std::string_view answer) {
    const auto root = document.parse(answer);
    if (root.ok() && (*root)["order"].is_array()) return *root;
    return base::Error{base::ErrorCode::provider, "the gateway's answer explains no route"};
}

}  // namespace

base::Result<std::string> explain_body(const RouteExplainArgs& args) {
    JsonTree body;
    if (!args.file.empty()) {
        if (!args.prompt.empty()) {
            return base::invalid("--prompt: the body of --file has the words already", "--prompt");
        }
        TRY(const std::string text, read_object(args.file));
        auto read = JsonTree::of(text);
        if (!read.ok()) return base::invalid("--file: " + read.error().message, "--file");
        body = std::move(read).value();
    } else if (args.model.empty()) {
        return base::invalid("--model NAME says what is asked for, or --file BODY", "--model");
    }
    const auto put = [&body](const char* name, const std::string& text) {
        if (!text.empty()) body.set(name, quoted(text));
    };
    put("model", args.model);
    put("prompt", args.prompt);
    put("power_level", args.power_level);
    put("user_id", args.user);
    return body.text();
}

base::Result<std::string> explained_text(std::string_view answer, const Console& console) {
    json::Document document;
    TRY(const json::Value root, parsed(document, answer));
    std::string out;
    add_line(out, "model", name_text(root));
    add_line(out, "rule", rule_text(root));
    add_line(out, "task", task_text(root));
    add_line(out, "level", level_text(root));
    add_line(out, "strategy", root["strategy"].text());
    if (const std::string arm = root["arm"].text(); !arm.empty()) {
        add_line(out, "arm", arm + " of " + root["experiment"].text());
    }
    add_line(out, "affinity", root["affinity"].text());
    add_line(out, "size", size_text(root));
    add_table(out, rule_columns, rule_rows(root["rules"]), console);
    add_table(out, order_columns, rows_below(root["order"], true), console);
    if (root["order"].size() == 0) out += "\nno candidate is left\n";
    add_table(out, excluded_columns, rows_below(root["excluded"], false), console);
    if (root["notices"].size() > 0) out += '\n';
    for (const json::Value notice : root["notices"].elements()) {
        out += "- " + harmless(notice.text()) + "\n";
    }
    return out;
}

base::Result<std::string> explained_csv(std::string_view answer) {
    json::Document document;
    TRY(const json::Value root, parsed(document, answer));
    std::vector<std::string> rows = rows_below(root["order"], true);
    for (std::string& row : rows_below(root["excluded"], false)) rows.push_back(std::move(row));
    return rows_text(Output::csv, csv_columns, rows, false);
}

int run_route_explain(const RouteExplainArgs& args, const ConnectionArgs& connection,
                      const OpenAdministration& open, const ExplainAlone& alone,
                      const Console& console) {
    const auto body = explain_body(args);
    if (!body.ok()) {
        complain(console, body.error().message);
        return exit_usage;
    }
    if (alone && !args.user.empty()) {
        complain(console, "--user: users are known to a gateway, not to a configuration");
        return exit_usage;
    }
    const auto answer = [&]() -> base::Result<std::string> {
        if (alone) return alone(*body);
        TRY(const auto administration, open(connection));
        return ask(*administration, "POST", "/api/v1/llm/routing/explain", *body);
    }();
    if (!answer.ok()) return failed(console, answer.error());
    if (args.output == Output::json || args.output == Output::yaml) {
        console.out << object_text(args.output, *answer);
        return exit_done;
    }
    const auto text = args.output == Output::csv ? explained_csv(*answer)
                                                 : explained_text(*answer, console);
    if (!text.ok()) return failed(console, text.error());
    console.out << *text;
    return exit_done;
}

}  // namespace tollgate::commands
