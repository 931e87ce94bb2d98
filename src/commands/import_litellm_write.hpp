// The plan of an import written into our store. Blocking, inside Db::transact; see store/page.hpp
// for what the repositories fail with.
#pragma once
#include "base/result.hpp"
#include "commands/import_litellm_plan.hpp"
#include "commands/import_litellm_report.hpp"
#include "store/db.hpp"

namespace tollgate::commands::litellm {

// Fits the plan to what is in the store: a tenant that is there by name keeps its id, and a user by
// its external id; names that are taken get the id behind them; what another tenant has, or was
// revoked here, goes out of the plan with everything that depends on it, and into the report.
// Writes nothing.
base::Result<void> fit_plan(store::Session& session, Plan& plan, UnixMicros now,
                            ImportReport& report);

// Adds what is missing, brings the rest in step with LiteLLM, and reports each object. Nothing is
// there twice however often it runs. REQUIRES: fit_plan(), Access::everything().
base::Result<void> write_plan(store::Session& session, const Plan& plan, UnixMicros now,
                              ImportReport& report);

// The lines of write_plan() where there is no store yet.
void report_plan(const Plan& plan, ImportReport& report);

}  // namespace tollgate::commands::litellm
