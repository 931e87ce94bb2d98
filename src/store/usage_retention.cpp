// Usage goes when its tenant's retention says so: months that nobody keeps at once, else slices.
#include <chrono>
#include <map>

#include "store/partitions.hpp"
#include "store/statement.hpp"
#include "store/usage_columns.hpp"

namespace tollgate::store {
namespace {

// By tenant: before when rows are no longer kept. Who keeps for ever is not in it.
using Cutoffs = std::map<std::string, std::int64_t, std::less<>>;

base::Result<Cutoffs> cutoffs_at(Session& session, std::int64_t now) {
    Cutoffs cutoffs;
    TRY_VOID(session.each("SELECT id, retention_days FROM tenants WHERE retention_days > 0", {},
                          [&](const Row& row) -> base::Result<void> {
                              cutoffs[row.string(0)] = now - row.integer(1) * micros_per_day;
                              return {};
                          }));
    return cutoffs;
}

// The beginnings of the months that have partitions, in order.
base::Result<std::vector<std::int64_t>> months_of(Session& session) {
    std::vector<std::int64_t> months;
    if (session.dialect() == Dialect::sqlite) return months;
    TRY_VOID(session.each(
        "SELECT left(right(c.relname, 7), 4)::BIGINT, right(c.relname, 2)::BIGINT "
        "FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
        "WHERE i.inhparent = 'llm_usage_logs'::regclass AND c.relname ~ '_[0-9]{4}_[0-9]{2}$' "
        "ORDER BY 1, 2",
        {}, [&](const Row& row) -> base::Result<void> {
            const std::chrono::sys_days first =
                std::chrono::year(static_cast<int>(row.integer(0))) /
                std::chrono::month(static_cast<unsigned>(row.integer(1))) / 1;
            months.push_back(first.time_since_epoch().count() * micros_per_day);
            return {};
        }));
    return months;
}

// Whether no tenant with rows in the month keeps any of them. The sums know who has some.
base::Result<bool> nobody_keeps(Session& session, const UsageMonth& month, const Cutoffs& cutoffs) {
    Statement statement("SELECT DISTINCT tenant_id FROM usage_by_dimension");
    statement.where("dimension = ").text("none");
    statement.where("day >= ").integer(month.first_at);
    statement.where("day < ").integer(month.end_at);
    bool any = false, kept = false;
    TRY_VOID(statement.each(session, [&](const Row& row) -> base::Result<void> {
        const auto cutoff = cutoffs.find(row.text(0));
        any = true;
        kept = kept || cutoff == cutoffs.end() || cutoff->second < month.end_at;
        return {};
    }));
    return any && !kept;
}

base::Result<std::int64_t> delete_slice(Session& session, std::string_view table,
                                        std::string_view tenant, std::int64_t before,
                                        std::int64_t rows_max) {
    Statement statement("DELETE FROM ");
    statement.add(table).add(
        " WHERE (at, request_id, attempt) IN (SELECT at, request_id, attempt "
        "FROM ");
    statement.add(table).where("tenant_id = ").text(tenant);
    statement.where("at < ").integer(before);
    statement.add(" ORDER BY at LIMIT ").integer(rows_max).add(")");
    return statement.execute(session);
}

base::Result<std::int64_t> delete_feedback(Session& session, std::string_view tenant,
                                           std::int64_t before, std::int64_t rows_max) {
    Statement statement(
        "DELETE FROM feedback WHERE (tenant_id, request_id) IN (SELECT tenant_id, request_id "
        "FROM feedback");
    statement.where("tenant_id = ").text(tenant);
    statement.where("at < ").integer(before);
    statement.add(" ORDER BY at LIMIT ").integer(rows_max).add(")");
    return statement.execute(session);
}

}  // namespace

base::Result<std::int64_t> delete_expired_usage(Session& session, std::int64_t now,
                                                std::int64_t rows_max) {
    TRY(const Cutoffs cutoffs, cutoffs_at(session, now));
    std::int64_t gone = 0;
    if (cutoffs.empty()) return gone;
    TRY(const auto months, months_of(session));
    for (const std::int64_t first_at : months) {
        TRY(const bool drop, nobody_keeps(session, month_of(first_at), cutoffs));
        if (!drop) continue;
        TRY(const std::int64_t dropped, drop_partitions(session, first_at));
        gone += dropped;
    }
    for (const auto& [tenant, before] : cutoffs) {
        for (const std::string_view table : {"llm_usage_logs", "usage_attempts"}) {
            if (gone >= rows_max) return gone;
            TRY(const std::int64_t deleted,
                delete_slice(session, table, tenant, before, rows_max - gone));
            gone += deleted;
        }
        if (gone >= rows_max) return gone;
        TRY(const std::int64_t deleted, delete_feedback(session, tenant, before, rows_max - gone));
        gone += deleted;
    }
    return gone;
}

}  // namespace tollgate::store
