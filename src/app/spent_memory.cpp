#include "app/spent_memory.hpp"

#include <utility>

namespace tollgate::app {
namespace {

using base::Result;
using domain::NanoUsd;
using domain::UnixMicros;

// Requests that ended before a range did may still be on their way to the database.
constexpr UnixMicros late_rows = 10 * 60 * UnixMicros{1'000'000};

}  // namespace

Result<NanoUsd> SpentMemory::spent(const domain::Budget& budget, UnixMicros from, UnixMicros until,
                                   UnixMicros now) {
    const Range range{budget.kind, from, until};
    const Question question{budget.id, budget.tenant, budget.subject, range};
    if (const auto found = now_.find(question); found != now_.end()) return found->second;
    if (const auto found = before_.find(question); found != before_.end()) {
        now_.insert(*found);
        return found->second;
    }
    TRY(const NanoUsd amount, ask(budget, range));
    const bool whole = until > now || now - until > late_rows;
    if (whole) now_.emplace(question, amount);
    return amount;
}

Result<NanoUsd> SpentMemory::ask(const domain::Budget& budget, const Range& range) {
    const auto& [kind, from, until] = range;
    Together& together = together_[range];
    if (budget.subject.empty() || (!together.known && together.asked < questions_alone)) {
        ++together.asked;
        return of_one_(budget, from, until);
    }
    if (!together.known) {
        TRY(together.each, of_each_(kind, from, until));
        together.known = true;
        for (const auto& [whose, spent] : together.each) {
            together.of_all_tenants[whose.second] += spent.total();
        }
    }
    if (budget.tenant.empty()) {
        const auto found = together.of_all_tenants.find(budget.subject);
        return found == together.of_all_tenants.end() ? NanoUsd{0} : found->second;
    }
    const auto found = together.each.find({budget.tenant, budget.subject});
    return found == together.each.end() ? NanoUsd{0} : found->second.total();
}

void SpentMemory::end_build() {
    before_ = std::exchange(now_, {});
    together_.clear();
}

SpentMemory spent_memory(store::Db& db) {
    const auto of_one = [&db](const domain::Budget& budget, UnixMicros from,
                              UnixMicros until) -> Result<NanoUsd> {
        NanoUsd sum = 0;
        const auto read = [&](store::Session& session) -> Result<void> {
            TRY(const store::Spent found,
                store::spent_between(session, store::Access::everything(), budget.kind,
                                     budget.tenant, budget.subject, from, until));
            sum = found.total();
            return {};
        };
        TRY_VOID(db.read(store::Access::everything(), read));
        return sum;
    };
    const auto of_each = [&db](domain::SubjectKind kind, UnixMicros from,
                               UnixMicros until) -> Result<store::SpentOf> {
        store::SpentOf all;
        const auto read = [&](store::Session& session) -> Result<void> {
            TRY(all, store::spent_of_each(session, store::Access::everything(), kind, from,
                                          until));
            return {};
        };
        TRY_VOID(db.read(store::Access::everything(), read));
        return all;
    };
    return {of_one, of_each};
}

}  // namespace tollgate::app
