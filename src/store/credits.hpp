// The ledger of credits: signed movements that are only ever added; a balance is their sum.
// Blocking; see page.hpp for access, errors and paging.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "domain/tenancy.hpp"
#include "store/db.hpp"
#include "store/page.hpp"

namespace tollgate::store {

// True when it was added, false when that balance has a movement of that kind and reference
// already, which then stays as it was: so nothing counts twice, however often it is sent. An empty
// reference becomes the movement's id. Fills an empty id and a time of 0. The totals follow.
// Fails: is_conflict() with field "tenant".
base::Result<bool> append_credit(Session& session, const Access& access,
                                 const domain::CreditMovement& movement);

// What ever came in and went out, so that a rebuild of the directory does not add up the ledger.
struct CreditTotals {
    std::string tenant;
    std::string user;          // "" : the tenant's own
    domain::NanoUsd added = 0;   // sum of the positive movements
    domain::NanoUsd taken = 0;   // sum of the negative ones, as a positive number
    domain::NanoUsd balance() const { return added - taken; }
};
// Zeros when nothing ever moved.
base::Result<CreditTotals> credit_totals(Session& session, const Access& access,
                                         std::string_view tenant, std::string_view user);
// Of every tenant and user that ever had a movement. REQUIRES: platform access.
base::Result<std::vector<CreditTotals>> load_credit_totals(Session& session);

struct CreditFilter {
    std::string tenant;                // "" : every one that the access sees
    std::optional<std::string> user;   // "" : the tenant's own movements
    std::optional<domain::CreditKind> kind;
    domain::UnixMicros from = 0, to = 0;  // from <= at < to; 0: open
};
// Newest first.
base::Result<Page<domain::CreditMovement>> credit_history(Session& session, const Access& access,
                                                          const CreditFilter& filter,
                                                          const PageRequest& page);

}  // namespace tollgate::store
