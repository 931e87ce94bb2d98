#include "accounting/export.hpp"

#include <algorithm>

#include "accounting/reports_fixture_test.hpp"
#include "base/json.hpp"

namespace tollgate::accounting {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::vector<std::string> lines_of(const std::string& text, const std::string& end) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t stop = text.find(end, at);
        if (stop == std::string::npos) break;
        lines.push_back(text.substr(at, stop - at));
        at = stop + end.size();
    }
    return lines;
}

TEST(Export, WhatASpreadsheetWouldRunIsDefused) {
    const auto cell = [](std::string_view text) {
        std::string out;
        append_csv_text(out, text);
        return out;
    };
    EXPECT_EQ(cell("plain"), "plain");
    EXPECT_EQ(cell(""), "");
    EXPECT_EQ(cell("=HYPERLINK(\"http://x\")"), "\"'=HYPERLINK(\"\"http://x\"\")\"");
    EXPECT_EQ(cell("+1"), "\"'+1\"");
    EXPECT_EQ(cell("-1"), "\"'-1\"");
    EXPECT_EQ(cell("@x"), "\"'@x\"");
    EXPECT_EQ(cell("\tx"), "\"'\tx\"");
    EXPECT_EQ(cell("\rx"), "\"'\rx\"");
    EXPECT_EQ(cell("a=b"), "a=b");
    EXPECT_EQ(cell("a,b"), "\"a,b\"");
    EXPECT_EQ(cell("two\nlines"), "\"two\nlines\"");
    EXPECT_EQ(cell("say \"x\""), "\"say \"\"x\"\"\"");
}

TEST(Export, FormatsAreNamed) {
    EXPECT_EQ(export_format_of("csv"), ExportFormat::csv);
    EXPECT_EQ(export_format_of("jsonl"), ExportFormat::jsonl);
    EXPECT_FALSE(export_format_of("xlsx"));
}

TEST(Export, EveryRowHasTheColumnsOfTheHeader) {
    std::string row;
    append_row(row, domain::UsageRecord{}, ExportFormat::csv);
    const std::string header = csv_header();
    EXPECT_EQ(std::count(row.begin(), row.end(), ','),
              std::count(header.begin(), header.end(), ','));
    EXPECT_THAT(header, StartsWith("at,request_id,attempt,"));
    EXPECT_THAT(header, EndsWith(",zone,experiment,arm\r\n"));
}

class Exporting : public Reports {
protected:
    std::string exported(ExportFormat format, bool with_attempts = false,
                         const store::UsageFilter& filter = november_of()) {
        return text_of([&](std::string& out, store::Session& session) -> base::Result<void> {
            TRY(rows_, export_usage(session, everything, filter, with_attempts, format,
                                    [&](std::string_view piece) -> base::Result<void> {
                                        pieces_ = std::max(pieces_, piece.size());
                                        out += piece;
                                        return {};
                                    }));
            return {};
        });
    }
    std::int64_t rows_ = 0;
    std::size_t pieces_ = 0;  // the largest
};
INSTANTIATE_TEST_SUITE_P(Stores, Exporting, store::both_stores(), store::store_name);

TEST_P(Exporting, CsvAndJsonlTellTheSameFigures) {
    domain::UsageRecord r = request_at(november);
    r.request_id = "01934f00-0000-7000-8000-000000000001";
    r.user_agent = "=cmd()", r.tags = {"a", "b"};
    r.cost = 1'234'567'891;
    domain::UsageRecord attempt = r;
    attempt.attempt = 1;
    insert({r, attempt});
    const auto csv = lines_of(exported(ExportFormat::csv), "\r\n");
    ASSERT_EQ(csv.size(), 2u);
    EXPECT_EQ(csv[0] + "\r\n", csv_header());
    EXPECT_THAT(csv[1],
                StartsWith("2026-11-01T00:00:00.000Z,01934f00-0000-7000-8000-000000000001,0,"));
    EXPECT_THAT(csv[1], HasSubstr(",a b,"));
    EXPECT_THAT(csv[1], HasSubstr(",100,20,1000,,,,"));  // what nobody counted is empty
    EXPECT_THAT(csv[1], HasSubstr(",1.234567891,0.003,0.01,"));
    EXPECT_THAT(csv[1], HasSubstr("\"'=cmd()\""));
    const auto jsonl = lines_of(exported(ExportFormat::jsonl, true), "\n");
    ASSERT_EQ(jsonl.size(), 2u);  // with its attempt
    EXPECT_EQ(rows_, 2);
    EXPECT_THAT(jsonl[0], HasSubstr(R"("tags":["a","b"])"));
    EXPECT_THAT(jsonl[0], HasSubstr(R"("cost":1.234567891,)"));
    EXPECT_THAT(jsonl[0], HasSubstr(R"("cache_write_5m_tokens":null)"));
    EXPECT_THAT(jsonl[0], HasSubstr(R"_("user_agent":"=cmd()")_"));  // JSON is no spreadsheet
    EXPECT_THAT(jsonl[1], HasSubstr(R"("attempt":1)"));
}

TEST_P(Exporting, ManyRowsGoOutInPieces) {
    std::vector<domain::UsageRecord> records;
    for (int i = 0; i < 500; ++i) records.push_back(request_at(november + i));
    insert(records);
    const std::string text = exported(ExportFormat::csv);
    EXPECT_EQ(rows_, 500);
    EXPECT_GT(text.size(), export_piece_bytes);
    EXPECT_LT(pieces_, export_piece_bytes + 4'096);
    EXPECT_EQ(lines_of(text, "\r\n").size(), 501u);
}

TEST_P(Exporting, AnEmptyRangeIsAHeaderOrNothing) {
    EXPECT_EQ(exported(ExportFormat::csv), csv_header());
    EXPECT_EQ(exported(ExportFormat::jsonl), "");
}

TEST_P(Exporting, AClientThatLeftEndsIt) {
    insert({request_at(november)});
    const auto done = db().read(everything, [&](store::Session& session) -> base::Result<void> {
        const auto rows = export_usage(session, everything, november_of(), false, ExportFormat::csv,
                                       [](std::string_view) -> base::Result<void> {
                                           return base::Error{base::ErrorCode::cancelled, "gone"};
                                       });
        EXPECT_FALSE(rows.ok());
        return rows.ok() ? base::Result<void>{} : rows.error();
    });
    ASSERT_FALSE(done.ok());
    EXPECT_EQ(done.error().code, base::ErrorCode::cancelled);
}

}  // namespace
}  // namespace tollgate::accounting
