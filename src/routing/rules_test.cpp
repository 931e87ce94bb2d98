#include "routing/rules.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace tollgate::routing {
namespace {

using domain::RoutingRule;

// A body that counts how often it is asked for.
class CountedBody final : public BodySource {
public:
    const BodyFeatures& body() const override {
        ++asked;
        return features;
    }
    BodyFeatures features;
    mutable int asked = 0;
};

class Rules : public ::testing::Test {
protected:
    RoutingRule& rule(const std::string& name, domain::RoutingMatch match = {},
                      const std::string& tenant = "") {
        RoutingRule made;
        made.id = made.name = name;
        made.tenant = tenant;
        made.match = std::move(match);
        made.use.models = {"m"};
        rules_.push_back(std::move(made));
        return rules_.back();
    }
    void build() {
        const ZoneLoader zones = [](const std::string& name) -> base::Result<ZoneOffset> {
            if (name != "Europe/Berlin") return base::invalid("no time zone `" + name + "`");
            return ZoneOffset([](std::int64_t) { return std::int64_t{3600}; });
        };
        set_ = RuleSet(rules_, zones, problems_);
    }
    std::string hit(RuleTrace* trace = nullptr) {
        if (set_.empty()) build();
        features_.source = &body_;
        const TaskOfRequest task(detector_, features_);
        const RoutingRule* found = set_.match(features_, task, trace);
        return found == nullptr ? "" : found->name;
    }
    // A detector that knows one word.
    static TaskDetector detector() {
        domain::TaskData data;
        data.tasks = {{.name = "general"}, {.name = "plan", .terms = {{"plan", 9}}},
                      {.name = "tool_loop"}};
        return TaskDetector(std::move(data));
    }

