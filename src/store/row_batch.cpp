#include "store/row_batch.hpp"

#include <unordered_map>

#include "base/json.hpp"
#include "store/plain_text.hpp"

namespace tollgate::store {
namespace {

using Type = BatchColumn::Type;

const char* postgres_type(Type type) {
    switch (type) {
        case Type::integer: return "BIGINT";
        case Type::text: return "TEXT";
        case Type::flag: return "BOOLEAN";
        case Type::json: return "JSONB";
    }
    return "TEXT";
}

void append_text(std::string& out, std::string_view text) {
    if (is_plain_text(text)) return json::append_string(out, text);
    json::append_string(out, plain_text(text));
}

void append_cell(std::string& out, const Parameter& cell, Type type) {
    if (const auto* whole = std::get_if<std::int64_t>(&cell)) {
        if (type == Type::flag) {
            out += *whole != 0 ? "true" : "false";
        } else {
            json::append_integer(out, *whole);
        }
    } else if (const auto* text = std::get_if<std::string_view>(&cell)) {
        if (type == Type::json) {
            out += *text;
        } else {
            append_text(out, *text);
        }
    } else {
        out += "null";
    }
}

}  // namespace

RowBatch::RowBatch(std::string_view table, std::vector<BatchColumn> columns, std::string conflict)
    : table_(table), columns_(std::move(columns)), conflict_(std::move(conflict)) {}

std::string RowBatch::names() const {
    std::string names;
    for (const auto& column : columns_) {
        if (!names.empty()) names += ", ";
        names += column.name;
    }
    return names;
}

// Every parameter costs, also the empty one: columns in which all rows have what the table gives
// them anyway are left out.
std::vector<std::size_t> RowBatch::columns_needed() const {
    std::vector<std::size_t> needed;
    for (std::size_t column = 0; column < columns_.size(); ++column) {
        const std::optional<Parameter>& usual = columns_[column].usual;
        bool all_usual = usual.has_value();
        for (std::size_t i = column; all_usual && i < cells_.size(); i += columns_.size()) {
            all_usual = cells_[i] == *usual;
        }
        if (!all_usual) needed.push_back(column);
    }
    return needed;
}

std::string RowBatch::sql_of_one(std::span<const std::size_t> numbers) const {
    std::string names, values;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        const std::string_view comma = i > 0 ? ", " : "";
        names.append(comma).append(columns_[numbers[i]].name);
        values.append(comma).append("$").append(std::to_string(i + 1));
    }
    return "INSERT INTO " + table_ + " (" + names + ") VALUES (" + values + ") " + conflict_;
}

std::string RowBatch::sql_of_all() const {
    std::string sql = "INSERT INTO " + table_ + " (" + names() + ") SELECT " + names() +
                      " FROM json_to_recordset($1::json) AS batch (";
    bool first = true;
    for (const auto& column : columns_) {
        if (!first) sql += ", ";
        first = false;
        sql += std::string(column.name) + " " + postgres_type(column.type);
    }
    return sql + ") " + conflict_;
}

std::string RowBatch::json() const {
    std::string out = "[";
    for (std::size_t i = 0; i < rows(); ++i) {
        out += i == 0 ? "{" : ",{";
        const auto cells = row(i);
        for (std::size_t column = 0; column < columns_.size(); ++column) {
            out += column == 0 ? "\"" : ",\"";
            out += columns_[column].name;
            out += "\":";
            append_cell(out, cells[column], columns_[column].type);
        }
        out += "}";
    }
    return out + "]";
}

base::Result<void> RowBatch::insert(Session& session) const {
    if (cells_.empty()) return {};
    if (session.dialect() == Dialect::postgres) {
        const std::string rows_as_json = json();
        const Parameter parameters[] = {std::string_view(rows_as_json)};
        TRY_VOID(session.execute(sql_of_all(), parameters));
        return {};
    }
    return insert_one_by_one(session, [](std::size_t) {});
}

base::Result<void> RowBatch::insert_one_by_one(
    Session& session, const std::function<void(std::size_t)>& inserted) const {
    const std::vector<std::size_t> needed = columns_needed();
    std::vector<Parameter> parameters(needed.size());
    RowsToWrite all;
    all.count = rows();
    all.parameters = [&](std::size_t number) -> std::span<const Parameter> {
        const std::span<const Parameter> cells = row(number);
        for (std::size_t at = 0; at < needed.size(); ++at) parameters[at] = cells[needed[at]];
        return parameters;
    };
    all.written = [&](std::size_t number, std::int64_t touched) {
        if (touched > 0) inserted(number);
    };
    return session.execute_rows(sql_of_one(needed), all);
}

std::string RowBatch::key_of(std::span<const Parameter> cells,
                             std::span<const std::size_t> key) const {
    std::string text;
    for (const std::size_t column : key) {
        if (const auto* whole = std::get_if<std::int64_t>(&cells[column])) {
            text += std::to_string(*whole);
        } else if (const auto* words = std::get_if<std::string_view>(&cells[column])) {
            text += is_plain_text(*words) ? std::string(*words) : plain_text(*words);
        }
        text += '\n';
    }
    return text;
}

base::Result<void> RowBatch::insert_new(Session& session, std::span<const std::size_t> key,
                                        const std::function<void(std::size_t)>& inserted) const {
    if (cells_.empty()) return {};
    if (session.dialect() == Dialect::sqlite) return insert_one_by_one(session, inserted);
    std::string sql = sql_of_all() + " RETURNING ";
    for (std::size_t i = 0; i < key.size(); ++i) {
        if (i > 0) sql += ", ";
        sql += columns_[key[i]].name;
    }
    std::unordered_map<std::string, std::size_t> places;
    for (std::size_t i = 0; i < rows(); ++i) places.try_emplace(key_of(row(i), key), i);
    const std::string rows_as_json = json();
    const Parameter parameters[] = {std::string_view(rows_as_json)};
    return session.each(sql, parameters, [&](const Row& got) -> base::Result<void> {
        std::string text;
        for (std::size_t i = 0; i < key.size(); ++i) text += got.string(i) + "\n";
        const auto place = places.find(text);
        if (place == places.end()) {
            return base::Error{base::ErrorCode::internal, "a row came back that was not sent"};
        }
        inserted(place->second);
        return {};
    });
}

}  // namespace tollgate::store
