#include "policy/governor_fixture_test.hpp"

namespace tollgate::policy {
namespace {

TEST_F(GovernorTest, WithoutBoundsNothingIsHeld) {
    auto ticket = enter(governance);
    ASSERT_TRUE(ticket.ok());
    EXPECT_FALSE(ticket->governed());
    EXPECT_TRUE(attempt(*ticket, usd).ok());
    ticket->attempt_done(usd, {});
    ticket->finish(true);
    EXPECT_FALSE(ticket->cap() || ticket->requests() || ticket->tokens());
}

TEST_F(GovernorTest, ALimitRefusesNamingSubjectSizeAndReset) {
    limit(governance, LimitUnit::requests, 2);
    for (int i = 0; i < 2; ++i) {
        auto ticket = enter(governance);
        ASSERT_TRUE(ticket.ok());
        ticket->finish(true);
    }
    auto refused = enter(governance);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, base::ErrorCode::rate_limited);
    EXPECT_NE(refused.error().message.find(
                  "key ci is limited to 2 requests per minute, and 2 are used: try again in "),
              std::string::npos)
        << refused.error().message;
    EXPECT_GE(refused.error().retry_after.count(), 59);
    EXPECT_LE(refused.error().retry_after.count(), 61);
    EXPECT_EQ(used(governance), 2);  // refused ones do not count
    steady += 62 * second;
    EXPECT_TRUE(enter(governance).ok());
}

TEST_F(GovernorTest, ARequestThatWasNotCountedLeavesNoTrace) {
    limit(governance, LimitUnit::requests, 5);
    limit(governance, LimitUnit::tokens, 1000);
    limit(governance, LimitUnit::concurrent, 1);
    {
        auto ticket = enter(governance, 100, 200);
        ASSERT_TRUE(ticket.ok());
        EXPECT_EQ(used(governance, 1), 300);
        EXPECT_EQ(used(governance, 2), 1);
        auto second_one = enter(governance);
        ASSERT_FALSE(second_one.ok());
        EXPECT_NE(second_one.error().message.find("1 requests at a time"), std::string::npos);
        EXPECT_EQ(used(governance, 0), 1);
    }
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(used(governance, i), 0) << i;
}

TEST_F(GovernorTest, TokensAreReservedAndPutRightByUse) {
    limit(governance, LimitUnit::tokens, 1000);
    limit(governance, LimitUnit::input_tokens, 900);
    limit(governance, LimitUnit::output_tokens, 500);
    auto ticket = enter(governance, 300, 32'000);
    ASSERT_TRUE(ticket.ok());
    EXPECT_EQ(used(governance, 0), 1000);  // all that is left
    EXPECT_EQ(used(governance, 1), 300);
    EXPECT_EQ(used(governance, 2), 500);
    ASSERT_TRUE(attempt(*ticket, 0).ok());
    domain::Usage first = usage(290, 10);
    first.cache_read = 5;
    ticket->attempt_done(0, first);
    ASSERT_TRUE(attempt(*ticket, 0).ok());
    ticket->attempt_done(0, usage(290, 40));
    ticket->finish(true);
    EXPECT_EQ(used(governance, 0), 635);
    EXPECT_EQ(used(governance, 1), 585);
    EXPECT_EQ(used(governance, 2), 50);
    auto too_long = enter(governance, 901, 1);
    ASSERT_FALSE(too_long.ok());
    EXPECT_NE(too_long.error().message.find("this request alone has 901"), std::string::npos);
}

TEST_F(GovernorTest, RemainingIsTheTightests) {
    limit(governance, LimitUnit::requests, 100, "hour");
    limit(governance, LimitUnit::requests, 10, "minute");
    auto ticket = enter(governance);
    ASSERT_TRUE(ticket->requests());
    EXPECT_EQ(ticket->requests()->limit, 10);
    EXPECT_EQ(ticket->requests()->remaining, 9);
    EXPECT_GT(ticket->requests()->reset.count(), 59'000);
    EXPECT_FALSE(ticket->tokens());
}

TEST_F(GovernorTest, ABudgetHoldsTheWorstAndSpendsTheTruth) {
    auto money = budget(governance, usd);
    auto ticket = enter(governance);
    ASSERT_TRUE(attempt(*ticket, 800'000'000).ok());
    EXPECT_EQ(held(*money), 800'000'000);
    auto second_one = enter(governance);
    ASSERT_TRUE(second_one.ok());
    auto refused = attempt(*second_one, 300'000'000);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, base::ErrorCode::billing);
    EXPECT_EQ(refused.error().message,
              "the budget 'team money' of key ci (1 USD per month) has 0.2 USD left, 0 USD spent, "
              "0.8 USD held by requests in flight, and this request may cost up to 0.3 USD (a "
              "smaller max_tokens or a cheaper model may fit); it resets at 2026-12-01T00:00:00Z "
              "(in 10 days), or ask your administrator to raise it");
    EXPECT_EQ(refused.error().retry_after.count(), 9 * 86'400 + 43'200);
    ticket->attempt_done(100'000'000, usage(1, 1));
    ticket->finish(true);
    EXPECT_EQ(held(*money), 0);
    EXPECT_EQ(spent(*money), 100'000'000);
    EXPECT_TRUE(attempt(*second_one, 900'000'000).ok());
}

TEST_F(GovernorTest, FailedAttemptsKeepTheirsUntilTheirCostIsKnown) {
    auto money = budget(governance, usd);
    auto ticket = enter(governance);
    ASSERT_TRUE(attempt(*ticket, 400'000'000).ok());
    ASSERT_TRUE(attempt(*ticket, 500'000'000).ok());
    EXPECT_FALSE(attempt(*ticket, 200'000'000).ok());
    EXPECT_EQ(ticket->attempts(), 2U);
    EXPECT_EQ(held(*money), 900'000'000);
    ticket->attempt_done(30'000'000, {}, 1);
    ticket->attempt_done(99'000'000, {}, 1);  // known already
    EXPECT_EQ(held(*money), 500'000'000);
    EXPECT_TRUE(attempt(*ticket, 200'000'000).ok());
    ticket->finish(true);
    EXPECT_EQ(held(*money), 0);
    EXPECT_EQ(spent(*money), 30'000'000);
}

TEST_F(GovernorTest, AllBudgetsOrNone) {
    auto large = budget(governance, 10 * usd);
    auto small = budget(governance, usd);
    auto ticket = enter(governance);
    EXPECT_FALSE(attempt(*ticket, 2 * usd).ok());
    EXPECT_EQ(held(*large), 0);
    EXPECT_EQ(held(*small), 0);
}

TEST_F(GovernorTest, ASpentHardBudgetStopsOnEntry_ASoftOneDoesNot) {
    Governance soft;
    auto warned = budget(soft, usd, {}, false);
    budget(governance, usd);
    EXPECT_TRUE(spend(governance, usd).ok());
    auto refused = spend(governance, 0);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, base::ErrorCode::billing);
    EXPECT_NE(refused.error().message.find("(1 USD per month) is spent: 1 USD spent"),
              std::string::npos)
        << refused.error().message;
    EXPECT_TRUE(spend(soft, usd).ok());
    EXPECT_TRUE(spend(soft, usd).ok());
    EXPECT_EQ(spent(*warned), 2 * usd);
    Entry counting;
    counting.request_id = "r";
    counting.spends = false;
    EXPECT_TRUE(run(governor.enter(governance, counting)).ok());
}

TEST_F(GovernorTest, CountingTokens_CountsAsARequest_AndUsesNoTokens) {
    limit(governance, LimitUnit::tokens, 10);
    limit(governance, LimitUnit::requests, 2);
    Entry counting;
    counting.request_id = "r";
    counting.input_tokens = 1'000;  // more than ever fits
    counting.output_tokens_max = 1'000;
    counting.spends = false;
    for (int i = 0; i < 2; ++i) {
        auto ticket = run(governor.enter(governance, counting));
        ASSERT_TRUE(ticket.ok()) << ticket.error().message;
        ticket->finish(true);
    }
    EXPECT_EQ(used(governance, 0), 0);
    EXPECT_EQ(used(governance, 1), 2);
    const auto refused = run(governor.enter(governance, counting));
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, base::ErrorCode::rate_limited);
    EXPECT_NE(refused.error().message.find("2 requests per minute"), std::string::npos)
        << refused.error().message;
}

