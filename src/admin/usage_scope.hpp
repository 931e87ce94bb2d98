// Which usage a request asks for and may see: the filters of lists, sums and exports. Blocking.
#pragma once
#include "admin/call.hpp"
#include "store/usage.hpp"

namespace tollgate::admin {

// Narrows to what the caller's role reaches: its own requests, its tenant's, all.
void narrow(const Call& call, store::UsageFilter& filter);
// from, to, tenant, team, user, key, provider, model, alias, project, power_level, rule, protocol,
// tag, session, error_class, status_class and errors_only of the query, narrowed.
base::Result<store::UsageFilter> usage_filter(Call& call, store::Session& session);

}  // namespace tollgate::admin
