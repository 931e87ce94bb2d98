// One description of a table (its columns and the fields of the value they hold) from which rows
// are read, written, listed and loaded. For the repositories of this folder.
//
// A table is a struct with
//   using Value = domain::Team;
//   name, noun ("team"), key ("id"), tenant (the column that says whose, "" : everybody's),
//   constraints, which unique constraint is about which field, and
//   template <typename V> static void fields(V& v, Value& value), which hands each column and its
//   field to a visitor in one order.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "store/db.hpp"
#include "store/fields.hpp"
#include "store/page.hpp"
#include "store/statement.hpp"

namespace tollgate::store {

// When a column is written: by every update, by INSERT alone, or by INSERT and when a file replaces
// the whole row.
enum class Written : std::uint8_t { always, once, replaced };

// A visitor: the names, as they stand in SELECT.
class ColumnNames {
public:
    template <typename Field>
    void column(std::string_view name, Field&, Written = Written::always) {
        if (!names_.empty()) names_ += ", ";
        names_ += name;
    }
    template <typename Field>
    void word(std::string_view name, Field& field, Written written = Written::always) {
        column(name, field, written);
    }
    void nullable(std::string_view name, std::string& field) { column(name, field); }
    void object(std::string_view name, std::string& field) { column(name, field); }
    void etag(std::uint64_t& field) { column("etag", field); }
    const std::string& names() const { return names_; }

private:
    std::string names_;
};

// A visitor: the fields, from a row of a SELECT of those names.
class RowReader {
public:
    explicit RowReader(const Row& row) : row_(row) {}
    void column(std::string_view, std::string& field, Written = Written::always) {
        field = row_.string(at_++);
    }
    void column(std::string_view, std::int64_t& field, Written = Written::always) {
        field = row_.integer(at_++);
    }
    void column(std::string_view, bool& field, Written = Written::always) {
        field = row_.flag(at_++);
    }
    void column(std::string_view, double& field, Written = Written::always) {
        field = row_.real(at_++);
    }
    void column(std::string_view, std::optional<std::int64_t>& field,
                Written = Written::always) {
        field = row_.optional_integer(at_++);
    }
    void column(std::string_view, std::optional<double>& field, Written = Written::always) {
        field.reset();
        if (!row_.is_null(at_)) field = row_.real(at_);
        ++at_;
    }
    template <typename Field>  // lists, aliases, limits, thresholds
    void column(std::string_view, Field& field, Written = Written::always) {
        keep(from_json(row_.text(at_++), field));
    }
    template <typename Field>
    void word(std::string_view, Field& field, Written = Written::always) {
        keep(from_word(row_.text(at_++), field));
    }
    // NULL is "".
    void nullable(std::string_view, std::string& field) { field = row_.string(at_++); }
    void object(std::string_view, std::string& field) {
        auto text = compact_object(row_.text(at_++));
        if (text) {
            field = std::move(text).value();
        } else {
            keep(std::move(text).error());
        }
    }
    void etag(std::uint64_t& field) { field = static_cast<std::uint64_t>(row_.integer(at_++)); }
    base::Result<void> problem() && { return std::move(problem_); }

private:
    void keep(base::Result<void> result) {
        if (!result && problem_) problem_ = std::move(result);
    }
    const Row& row_;
    std::size_t at_ = 0;
    base::Result<void> problem_;
};

// A visitor: the values, for INSERT or UPDATE.
class RowWriter {
public:
    enum class Mode : std::uint8_t { insert, update, replace };
    explicit RowWriter(Mode mode) : mode_(mode) {}

