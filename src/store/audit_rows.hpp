// Administrative acts, as rows that are only ever added. Blocking; see page.hpp for access, errors
// and paging.
#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "domain/tenancy.hpp"
#include "store/db.hpp"
#include "store/page.hpp"

namespace tollgate::store {

// Fills an empty id and a time of 0. In the transaction of the act itself, so that neither is
// there without the other.
base::Result<domain::AuditRow> append_audit(Session& session, const Access& access,
                                            domain::AuditRow row);

struct AuditFilter {
    std::string tenant;           // "" : every one that the access sees
    std::string actor;            // exactly; "" : any
    std::string action;           // "key.created", or with a star at its end "key.*"; "" : any
    std::string resource;         // exactly, or with a star at its end; "" : any
    std::string outcome;          // exactly; "" : any
    domain::UnixMicros from = 0, to = 0;  // from <= at < to; 0: open
};
// Newest first.
base::Result<Page<domain::AuditRow>> list_audit(Session& session, const Access& access,
                                                const AuditFilter& filter,
                                                const PageRequest& page);
base::Result<domain::AuditRow> audit_by_id(Session& session, const Access& access,
                                           std::string_view id);

}  // namespace tollgate::store
