#include <gtest/gtest.h>

#include "commands/fake_administration_test.hpp"

namespace tollgate::commands {
namespace {

const std::string shown = R"({"name":"titles","running":true,"results":{"requests":3,
  "verdict":"too_few_samples","winner":null,
  "line":"too few samples of cost: 1 in the smallest arm, 100 are needed",
  "notices":["arm new got \u001b[31m more"],
  "arms":[{"name":"now","model":"dear","requests":2,"errors":0,"metrics":{
            "cost":{"samples":2,"value":0.0110000000000001,"low":0.01,"high":0.012},
            "feedback":null}},
          {"name":"new","model":"cheap","requests":1,"errors":0,"metrics":{
            "cost":{"samples":1,"value":0.0011,"low":0.0011,"high":0.0011}}}]}})";

TEST(ShowExperiment, Table_HasARowForEachFigureAndTheVerdict) {
    const Ran ran = run({"experiments", "show", "titles", {{"--from", "2026-11-01"}}},
                        {AdminReply{200, shown}});
    ASSERT_EQ(ran.code, exit_done) << ran.err;
    EXPECT_EQ(ran.asked[0].target, "/api/v1/experiments/titles?from=2026-11-01");
    EXPECT_EQ(ran.out,
              "ARM  MODEL  REQUESTS  METRIC  SAMPLES  VALUE   LOW     HIGH\n"
              "now  dear   2         cost    2        0.011   0.01    0.012\n"
              "new  cheap  1         cost    1        0.0011  0.0011  0.0011\n"
              "titles: too few samples of cost: 1 in the smallest arm, 100 are needed\n"
              "notice: arm new got ?[31m more\n");
}

TEST(ShowExperiment, OtherOutputs_HaveNoSentenceBelow) {
    const Ran rows = run({"experiments", "show", "titles", {}, Output::csv},
                         {AdminReply{200, shown}});
    EXPECT_EQ(rows.out.find("titles:"), std::string::npos) << rows.out;
    EXPECT_NE(rows.out.find("new,cheap,1,cost,1,0.0011,0.0011,0.0011"), std::string::npos);
    const Ran json = run({"experiments", "show", "titles", {}, Output::json},
                         {AdminReply{200, shown}});
    EXPECT_NE(json.out.find("\"verdict\""), std::string::npos);
}

TEST(ShowExperiment, WithoutRequests_SaysSo) {
    const Ran ran = run({"experiments", "show", "titles"},
                        {AdminReply{200, R"({"name":"titles","results":{"line":"none","arms":[
                          {"name":"now","metrics":{"cost":null}}],"notices":[]}})"}});
    EXPECT_EQ(ran.out, "titles: none\n");
    EXPECT_EQ(ran.err, "no request took part\n");
}

TEST(Feedback, IsSentAsNumbers) {
    const Ran ran = run({"requests", "feedback", "id-1",
                         {{"--score", "-0.5"}, {"--comment", "meh"}}},
                        {AdminReply{200, R"({"request_id":"id-1","score":-0.5})"}});
    ASSERT_EQ(ran.code, exit_done) << ran.err;
    EXPECT_EQ(ran.asked[0].method, "POST");
    EXPECT_EQ(ran.asked[0].target, "/api/v1/feedback");
    EXPECT_EQ(ran.asked[0].body, R"({"request_id":"id-1","score":-0.5,"comment":"meh"})");
    for (const char* wrong : {"much", "1e999", "nan", "1x", ""}) {
        const Ran bad = run({"requests", "feedback", "id-1", {{"--score", wrong}}}, {});
        EXPECT_TRUE(bad.asked.empty()) << wrong;
        EXPECT_NE(bad.err.find("--score"), std::string::npos) << bad.err;
    }
}

}  // namespace
}  // namespace tollgate::commands
