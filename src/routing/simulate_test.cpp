#include "routing/simulate.hpp"

#include <gtest/gtest.h>

namespace tollgate::routing {
namespace {

using domain::UsageRecord;

constexpr std::int64_t minute = 60'000'000;

// Pico-USD per token: 3 USD per million is 3'000'000.
domain::TokenPrices prices(std::int64_t input, std::int64_t output, bool caches) {
    domain::TokenPrices made;
    made.input = input * 1'000'000;
    made.output = output * 1'000'000;
    if (caches) {
        made.cache_read = made.input / 10;
        made.cache_write_5m = made.input * 5 / 4;
        made.cache_write_1h = made.input * 2;
    }
    return made;
}

class SimulateTest : public testing::Test {
protected:
    // A turn of a conversation at the model `a/one`, as its provider counted it.
    UsageRecord turn(std::int64_t at, std::int64_t input, std::int64_t read, std::int64_t write) {
        UsageRecord record;
        record.at = at;
        record.session_id = "s1";
        record.alias = "name";
        record.rule = "old";
        record.provider = "a";
        record.model = "one";
        record.status = 200;
        record.attempts = 1;
        record.usage.input = input;
        record.usage.cache_read = read;
        record.usage.cache_write_5m = write;
        record.usage.output = 100;
        record.cost = accounting_cost(record);
        return record;
    }
    // 100 output tokens at 15, input at 3, all in USD per million; nano-USD are a thousandth.
    static domain::NanoUsd accounting_cost(const UsageRecord& record) {
        const domain::Usage& usage = record.usage;
        return usage.input * 3'000 + usage.cache_read * 300 + usage.cache_write_5m * 3'750 +
               usage.output * 15'000;
    }
    Simulation simulation() {
        return Simulation([this](const UsageRecord& record) { return route(record); }, settings);
    }