    void column(std::string_view name, const std::string& field,
                Written written = Written::always) {
        if (wanted(written)) entries_.push_back({name, Kind::text, field, 0});
    }
    void column(std::string_view name, const std::optional<double>& field,
                Written written = Written::always) {
        if (!wanted(written)) return;
        entries_.push_back({name, field ? Kind::real : Kind::null, {}, 0, field.value_or(0)});
    }
    void column(std::string_view name, double field, Written written = Written::always) {
        if (wanted(written)) entries_.push_back({name, Kind::real, {}, 0, field});
    }
    void column(std::string_view name, std::int64_t field, Written written = Written::always) {
        if (wanted(written)) entries_.push_back({name, Kind::integer, {}, field});
    }
    void column(std::string_view name, bool field, Written written = Written::always) {
        column(name, static_cast<std::int64_t>(field ? 1 : 0), written);
    }
    void column(std::string_view name, const std::optional<std::int64_t>& field,
                Written written = Written::always) {
        if (field) return column(name, *field, written);
        if (wanted(written)) entries_.push_back({name, Kind::null, {}, 0});
    }
    template <typename Field>
    void column(std::string_view name, const Field& field, Written written = Written::always) {
        column(name, json_of(field), written);
    }
    template <typename Field>
    void word(std::string_view name, const Field& field, Written written = Written::always) {
        column(name, std::string(to_string(field)), written);
    }
    void nullable(std::string_view name, const std::string& field) {
        entries_.push_back({name, field.empty() ? Kind::null : Kind::text, field, 0});
    }
    void object(std::string_view name, const std::string& field) {
        auto text = compact_object(field);
        if (text) return column(name, text.value());
        if (problem_) problem_ = std::move(text).error();
    }
    void etag(std::uint64_t) {
        if (mode_ == Mode::insert) column("etag", std::int64_t{1});
    }