TEST_F(GovernorTest, AnUnknownPriceHoldsNothing_AndIsStoppedByASpentBudget) {
    auto money = budget(governance, usd);
    auto ticket = enter(governance);
    ASSERT_TRUE(attempt(*ticket, -1).ok());
    EXPECT_EQ(held(*money), 0);
    ticket->attempt_done(usd, {});  // the provider stated it
    EXPECT_EQ(spent(*money), usd);
    EXPECT_FALSE(enter(governance).ok());
}

TEST_F(GovernorTest, APeriodsEndFreesTheNext_AndWhatWasHeldIsSpentInItsOwn) {
    auto money = budget(governance, usd);
    auto ticket = enter(governance);
    ASSERT_TRUE(attempt(*ticket, usd).ok());
    const auto& november = money->period(now);
    now += 10 * 86'400 * second;
    EXPECT_TRUE(spend(governance, usd / 2).ok());
    ticket->attempt_done(usd, {});
    EXPECT_EQ(money->standing(november).spent, usd);
    EXPECT_EQ(spent(*money), usd / 2);
}

TEST_F(GovernorTest, ThresholdsThrottleToATenth) {
    limit(governance, LimitUnit::requests, 20);
    limit(governance, LimitUnit::concurrent, 5);
    budget(governance, usd, {{50, BudgetAction::throttle}});
    ASSERT_TRUE(spend(governance, usd / 2).ok());
    auto second_one = enter(governance);
    ASSERT_TRUE(second_one.ok());
    EXPECT_EQ(second_one->action(), BudgetAction::throttle);
    EXPECT_EQ(second_one->requests()->limit, 2);
    EXPECT_EQ(second_one->requests()->remaining, 0);
    auto third = enter(governance);
    ASSERT_FALSE(third.ok());
    EXPECT_NE(third.error().message.find("2 requests per minute (a tenth of 20 while a budget is "
                                         "throttled), and 2 are used"),
              std::string::npos)
        << third.error().message;
    steady += 62 * second;
    auto at_a_time = enter(governance);
    ASSERT_FALSE(at_a_time.ok());  // one at a time is what a tenth of five leaves
    EXPECT_NE(at_a_time.error().message.find("1 requests at a time"), std::string::npos);
    now += 10 * 86'400 * second;  // the next month
    EXPECT_TRUE(enter(governance).ok());
}

