// Bounds of candidates hold for callers that nothing bounds, and amounts that no number holds.
#include <limits>

#include "policy/governor_fixture_test.hpp"

namespace tollgate::policy {
namespace {

class CandidateBounds : public GovernorTest {
protected:
    Ticket unbounded() {
        Entry entry;
        entry.request_id = "r1";
        entry.candidates = true;
        return std::move(run(governor.enter(governance, entry))).value();
    }
    Governance candidate;
};

TEST_F(CandidateBounds, CallerWithoutBounds_IsStoppedByAProvidersBudget) {
    auto money = budget(candidate, usd);
    Ticket first = unbounded();
    EXPECT_TRUE(first.governed());
    ASSERT_TRUE(attempt(first, usd, &candidate).ok());
    Ticket second = unbounded();
    const auto refused = attempt(second, 1, &candidate);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, base::ErrorCode::rate_limited);
    first.attempt_done(usd / 4, {});
    first.finish(true);
    EXPECT_EQ(spent(*money), usd / 4);
    EXPECT_EQ(held(*money), 0);
    EXPECT_TRUE(attempt(second, usd / 2, &candidate).ok());
    second.finish(true);
    EXPECT_EQ(held(*money), 0);
}

TEST_F(CandidateBounds, CallerWithoutBounds_IsStoppedByADeploymentsLimit) {
    limit(candidate, LimitUnit::concurrent, 1, "", "deployment gpt");
    Ticket first = unbounded();
    ASSERT_TRUE(attempt(first, 0, &candidate).ok());
    Ticket second = unbounded();
    EXPECT_FALSE(attempt(second, 0, &candidate).ok());
    first.attempt_done(0, {});
    EXPECT_TRUE(attempt(second, 0, &candidate).ok());
}

TEST(PercentOf, WhatDoesNotFit_IsTheLargestAmount) {
    constexpr NanoUsd most = std::numeric_limits<NanoUsd>::max();
    EXPECT_EQ(percent_of(most, 100), most);
    EXPECT_EQ(percent_of(most, 1000), most);
    EXPECT_EQ(percent_of(199, std::numeric_limits<std::int64_t>::max()), most);
    EXPECT_EQ(percent_of(999, 50), 499);
    EXPECT_EQ(percent_of(usd, 1000), 10 * usd);
    EXPECT_EQ(percent_of(0, 80), 0);
}

}  // namespace
}  // namespace tollgate::policy
