#include "gateway/stop_cutter.hpp"

#include <gtest/gtest.h>

namespace tollgate::gateway {
namespace {

using domain::BlockKind;
using domain::Event;
using domain::EventKind;

Event delta(std::string_view text) {
    Event event;
    event.kind = EventKind::block_delta;
    event.block = BlockKind::text;
    event.text.raw = text;
    return event;
}
Event of_kind(EventKind kind) {
    Event event;
    event.kind = kind;
    return event;
}

// Feeds the texts one by one and returns what a client would read.
std::string run(std::vector<std::string> stops, const std::vector<std::string>& texts,
                bool& found) {
    StopCutter cutter(std::move(stops));
    std::string seen;
    found = false;
    const auto take = [&](std::vector<Event> events) {
        if (found) return;
        found = cutter.cut(events);
        for (const Event& event : events) {
            if (event.kind == EventKind::block_delta) json::append_unescaped(seen, event.text);
        }
    };
    for (const std::string& text : texts) take({delta(text)});
    take({of_kind(EventKind::block_end), of_kind(EventKind::stop)});
    return seen;
}

TEST(StopCutter, CutsAtASequenceSplitOverEveryBoundary) {
    const std::string text = "one two STOP three";
    for (std::size_t a = 0; a <= text.size(); ++a) {
        for (std::size_t b = a; b <= text.size(); ++b) {
            bool found = false;
            const std::string seen =
                run({"STOP"}, {text.substr(0, a), text.substr(a, b - a), text.substr(b)}, found);
            EXPECT_EQ(seen, "one two ") << a << " " << b;
            EXPECT_TRUE(found);
        }
    }
}

TEST(StopCutter, TheEarliestOfSeveralWins) {
    bool found = false;
    EXPECT_EQ(run({"zz", "b"}, {"abzz"}, found), "a");
    EXPECT_TRUE(found);
}

TEST(StopCutter, TextThatOnlyLooksLikeOneComesThroughWhole) {
    bool found = true;
    EXPECT_EQ(run({"STOP"}, {"ST", "OX and ST"}, found), "STOX and ST");
    EXPECT_FALSE(found);
}

TEST(StopCutter, EscapedTextIsComparedPlain) {
    bool found = false;
    EXPECT_EQ(run({"\n\nHuman:"}, {"hi\\n", "\\nHum", "an: more"}, found), "hi");
    EXPECT_TRUE(found);
}

}  // namespace
}  // namespace tollgate::gateway
