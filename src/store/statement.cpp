#include "store/statement.hpp"

namespace tollgate::store {
namespace {

// With its wildcards escaped by a backslash.
std::string like_pattern(std::string_view plain) {
    std::string pattern;
    for (const char c : plain) {
        if (c == '%' || c == '_' || c == '\\') pattern += '\\';
        pattern += c;
    }
    return pattern;
}

}  // namespace

Statement& Statement::add(std::string_view sql) {
    sql_ += sql;
    return *this;
}

Statement& Statement::parameter(Parameter value) {
    parameters_.push_back(value);
    sql_ += '$';
    sql_ += std::to_string(parameters_.size());
    return *this;
}

Statement& Statement::text(std::string_view value) {
    return parameter(std::string_view(texts_.emplace_back(value)));
}

Statement& Statement::integer(std::int64_t value) { return parameter(value); }

Statement& Statement::null() { return parameter(nullptr); }

Statement& Statement::where(std::string_view condition) {
    sql_ += conditions_ ? " AND " : " WHERE ";
    conditions_ = true;
    sql_ += condition;
    return *this;
}

Statement& Statement::where_tenant(const Access& access, std::string_view column) {
    if (access.platform) return *this;
    if (access.tenant.empty()) return where("FALSE");
    return where(column).add(" = ").text(access.tenant);
}

Statement& Statement::where_contains(std::initializer_list<std::string_view> columns,
                                     std::string_view value) {
    if (value.empty()) return *this;
    const std::string pattern = "%" + like_pattern(value) + "%";
    std::string_view before = "(";
    where("");
    for (const std::string_view column : columns) {
        add(before).add("lower(").add(column).add(") LIKE lower(").text(pattern);
        add(") ESCAPE '\\'");
        before = " OR ";
    }
    return add(")");
}

Statement& Statement::where_like(std::string_view column, std::string_view pattern) {
    if (pattern.empty()) return *this;
    where(column);
    if (!pattern.ends_with('*')) return add(" = ").text(pattern);
    pattern.remove_suffix(1);
    return add(" LIKE ").text(like_pattern(pattern) + "%").add(" ESCAPE '\\'");
}

Statement& Statement::where_time(std::string_view column, std::int64_t from, std::int64_t to) {
    if (from != 0) where(column).add(" >= ").integer(from);
    if (to != 0) where(column).add(" < ").integer(to);
    return *this;
}

base::Result<std::int64_t> Statement::execute(Session& session) const {
    return session.execute(sql_, parameters_);
}

base::Result<void> Statement::each(
    Session& session, const std::function<base::Result<void>(const Row&)>& use) const {
    return session.each(sql_, parameters_, use);
}

base::Result<bool> Statement::any(Session& session, std::string* first) const {
    bool found = false;
    TRY_VOID(each(session, [&](const Row& row) -> base::Result<void> {
        if (!found && first != nullptr) *first = row.string(0);
        found = true;
        return {};
    }));
    return found;
}

}  // namespace tollgate::store
