#include "store/table.hpp"

#include <charconv>
#include <unordered_set>

namespace tollgate::store {

void RowWriter::add_value(Statement& statement, const Entry& entry) {
    switch (entry.kind) {
        case Kind::text: statement.text(entry.text); break;
        case Kind::integer: statement.integer(entry.integer); break;
        case Kind::real: statement.real(entry.real); break;
        case Kind::null: statement.null(); break;
    }
}

base::Result<Statement> RowWriter::insert_into(std::string_view table) const {
    if (!problem_) return problem_.error();
    Statement statement("INSERT INTO ");
    statement.add(table).add(" (");
    for (const Entry& entry : entries_) {
        if (&entry != entries_.data()) statement.add(", ");
        statement.add(entry.name);
    }
    statement.add(") VALUES (");
    for (const Entry& entry : entries_) {
        if (&entry != entries_.data()) statement.add(", ");
        add_value(statement, entry);
    }
    statement.add(")");
    return statement;
}

base::Result<Statement> RowWriter::update(std::string_view table) const {
    if (!problem_) return problem_.error();
    Statement statement("UPDATE ");
    statement.add(table).add(" SET ");
    for (const Entry& entry : entries_) {
        statement.add(entry.name).add(" = ");
        add_value(statement, entry);
        statement.add(", ");
    }
    statement.add("etag = etag + 1");
    return statement;
}

void RowWriter::where_different(Statement& statement) const {
    std::string_view before = "(";
    statement.where("");
    for (const Entry& entry : entries_) {
        if (entry.name == "updated") continue;
        statement.add(before).add(entry.name).add(" IS DISTINCT FROM ");
        add_value(statement, entry);
        before = " OR ";
    }
    statement.add(")");
}

base::Error explain(const base::Error& error, std::string_view noun,
                    std::span<const Constraint> constraints) {
    if (error.code != base::ErrorCode::invalid_request) return error;
    const auto taken = [&](std::string_view field) {
        return conflict("there is another " + std::string(noun) + " with that " +
                            std::string(field) + ": choose another one or change that one",
                        std::string(field));
    };
    for (const Constraint& constraint : constraints) {
        if (error.field == constraint.name) return taken(constraint.field);
    }
    if (error.field.ends_with("_pkey")) return taken("id");
    // What is referred to was looked up before, so it went meanwhile.
    if (error.field == "foreign_key" || error.field.ends_with("_tenant") ||
        error.field.ends_with("_team") || error.field.ends_with("_user")) {
        return conflict("what the " + std::string(noun) + " belongs to was removed meanwhile",
                        "tenant");
    }
    return error;
}

void where_readable(Statement& statement, const Access& access) {
    if (access.platform) return;
    if (access.tenant.empty()) {
        statement.where("FALSE");
        return;
    }
    statement.where("(tenant_id = ").text(access.tenant).add(" OR tenant_id = '')");
}

bool looks_like_uuid(std::string_view text) {
    constexpr std::size_t uuid_characters = 36;
    if (text.size() != uuid_characters) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        const char letter = text[i];
        const bool digit = (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'f') ||
                           (letter >= 'A' && letter <= 'F');
        if (dash ? letter != '-' : !digit) return false;
    }
    return true;
}

base::Result<void> check_tenant(Session& session, std::string_view tenant) {
    Statement statement("SELECT id FROM tenants");
    statement.where("id = ").text(tenant).where("removed = 0");
    TRY(const bool there, statement.any(session));
    if (there) return {};
    return conflict("there is no tenant \"" + std::string(tenant) + "\": create it first",
                    "tenant");
}

base::Result<void> check_member(Session& session, std::string_view table, std::string_view tenant,
                                std::string_view id, std::string_view field) {
    if (id.empty()) return {};
    Statement statement("SELECT id FROM ");
    statement.add(table).where("tenant_id = ").text(tenant).where("id = ").text(id);
    TRY(const bool there, statement.any(session));
    if (there) return {};
    return conflict("the tenant has no " + std::string(field) + " \"" + std::string(id) +
                        "\": name one of its own or leave it out",
                    std::string(field));
}

base::Result<void> revoke_keys_of(Session& session, std::string_view tenant,
                                  std::string_view column, std::string_view id, std::int64_t now) {
    Statement revoke("UPDATE api_keys SET revoked = ");
    revoke.integer(now).where("tenant_id = ").text(tenant).where(column).add(" = ").text(id);
    revoke.where("revoked = 0");
    TRY_VOID(revoke.execute(session));
    Statement leave("UPDATE api_keys SET ");
    leave.add(column).add(" = ").null().add(", updated = ").integer(now);
    leave.add(", etag = etag + 1").where("tenant_id = ").text(tenant);
    leave.where(column).add(" = ").text(id);
    TRY_VOID(leave.execute(session));
    return {};
}

base::Result<void> remove_bounds_of(Session& session, std::string_view tenant,
                                    domain::SubjectKind kind, std::string_view subject) {
    const std::string_view word = domain::to_string(kind);
    Statement events("DELETE FROM budget_events");
    events.where("tenant_id = ").text(tenant);
    events.where("budget_id IN (SELECT id FROM budgets WHERE tenant_id = ").text(tenant);
    events.add(" AND kind = ").text(word).add(" AND subject = ").text(subject).add(")");
    TRY_VOID(events.execute(session));
    for (const std::string_view table : {"budgets", "limits"}) {
        Statement statement("DELETE FROM ");
        statement.add(table).where("tenant_id = ").text(tenant);
        statement.where("kind = ").text(word).where("subject = ").text(subject);
        TRY_VOID(statement.execute(session));
    }
    return {};
}

base::Result<std::vector<std::string>> vanished_rows(Session& session, std::string_view table,
                                                     std::string_view condition,
                                                     const std::vector<std::string>& present) {
    const std::unordered_set<std::string_view> kept(present.begin(), present.end());
    Statement statement("SELECT id FROM ");
    statement.add(table).where_like("origin", "file:*");
    if (!condition.empty()) statement.where(condition);
    statement.add(" ORDER BY id");
    std::vector<std::string> vanished;
    TRY_VOID(statement.each(session, [&](const Row& row) -> base::Result<void> {
        if (!kept.contains(row.text(0))) vanished.push_back(row.string(0));
        return {};
    }));
    return vanished;
}

base::Result<void> order_newest_first(Statement& statement, std::string_view time_column,
                                      const PageRequest& request) {
    if (!request.cursor.empty()) {
        TRY(const auto parts, read_cursor(request.cursor, 2));
        std::int64_t time = 0;
        const char* const end = parts[0].data() + parts[0].size();
        const auto [at, problem] = std::from_chars(parts[0].data(), end, time);
        if (problem != std::errc() || at != end) return read_cursor("!", 2).error();
        statement.where("(").add(time_column).add(" < ").integer(time);
        statement.add(" OR (").add(time_column).add(" = ").integer(time);
        statement.add(" AND id < ").text(parts[1]).add("))");
    }
    statement.add(" ORDER BY ").add(time_column).add(" DESC, id DESC LIMIT ");
    statement.integer(rows_of(request) + 1);
    return {};
}

}  // namespace tollgate::store
