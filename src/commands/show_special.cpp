// Answers that are more than an object or a list: a new tenant with its key, sessions, savings,
// exports.
#include <algorithm>
#include <fstream>
#include <ostream>
#include <unordered_map>

#include "commands/run_action.hpp"
#include "commands/snippet.hpp"
#include "domain/money.hpp"

namespace tollgate::commands {
namespace {

// A session's sums. Dollars are exact: they are added as nano-dollars.
struct Session {
    std::string name, project, first, last;
    std::int64_t requests = 0, errors = 0, input = 0, output = 0;
    domain::NanoUsd cost = 0;
};

constexpr std::int64_t first_error = 400;

std::string row_of(const Session& session) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object()
        .string("session", session.name)
        .string("project", session.project)
        .string("first", session.first)
        .string("last", session.last)
        .integer("requests", session.requests)
        .integer("errors", session.errors)
        .integer("input_tokens", session.input)
        .integer("output_tokens", session.output)
        .raw("cost", domain::dollars(session.cost))
        .end_object();
    return out;
}

// Rows come newest first.
void add(Session& session, json::Value row) {
    session.first = row["at"].text();
    if (session.last.empty()) session.last = session.first;
    if (session.project.empty()) session.project = row["project"].text();
    ++session.requests;
    if (row["status"].integer().value_or(0) >= first_error) ++session.errors;
    const json::Value tokens = row["tokens"];
    for (const char* name : {"input", "cache_read", "cache_write_5m", "cache_write_1h"}) {
        session.input += std::max<std::int64_t>(0, tokens[name].integer().value_or(0));
    }
    session.output += std::max<std::int64_t>(0, tokens["output"].integer().value_or(0));
    const auto cost = domain::parse_dollars(row["cost"].raw());
    if (cost.ok()) session.cost += *cost;
}

}  // namespace

base::Result<void> show_tenant(const Invocation& invocation, Administration& administration,
                               const std::string& answer, const Console& console) {
    if (invocation.output != Output::table) {
        console.out << object_text(invocation.output, answer);
        return {};
    }
    json::Document document;
    TRY(const json::Value root, document.parse(answer));
    console.out << "tenant  " << root["name"].text() << "  (" << root["id"].text() << ")\n";
    const json::Value budget = root["budget"];
    if (budget.is_object()) {
        console.out << "budget  " << budget["limit"].raw() << " USD, " << budget["period"].text()
                    << "\n";
    }
    const std::string key = root["key"]["key"].text();
    if (key.empty()) {
        console.err << "next: tollgate keys create NAME --tenant " << root["name"].text() << "\n";
        return {};
    }
    console.out << "key     " << key << "\n\n";
    const auto lines =
        client_snippet({"claude-code", administration.url(), key, "", nullptr});
    if (lines.ok()) console.out << *lines;
    console.err << "\nThe key is shown this once: keep it now. The lines above are for Claude "
                   "Code; tollgate keys snippet has those of other clients.\n";
    const std::string warning = root["key"]["warning"].text();
    if (!warning.empty()) console.err << "warning: " << warning << "\n";
    return {};
}

base::Result<void> show_request(const Invocation& invocation, const std::string& answer,
                                const Console& console) {
    if (printed_whole(invocation, answer, console)) return {};
    const Output output = invocation.output;
    json::Document document;
    TRY(const json::Value root, document.parse(answer));
    const std::vector<std::string> rows = rows_of(root["attempts"]);
    if (output == Output::table) {
        console.out << object_text(output, root["request"].raw()) << "\n";
    }
    console.out << rows_text(output, invocation.action->columns, rows, console.colour);
    if (rows.empty() && output == Output::table) console.err << "no provider was asked\n";
    return {};
}

base::Result<void> show_sessions(const Invocation& invocation, Administration& administration,
                                 const CallText& call, const Console& console) {
    std::vector<Session> sessions;
    std::unordered_map<std::string, std::size_t> places;
    const UseRow sum = [&](json::Value row) -> base::Result<void> {
        std::string name = row["session_id"].text();
        const auto [place, is_new] = places.emplace(name, sessions.size());
        if (is_new) sessions.emplace_back().name = std::move(name);
        add(sessions[place->second], row);
        return {};
    };
    TRY(const bool more, each_row(administration, call, 0, sum));
    (void)more;  // all of them were wanted
    std::vector<std::string> rows;
    for (const Session& session : sessions) rows.push_back(row_of(session));
    console.out << rows_text(invocation.output, invocation.action->columns, rows, console.colour);
    if (rows.empty() && invocation.output == Output::table) console.err << "nothing was used\n";
    return {};
}

base::Result<void> show_savings(const Invocation& invocation, const std::string& answer,
                                const Console& console) {
    if (printed_whole(invocation, answer, console)) return {};
    const Output output = invocation.output;
    json::Document document;
    TRY(const json::Value root, document.parse(answer));
    const std::vector<std::string> rows = rows_of(root[invocation.action->rows_path]);
    console.out << rows_text(output, invocation.action->columns, rows, console.colour,
                             root["total"].raw());
    if (output == Output::csv) return {};
    if (rows.empty()) console.err << "nothing was used\n";
    if (!rows.empty() && root["assumptions"].size() > 0) {
        console.out << "\n";
        for (const json::Value words : root["assumptions"].elements()) {
            console.out << "- " << words.text() << "\n";
        }
    }
    return {};
}

base::Result<void> pass_stream(const Invocation& invocation, Administration& administration,
                               const CallText& call, const Console& console) {
    std::ofstream file;
    if (!invocation.file.empty()) {
        file.open(invocation.file, std::ios::binary | std::ios::trunc);
        if (!file) return base::invalid("cannot write " + invocation.file);
    }
    std::ostream& out = invocation.file.empty() ? console.out : file;
    std::size_t written = 0;
    const Administration::Use pass = [&](std::string_view piece) -> base::Result<void> {
        out.write(piece.data(), static_cast<std::streamsize>(piece.size()));
        written += piece.size();
        if (out) return {};
        return base::Error{base::ErrorCode::internal, "the export could not be written"};
    };
    const auto reply = administration.stream(call.target, pass);
    if (!reply.ok()) {
        out.flush();
        return written == 0 ? reply.error() : cut_short(reply.error(), written);
    }
    if (!reply->ok()) return refusal(*reply);
    out.flush();
    if (!out) return base::Error{base::ErrorCode::internal, "the export could not be written"};
    return {};
}

}  // namespace tollgate::commands
