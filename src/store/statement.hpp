// SQL put together piece by piece, with its parameters: names and conditions are ours, every value
// is a parameter. Used by one thread; borrows nothing that it is given.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "store/db.hpp"

namespace tollgate::store {

class Statement {
public:
    explicit Statement(std::string_view sql = {}) : sql_(sql) {}
    Statement(Statement&&) noexcept = default;  // a copy's parameters would point into the original
    Statement& operator=(Statement&&) noexcept = default;

    Statement& add(std::string_view sql);
    // A parameter in this place.
    Statement& text(std::string_view value);
    Statement& integer(std::int64_t value);
    Statement& real(double value) { return parameter(value); }
    Statement& flag(bool value) { return integer(value ? 1 : 0); }
    Statement& null();

    // Begins the next condition: WHERE the first time, AND after that.
    Statement& where(std::string_view condition);
    // What this access may see. Without tenant and without platform: nothing.
    Statement& where_tenant(const Access& access, std::string_view column = "tenant_id");
    // `value` stands in one of the columns, case of ASCII letters ignored. "" : no condition.
    Statement& where_contains(std::initializer_list<std::string_view> columns,
                              std::string_view value);
    // Exactly `pattern`, or what begins with it when it ends in a star. "" : no condition.
    Statement& where_like(std::string_view column, std::string_view pattern);
    // from <= column < to; 0: open.
    Statement& where_time(std::string_view column, std::int64_t from, std::int64_t to);

    // The rows touched; the Session's errors.
    base::Result<std::int64_t> execute(Session& session) const;
    base::Result<void> each(Session& session,
                            const std::function<base::Result<void>(const Row&)>& use) const;
    // Whether there is a row at all. The first column of the first row goes to `first` if given.
    base::Result<bool> any(Session& session, std::string* first = nullptr) const;

private:
    Statement& parameter(Parameter value);
    std::string sql_;
    std::deque<std::string> texts_;  // stay where they are: parameters point into them
    std::vector<Parameter> parameters_;
    bool conditions_ = false;
};

}  // namespace tollgate::store
