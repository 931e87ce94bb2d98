#include "commands/import_litellm_report.hpp"

#include <algorithm>
#include <array>

#include "base/json.hpp"

namespace tollgate::commands {
namespace {

constexpr std::array every_fate = {Fate::unchanged, Fate::imported, Fate::approximated,
                                   Fate::unsupported};
}  // namespace

const char* to_string(Fate fate) {
    switch (fate) {
        case Fate::unchanged: return "unchanged";
        case Fate::imported: return "imported";
        case Fate::approximated: return "approximated";
        case Fate::unsupported: return "unsupported";
    }
    return "imported";
}

std::size_t ImportReport::count(Fate fate) const {
    return static_cast<std::size_t>(
        std::count_if(lines_.begin(), lines_.end(),
                      [fate](const ReportLine& line) { return line.fate == fate; }));
}

std::string ImportReport::summary() const {
    std::string text;
    for (const Fate fate : every_fate) {
        const std::size_t number = count(fate);
        if (number == 0 && fate != Fate::imported) continue;
        text += (text.empty() ? "" : ", ") + std::to_string(number) + " " + to_string(fate);
    }
    return text;
}

int ImportReport::exit_code() const {
    return count(Fate::unsupported) > 0 ? exit_partly : exit_done;
}

std::string ImportReport::text(Output output, bool colour, std::string_view configuration) const {
    std::vector<std::string> rows;
    for (const ReportLine& line : lines_) {
        json::Writer(rows.emplace_back())
            .begin_object()
            .string("subject", line.subject)
            .string("fate", to_string(line.fate))
            .string("words", line.words)
            .end_object();
    }
    if (output == Output::table || output == Output::csv) {
        const Column columns[] = {{"SUBJECT", "subject"}, {"RESULT", "fate"}, {"HOW", "words"}};
        return rows_text(output, columns, rows, colour);
    }
    std::string object;
    json::Writer writer(object);
    writer.begin_object();
    if (!configuration.empty()) writer.string("configuration", configuration);
    writer.key("report").begin_array();
    for (const std::string& row : rows) writer.raw(row);
    writer.end_array().key("counts").begin_object();
    for (const Fate fate : every_fate) {
        writer.integer(to_string(fate), static_cast<std::int64_t>(count(fate)));
    }
    writer.end_object().end_object();
    return object_text(output, object);
}

}  // namespace tollgate::commands
