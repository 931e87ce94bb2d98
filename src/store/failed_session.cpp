#include "store/failed_session.hpp"

namespace tollgate::store {

base::Result<void> FailedSession::check() {
    if (failed_) return *failed_;
    if (in_each_) {
        return base::Error{base::ErrorCode::internal, "a query's rows are being read: the session "
                                                      "may not be called until it is done"};
    }
    return {};
}

base::Result<std::int64_t> FailedSession::execute(std::string_view sql,
                                                  std::span<const Parameter> parameters) {
    TRY_VOID(check());
    auto result = do_execute(sql, parameters);
    if (!result.ok()) failed_ = result.error();
    return result;
}

base::Result<void> FailedSession::execute_rows(std::string_view sql, const RowsToWrite& rows) {
    TRY_VOID(check());
    in_each_ = true;
    auto result = do_execute_rows(sql, rows);
    in_each_ = false;
    if (!result.ok()) failed_ = result.error();
    return result;
}

base::Result<void> FailedSession::do_execute_rows(std::string_view sql, const RowsToWrite& rows) {
    for (std::size_t row = 0; row < rows.count; ++row) {
        TRY(const std::int64_t touched, do_execute(sql, rows.parameters(row)));
        rows.written(row, touched);
    }
    return {};
}

base::Result<void> FailedSession::each(std::string_view sql, std::span<const Parameter> parameters,
                                       const std::function<base::Result<void>(const Row&)>& use) {
    TRY_VOID(check());
    in_each_ = true;
    auto result = do_each(sql, parameters, use);
    in_each_ = false;
    if (!result.ok()) failed_ = result.error();
    return result;
}

base::Result<void> FailedSession::script(std::string_view sql) {
    TRY_VOID(check());
    auto result = do_script(sql);
    if (!result.ok()) failed_ = result.error();
    return result;
}

}  // namespace tollgate::store
