// What became of each thing that an import met. Collected by the import, printed at its end; one
// thread.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "commands/console.hpp"
#include "commands/render.hpp"

namespace tollgate::commands {

// From good to bad.
enum class Fate : std::uint8_t {
    unchanged,     // it was imported before and is as it should be
    imported,
    approximated,  // imported, and means something else than before: how
    unsupported,   // not imported: why, and what to do instead
};
const char* to_string(Fate fate);

struct ReportLine {
    std::string subject;  // "team research", "model_list[0].litellm_params.model"
    Fate fate = Fate::imported;
    std::string words;    // for people; "" : nothing to add
};

class ImportReport {
public:
    void add(std::string subject, Fate fate, std::string words = {}) {
        lines_.push_back({std::move(subject), fate, std::move(words)});
    }
    const std::vector<ReportLine>& lines() const { return lines_; }
    std::size_t count(Fate fate) const;
    // "12 imported, 2 approximated, 1 unsupported".
    std::string summary() const;
    // exit_done, or exit_partly when something is unsupported.
    int exit_code() const;

    // As a table or CSV one row for each line; as JSON or YAML an object {configuration, report,
    // counts}, where `configuration` is left out when it is "".
    std::string text(Output output, bool colour, std::string_view configuration = {}) const;

private:
    std::vector<ReportLine> lines_;
};

}  // namespace tollgate::commands
