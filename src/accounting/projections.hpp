// What will have been spent when a period ends, if it goes on as it did: spent so far, and the mean
// of the last whole days (at most seven, of the days since the first usage) for the time that is
// left. Money is nano-dollars, times Unix microseconds, days are those of UTC.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "store/usage.hpp"

namespace tollgate::accounting {

struct DaySpend {
    std::int64_t day = 0;  // its beginning
    domain::NanoUsd cost = 0;
};

struct Projection {
    std::int64_t from = 0, now = 0, until = 0;
    domain::NanoUsd spent = 0;       // from <= at < now, with fees
    domain::NanoUsd daily = 0;       // mean
    domain::NanoUsd projected = 0;   // at `until`
    std::int64_t days_measured = 0;  // 0: the mean is of today's hours
};

// Pure. `days` before today without a gap in their meaning: a day that is missing spent nothing.
Projection project(std::span<const DaySpend> days, domain::NanoUsd spent, std::int64_t from,
                   std::int64_t now, std::int64_t until);

// For a subject ("" : everybody of the tenant) and a period that holds `now`. Blocking; inside
// Db::transact.
base::Result<Projection> projection(store::Session& session, const store::Access& access,
                                    domain::SubjectKind kind, std::string_view tenant,
                                    std::string_view subject, std::int64_t from, std::int64_t now,
                                    std::int64_t until);
void append_json(std::string& out, const Projection& projection);

}  // namespace tollgate::accounting
