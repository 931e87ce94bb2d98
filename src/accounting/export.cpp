#include "accounting/export.hpp"

#include "accounting/report_text.hpp"

namespace tollgate::accounting {
namespace {

using domain::UsageRecord;

// Shows each cell of a row to a visitor, in the order of the columns.
template <typename Visitor>
void each_cell(const UsageRecord& r, Visitor& visit) {
    visit.plain("at", time_text(r.at));
    visit.text("request_id", r.request_id);
    visit.number("attempt", r.attempt);
    visit.text("trace_id", r.trace_id);
    visit.text("session_id", r.session_id);
    visit.text("agent_id", r.agent_id);
    visit.text("tenant", r.tenant);
    visit.text("team", r.team);
    visit.text("user", r.user);
    visit.text("key_id", r.key_id);
    visit.text("key_name", r.key_name);
    visit.list("tags", r.tags);
    visit.text("project", r.project);
    visit.text("protocol", r.protocol);
    visit.text("alias", r.alias);
    visit.text("provider", r.provider);
    visit.text("model", r.model);
    visit.text("provider_request_id", r.provider_request_id);
    visit.text("rule", r.rule);
    visit.text("strategy", r.strategy);
    visit.text("power_level", r.power_level);
    visit.text("fallback_reason", r.fallback_reason);
    visit.number("status", r.status);
    visit.text("error_class", r.error_class);
    visit.text("error_code", r.error_code);
    visit.text("error", r.error);
    visit.counted("input_tokens", r.usage.input);
    visit.counted("output_tokens", r.usage.output);
    visit.counted("cache_read_tokens", r.usage.cache_read);
    visit.counted("cache_write_5m_tokens", r.usage.cache_write_5m);
    visit.counted("cache_write_1h_tokens", r.usage.cache_write_1h);
    visit.counted("reasoning_tokens", r.usage.reasoning);
    visit.counted("audio_input_tokens", r.usage.audio_input);
    visit.counted("audio_output_tokens", r.usage.audio_output);
    visit.counted("image_output_tokens", r.usage.image_output);
    visit.counted("images", r.usage.images);
    visit.counted("web_searches", r.usage.web_searches);
    visit.flag("estimated", r.usage.estimated);
    visit.money("cost", r.cost);
    visit.money("list_cost", r.list_cost);
    visit.money("baseline_cost", r.baseline_cost);
    visit.text("baseline_model", r.baseline_model);
    visit.money("fee", r.fee);
    visit.flag("priced", r.priced);
    visit.text("price_version", r.price_version);
    visit.flag("byok", r.byok);
    visit.flag("stream", r.stream);
    visit.flag("client_gone", r.client_gone);
    visit.text("cache", r.cache);
    visit.number("attempts", r.attempts);
    visit.counted("first_token_us", r.first_token_us);
    visit.number("total_us", r.total_us);
    visit.number("request_bytes", r.request_bytes);
    visit.number("response_bytes", r.response_bytes);
    visit.number("redactions", r.redactions);
    visit.text("client_address", r.client_address);
    visit.text("user_agent", r.user_agent);
    visit.text("zone", r.zone);
    visit.text("experiment", r.experiment);
    visit.text("arm", r.arm);
}

class CsvRow {
public:
    explicit CsvRow(std::string& out) : out_(out) {}
    void plain(std::string_view, std::string_view value) { next() += value; }
    void text(std::string_view, std::string_view value) { append_csv_text(next(), value); }
    void number(std::string_view, std::int64_t value) { next() += std::to_string(value); }
    void counted(std::string_view, std::int64_t value) {
        next();
        if (value >= 0) out_ += std::to_string(value);
    }
    void flag(std::string_view, bool value) { next() += value ? "true" : "false"; }
    void money(std::string_view, domain::NanoUsd value) { next() += domain::dollars(value); }
    void list(std::string_view, const std::vector<std::string>& values) {
        std::string joined;
        for (const std::string& value : values) {
            if (!joined.empty()) joined += ' ';
            joined += value;
        }
        append_csv_text(next(), joined);
    }

private:
    std::string& next() {
        if (!first_) out_ += ',';
        first_ = false;
        return out_;
    }
    std::string& out_;
    bool first_ = true;
};

class CsvNames {
public:
    explicit CsvNames(std::string& out) : out_(out) {}
    template <typename Value>
    void plain(std::string_view name, const Value&) {
        if (!out_.empty()) out_ += ',';
        out_ += name;
    }
    void text(std::string_view name, std::string_view value) { plain(name, value); }
    void number(std::string_view name, std::int64_t value) { plain(name, value); }
    void counted(std::string_view name, std::int64_t value) { plain(name, value); }
    void flag(std::string_view name, bool value) { plain(name, value); }
    void money(std::string_view name, domain::NanoUsd value) { plain(name, value); }
    void list(std::string_view name, const std::vector<std::string>& value) { plain(name, value); }

private:
    std::string& out_;
};

class JsonRow {
public:
    explicit JsonRow(std::string& out) : writer_(out) { writer_.begin_object(); }
    void plain(std::string_view name, std::string_view value) { writer_.string(name, value); }
    void text(std::string_view name, std::string_view value) { writer_.string(name, value); }
    void number(std::string_view name, std::int64_t value) { writer_.integer(name, value); }
    void counted(std::string_view name, std::int64_t value) {
        writer_.key(name);
        value < 0 ? writer_.null() : writer_.integer(value);
    }
    void flag(std::string_view name, bool value) { writer_.boolean(name, value); }
    void money(std::string_view name, domain::NanoUsd value) { write_money(writer_, name, value); }
    void list(std::string_view name, const std::vector<std::string>& values) {
        writer_.key(name).begin_array();
        for (const std::string& value : values) writer_.string(value);
        writer_.end_array();
    }
    void end() { writer_.end_object(); }

private:
    json::Writer writer_;
};

}  // namespace

std::optional<ExportFormat> export_format_of(std::string_view text) {
    if (text == "csv") return ExportFormat::csv;
    if (text == "jsonl") return ExportFormat::jsonl;
    return std::nullopt;
}

std::string_view content_type_of(ExportFormat format) {
    return format == ExportFormat::csv ? "text/csv; charset=utf-8" : "application/jsonl";
}

std::string csv_header() {
    std::string names;
    CsvNames visitor(names);
    each_cell(UsageRecord{}, visitor);
    return names + "\r\n";
}

void append_row(std::string& out, const UsageRecord& record, ExportFormat format) {
    if (format == ExportFormat::csv) {
        CsvRow row(out);
        each_cell(record, row);
        out += "\r\n";
        return;
    }
    JsonRow row(out);
    each_cell(record, row);
    row.end();
    out += '\n';
}

base::Result<std::int64_t> export_usage(store::Session& session, const store::Access& access,
                                        const store::UsageFilter& filter, bool with_attempts,
                                        ExportFormat format, const ExportSink& sink) {
    std::string piece;
    std::int64_t rows = 0;
    if (format == ExportFormat::csv) piece = csv_header();
    TRY_VOID(store::each_usage(session, access, filter, with_attempts,
                               [&](const UsageRecord& record) -> base::Result<void> {
                                   append_row(piece, record, format);
                                   ++rows;
                                   if (piece.size() < export_piece_bytes) return {};
                                   TRY_VOID(sink(piece));
                                   piece.clear();
                                   return {};
                               }));
    if (!piece.empty()) TRY_VOID(sink(piece));
    return rows;
}

}  // namespace tollgate::accounting