TEST_F(GovernorTest, ThresholdsDowngradeAndBlock) {
    budget(governance, usd, {{50, BudgetAction::downgrade}, {80, BudgetAction::block}}, false);
    EXPECT_EQ(enter(governance)->action(), BudgetAction::notify);
    ASSERT_TRUE(spend(governance, usd / 2).ok());
    EXPECT_EQ(enter(governance)->action(), BudgetAction::downgrade);
    EXPECT_FALSE(spend(governance, usd / 2).ok());  // would pass what blocks
    ASSERT_TRUE(spend(governance, 3 * usd / 10).ok());
    EXPECT_EQ(enter(governance).error().code, base::ErrorCode::billing);
}

TEST_F(GovernorTest, ReachedThresholdsAreToldOnce) {
    std::vector<std::int64_t> told;
    governor.on_threshold([&](const LiveBudget& budget, const PeriodBounds& period,
                              const domain::BudgetThreshold& threshold, NanoUsd) {
        EXPECT_EQ(budget.budget().name, "team money");
        EXPECT_EQ(period.label, "m:2026-11-01");
        told.push_back(threshold.percent);
    });
    budget(governance, usd);
    ASSERT_TRUE(spend(governance, usd / 10 * 4).ok());
    EXPECT_TRUE(told.empty());
    ASSERT_TRUE(spend(governance, usd / 10 * 4).ok());
    EXPECT_EQ(told, (std::vector<std::int64_t>{50, 80}));
    ASSERT_TRUE(spend(governance, usd / 10).ok());
    EXPECT_EQ(told.size(), 2U);
    ASSERT_TRUE(spend(governance, usd / 10).ok());
    EXPECT_EQ(told.back(), 100);
}

TEST_F(GovernorTest, CapIsTheTightestBudget) {
    budget(governance, 100 * usd);
    budget(governance, 10 * usd, {}, false, BudgetPeriod::total);
    ASSERT_TRUE(spend(governance, usd).ok());
    auto cap = enter(governance)->cap();
    ASSERT_TRUE(cap);
    EXPECT_EQ(cap->limit, 10 * usd);
    EXPECT_DOUBLE_EQ(cap->utilization(), 0.1);
    EXPECT_FALSE(cap->hard);
    EXPECT_EQ(cap->reset_unix, 0);
}

