// Usage as CSV or JSONL, row by row in constant memory: text that is ready goes out in pieces.
// Blocking functions inside Db::transact (store threads).
#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "store/usage.hpp"

namespace tollgate::accounting {

enum class ExportFormat : std::uint8_t { csv, jsonl };
// "csv", "jsonl".
std::optional<ExportFormat> export_format_of(std::string_view text);
// Of an HTTP answer.
std::string_view content_type_of(ExportFormat format);

// Takes a piece of the text; an error ends the export and is given back.
using ExportSink = std::function<base::Result<void>(std::string_view piece)>;
constexpr std::size_t export_piece_bytes = 64 * 1024;

// CSV begins with a line of names. Money is dollars to the nano-dollar, times RFC 3339; what nobody
// counted is an empty cell, null in JSONL. In CSV, text that a spreadsheet would take for a formula
// gets an apostrophe first. Gives the rows that were written.
base::Result<std::int64_t> export_usage(store::Session& session, const store::Access& access,
                                        const store::UsageFilter& filter, bool with_attempts,
                                        ExportFormat format, const ExportSink& sink);

// One row, with its line end; for tests and single rows.
void append_row(std::string& out, const domain::UsageRecord& record, ExportFormat format);
std::string csv_header();

}  // namespace tollgate::accounting
