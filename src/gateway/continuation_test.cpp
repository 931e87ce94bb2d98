#include "gateway/continuation.hpp"

#include <gtest/gtest.h>

namespace tollgate::gateway {
namespace {

using domain::BlockKind;
using domain::Event;
using domain::EventKind;

Event block(EventKind kind, std::uint32_t index, BlockKind of, std::string_view text = {}) {
    Event event;
    event.kind = kind;
    event.index = index;
    event.block = of;
    event.text.raw = text;
    return event;
}

class Continued : public ::testing::Test {
protected:
    // The client has the beginning of a text.
    void say(std::string_view text) {
        Event start;
        start.kind = EventKind::start;
        start.id = "msg_1";
        kept.note(start);
        kept.note(block(EventKind::block_start, 0, BlockKind::text));
        kept.note(block(EventKind::block_delta, 0, BlockKind::text, text));
    }
    void break_off(std::int64_t output = 10) {
        domain::Usage used;
        used.input = 100;
        used.output = output;
        dialect::EncoderOptions options;
        options.model = "m";
        kept.keep(nullptr, *codec.client, options, used);
        encoder = kept.lend_encoder();
    }
    std::string told(Event event) {
        std::string out;
        if (kept.fit(event)) encoder->encode(event, out);
        return out;
    }
    domain::Request extended(bool prefill, domain::Request request = {}) {
        domain::Deployment target;
        target.model.prefill = prefill;
        kept.extend(request, target);
        return request;
    }

    dialect::Codec codec = dialect::make_anthropic();
    Continuation kept;
    std::unique_ptr<dialect::StreamEncoder> encoder;
};

TEST_F(Continued, TheOpenText_GoesOnInItsBlock) {
    say("one ");
    break_off();
    EXPECT_EQ(told(block(EventKind::block_start, 0, BlockKind::text)), "");
    EXPECT_EQ(told(block(EventKind::block_delta, 0, BlockKind::text, "two")),
              "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,"
              "\"delta\":{\"type\":\"text_delta\",\"text\":\"two\"}}\n\n");
    EXPECT_EQ(told(block(EventKind::block_end, 0, BlockKind::text)),
              "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n");
    // What follows it is numbered behind it.
    EXPECT_NE(told(block(EventKind::block_start, 1, BlockKind::tool_call)).find("\"index\":1"),
              std::string::npos);
}

TEST_F(Continued, BlocksOpenedInVain_AreClosed) {
    say("");
    break_off();
    EXPECT_EQ(kept.take_owed(),
              "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n");
    EXPECT_EQ(kept.take_owed(), "");
    told(block(EventKind::block_start, 0, BlockKind::text));
    EXPECT_NE(told(block(EventKind::block_delta, 0, BlockKind::text, "x")).find("\"index\":1"),
              std::string::npos);
}

TEST_F(Continued, ThoughtsAfterText_AreNotTheClients) {
    say("one ");
    break_off();
    EXPECT_EQ(told(block(EventKind::block_start, 0, BlockKind::thinking)), "");
    EXPECT_EQ(told(block(EventKind::block_delta, 0, BlockKind::thinking, "hm")), "");
    EXPECT_EQ(told(block(EventKind::block_end, 0, BlockKind::thinking)), "");
    EXPECT_EQ(told(block(EventKind::block_start, 1, BlockKind::text)), "");
    EXPECT_NE(told(block(EventKind::block_delta, 1, BlockKind::text, "x")).find("\"index\":0"),
              std::string::npos);
}

TEST_F(Continued, UsageOfBoth_IsShown) {
    say("one");
    break_off(10);
    Event stop;
    stop.kind = EventKind::stop;
    stop.usage.input = 5;
    stop.usage.output = 7;
    ASSERT_TRUE(kept.fit(stop));
    EXPECT_EQ(stop.usage.input, 105);
    EXPECT_EQ(stop.usage.output, 17);
    EXPECT_EQ(stop.usage.cache_read, -1);
}

TEST_F(Continued, ToolCallsAndRefusals_EndIt) {
    say("one");
    EXPECT_TRUE(kept.possible());
    EXPECT_FALSE(kept.under_way());
    kept.note(block(EventKind::block_start, 1, BlockKind::tool_call));
    EXPECT_FALSE(kept.possible());
    Continuation other;
    other.note(block(EventKind::block_start, 0, BlockKind::refusal));
    EXPECT_FALSE(other.possible());
}

TEST_F(Continued, TheNextRequest_CarriesWhatWasSaid) {
    say("one tw");
    break_off(10);
    EXPECT_TRUE(kept.under_way());
    domain::Request asked;
    asked.messages.emplace_back().role = domain::Role::user;
    asked.max_output_tokens = 30;
    const domain::Request prefilled = extended(true, asked);
    ASSERT_EQ(prefilled.messages.size(), 2u);
    EXPECT_EQ(prefilled.messages[1].role, domain::Role::assistant);
    EXPECT_EQ(prefilled.messages[1].parts[0].text.raw, "one tw");
    EXPECT_EQ(prefilled.max_output_tokens, 20);
    const domain::Request asked_on = extended(false, asked);
    ASSERT_EQ(asked_on.messages.size(), 3u);
    EXPECT_EQ(asked_on.messages[2].role, domain::Role::user);
    asked.thinking.mode = domain::ThinkingMode::adaptive;
    EXPECT_EQ(extended(true, asked).messages.size(), 3u);
    asked.max_output_tokens = 3;
    EXPECT_EQ(extended(true, asked).max_output_tokens, 1);
}

TEST_F(Continued, WordsThatEndInASpace_AreNoPrefill) {
    for (const std::string_view text : {"one ", "one\\n", "one\\t"}) {
        Continuation fresh;
        fresh.note(block(EventKind::block_start, 0, BlockKind::text));
        fresh.note(block(EventKind::block_delta, 0, BlockKind::text, text));
        domain::Request request;
        domain::Deployment target;
        target.model.prefill = true;
        fresh.extend(request, target);
        EXPECT_EQ(request.messages.size(), 2u) << text;
    }
}

}  // namespace
}  // namespace tollgate::gateway
