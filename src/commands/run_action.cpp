#include "commands/run_action.hpp"

#include <algorithm>
#include <ostream>
#include <unordered_map>

namespace tollgate::commands {
namespace {

constexpr std::size_t page_rows = 500;  // the most that the interface gives at once

std::string question_of(const Invocation& invocation) {
    std::string text(invocation.action->question);
    const std::size_t hole = text.find("{}");
    if (hole != text.npos) text.replace(hole, 2, "'" + invocation.positional + "'");
    return text;
}

bool shows_tenants(const Action& action) {
    return std::any_of(action.columns.begin(), action.columns.end(),
                       [](const Column& column) { return column.path == "tenant"; });
}

// Puts names in the place of tenants' ids, which tell people nothing. Who may not see tenants, or
// cannot now, sees the ids.
void name_tenants(Administration& administration, std::vector<std::string>& rows) {
    constexpr std::size_t id_size = 36;  // a UUID; what files define has its name for an id
    constexpr std::size_t tenants_max = 10'000;
    constexpr std::string_view member = "\"tenant\":\"";
    const auto id_at = [&](const std::string& row) {
        const std::size_t at = row.find(member);
        const std::size_t begin = at + member.size();
        const bool is_id = at != row.npos && row.find('"', begin) == begin + id_size;
        return is_id ? begin : row.npos;
    };
    if (std::none_of(rows.begin(), rows.end(),
                     [&](const std::string& row) { return id_at(row) != row.npos; })) {
        return;
    }
    std::unordered_map<std::string, std::string> names;  // as JSON, without the quotes
    const UseRow keep = [&](json::Value tenant) -> base::Result<void> {
        std::string name;
        json::append_string(name, tenant["name"].text());
        names[tenant["id"].text()] = name.substr(1, name.size() - 2);
        return {};
    };
    CallText tenants;
    tenants.path = "/api/v1/tenants";
    if (!each_row(administration, tenants, tenants_max, keep).ok()) return;
    for (std::string& row : rows) {
        const std::size_t at = id_at(row);
        if (at == row.npos) continue;
        const auto name = names.find(row.substr(at, id_size));
        if (name != names.end()) row.replace(at, id_size, name->second);
    }
}

base::Result<void> show_list(const Invocation& invocation, Administration& administration,
                             const CallText& call, const Console& console) {
    std::vector<std::string> rows;
    const UseRow keep = [&](json::Value row) -> base::Result<void> {
        rows.emplace_back(row.raw());
        return {};
    };
    TRY(const bool more, each_row(administration, call, invocation.rows, keep));
    if (invocation.output == Output::table && shows_tenants(*invocation.action)) {
        name_tenants(administration, rows);
    }
    console.out << rows_text(invocation.output, invocation.action->columns, rows, console.colour);
    if (rows.empty() && invocation.output == Output::table) console.err << "none\n";
    if (more) {
        console.err << "the first " << rows.size() << "; --rows N shows more, --rows 0 all\n";
    }
    return {};
}

base::Result<void> show_report(const Invocation& invocation, const std::string& answer,
                               const Console& console) {
    if (printed_whole(invocation, answer, console)) return {};
    const Output output = invocation.output;
    json::Document document;
    TRY(const json::Value root, document.parse(answer));
    const std::vector<std::string> rows = rows_of(root[invocation.action->rows_path]);
    const json::Value total = root["total"];
    console.out << rows_text(output, invocation.action->columns, rows, console.colour,
                             total.is_object() ? total.raw() : std::string_view());
    if (rows.empty() && output == Output::table) console.err << "nothing was used\n";
    return {};
}

base::Result<void> show_done(const Invocation& invocation, const std::string& answer,
                             const Console& console) {
    if (invocation.output != Output::table) {
        console.out << object_text(invocation.output, answer);
        return {};
    }
    json::Document document;
    TRY(const json::Value root, document.parse(answer));
    console.out << root["message"].text() << "\n";
    return {};
}

base::Result<void> show_secret(const Invocation& invocation, const std::string& answer,
                               const Console& console) {
    json::Document document;
    TRY(const json::Value root, document.parse(answer));
    if (invocation.output == Output::table) {
        console.out << "name  " << root["name"].text() << "\nid    " << root["id"].text()
                    << "\nkey   " << root["key"].text() << "\n";
    } else {
        console.out << object_text(invocation.output, answer);
    }
    console.err << "The key is shown this once: keep it now.\n";
    const std::string warning = root["warning"].text();
    if (!warning.empty()) console.err << "warning: " << warning << "\n";
    const std::string until = root["previous_secret_until"].text();
    if (!until.empty()) console.err << "The former secret goes on until " << until << ".\n";
    return {};
}

base::Result<void> perform(const Invocation& invocation, const CallText& call,
                           Administration& administration, const Console& console) {
    const Action& action = *invocation.action;
    switch (action.shape) {
        case Shape::list: return show_list(invocation, administration, call, console);
        case Shape::sessions: return show_sessions(invocation, administration, call, console);
        case Shape::stream: return pass_stream(invocation, administration, call, console);
        default: break;
    }
    TRY(const std::string answer, ask(administration, action.method, call.target, call.body));
    switch (action.shape) {
        case Shape::report: return show_report(invocation, answer, console);
        case Shape::done: return show_done(invocation, answer, console);
        case Shape::secret: return show_secret(invocation, answer, console);
        case Shape::tenant: return show_tenant(invocation, administration, answer, console);
        case Shape::request: return show_request(invocation, answer, console);
        case Shape::experiment: return show_experiment(invocation, answer, console);
        case Shape::savings: return show_savings(invocation, answer, console);
        default: console.out << object_text(invocation.output, answer); return {};
    }
}

}  // namespace

bool printed_whole(const Invocation& invocation, const std::string& answer,
                   const Console& console) {
    const Output output = invocation.output;
    if (output != Output::json && output != Output::yaml) return false;
    console.out << object_text(output, answer);
    return true;
}

int failed(const Console& console, const base::Error& error) {
    complain(console, error.message);
    return exit_code_of(error);
}

base::Result<bool> each_row(Administration& administration, const CallText& call,
                            std::size_t rows_max, const UseRow& use) {
    std::size_t seen = 0;
    std::string cursor;
    json::Document document;
    while (true) {
        const std::size_t wanted =
            rows_max == 0 ? page_rows : std::min(page_rows, rows_max - seen);
        Pairs query = call.query;
        query.emplace_back("limit", std::to_string(wanted));
        query.emplace_back("cursor", cursor);
        TRY(const std::string page, ask(administration, "GET", call.path + query_of(query)));
        TRY(const json::Value root, document.parse(page));
        for (const json::Value row : root["data"].elements()) {
            TRY_VOID(use(row));
            ++seen;
        }
        std::string next = root["next_cursor"].text();
        // A page that leads to itself would be asked for ever.
        if (next.empty() || next == cursor) return false;
        if (rows_max != 0 && seen >= rows_max) return true;
        cursor = std::move(next);
    }
}

int run_action(const Invocation& invocation, const ConnectionArgs& connection,
               const OpenAdministration& open, const World& world, const Console& console) {
    const auto call = call_of(invocation, world.read_secret, world.now);
    if (!call.ok()) {
        complain(console, call.error().message);
        return exit_usage;
    }
    const bool asks = !invocation.action->question.empty() && !invocation.yes;
    if (asks && !confirmed(console, question_of(invocation))) {
        complain(console, "nothing was changed");
        return exit_cancelled;
    }
    auto administration = open(connection);
    if (!administration.ok()) return failed(console, administration.error());
    const auto done = perform(invocation, *call, **administration, console);
    return done.ok() ? exit_done : failed(console, done.error());
}

}  // namespace tollgate::commands
