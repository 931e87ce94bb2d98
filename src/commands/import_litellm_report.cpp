#include "commands/import_litellm_report.hpp"

#include <algorithm>
#include <array>
#include <ostream>

#include "base/json.hpp"

namespace tollgate::commands {
namespace {

constexpr std::array every_fate = {Fate::unchanged, Fate::imported, Fate::approximated,
                                   Fate::unsupported};
constexpr std::size_t subject_columns_max = 60;
constexpr std::size_t fate_columns = 12;  // of "approximated"

Colour colour_of(Fate fate) {
    switch (fate) {
        case Fate::unchanged: return Colour::plain;
        case Fate::imported: return Colour::green;
        case Fate::approximated: return Colour::yellow;
        case Fate::unsupported: return Colour::red;
    }
    return Colour::plain;
}

std::string padded(std::string text, std::size_t columns) {
    if (text.size() < columns) text.append(columns - text.size(), ' ');
    return text;
}

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

void ImportReport::write_table(std::ostream& out, const Console& colours) const {
    std::size_t widest = 0;
    for (const ReportLine& line : lines_) {
        if (line.subject.size() <= subject_columns_max) {
            widest = std::max(widest, line.subject.size());
        }
    }
    for (const ReportLine& line : lines_) {
        std::string fate = to_string(line.fate);
        const std::size_t missing = line.words.empty() ? 0 : fate_columns - fate.size();
        out << padded(line.subject, widest) << "  "
            << painted(colours, colour_of(line.fate), fate) << std::string(missing, ' ');
        if (!line.words.empty()) out << "  " << line.words;
        out << "\n";
    }
}

void ImportReport::write_members(std::string& text) const {
    std::string lines, counts;
    json::Writer rows(lines);
    rows.begin_array();
    for (const ReportLine& line : lines_) {
        rows.begin_object()
            .string("subject", line.subject)
            .string("fate", to_string(line.fate))
            .string("words", line.words)
            .end_object();
    }
    rows.end_array();
    json::Writer numbers(counts);
    numbers.begin_object();
    for (const Fate fate : every_fate) {
        numbers.integer(to_string(fate), static_cast<std::int64_t>(count(fate)));
    }
    numbers.end_object();
    text += "\"report\":" + lines + ",\"counts\":" + counts;
}

}  // namespace tollgate::commands
