#include "app/spent_memory.hpp"

#include <gtest/gtest.h>

namespace tollgate::app {
namespace {

using domain::NanoUsd;
using domain::SubjectKind;

constexpr domain::UnixMicros minute = 60'000'000, now = 1'000 * minute;

class SpentMemories : public testing::Test {
protected:
    static domain::Budget of_key(int number, const std::string& tenant = "acme") {
        domain::Budget budget;
        budget.id = "budget-" + std::to_string(number);
        budget.tenant = tenant;
        budget.kind = SubjectKind::key;
        budget.subject = "key-" + std::to_string(number);
        return budget;
    }
    NanoUsd ask(const domain::Budget& budget, domain::UnixMicros from = 0,
                domain::UnixMicros until = 2 * now, domain::UnixMicros at = now) {
        auto answer = memory_.spent(budget, from, until, at);
        return answer.ok() ? *answer : -1;
    }

    int alone_ = 0, together_ = 0;
    bool broken_ = false;
    SpentMemory memory_{
        [this](const domain::Budget& budget, domain::UnixMicros,
               domain::UnixMicros) -> base::Result<NanoUsd> {
            ++alone_;
            if (broken_) return base::Error{base::ErrorCode::unavailable, "away"};
            return NanoUsd{7} + static_cast<NanoUsd>(budget.subject.size());
        },
        [this](SubjectKind, domain::UnixMicros,
               domain::UnixMicros) -> base::Result<store::SpentOf> {
            ++together_;
            store::SpentOf all;
            all[{"acme", "key-900"}].cost = 40;
            all[{"acme", "key-900"}].fee = 2;
            all[{"globex", "key-900"}].cost = 100;
            return all;
        }};
};

TEST_F(SpentMemories, ManyBudgetsOfAKind_AreOneQuestion_AndTheNextBuildAsksNothing) {
    for (int build = 0; build < 3; ++build) {
        for (int key = 0; key < 1000; ++key) ask(of_key(key));
        EXPECT_EQ(ask(of_key(900)), 42);
        EXPECT_EQ(ask(of_key(900, "")), 142) << "of the platform: over all tenants";
        EXPECT_EQ(ask(of_key(999)), 0);
        memory_.end_build();
        EXPECT_EQ(alone_, SpentMemory::questions_alone);
        EXPECT_EQ(together_, 1);
    }
    ask(of_key(5000));
    EXPECT_EQ(alone_, SpentMemory::questions_alone + 1) << "a new budget is asked for by itself";
}

TEST_F(SpentMemories, ANewPeriod_AndABudgetThatWasAway_AreAskedForAnew) {
    ask(of_key(1));
    memory_.end_build();
    ask(of_key(1), 2 * now, 4 * now, 2 * now);
    EXPECT_EQ(alone_, 2);
    memory_.end_build();
    memory_.end_build();  // a build without it
    ask(of_key(1), 2 * now, 4 * now, 2 * now);
    EXPECT_EQ(alone_, 3);
}

TEST_F(SpentMemories, ARangeThatHasJustEnded_AndAFailure_AreNotRemembered) {
    ask(of_key(1), 0, now - minute, now);
    ask(of_key(1), 0, now - minute, now);
    EXPECT_EQ(alone_, 2);
    ask(of_key(2), 0, now - 20 * minute, now);
    ask(of_key(2), 0, now - 20 * minute, now);
    EXPECT_EQ(alone_, 3);
    broken_ = true;
    EXPECT_EQ(ask(of_key(3)), -1);
    broken_ = false;
    EXPECT_GT(ask(of_key(3)), 0);
}

}  // namespace
}  // namespace tollgate::app
