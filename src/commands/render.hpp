// Answers of the administrative interface as people and programs want them: tables, JSON, YAML,
// CSV. Pure; text from elsewhere cannot control the terminal or a spreadsheet.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace tollgate::commands {

enum class Output : unsigned char { table, json, yaml, csv };
// "table", "json", "yaml" or "csv"; anything else is a table.
Output output_of(std::string_view name);

enum class Show : unsigned char {
    text,      // as it is; lists with commas
    moment,    // a time to the minute
    day,       // of a time
    optional,  // text, and no column at all where no row has it
};
struct Column {
    std::string_view title;  // of tables; CSV has the path
    std::string_view path;   // "state.spent"
    Show show = Show::text;
};

// What a value reads as in a cell: text without quotes, lists comma separated, null as "", objects
// as compact JSON.
std::string cell_text(json::Value value);
// The elements of a list as rows_text() wants them.
std::vector<std::string> rows_of(json::Value list);
// A member below members: "limits.requests_per_minute".
json::Value member_at(json::Value object, std::string_view path);

// Each of `rows` is a JSON object. `total`, where it is not "", is one more row of a table, titled
// TOTAL. As JSON and YAML: the list of whole objects. Ends with a line break, but for no rows of a
// table, which are "".
// REQUIRES: every row is valid JSON.
std::string rows_text(Output output, std::span<const Column> columns,
                      std::span<const std::string> rows, bool colour,
                      std::string_view total = {});
// One object: a line per member as a table, members below members as "limits.tokens_per_minute";
// one row as CSV. REQUIRES: valid JSON.
std::string object_text(Output output, std::string_view object);

// `text` with a question mark for each character that a terminal would obey instead of showing.
std::string harmless(std::string_view text);
// Valid JSON with line breaks and two spaces of indentation.
std::string pretty_json(std::string_view text);
// Valid JSON as a YAML document.
std::string yaml_text(std::string_view text);

}  // namespace tollgate::commands