    std::vector<RoutingRule> rules_;
    std::vector<RuleProblem> problems_;
    RuleSet set_;
    CountedBody body_;
    RequestFeatures features_;
    TaskDetector detector_ = detector();
};

TEST_F(Rules, FirstMatchWins_AndTheTenantsComeFirst) {
    rule("global");
    rule("second");
    rule("own", {.tasks = {"plan"}}, "acme");
    rule("own-rest", {}, "acme");
    features_.tenant = "other";
    EXPECT_EQ(hit(), "global");
    features_.tenant = "acme";
    EXPECT_EQ(hit(), "own-rest");
    body_.features.last_user_text = "make a plan";
    EXPECT_EQ(hit(), "own");
}

TEST_F(Rules, ModelGlobs_SeeBothNamesAndTheDatelessForm) {
    rule("tier", {.models = {"claude-sonnet-4-5"}});
    rule("alias", {.models = {"fast*"}});
    features_.requested = "claude-sonnet-4-5-20250929";
    features_.name = "gpt-4o";
    EXPECT_EQ(hit(), "tier");
    features_.requested = "opus";
    features_.name = "Fast-code";
    EXPECT_EQ(hit(), "alias");
    features_.name = "slow";
    EXPECT_EQ(hit(), "");
}

TEST_F(Rules, EveryConditionMustHold_TheTraceNamesTheFirstThatFails) {
    rule("all", {.models = {"claude-*"},
                 .prompts = {{domain::TextPattern::Kind::glob, "fix*"}},
                 .tokens = {{100, 200}},
                 .has_tools = true,
                 .teams = {"web"},
                 .tags = {"p:*"},
                 .headers = {{"x-env", "prod*"}},
                 .budget_used = domain::PercentRange{50, std::nullopt},
                 .power_levels = {domain::PowerLevel::eco}});
    const std::vector<std::string> tags = {"p:one"};
    std::string env;
    features_.header = [&](std::string_view name) -> std::optional<std::string_view> {
        if (name != "x-env" || env.empty()) return std::nullopt;
        return env;
    };
    const auto failed = [&] {
        RuleTrace trace;
        EXPECT_EQ(hit(&trace), "");
        return trace.outcomes.back().failed;
    };
    EXPECT_EQ(failed(), "model:  is not of claude-*");
    features_.requested = "claude-opus";
    EXPECT_EQ(failed(), "power_level: is none");
    features_.power_level = domain::PowerLevel::eco;
    EXPECT_EQ(failed(), "header: x-env is missing");
    env = "production";
    EXPECT_EQ(failed(), "team: none is not of web");
    features_.team = "uuid-1";
    features_.team_name = "web";
    EXPECT_EQ(failed(), "tag: none of p:*");
    features_.tags = tags;
    EXPECT_EQ(failed(), "budget_used: is 0 %");
    features_.budget_used_percent = 60;
    EXPECT_EQ(body_.asked, 0) << "nothing so far needs the body";
    EXPECT_EQ(failed(), "has_tools: is false");
    body_.features.has_tools = true;
    EXPECT_EQ(failed(), "tokens: are 0");
    body_.features.input_tokens = 150;
    EXPECT_EQ(failed(), "prompt: does not match");
    body_.features.last_user_text = "FIX it";
    RuleTrace trace;
    EXPECT_EQ(hit(&trace), "all");
    EXPECT_EQ(trace.outcomes.back().failed, "");
}

TEST_F(Rules, Windows_FollowTheirZoneAndRunPastMidnight) {
    domain::TimeWindow nights;
    nights.days = 1;  // monday
    nights.from_minute = 22 * 60;
    nights.to_minute = 6 * 60;
    nights.zone = "Europe/Berlin";  // an hour east here
    rule("night", {.times = {nights}});
    const auto at = [&](int day, int hour, int minute) {
        using namespace std::chrono;
        // 2026-11-16 is a Monday.
        features_.now = sys_days(year(2026) / November / 16).time_since_epoch().count() * 86'400 +
                        day * 86'400 + hour * 3600 + minute * 60;
        return hit();
    };
    EXPECT_EQ(at(0, 20, 59), "");
    EXPECT_EQ(at(0, 21, 0), "night");
    EXPECT_EQ(at(1, 4, 59), "night") << "the night of Monday";
    EXPECT_EQ(at(1, 5, 0), "");
    EXPECT_EQ(at(1, 21, 30), "") << "Tuesday's night is not Monday's";
    EXPECT_EQ(at(0, 3, 0), "") << "that is Sunday's night";
}

TEST_F(Rules, TaskInALoopOfTools_IsTheLoopAndThatOfTheWords) {
    rule("plans", {.tasks = {"plan"}});
    rule("loops", {.tasks = {"tool_loop"}});
    body_.features.tool_loop = true;
    body_.features.last_user_text = "make a plan";
    EXPECT_EQ(hit(), "plans");
    body_.features.last_user_text = "hello";
    EXPECT_EQ(hit(), "loops");
}

TEST_F(Rules, FaultyRules_AreLeftOutAndTold) {
    rule("bad", {.prompts = {{domain::TextPattern::Kind::glob, "a"},
                             {domain::TextPattern::Kind::expression, "(("}}});
    domain::TimeWindow hours;
    hours.zone = "Mars/Base";
    rule("zone", {.times = {hours}});
    rule("good");
    EXPECT_EQ(hit(), "good");
    ASSERT_EQ(problems_.size(), 2u);
    EXPECT_EQ(problems_[0].rule, "bad");
    EXPECT_EQ(problems_[0].field, "match.prompt[1]");
    EXPECT_EQ(problems_[1].field, "match.time[0].zone");
    EXPECT_EQ(problems_[1].message, "no time zone `Mars/Base`");
}

TEST_F(Rules, ByName_FindsTheTenantsOwnFirst_AndNoDisabledOne) {
    rule("fast");
    rule("fast", {}, "acme").id = "own";
    rule("off").enabled = false;
    build();
    EXPECT_EQ(set_.by_name("acme", "fast")->id, "own");
    EXPECT_EQ(set_.by_name("other", "fast")->tenant, "");
    EXPECT_EQ(set_.by_name("", "off"), nullptr);
    EXPECT_EQ(set_.by_name("", "none"), nullptr);
    EXPECT_EQ(set_.names("acme"), (std::vector<std::string>{"fast", "fast"}));
}

TEST_F(Rules, FiftyRulesByName_CostFarLessThanADecisionMay) {
    for (int i = 0; i < 50; ++i) {
        rule("r" + std::to_string(i), {.models = {"model-" + std::to_string(i) + "-*"},
                                       .tasks = {"plan"}});
    }
    features_.requested = "claude-sonnet-4-5-20250929";
    features_.name = "gpt-4o";
    EXPECT_EQ(hit(), "");
    constexpr int rounds = 2000;
    auto best = std::chrono::nanoseconds::max();
    for (int i = 0; i < 5; ++i) {
        const auto begin = std::chrono::steady_clock::now();
        for (int k = 0; k < rounds; ++k) hit();
        best = std::min(best, std::chrono::steady_clock::now() - begin);
    }
    // Some 3 microseconds when optimised; this holds for builds that are not.
    EXPECT_LT(best.count() / rounds, 100'000) << "nanoseconds";
    EXPECT_EQ(body_.asked, 0);
}

TEST(UserText, RemindersOfTheClient_AreNotTheUsersWords) {
    const UserText text = without_reminders(
        "<system-reminder>\nPlan mode is active.\n</system-reminder>\nfix <b> it\n"
        "<local-command-stdout>x</local-command-stdout>now<system-reminder>open");
    EXPECT_EQ(text.words, "fix <b> it\nnow");
    EXPECT_EQ(text.reminders, "Plan mode is active.\nx\nopen");
    EXPECT_EQ(without_reminders("").words, "");
}

}  // namespace
}  // namespace tollgate::routing
