#include "admin/handlers.hpp"

namespace tollgate::admin {
namespace {

std::string_view word_of(config::Severity severity) {
    switch (severity) {
        case config::Severity::error: return "error";
        case config::Severity::warning: return "warning";
        default: return "notice";
    }
}

void write_problem(json::Writer& writer, const config::Problem& problem) {
    writer.begin_object()
        .string("severity", word_of(problem.severity))
        .string("file", problem.file)
        .integer("line", static_cast<std::int64_t>(problem.line))
        .integer("column", static_cast<std::int64_t>(problem.column))
        .string("path", problem.path)
        .string("message", problem.message)
        .string("suggestion", problem.suggestion)
        .end_object();
}

}  // namespace

Outcome show_configuration(Call& call) {
    TRY_VOID(call.checked());
    ConfigurationService& configuration = call.services.configuration;
    std::string text;
    json::Writer writer(text);
    writer.begin_object().key("file");
    const std::string file = configuration.file();
    file.empty() ? writer.null() : writer.string(file);
    writer.string("yaml", configuration.show()).end_object();
    return call.answer(200, std::move(text));
}

Outcome validate_configuration(Call& call) {
    TRY(Fields * fields, call.body());
    const json::Value given = fields->value("yaml");
    if (!given.is_string()) fields->problem("yaml", "is required: the configuration as a text");
    TRY_VOID(call.checked());
    const ConfigurationService::Check check = call.services.configuration.check(given.text());
    std::string text;
    json::Writer writer(text);
    writer.begin_object().boolean("valid", check.valid).key("problems").begin_array();
    for (const config::Problem& problem : check.problems) write_problem(writer, problem);
    writer.end_array().end_object();
    return call.answer(200, std::move(text));
}

Outcome reload_configuration(Call& call) {
    TRY_VOID(call.checked());
    auto reloaded = call.services.configuration.reload();
    call.record("config.reloaded", "config", "");
    if (!reloaded.ok()) {
        call.outcome_failed(reloaded.error().message);
        return invalid(reloaded.error().message);
    }
    std::string text;
    json::Writer writer(text);
    writer.begin_object()
        .string("message", "the configuration is in force")
        .integer("version", static_cast<std::int64_t>(reloaded->version))
        .string("needs_restart", reloaded->needs_restart)
        .end_object();
    return call.answer(200, std::move(text));
}

}  // namespace tollgate::admin