TEST_F(GovernorTest, ADeploymentsLimitsAndItsProvidersBudgetRefuseAsAnotherMayServe) {
    budget(governance, 10 * usd);
    Governance candidate;
    limit(candidate, LimitUnit::requests, 1, "minute", "deployment openai/gpt-5.4");
    limit(candidate, LimitUnit::concurrent, 1, "", "deployment openai/gpt-5.4");
    auto of_provider = budget(candidate, 2 * usd);
    auto ticket = enter(governance, 10, 10);
    ASSERT_TRUE(attempt(*ticket, usd, &candidate).ok());
    EXPECT_EQ(held(*of_provider), usd);
    auto other = enter(governance);
    auto refused = attempt(*other, usd, &candidate);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, base::ErrorCode::rate_limited);
    EXPECT_NE(refused.error().message.find("deployment openai/gpt-5.4 is limited to 1 requests"),
              std::string::npos);
    ticket->attempt_done(2 * usd, usage(10, 10));
    EXPECT_EQ(used(candidate, 1), 0);  // the slot is free as soon as the attempt is done
    steady += 62 * second;
    refused = attempt(*other, usd, &candidate);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, base::ErrorCode::rate_limited);
    EXPECT_NE(refused.error().message.find("is spent"), std::string::npos);
    EXPECT_EQ(used(candidate, 0), 0);
    EXPECT_EQ(held(*governance.budgets[0]), 0);
}

TEST_F(GovernorTest, CreditsAreABudgetOfTheirOwn) {
    auto credits =
        std::make_shared<LiveBudget>(credits_budget("acme", "ann", "user ann", 3 * usd), state);
    governance.budgets.push_back(credits);
    credits->spent_so_far(credits->period(now).bounds, usd, 0);
    EXPECT_TRUE(spend(governance, usd).ok());
    auto ticket = enter(governance);
    auto refused = attempt(*ticket, 2 * usd);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().message,
              "the credits of user ann are used up: the balance is 1 USD, and this request may "
              "cost up to 2 USD (a smaller max_tokens or a cheaper model may fit); add credits, or "
              "ask your administrator to");
    EXPECT_EQ(refused.error().retry_after.count(), 0);
    // A grant: the directory is built anew, what was spent stays.
    governance.budgets[0] =
        std::make_shared<LiveBudget>(credits_budget("acme", "ann", "user ann", 5 * usd), state);
    EXPECT_TRUE(spend(governance, 2 * usd).ok());
}

TEST_F(GovernorTest, ARollingBudgetCountsTheDaysBefore_AndAsksForThem) {
    LiveBudgetSpec spec;
    spec.budget.id = "rolling";
    spec.budget.limit = 10 * usd;
    spec.budget.period = BudgetPeriod::rolling;
    spec.budget.rolling_days = 7;
    std::vector<PeriodBounds> asked;
    auto rolling = std::make_shared<LiveBudget>(
        spec, state,
        [&](const LiveBudget&, const PeriodBounds& bounds) { asked.push_back(bounds); });
    governance.budgets.push_back(rolling);
    EXPECT_EQ(spent(*rolling), 0);
    ASSERT_EQ(asked.size(), 1U);
    EXPECT_EQ(asked[0].from - asked[0].earlier_from, 6 * 86'400);
    rolling->spent_so_far(asked[0], usd, 4 * usd);
    EXPECT_EQ(spent(*rolling), 5 * usd);
    EXPECT_FALSE(spend(governance, 6 * usd).ok());
    ASSERT_TRUE(spend(governance, 5 * usd).ok());
    EXPECT_FALSE(spend(governance, 0).ok());
    now += 86'400 * second;
    EXPECT_FALSE(spend(governance, usd).ok());  // nothing has left yet, for all we know
    ASSERT_EQ(asked.size(), 2U);
    rolling->spent_so_far(asked[1], 0, 7 * usd);  // a day of 3 USD has left
    EXPECT_TRUE(spend(governance, 3 * usd).ok());
    EXPECT_FALSE(spend(governance, usd).ok());
}

}  // namespace
}  // namespace tollgate::policy
