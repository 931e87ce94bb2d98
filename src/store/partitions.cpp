#include "store/partitions.hpp"

#include <array>
#include <chrono>
#include <cstdio>

namespace tollgate::store {
namespace {

constexpr std::int64_t micros_per_day = 86'400'000'000;

std::int64_t micros_of(std::chrono::year_month month) {
    const std::chrono::sys_days first = month / 1;
    return first.time_since_epoch().count() * micros_per_day;
}

base::Result<std::int64_t> call(Session& session, std::string_view sql,
                                std::span<const Parameter> parameters) {
    std::int64_t count = 0;
    TRY_VOID(session.each(sql, parameters, [&](const Row& row) -> base::Result<void> {
        count = row.integer(0);
        return {};
    }));
    return count;
}

}  // namespace

UsageMonth month_of(std::int64_t at) {
    const std::int64_t day = at / micros_per_day - (at % micros_per_day < 0 ? 1 : 0);
    const std::chrono::year_month_day date{
        std::chrono::sys_days{std::chrono::days{static_cast<int>(day)}}};
    const std::chrono::year_month month{date.year(), date.month()};
    std::array<char, 24> name{};
    std::snprintf(name.data(), name.size(), "%04d_%02u", static_cast<int>(month.year()),
                  static_cast<unsigned>(month.month()));
    return {name.data(), micros_of(month), micros_of(month + std::chrono::months{1})};
}

base::Result<std::int64_t> ensure_partitions(Session& session, std::int64_t at) {
    if (session.dialect() == Dialect::sqlite) return std::int64_t{0};
    const UsageMonth month = month_of(at);
    const Parameter parameters[] = {std::string_view(month.name), month.first_at, month.end_at};
    return call(session, "SELECT tollgate_make_partitions($1, $2, $3)", parameters);
}

base::Result<std::int64_t> ensure_partitions_ahead(Session& session, std::int64_t now, int ahead) {
    std::int64_t made = 0, at = now;
    for (int i = 0; i <= ahead; ++i) {
        TRY(const std::int64_t more, ensure_partitions(session, at));
        made += more;
        at = month_of(at).end_at;
    }
    return made;
}

base::Result<std::int64_t> drop_partitions(Session& session, std::int64_t at) {
    if (session.dialect() == Dialect::sqlite) return std::int64_t{0};
    const UsageMonth month = month_of(at);
    const Parameter parameters[] = {std::string_view(month.name)};
    return call(session, "SELECT tollgate_drop_partitions($1)", parameters);
}

}  // namespace tollgate::store