    // INSERT INTO table (...) VALUES (...)
    base::Result<Statement> insert_into(std::string_view table) const;
    // UPDATE table SET ..., etag = etag + 1. Not of Mode::insert.
    base::Result<Statement> update(std::string_view table) const;
    // The condition that some column but `updated` would change (after update()).
    void where_different(Statement& statement) const;

private:
    enum class Kind : std::uint8_t { text, integer, real, null };
    struct Entry {
        std::string_view name;
        Kind kind;
        std::string text;
        std::int64_t integer;
        double real = 0;
    };
    bool wanted(Written written) const {
        return mode_ == Mode::insert || written == Written::always ||
               (mode_ == Mode::replace && written == Written::replaced);
    }
    static void add_value(Statement& statement, const Entry& entry);
    Mode mode_;
    std::vector<Entry> entries_;
    base::Result<void> problem_;
};

struct Constraint {
    std::string_view name, field;
};
// A broken constraint as conflict(); other errors as they are.
base::Error explain(const base::Error& error, std::string_view noun,
                    std::span<const Constraint> constraints);
// Fails: conflict() with `field` when the tenant is not there, or is removed.
base::Result<void> check_tenant(Session& session, std::string_view tenant);
// Fails: conflict() with `field` when that tenant has no such row. "" : nothing is referred to.
base::Result<void> check_member(Session& session, std::string_view table, std::string_view tenant,
                                std::string_view id, std::string_view field);
// A removed team or user leaves no key behind that works: revoked, and no longer of it.
// `column` is team_id or user_id.
base::Result<void> revoke_keys_of(Session& session, std::string_view tenant,
                                  std::string_view column, std::string_view id, std::int64_t now);
// Limits and budgets of a subject that goes.
base::Result<void> remove_bounds_of(Session& session, std::string_view tenant,
                                    domain::SubjectKind kind, std::string_view subject);
// Ids of rows with origin "file:..." that fulfil `condition` ("" : any) and are not in `present`.
base::Result<std::vector<std::string>> vanished_rows(Session& session, std::string_view table,
                                                     std::string_view condition,
                                                     const std::vector<std::string>& present);

template <typename Table>
Statement select_from() {
    typename Table::Value value;
    ColumnNames columns;
    Table::fields(columns, value);
    Statement statement("SELECT ");
    statement.add(columns.names()).add(" FROM ").add(Table::name);
    return statement;
}

template <typename Table>
void where_access(Statement& statement, const Access& access) {
    if constexpr (!Table::tenant.empty()) statement.where_tenant(access, Table::tenant);
}

// Those of the caller's tenant and the platform's. Without tenant and without platform: nothing.
void where_readable(Statement& statement, const Access& access);
// What a column of type UUID takes: other texts name no row.
bool looks_like_uuid(std::string_view text);

template <typename Table>
base::Result<typename Table::Value> read_row(const Row& row) {
    typename Table::Value value;
    RowReader reader(row);
    Table::fields(reader, value);
    TRY_VOID(std::move(reader).problem());
    return value;
}

template <typename Table>
base::Result<std::vector<typename Table::Value>> rows_of(Session& session,
                                                         const Statement& statement) {
    std::vector<typename Table::Value> rows;
    TRY_VOID(statement.each(session, [&rows](const Row& row) -> base::Result<void> {
        TRY(auto value, read_row<Table>(row));
        rows.push_back(std::move(value));
        return {};
    }));
    return rows;
}

// The first row. Fails: not_found, naming `what`.
template <typename Table>
base::Result<typename Table::Value> one_row(Session& session, const Statement& statement,
                                            std::string_view what) {
    TRY(auto rows, rows_of<Table>(session, statement));
    if (rows.empty()) return not_found(std::string(Table::noun) + " " + std::string(what));
    auto row = std::move(rows.front());
    return row;
}

template <typename Table>
base::Result<typename Table::Value> row_by_key(Session& session, const Access& access,
                                               std::string_view key) {
    Statement statement = select_from<Table>();
    statement.where(Table::key).add(" = ").text(key);
    where_access<Table>(statement, access);
    return one_row<Table>(session, statement, key);
}

template <typename Table>
base::Result<void> insert_row(Session& session, typename Table::Value& value) {
    RowWriter writer(RowWriter::Mode::insert);
    Table::fields(writer, value);
    TRY(const auto statement, writer.insert_into(Table::name));
    const auto inserted = statement.execute(session);
    if (!inserted) return explain(inserted.error(), Table::noun, Table::constraints);
    return {};
}

// Writes what an update writes where key and etag are the value's; gives the row as stored.
template <typename Table>
base::Result<typename Table::Value> update_row(Session& session, const Access& access,
                                               typename Table::Value& value, std::string_view key,
                                               std::uint64_t etag) {
    RowWriter writer(RowWriter::Mode::update);
    Table::fields(writer, value);
    TRY(auto statement, writer.update(Table::name));
    statement.where(Table::key).add(" = ").text(key);
    statement.where("etag = ").integer(static_cast<std::int64_t>(etag));
    where_access<Table>(statement, access);
    const auto written = statement.execute(session);
    if (!written) return explain(written.error(), Table::noun, Table::constraints);
    TRY(auto stored, row_by_key<Table>(session, access, key));
    if (written.value() == 0) {
        return lost_update("the " + std::string(Table::noun) + " " + std::string(key));
    }
    return stored;
}

// Fails: not_found.
template <typename Table>
base::Result<void> remove_row(Session& session, const Access& access, std::string_view key) {
    Statement statement("DELETE FROM ");
    statement.add(Table::name).where(Table::key).add(" = ").text(key);
    where_access<Table>(statement, access);
    const auto removed = statement.execute(session);
    if (!removed) return removed.error();
    if (removed.value() == 0) {
        return not_found(std::string(Table::noun) + " " + std::string(key));
    }
    return {};
}

// A page in the order of the keys. `statement` has its conditions already.
template <typename Table, typename KeyOf>
base::Result<Page<typename Table::Value>> page_by_key(Session& session, Statement statement,
                                                      const PageRequest& request,
                                                      const KeyOf& key_of) {
    const std::int64_t limit = rows_of(request);
    if (!request.cursor.empty()) {
        TRY(const auto parts, read_cursor(request.cursor, 1));
        statement.where(Table::key).add(" > ").text(parts[0]);
    }
    statement.add(" ORDER BY ").add(Table::key).add(" LIMIT ").integer(limit + 1);
    Page<typename Table::Value> page;
    TRY(page.items, rows_of<Table>(session, statement));
    if (std::cmp_greater(page.items.size(), limit)) {
        page.items.pop_back();
        page.next = make_cursor({key_of(page.items.back())});
    }
    return page;
}

// The condition of a cursor over (time, id), newest first, and the order. Fails: is_bad_cursor().
base::Result<void> order_newest_first(Statement& statement, std::string_view time_column,
                                      const PageRequest& request);

// A page with the newest first; `time_of` gives the time of the column that it is ordered by.
template <typename Table, typename TimeOf>
base::Result<Page<typename Table::Value>> page_by_time(Session& session, Statement statement,
                                                       std::string_view time_column,
                                                       const PageRequest& request,
                                                       const TimeOf& time_of) {
    TRY_VOID(order_newest_first(statement, time_column, request));
    Page<typename Table::Value> page;
    TRY(page.items, rows_of<Table>(session, statement));
    if (std::cmp_greater(page.items.size(), rows_of(request))) {
        page.items.pop_back();
        const auto& last = page.items.back();
        page.next = make_cursor({std::to_string(time_of(last)), last.id});
    }
    return page;
}

template <typename Table>
base::Result<std::vector<typename Table::Value>> load_rows(Session& session) {
    Statement statement = select_from<Table>();
    statement.add(" ORDER BY ").add(Table::key);
    return rows_of<Table>(session, statement);
}

}  // namespace tollgate::store