    const domain::TokenPrices at_one = prices(3, 15, true), at_two = prices(3, 15, true),
                              plain = prices(1, 5, false);
    const SimulatedTarget one{"a/one", &at_one, false, {}},
        two{"b/two", &at_two, false, {}},
        cheap{"c/cheap", &plain, false, {}};
    std::function<SimulatedRoute(const UsageRecord&)> route;
    SimulationSettings settings;
};

TEST_F(SimulateTest, UnderTheSameRouting_ItCostsWhatItDid) {
    route = [this](const UsageRecord&) { return SimulatedRoute{"old", {one, two}, "", ""}; };
    Simulation run = simulation();
    run.add(turn(1 * minute, 10, 9'000, 1'000));  // it began before the range
    run.add(turn(2 * minute, 10, 10'000, 500));
    run.add(turn(90 * minute, 10, 0, 10'500));
    const SimulationReport report = run.report();
    EXPECT_EQ(report.total.would.cost, report.total.did.cost);
    EXPECT_GT(report.total.did.cost, 0);
    EXPECT_EQ(report.moved_requests, 0);
    EXPECT_EQ(report.prefixes_anew, 0);
    ASSERT_EQ(report.by_model.size(), 1U);
    EXPECT_EQ(report.by_model[0].would.requests, 3);
}

TEST_F(SimulateTest, AConversationThatMoves_PaysItsPrefixAnewOnceAndReadsItAfterThat) {
    route = [this](const UsageRecord&) { return SimulatedRoute{"new", {two}, "", ""}; };
    Simulation run = simulation();
    run.add(turn(1 * minute, 10, 9'000, 1'000));
    run.add(turn(2 * minute, 10, 10'000, 500));
    const SimulationReport report = run.report();
    const domain::NanoUsd output = 2 * 100 * 15'000, input = 2 * 10 * 3'000;
    EXPECT_EQ(report.total.would.cost,
              output + input + 10'000 * 3'750 /* all of it written */ + 10'000 * 300 + 500 * 3'750);
    EXPECT_EQ(report.prefixes_anew, 9'000 * (3'750 - 300));
    EXPECT_EQ(report.moved_requests, 2);
    EXPECT_EQ(report.conversations, 1);
    EXPECT_EQ(report.moved_conversations, 1);
}

TEST_F(SimulateTest, ACacheThatHasDied_IsPaidAnew) {
    route = [this](const UsageRecord&) { return SimulatedRoute{"new", {two}, "", ""}; };
    Simulation run = simulation();
    run.add(turn(1 * minute, 0, 0, 1'000));
    run.add(turn(7 * minute, 0, 1'000, 500));  // alive where it was, of another kind
    EXPECT_EQ(run.report().total.would.cost, 2 * 100 * 15'000 + 1'000 * 3'750 + 1'500 * 3'750);
}

TEST_F(SimulateTest, WithoutACacheThere_AllOfThePromptIsPaid) {
    route = [this](const UsageRecord&) { return SimulatedRoute{"new", {cheap}, "", ""}; };
    Simulation run = simulation();
    run.add(turn(1 * minute, 10, 9'000, 1'000));
    EXPECT_EQ(run.report().total.would.cost, 10'010 * 1'000 + 100 * 5'000);
}

TEST_F(SimulateTest, WhatTheOldRoutingTore_IsReadWhereItStays) {
    // It went to and fro, so that each turn was paid in full; now it stays.
    route = [this](const UsageRecord&) { return SimulatedRoute{"", {one}, "", ""}; };
    Simulation run = simulation();
    run.add(turn(1 * minute, 0, 0, 1'000));
    UsageRecord elsewhere = turn(2 * minute, 0, 0, 1'500);
    elsewhere.provider = "b";
    elsewhere.model = "two";
    run.add(elsewhere);
    const SimulationReport report = run.report();
    EXPECT_EQ(report.total.would.cost, 2 * 100 * 15'000 + 1'500 * 3'750 + 1'000 * 300);
    EXPECT_LT(report.total.would.cost, report.total.did.cost);
    EXPECT_LT(report.prefixes_anew, 0);
}

TEST_F(SimulateTest, AConversationStaysWhereItIs_UnlessItsRuleChangesOrNobodyWants) {
    std::int64_t asked = 0, cached = 1'000;
    route = [&](const UsageRecord& record) {
        ++asked;
        const bool swapped = asked % 2 == 0;
        SimulatedRoute made{record.alias, {swapped ? two : one, swapped ? one : two}, "", ""};
        return made;
    };
    const auto models = [&](bool affinity) {
        settings.affinity = affinity;
        asked = 0;
        Simulation run = simulation();
        for (int i = 1; i <= 4; ++i) run.add(turn(i * minute, 10, 0, cached));
        return run.report().by_model.size();
    };
    EXPECT_EQ(models(true), 1U);
    EXPECT_EQ(models(false), 2U);
    cached = 0;  // there is nothing to stay for
    EXPECT_EQ(models(true), 2U);
    settings.affinity = true;
    asked = 0;
    Simulation run = simulation();
    run.add(turn(1 * minute, 10, 0, 1'000));
    run.add(turn(100 * minute, 10, 0, 1'000));  // idle for too long
    EXPECT_EQ(run.report().by_model.size(), 2U);
}

TEST_F(SimulateTest, AConversationThatIsCached_MovesWhenThatPays) {
    std::int64_t asked = 0;
    route = [&](const UsageRecord&) {
        ++asked;
        if (asked == 1) return SimulatedRoute{"", {one, two, cheap}, "", ""};
        if (asked == 2) return SimulatedRoute{"", {two, one}, "", ""};
        return SimulatedRoute{"", {cheap, one}, "", ""};
    };
    Simulation run = simulation();
    run.add(turn(1 * minute, 10, 0, 1'000));
    run.add(turn(2 * minute, 10, 1'000, 100));   // as dear, and cold
    run.add(turn(3 * minute, 10, 1'100, 9'000)); // a third of the price, and much is new
    const SimulationReport report = run.report();
    const auto requests_of = [&](const std::string& name) {
        for (const SimulatedLine& line : report.by_model) {
            if (line.name == name) return line.would.requests;
        }
        return std::int64_t{0};
    };
    EXPECT_EQ(requests_of("a/one"), 2);
    EXPECT_EQ(requests_of("b/two"), 0);
    EXPECT_EQ(requests_of("c/cheap"), 1);
}

TEST_F(SimulateTest, WhatAllConversationsBeginWith_IsPaidOnceWhereTheyMove) {
    route = [this](const UsageRecord&) { return SimulatedRoute{"new", {two}, "", ""}; };
    std::vector<UsageRecord> records = {turn(1 * minute, 0, 0, 9'500),
                                        turn(2 * minute, 0, 9'000, 600),
                                        turn(20 * minute, 0, 0, 9'500)};
    for (std::size_t i = 0; i < records.size(); ++i) {
        records[i].session_id = "s" + std::to_string(i);
    }
    Simulation run = simulation();
    for (const UsageRecord& record : records) run.learn(record);
    for (const UsageRecord& record : records) run.add(record);
    EXPECT_EQ(run.report().total.would.cost,
              3 * 100 * 15'000 + 9'500 * 3'750 + 9'000 * 300 + 600 * 3'750 + 9'500 * 3'750);
}

TEST_F(SimulateTest, TwoDeploymentsOfOneName_HaveCachesOfTheirOwn) {
    SimulatedTarget first = one, second = one;
    first.key = "a/one@1";
    second.key = "a/one@2";
    std::int64_t asked = 0;
    route = [&](const UsageRecord&) {
        const bool swapped = ++asked % 2 == 0;
        return SimulatedRoute{"", {swapped ? second : first, swapped ? first : second}, "", ""};
    };
    const auto cost = [&](bool affinity) {
        asked = 0;
        settings.affinity = affinity;
        Simulation run = simulation();
        run.add(turn(1 * minute, 0, 0, 9'000));
        run.add(turn(2 * minute, 0, 9'000, 100));
        run.add(turn(3 * minute, 0, 9'100, 100));
        const SimulationReport report = run.report();
        EXPECT_EQ(report.moved_requests, 0);
        return report.total.would.cost;
    };
    const domain::NanoUsd output = 3 * 100 * 15'000;
    EXPECT_EQ(cost(true), output + 9'000 * 3'750 + 9'000 * 300 + 100 * 3'750 + 9'100 * 300 +
                              100 * 3'750);
    EXPECT_EQ(cost(false), output + 9'000 * 3'750 + 9'100 * 3'750 + 9'000 * 300 + 200 * 3'750);
}

TEST_F(SimulateTest, WhatCannotBeDecidedOrIsSettled_IsKeptAndSaid) {
    route = [](const UsageRecord&) {
        return SimulatedRoute{"", {}, "rule words asks for prompt", ""};
    };
    Simulation run = simulation();
    run.add(turn(1 * minute, 10, 0, 1'000));
    UsageRecord cached = turn(2 * minute, 0, 0, 0);
    cached.cache = "hit";
    cached.cost = 0;
    run.add(cached);
    UsageRecord own = turn(3 * minute, 10, 0, 0);
    own.byok = true;
    run.add(own);
    const SimulationReport report = run.report();
    EXPECT_EQ(report.total.would.cost, report.total.did.cost);
    ASSERT_EQ(report.kept.size(), 3U);
    EXPECT_EQ(report.kept[0].reason, "answered by the response cache");
    EXPECT_EQ(report.kept[1].reason, "paid by a user's own key");
    EXPECT_EQ(report.kept[2].reason, "rule words asks for prompt");
    EXPECT_EQ(report.kept[2].did.requests, 1);
    ASSERT_EQ(report.by_rule.size(), 1U);
    EXPECT_EQ(report.by_rule[0].name, "old");
}

TEST_F(SimulateTest, WhatNobodyWouldServe_CostsNothingAndIsSaid) {
    route = [](const UsageRecord&) { return SimulatedRoute{"", {}, "", "no model serves it"}; };
    Simulation run = simulation();
    run.add(turn(1 * minute, 10, 0, 1'000));
    const SimulationReport report = run.report();
    EXPECT_EQ(report.total.did.requests, 1);
    EXPECT_EQ(report.total.would.requests, 0);
    ASSERT_EQ(report.refused.size(), 1U);
    EXPECT_EQ(report.refused[0].did.cost, report.total.did.cost);
}

TEST_F(SimulateTest, AStatedCost_CountsOnlyWhereItWasStated) {
    UsageRecord stated = turn(1 * minute, 10, 0, 0);
    stated.usage.provider_cost_nano_usd = 42;
    stated.cost = 42;
    route = [this](const UsageRecord&) { return SimulatedRoute{"", {one}, "", ""}; };
    Simulation stays = simulation();
    stays.add(stated);
    EXPECT_EQ(stays.report().total.would.cost, 42);
    route = [this](const UsageRecord&) { return SimulatedRoute{"", {two}, "", ""}; };
    Simulation moves = simulation();
    moves.add(stated);
    EXPECT_EQ(moves.report().total.would.cost, 10 * 3'000 + 100 * 15'000);
}

TEST_F(SimulateTest, Json_HasBothSidesOfEveryLine) {
    route = [this](const UsageRecord&) { return SimulatedRoute{"new", {cheap}, "", ""}; };
    Simulation run = simulation();
    run.add(turn(1 * minute, 10, 0, 0));
    std::string text;
    append_json(text, run.report());
    EXPECT_NE(text.find(R"("by_model":[{"model":"a/one","did":{"requests":1,"cost":0.00153},)"
                        R"("would":{"requests":0,"cost":0},"difference":-0.00153},)"
                        R"({"model":"c/cheap","did":{"requests":0,"cost":0},)"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find(R"("moved_requests":1)"), std::string::npos) << text;
}

}  // namespace
}  // namespace tollgate::routing
