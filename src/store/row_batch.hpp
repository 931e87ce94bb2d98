// Many rows for one INSERT: a prepared statement per row on SQLite, one statement over a JSON array
// on PostgreSQL (which passes row-level security where COPY does not, and takes any number of rows
// with one parameter). Used by one thread. For the repositories of this folder.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "store/db.hpp"

namespace tollgate::store {

struct BatchColumn {
    enum class Type : std::uint8_t { integer, text, flag, json };
    std::string_view name;  // of a literal
    Type type = Type::integer;
    // What the table gives a row that does not name this column; nullopt: it has to be named.
    std::optional<Parameter> usual = std::nullopt;
};

class RowBatch {
public:
    // `conflict` stands behind the rows: "ON CONFLICT DO NOTHING".
    RowBatch(std::string_view table, std::vector<BatchColumn> columns, std::string conflict);

    // Cells in the order of the columns, row after row. Texts are borrowed until the last call,
    // own() keeps its own.
    void add(const Parameter& value) { cells_.push_back(value); }
    void own(std::string text) { add(std::string_view(owned_.emplace_back(std::move(text)))); }
    void reserve(std::size_t rows) { cells_.reserve(rows * columns_.size()); }
    std::size_t rows() const { return cells_.size() / columns_.size(); }

    base::Result<void> insert(Session& session) const;
    // The same; `inserted` is told the number (from 0) of each row that really came in. `key` are
    // the places of columns that together tell rows apart.
    base::Result<void> insert_new(Session& session, std::span<const std::size_t> key,
                                  const std::function<void(std::size_t)>& inserted) const;
    // The statement that inserts one row of the columns with these numbers, $1 the first of them:
    // for who gives the rows to the session by itself.
    std::string sql_of_one(std::span<const std::size_t> numbers) const;

private:
    std::span<const Parameter> row(std::size_t number) const {
        return std::span(cells_).subspan(number * columns_.size(), columns_.size());
    }
    base::Result<void> insert_one_by_one(
        Session& session, const std::function<void(std::size_t)>& inserted) const;
    std::vector<std::size_t> columns_needed() const;
    std::string sql_of_all() const;
    std::string names() const;
    std::string json() const;
    std::string key_of(std::span<const Parameter> cells, std::span<const std::size_t> key) const;

    std::string table_;
    std::vector<BatchColumn> columns_;
    std::string conflict_;
    std::vector<Parameter> cells_;
    std::deque<std::string> owned_;
};

}  // namespace tollgate::store
