#include "store/sqlite_constraints.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

namespace tollgate::store {
namespace {

using Names = std::vector<std::string>;

// Column 0 of each row of `sql`, with `given` for its only parameter.
Names texts(sqlite3* db, const char* sql, const std::string& given) {
    Names found;
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, nullptr) == SQLITE_OK) {
        sqlite3_bind_text(statement, 1, given.c_str(), -1, SQLITE_TRANSIENT);
        while (sqlite3_step(statement) == SQLITE_ROW) {
            const auto* text = sqlite3_column_text(statement, 0);
            found.emplace_back(text == nullptr ? "" : reinterpret_cast<const char*>(text));
        }
    }
    sqlite3_finalize(statement);
    return found;
}

// "a, b" without blanks, each without the table before its point.
Names split(std::string_view list) {
    Names names;
    while (!list.empty()) {
        const std::size_t comma = std::min(list.find(','), list.size());
        std::string_view name = list.substr(0, comma);
        list.remove_prefix(std::min(comma + 1, list.size()));
        const std::size_t first = name.find_first_not_of(" \n\t");
        if (first == std::string_view::npos) continue;
        name = name.substr(first, name.find_last_not_of(" \n\t") - first + 1);
        if (const std::size_t point = name.find('.'); point != std::string_view::npos) {
            name.remove_prefix(point + 1);
        }
        names.emplace_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
}

Names sorted(Names names) {
    std::sort(names.begin(), names.end());
    return names;
}

// CONSTRAINT name UNIQUE (a, b) in the text of CREATE TABLE.
std::optional<std::string> named_in(std::string_view table_sql, const Names& columns) {
    constexpr std::string_view word = "CONSTRAINT ", unique = " UNIQUE (";
    for (std::size_t at = table_sql.find(word); at != std::string_view::npos;
         at = table_sql.find(word, at + 1)) {
        const std::string_view rest = table_sql.substr(at + word.size());
        const std::size_t end = rest.find(' ');
        if (end == std::string_view::npos || !rest.substr(end).starts_with(unique)) continue;
        const std::string_view list = rest.substr(end + unique.size());
        if (split(list.substr(0, list.find(')'))) != columns) continue;
        return std::string(rest.substr(0, end));
    }
    return std::nullopt;
}

}  // namespace

std::string unique_constraint_name(sqlite3* db, const std::string& columns) {
    const std::string table = columns.substr(0, columns.find('.'));
    const Names wanted = split(columns);
    const Names key = texts(db, "SELECT name FROM pragma_table_info($1) WHERE pk > 0", table);
    if (sorted(key) == wanted) return table + "_pkey";
    for (const std::string& index :
         texts(db, "SELECT name FROM pragma_index_list($1) WHERE \"unique\" = 1", table)) {
        if (index.starts_with("sqlite_autoindex_")) continue;
        if (sorted(texts(db, "SELECT name FROM pragma_index_info($1)", index)) == wanted) {
            return index;
        }
    }
    for (const std::string& sql :
         texts(db, "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = $1", table)) {
        if (auto name = named_in(sql, wanted)) return *name;
    }
    return columns;
}

}  // namespace tollgate::store
