// What each team of each tenant has to be charged, month by month (of UTC). Blocking functions
// inside Db::transact (store threads); money is nano-dollars.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "store/usage.hpp"

namespace tollgate::accounting {

struct ChargebackRow {
    std::int64_t month = 0;  // its beginning
    std::string tenant, tenant_name;
    std::string team, team_name;  // "" : usage without a team
    store::UsageSums sums;
    domain::NanoUsd charge() const { return sums.cost + sums.fee; }
};

// By month, then by tenant and team. The range is widened to whole months. `tenant` "" : all that
// `access` may see.
base::Result<std::vector<ChargebackRow>> chargeback(store::Session& session,
                                                    const store::Access& access,
                                                    std::string_view tenant, std::int64_t from,
                                                    std::int64_t to);
// {"rows": [..], "total": dollars}
void append_json(std::string& out, const std::vector<ChargebackRow>& rows);
// With a header line.
void append_csv(std::string& out, const std::vector<ChargebackRow>& rows);

}  // namespace tollgate::accounting
