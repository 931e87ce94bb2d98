// What was spent before the import: carried over as one sum each, or request by request. Written as
// usage records with the rule `import:litellm`, so that budgets, reports and the ledger see it as
// they see everything else. Blocking; see store/usage.hpp for what it fails with.
#pragma once
#include <span>
#include <string_view>

#include "base/result.hpp"
#include "commands/import_litellm_plan.hpp"
#include "commands/import_litellm_report.hpp"
#include "domain/usage_record.hpp"
#include "store/db.hpp"

namespace tollgate::commands::litellm {

constexpr std::string_view import_rule = "import:litellm";

// Adds the difference between what LiteLLM says was spent and what earlier records of the import
// say. Run again, it adds only what LiteLLM has counted meanwhile. REQUIRES: in the order of
// Plan::spends, Access::everything().
base::Result<void> carry_spends(store::Session& session, std::span<const CarriedSpend> spends,
                                ImportReport& report);
void report_spends(std::span<const CarriedSpend> spends, ImportReport& report);

// Each row of LiteLLM_SpendLogs as a usage record, in transactions of 500 of their own. A record
// that is there stays as it is. REQUIRES: a fitted plan.
base::Result<void> import_spend_logs(store::Db& source, store::Db& target, const Plan& plan,
                                     const Database& from, ImportReport& report);

}  // namespace tollgate::commands::litellm
