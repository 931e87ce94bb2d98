#include "routing/circuit_notice.hpp"

#include <gtest/gtest.h>

namespace tollgate::routing {
namespace {

using namespace std::chrono_literals;

CircuitNotice opened() {
    CircuitNotice out;
    out.instance = "gate-7f3a";
    out.deployment = "openai/gpt 5@team one";
    out.change = {.changed = true,
                  .state = CircuitState::open,
                  .open_for = 20'000ms,
                  .reason = OpenReason::error_rate,
                  .openings = 3};
    return out;
}

TEST(CircuitNotice, WhatIsEncodedReadsBackTheSame) {
    const auto text = encode(opened());
    EXPECT_EQ(text, "tollgate-circuit/1 gate-7f3a open 20000 3 error_rate openai/gpt 5@team one");
    const auto read = decode_circuit_notice(text);
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read->instance, "gate-7f3a");
    EXPECT_EQ(read->deployment, "openai/gpt 5@team one");
    EXPECT_EQ(read->change.state, CircuitState::open);
    EXPECT_EQ(read->change.open_for, 20'000ms);
    EXPECT_EQ(read->change.openings, 3);
    EXPECT_EQ(read->change.reason, OpenReason::error_rate);
}

TEST(CircuitNotice, WhatIsNotOneIsRefused_WithTheWrongPart) {
    const std::pair<std::string, std::string> cases[] = {
        {"", "version"},
        {"tollgate-circuit/2 a open 1 1 none b", "version"},
        {"tollgate-circuit/1  open 1 1 none b", "instance"},
        {"tollgate-circuit/1 a ajar 1 1 none b", "state"},
        {"tollgate-circuit/1 a half_open 1 1 none b", "state"},
        {"tollgate-circuit/1 a open -1 1 none b", "time"},
        {"tollgate-circuit/1 a open 99999999999999 1 none b", "time"},
        {"tollgate-circuit/1 a open 1s 1 none b", "time"},
        {"tollgate-circuit/1 a open 1 x none b", "number of openings"},
        {"tollgate-circuit/1 a open 1 1 boredom b", "reason"},
        {"tollgate-circuit/1 a open 1 1 none", "deployment"},
        {"tollgate-circuit/1 a open 1 1 none b\nc", "deployment"},
        {"tollgate-circuit/1 a open 1 1 none " + std::string(notice_bytes_max, 'b'), "length"},
    };
    for (const auto& [text, part] : cases) {
        const auto read = decode_circuit_notice(text);
        ASSERT_FALSE(read.ok()) << text;
        EXPECT_EQ(read.error().field, part) << text;
    }
}

TEST(CircuitNotice, AnotherInstanceFollows_AndClosesWithIt) {
    const Instant now = Instant() + std::chrono::hours(1);
    DeploymentHealth here, there;
    const domain::CircuitSettings settings;
    CircuitChange change;
    for (int i = 0; i < 5; ++i) {
        change = here.finished(here.started(now), {.error_class = domain::ErrorClass::timeout},
                               settings, now);
    }
    ASSERT_TRUE(change.changed);
    const auto notice = decode_circuit_notice(encode({"here", "d", change}));
    ASSERT_TRUE(notice.ok());
    EXPECT_TRUE(there.follow(notice->change, now + 300ms));
    EXPECT_FALSE(there.follow(notice->change, now + 300ms));
    const auto view = there.view(now + 300ms);
    EXPECT_EQ(view.circuit, CircuitState::open);
    EXPECT_EQ(view.opens_in, 5'000ms);
    EXPECT_EQ(view.reason, OpenReason::failures_in_a_row);
    EXPECT_EQ(view.openings, 1);

    const auto probed = here.finished(here.started(now + 5s), {}, settings, now + 5s);
    ASSERT_TRUE(probed.changed);
    EXPECT_TRUE(there.follow(probed, now + 5s));
    EXPECT_EQ(there.view(now + 5s).circuit, CircuitState::closed);
    EXPECT_FALSE(there.follow(probed, now + 5s));
}

}  // namespace
}  // namespace tollgate::routing
