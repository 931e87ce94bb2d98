#include "gateway/answer_judge.hpp"

#include <gtest/gtest.h>

namespace tollgate::gateway {
namespace {

using domain::BlockKind;
using domain::Event;
using domain::EventKind;

Event of_call(EventKind kind, std::uint32_t index, std::string_view text = {}) {
    Event event;
    event.kind = kind;
    event.block = BlockKind::tool_call;
    event.index = index;
    event.text.raw = text;
    return event;
}

TEST(AnswerJudge, CallsAreValid_WhenTheirPartsMakeAnObject) {
    AnswerJudge judge;
    judge.note(of_call(EventKind::block_start, 0));
    judge.note(of_call(EventKind::block_start, 1));
    judge.note(of_call(EventKind::block_delta, 0, R"({\"a\":)"));
    judge.note(of_call(EventKind::block_delta, 1, R"({\"a\":)"));
    judge.note(of_call(EventKind::block_delta, 0, R"([1]})"));
    judge.note(of_call(EventKind::block_end, 0));
    judge.note(of_call(EventKind::block_end, 1));
    judge.note(of_call(EventKind::block_start, 2));
    judge.note(of_call(EventKind::block_end, 2));
    EXPECT_EQ(judge.calls(), 3);
    EXPECT_EQ(judge.valid_calls(), 2) << "the first one, and the one without arguments";
    std::string trace = R"({"name":"x"})";
    judge.append_to(trace);
    EXPECT_EQ(trace, R"({"name":"x","answer":{"calls":3,"valid":2,"refused":false}})");
    judge.begin_again();
    trace = "{}";
    judge.append_to(trace);
    EXPECT_EQ(trace, "{}");
}

TEST(AnswerJudge, ARefusal_IsTold) {
    AnswerJudge judge;
    Event stop;
    stop.kind = EventKind::stop;
    stop.stop = domain::StopReason::refusal;
    judge.note(stop);
    EXPECT_TRUE(judge.refused());
    std::string trace = "{}";
    judge.append_to(trace);
    EXPECT_EQ(trace, R"({"answer":{"calls":0,"valid":0,"refused":true}})");
}

}  // namespace
}  // namespace tollgate::gateway
