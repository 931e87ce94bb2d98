// What budgets' subjects have spent, remembered from one build of the directory to the next: asked
// of the database for budgets that are new and for periods that have begun, all of a kind at once
// where there are many. What is spent from then on is counted by the meters in shared state.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <tuple>

#include "base/result.hpp"
#include "domain/tenancy.hpp"
#include "store/db.hpp"
#include "store/usage.hpp"

namespace tollgate::app {

// Used by one thread at a time. Blocking.
class SpentMemory {
public:
    // In from <= t < until, Unix microseconds.
    using OfOne = std::function<base::Result<domain::NanoUsd>(
        const domain::Budget& budget, domain::UnixMicros from, domain::UnixMicros until)>;
    using OfEach = std::function<base::Result<store::SpentOf>(
        domain::SubjectKind kind, domain::UnixMicros from, domain::UnixMicros until)>;
    SpentMemory(OfOne of_one, OfEach of_each)
        : of_one_(std::move(of_one)), of_each_(std::move(of_each)) {}

    // Fails: as what it asks; a failure is not remembered.
    base::Result<domain::NanoUsd> spent(const domain::Budget& budget, domain::UnixMicros from,
                                        domain::UnixMicros until, domain::UnixMicros now);
    // A build is over: what it did not ask for is forgotten.
    void end_build();

    // Questions by themselves, for one range, before all of a kind are asked for together.
    static constexpr int questions_alone = 4;

private:
    using Range = std::tuple<domain::SubjectKind, domain::UnixMicros, domain::UnixMicros>;
    using Question = std::tuple<std::string, std::string, std::string, Range>;
    struct Together {
        int asked = 0;
        bool known = false;
        store::SpentOf each;
        std::map<std::string, domain::NanoUsd> of_all_tenants;  // by subject
    };
    base::Result<domain::NanoUsd> ask(const domain::Budget& budget, const Range& range);

    OfOne of_one_;
    OfEach of_each_;
    std::map<Question, domain::NanoUsd> before_, now_;  // asked for by the builds
    std::map<Range, Together> together_;                // of this build
};

// What store::spent_between() and store::spent_of_each() say; borrows the database.
SpentMemory spent_memory(store::Db& db);

}  // namespace tollgate::app
