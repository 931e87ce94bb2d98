#include "commands/simulate.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace tollgate::commands {
namespace {

routing::SimulationReport report() {
    routing::SimulationReport made;
    made.from = 1'700'000'000'000'000;
    made.to = made.from + 3'600'000'000;
    made.total.did = {3, 2'000'000'000};
    made.total.would = {2, 1'500'000'000};
    made.by_rule = {{"new", {0, 0}, {2, 1'500'000'000}}, {"", {3, 2'000'000'000}, {0, 0}}};
    made.by_model = {{"a/one", {3, 2'000'000'000}, {2, 1'500'000'000}}};
    made.moved_requests = 1;
    made.conversations = 2;
    made.moved_conversations = 1;
    made.prefixes_anew = 250'000'000;
    made.kept = {{"rule words asks for prompt", {1, 500'000'000}}};
    made.refused = {{"no model serves 'x'", {1, 0}}};
    made.assumptions = {"first", "second"};
    return made;
}

struct Shown {
    int code = -1;
    std::string out, err;
    SimulateQuestion asked;
};

Shown shown(const SimulateArgs& args, base::Result<routing::SimulationReport> result = report()) {
    std::ostringstream out, err;
    Shown made;
    const Simulate simulate = [&](const SimulateQuestion& question) {
        made.asked = question;
        return result;
    };
    made.code = run_simulate(args, simulate, {out, err});
    made.out = out.str();
    made.err = err.str();
    return made;
}

TEST(SimulateCommand, AReport_StandsBesideWhatWas) {
    SimulateArgs args;
    args.rules = "new.yaml";
    args.range = "24h";
    args.tenant = "acme";
    const Shown made = shown(args);
    ASSERT_EQ(made.code, exit_done);
    EXPECT_EQ(made.asked.rules, "new.yaml");
    EXPECT_EQ(made.asked.tenant, "acme");
    EXPECT_EQ(made.asked.seconds, 86'400);
    EXPECT_EQ(made.out,
              "3 requests from 2023-11-14 22:13 to 2023-11-14 23:13 UTC, in USD\n\n"
              "RULE   REQUESTS  COST  WOULD BE  WOULD COST  DIFFERENCE  \n"
              "new    0         0     2         1.5         1.5         -\n"
              "-      3         2     0         0           -2          -100.0%\n"
              "TOTAL  3         2     2         1.5         -0.5        -25.0%\n\n"
              "MODEL  REQUESTS  COST  WOULD BE  WOULD COST  DIFFERENCE  \n"
              "a/one  3         2     2         1.5         -0.5        -25.0%\n"
              "TOTAL  3         2     2         1.5         -0.5        -25.0%\n\n"
              "- 1 request would go elsewhere, of 1 of 2 conversations\n"
              "- prompt caches that are lost and won: 0.25 USD of what it would cost\n"
              "- 1 request (0.5 USD) are kept as they were: rule words asks for prompt\n"
              "- 1 request (0 USD) would be refused: no model serves 'x'\n"
              "\nassumed:\n- first\n- second\n");
}

TEST(SimulateCommand, CsvAndJson_AreForPrograms) {
    SimulateArgs args;
    args.output = Output::csv;
    EXPECT_EQ(shown(args).out,
              "by,name,did_requests,did_cost,would_requests,would_cost,difference\n"
              "rule,new,0,0,2,1.5,1.5\nrule,,3,2,0,0,-2\nmodel,a/one,3,2,2,1.5,-0.5\n");
    args.output = Output::json;
    json::Document document;
    const Shown made = shown(args);
    const auto root = document.parse(made.out);
    ASSERT_TRUE(root.ok());
    EXPECT_EQ((*root)["total"]["difference"].raw(), "-0.5");
    EXPECT_EQ((*root)["kept"].size(), 1U);
}

TEST(SimulateCommand, WhatCannotBeAsked_IsAUsageError) {
    SimulateArgs args;
    args.range = "soon";
    EXPECT_EQ(shown(args).code, exit_usage);
    args.range = "all";
    EXPECT_EQ(shown(args).asked.seconds, 0);
    args.from = "memory";
    const Shown made = shown(args);
    EXPECT_EQ(made.code, exit_usage);
    EXPECT_NE(made.err.find("--from: 'memory'"), std::string::npos);
}

TEST(SimulateCommand, NothingRecordedAndFailures_AreSaid) {
    const Shown empty = shown({}, routing::SimulationReport{});
    EXPECT_EQ(empty.code, exit_done);
    EXPECT_EQ(empty.err, "nothing was recorded in that time\n");
    const Shown failed =
        shown({}, base::Error{base::ErrorCode::not_found, "there is no tenant x", "--tenant"});
    EXPECT_EQ(failed.code, exit_not_found);
    EXPECT_EQ(failed.out, "");
}

}  // namespace
}  // namespace tollgate::commands
