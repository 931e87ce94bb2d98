// Budgets as rows, and which of their thresholds were announced. What is spent lives in the usage
// and in shared state, not here. Blocking; see page.hpp for access, errors and paging.
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
#include "store/tenants.hpp"

namespace tollgate::store {

struct BudgetFilter {
    std::optional<std::string> tenant;  // "" : the platform's own (providers')
    std::optional<domain::SubjectKind> kind;
    std::string subject;                // exactly; "" : any
    std::string name;                   // exactly; "" : any
};

// As insert_tenant. A subject may have several. Fails: is_conflict() with field "id" or "tenant".
base::Result<domain::Budget> insert_budget(Session& session, const Access& access,
                                           domain::Budget budget);
base::Result<domain::Budget> budget_by_id(Session& session, const Access& access,
                                          std::string_view id);
// Writes every field but id, tenant, kind, subject, origin and created. Fails: not_found,
// is_lost_update().
base::Result<domain::Budget> update_budget(Session& session, const Access& access,
                                           domain::Budget budget);
// With its announcements. Fails: not_found.
base::Result<void> remove_budget(Session& session, const Access& access, std::string_view id);
base::Result<Page<domain::Budget>> list_budgets(Session& session, const Access& access,
                                                const BudgetFilter& filter,
                                                const PageRequest& page);
// All, for the directory. REQUIRES: platform access.
base::Result<std::vector<domain::Budget>> load_budgets(Session& session);

// A threshold of a budget that was reached in a period.
struct BudgetEvent {
    std::string budget, tenant;
    domain::UnixMicros period_start = 0;
    std::int64_t percent = 0;    // the threshold
    domain::BudgetAction action = domain::BudgetAction::notify;
    domain::NanoUsd spent = 0, limit = 0;  // when it was announced
    domain::UnixMicros at = 0;
};
// True for the first caller only, of all instances: that one tells people. A rolling period has no
// start: give the day's.
base::Result<bool> announce_budget(Session& session, const BudgetEvent& event);
// What was announced for periods that began at `since` or later, oldest first; at most
// page_rows_max. `budget` "" : of every one.
base::Result<std::vector<BudgetEvent>> budget_events(Session& session, const Access& access,
                                                     std::string_view budget,
                                                     domain::UnixMicros since);

// As upsert_tenant_from_file, by id alone: files' budgets have ids that the file's reader makes up
// and repeats at each load. REQUIRES: origin "file:PATH", platform access.
base::Result<FileUpsert> upsert_budget_from_file(Session& session, const domain::Budget& budget);
// Deletes budgets of files whose id is not among `present`; gives their ids.
base::Result<std::vector<std::string>> remove_vanished_budgets(
    Session& session, const std::vector<std::string>& present);

}  // namespace tollgate::store
