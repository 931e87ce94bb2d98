#include "commands/render.hpp"

#include <algorithm>
#include <utility>

#include "accounting/report_text.hpp"

namespace tollgate::commands {
namespace {

constexpr std::size_t gap = 2;                  // spaces between columns
constexpr std::size_t minutes_length = 16;      // of "2026-11-21T10:00"
constexpr std::size_t day_length = 10;
constexpr std::string_view nothing = "-";       // in a table's empty cell
constexpr std::string_view total_title = "TOTAL";

// Characters, not bytes: those that go on another one do not count.
std::size_t width_of(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
}

std::string shown_cell(json::Value value, Show show) {
    std::string text = harmless(cell_text(value));
    if (text.empty()) return std::string(nothing);
    if (show == Show::day) return text.substr(0, day_length);
    if (show == Show::moment && text.size() > minutes_length) {
        text.resize(minutes_length);
        std::replace(text.begin(), text.end(), 'T', ' ');
    }
    return text;
}

using Line = std::vector<std::string>;

std::string aligned(const std::vector<Line>& lines, bool colour) {
    std::vector<std::size_t> widths;
    for (const Line& line : lines) {
        widths.resize(std::max(widths.size(), line.size()));
        for (std::size_t i = 0; i < line.size(); ++i) {
            widths[i] = std::max(widths[i], width_of(line[i]));
        }
    }
    std::string out;
    for (const Line& line : lines) {
        const bool heading = colour && &line == &lines.front();
        if (heading) out += "\x1B[1m";
        for (std::size_t i = 0; i < line.size(); ++i) {
            out += line[i];
            if (i + 1 < line.size()) out.append(widths[i] - width_of(line[i]) + gap, ' ');
        }
        if (heading) out += "\x1B[0m";
        out += '\n';
    }
    return out;
}

std::vector<Column> shown_columns(std::span<const Column> columns,
                                  std::span<const std::string> rows) {
    std::vector<Column> kept;
    json::Document document;
    for (const Column& column : columns) {
        const bool wanted = column.show != Show::optional ||
                            std::any_of(rows.begin(), rows.end(), [&](const std::string& row) {
                                const auto root = document.parse(row);
                                return root.ok() && member_at(*root, column.path).exists();
                            });
        if (wanted) kept.push_back(column);
    }
    return kept;
}

Line line_of(std::span<const Column> columns, std::string_view object) {
    json::Document document;
    const auto root = document.parse(object);
    Line line;
    for (const Column& column : columns) {
        line.push_back(
            shown_cell(root.ok() ? member_at(*root, column.path) : json::Value(), column.show));
    }
    return line;
}

std::string table_text(std::span<const Column> columns, std::span<const std::string> rows,
                       bool colour, std::string_view total) {
    std::vector<Line> lines;
    Line titles;
    for (const Column& column : columns) titles.emplace_back(column.title);
    lines.push_back(std::move(titles));
    for (const std::string& row : rows) lines.push_back(line_of(columns, row));
    if (!total.empty() && !columns.empty()) {
        Line line = line_of(columns, total);
        line.front() = total_title;
        lines.push_back(std::move(line));
    }
    return aligned(lines, colour);
}

// A number is no formula, also when it begins with a minus.
bool is_number(const std::string& text) {
    json::Document document;
    const auto root = document.parse(text);
    return root.ok() && root->kind() == json::Kind::number;
}

std::string csv_line(std::span<const std::string> cells) {
    std::string out;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        if (i > 0) out += ',';
        if (is_number(cells[i])) {
            out += cells[i];
        } else {
            accounting::append_csv_text(out, cells[i]);
        }
    }
    return out + "\n";
}

std::string csv_text(std::span<const Column> columns, std::span<const std::string> rows) {
    std::vector<std::string> cells;
    for (const Column& column : columns) cells.emplace_back(column.path);
    std::string out = csv_line(cells);
    json::Document document;
    for (const std::string& row : rows) {
        const auto root = document.parse(row);
        for (std::size_t i = 0; i < columns.size(); ++i) {
            cells[i] = root.ok() ? cell_text(member_at(*root, columns[i].path)) : "";
        }
        out += csv_line(cells);
    }
    return out;
}

using Flat = std::vector<std::pair<std::string, std::string>>;

void flatten(json::Value object, const std::string& prefix, Flat& flat) {
    for (auto it = object.members().begin(); it != object.members().end(); ++it) {
        const std::string path = prefix + it.key().text();
        if ((*it).is_object() && (*it).size() > 0) {
            flatten(*it, path + ".", flat);
        } else {
            flat.emplace_back(path, (*it).is_object() ? "" : cell_text(*it));
        }
    }
}

}  // namespace

std::string harmless(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
        if (byte < 0x20 || byte == 0x7f) {
            out += '?';
        } else if (byte == 0xC2 && next >= 0x80 && next < 0xA0) {
            out += '?';  // U+0080 to U+009F
            ++i;
        } else {
            out += text[i];
        }
    }
    return out;
}

Output output_of(std::string_view name) {
    if (name == "json") return Output::json;
    if (name == "yaml") return Output::yaml;
    return name == "csv" ? Output::csv : Output::table;
}

std::string cell_text(json::Value value) {
    switch (value.kind()) {
        case json::Kind::absent:
        case json::Kind::null: return "";
        case json::Kind::string: return value.text();
        case json::Kind::array: {
            std::string text;
            for (const json::Value element : value.elements()) {
                text += (text.empty() ? "" : ",") + cell_text(element);
            }
            return text;
        }
        case json::Kind::object: {
            std::string text;
            json::append_compact(text, value.raw());
            return text == "{}" ? "" : text;
        }
        default: return std::string(value.raw());
    }
}

std::vector<std::string> rows_of(json::Value list) {
    std::vector<std::string> rows;
    for (const json::Value row : list.elements()) rows.emplace_back(row.raw());
    return rows;
}

json::Value member_at(json::Value object, std::string_view path) {
    while (!path.empty()) {
        const std::string_view name = path.substr(0, path.find('.'));
        object = object[name];
        path.remove_prefix(std::min(name.size() + 1, path.size()));
    }
    return object;
}

std::string rows_text(Output output, std::span<const Column> columns,
                      std::span<const std::string> rows, bool colour, std::string_view total) {
    if (output == Output::json || output == Output::yaml) {
        std::string list = "[";
        for (const std::string& row : rows) list += (list.size() > 1 ? "," : "") + row;
        list += "]";
        return output == Output::json ? pretty_json(list) : yaml_text(list);
    }
    if (output == Output::csv) return csv_text(columns, rows);
    if (rows.empty()) return "";
    return table_text(shown_columns(columns, rows), rows, colour, total);
}

std::string object_text(Output output, std::string_view object) {
    if (output == Output::json) return pretty_json(object);
    if (output == Output::yaml) return yaml_text(object);
    json::Document document;
    const auto root = document.parse(object);
    Flat flat;
    if (root.ok()) flatten(*root, "", flat);
    if (output == Output::csv) {
        std::vector<std::string> names, values;
        for (auto& [name, value] : flat) {
            names.push_back(name);
            values.push_back(value);
        }
        return csv_line(names) + csv_line(values);
    }
    std::vector<Line> lines;
    for (auto& [name, value] : flat) {
        lines.push_back({harmless(name), value.empty() ? std::string(nothing) : harmless(value)});
    }
    return aligned(lines, false);
}

}  // namespace tollgate::commands
