// What sessions of both databases share: after a failed call the transaction is lost, and every
// further call says so. PostgreSQL has it so; with SQLite's leniency code would pass on one
// database and break on the other.
#pragma once
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "store/db.hpp"

namespace tollgate::store {

// Failures that are the database's, not the caller's.
inline bool is_fault(const base::Error& error) {
    return error.code == base::ErrorCode::unavailable || error.code == base::ErrorCode::timeout ||
           error.code == base::ErrorCode::internal;
}

class FailedSession : public Session {
public:
    base::Result<std::int64_t> execute(std::string_view sql,
                                       std::span<const Parameter> parameters) final;
    base::Result<void> execute_rows(std::string_view sql, const RowsToWrite& rows) final;
    base::Result<void> each(std::string_view sql, std::span<const Parameter> parameters,
                            const std::function<base::Result<void>(const Row&)>& use) final;
    base::Result<void> script(std::string_view sql) final;
    // The first failure of a call.
    const std::optional<base::Error>& failed() const { return failed_; }

private:
    virtual base::Result<std::int64_t> do_execute(std::string_view sql,
                                                  std::span<const Parameter> parameters) = 0;
    // One by one, where the database knows nothing better.
    virtual base::Result<void> do_execute_rows(std::string_view sql, const RowsToWrite& rows);
    virtual base::Result<void> do_each(
        std::string_view sql, std::span<const Parameter> parameters,
        const std::function<base::Result<void>(const Row&)>& use) = 0;
    virtual base::Result<void> do_script(std::string_view sql) = 0;
    base::Result<void> check();

    std::optional<base::Error> failed_;
    bool in_each_ = false;
};

}  // namespace tollgate::store
