#include "routing/affinity.hpp"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

#include "routing/affinity_table.hpp"

namespace tollgate::routing {
namespace {

constexpr std::int64_t now = 1'795'237'200;

SessionSource claude_code() {
    return {.tenant = "t1", .model = "claude-sonnet-4-5", .session_id = "s-1"};
}

TEST(SessionKey, TheSameConversationHasTheSameKeyEverywhere) {
    // Written down: instances of two builds must agree.
    EXPECT_EQ(to_string(*session_key(claude_code())), "c78eeff318f6a82aa549370d899aa05e");
    EXPECT_EQ(to_string(*session_key({.tenant = "t", .model = "m", .system_text = "You help.",
                                      .first_user_text = "Rename the parser."})),
              "76b71966c6a1bcb9f6839160a07f831d");
}

TEST(SessionKey, TextComesBackAsTheKeyItWas) {
    const SessionKey key{0x0123456789abcdef, 0xfedcba9876543210};
    EXPECT_EQ(parse_session_key(to_string(key)), key);
    EXPECT_EQ(parse_session_key(to_string(SessionKey())), SessionKey());
    for (const char* wrong : {"", "0123", "0123456789abcdeffedcba987654321", "not hexadecimal "
                              "but as long...", "0x23456789abcdeffedcba9876543210"}) {
        EXPECT_EQ(parse_session_key(wrong), std::nullopt) << wrong;
    }
}

TEST(SessionKey, EveryPartTellsConversationsApart) {
    std::set<SessionKey> keys;
    auto source = claude_code();
    keys.insert(*session_key(source));
    source.session_id = "s-2";
    keys.insert(*session_key(source));
    source.agent_id = "a-1";
    keys.insert(*session_key(source));
    source.model = "claude-haiku-4-5";
    keys.insert(*session_key(source));
    source.tenant = "t2";
    keys.insert(*session_key(source));
    source = {.tenant = "ab", .model = "c", .session_id = "d"};
    keys.insert(*session_key(source));
    source = {.tenant = "a", .model = "bc", .session_id = "d"};
    keys.insert(*session_key(source));
    EXPECT_EQ(keys.size(), 7u);
}

TEST(SessionKey, MetadataHoldsTheSession_InBothForms_AndMeansTheSameAsTheHeader) {
    const auto with_header = *session_key(claude_code());
    auto source = claude_code();
    source.session_id = "";
    source.metadata_user = R"({"device_id":"d","session_id":"s-1"})";
    EXPECT_EQ(*session_key(source), with_header);
    source.metadata_user = "user_0a1b_account_77_session_s-1";
    EXPECT_EQ(*session_key(source), with_header);
    source.metadata_user = "{broken";
    EXPECT_FALSE(session_key(source).has_value());
    source.metadata_user = "somebody";
    EXPECT_FALSE(session_key(source).has_value());
}

TEST(SessionKey, WithoutAnId_TheFirstWordsTellConversationsApart) {
    SessionSource source{.tenant = "t", .model = "m", .system_text = "You help.",
                         .first_user_text = "Rename the parser."};
    const auto one = *session_key(source);
    EXPECT_EQ(*session_key(source), one);
    source.first_user_text = "Rename the printer.";
    EXPECT_NE(*session_key(source), one);
    const std::string large(session_text_bytes, 'x');
    const auto longer = large + "tail";
    source.system_text = large;
    const auto cut = *session_key(source);
    source.system_text = longer;
    EXPECT_EQ(*session_key(source), cut);
    EXPECT_FALSE(session_key({.tenant = "t", .model = "m"}).has_value());
}

TEST(SessionKey, ManyKeysSpreadOverShards) {
    std::vector<int> shards(16);
    for (int i = 0; i < 16'000; ++i) {
        const auto id = std::to_string(i);
        ++shards[session_key({.tenant = "t", .model = "m", .session_id = id})->high % 16];
    }
    for (const auto count : shards) EXPECT_NEAR(count, 1'000, 150);
}

// USD per million tokens.
domain::TokenRates rates(std::int64_t input, std::int64_t output, std::int64_t read = -1,
                         std::int64_t write = -1) {
    domain::TokenRates out;
    const auto pico = [](std::int64_t price) { return price < 0 ? -1 : price * 10'000; };
    out.input = pico(input);
    out.output = pico(output);
    out.cache_read = pico(read);
    out.cache_write_5m = pico(write);
    return out;
}
// Cents per million: 300 is 3 USD.
const auto sonnet = rates(300, 1500, 30, 375);
const auto no_cache = rates(100, 400);

TEST(Affinity, APrefixIsWorthSomethingOnlyWhileItIsCached) {
    Assignment assignment{.cached_at = now, .cached_tokens = 100'000};
    EXPECT_EQ(tokens_cached(assignment, now + 299), 100'000);
    EXPECT_EQ(tokens_cached(assignment, now + 300), 0);
    assignment.cache_seconds = cache_seconds_long;
    EXPECT_EQ(tokens_cached(assignment, now + 3'599), 100'000);
    EXPECT_EQ(tokens_cached(assignment, now + 3'600), 0);
    EXPECT_DOUBLE_EQ(cached_saving_usd(100'000, sonnet), 0.27);
    EXPECT_DOUBLE_EQ(cached_saving_usd(100'000, no_cache), 0);
}

// A turn of 100,000 cached tokens, 1,000 new ones and 500 of output. Sonnet: 0.03 + 0.00375 +
// 0.0075 = 0.04125 USD. Without a cache at 1 and 4 USD: 0.1 + 0.001 + 0.002 = 0.103 USD.
TEST(Affinity, Turns_CostWhatTheyCostByHand) {
    const TurnShape turn{.prefix_tokens = 100'000, .new_tokens = 1'000, .output_tokens = 500};
    EXPECT_NEAR(turn_cost_usd(turn, sonnet), 0.04125, 1e-12);
    EXPECT_NEAR(turn_cost_usd(turn, no_cache), 0.103, 1e-12);
    EXPECT_NEAR(cold_start_usd(turn, sonnet), 0.345, 1e-12);
    EXPECT_DOUBLE_EQ(cold_start_usd(turn, no_cache), 0);
    EXPECT_EQ(turn_cost_usd(turn, {}), -1);
}

TEST(Affinity, ACheaperModelWithoutACache_DoesNotPayForALongPrompt) {
    const TurnShape turn{.prefix_tokens = 100'000, .new_tokens = 1'000, .output_tokens = 500};
    const Assignment assignment{.cached_at = now, .cached_tokens = 100'000, .turns = 10};
    const auto verdict = moving_pays(assignment, turn, sonnet, no_cache, now);
    EXPECT_FALSE(verdict.pays);
    EXPECT_EQ(verdict.turns, 10);
    EXPECT_NEAR(verdict.saving_usd, 10 * (0.04125 - 0.103), 1e-9);
}

// Haiku at a third of the price: 0.01375 a turn; writing the prefix there costs 0.115 beyond
// reading it. Four turns save 0.11, five 0.1375.
TEST(Affinity, MovingPaysOnceTheTurnsToComeEarnTheColdStart) {
    const auto haiku = rates(100, 500, 10, 125);
    const TurnShape turn{.prefix_tokens = 100'000, .new_tokens = 1'000, .output_tokens = 500};
    Assignment assignment{.cached_at = now, .cached_tokens = 100'000, .turns = 4};
    auto verdict = moving_pays(assignment, turn, sonnet, haiku, now);
    EXPECT_FALSE(verdict.pays);
    EXPECT_NEAR(verdict.saving_usd, 0.11, 1e-9);
    EXPECT_NEAR(verdict.lost_cache_usd, 0.115, 1e-9);
    assignment.turns = 5;
    verdict = moving_pays(assignment, turn, sonnet, haiku, now);
    EXPECT_TRUE(verdict.pays);
    EXPECT_NEAR(verdict.saving_usd, 0.1375, 1e-9);
    // Once the prefix has gone cold here, the start over there costs nothing more.
    assignment.turns = 1;
    verdict = moving_pays(assignment, turn, sonnet, haiku, now + 301);
    EXPECT_TRUE(verdict.pays);
    EXPECT_DOUBLE_EQ(verdict.lost_cache_usd, 0);
}

TEST(Affinity, UnknownPricesNeverMoveAConversation) {
    const TurnShape turn{.prefix_tokens = 1'000, .new_tokens = 10, .output_tokens = 10};
    EXPECT_FALSE(moving_pays({.turns = 50}, turn, sonnet, {}, now).pays);
    EXPECT_FALSE(moving_pays({.turns = 50}, turn, {}, sonnet, now).pays);
    EXPECT_EQ(remaining_turns(0), 1);
    EXPECT_EQ(remaining_turns(7), 7);
    EXPECT_EQ(remaining_turns(1'000), 50);
}

TEST(Affinity, EndsWithTheDeploymentTheRuleOrASaving_ABoundOneOnlyWithTheDeployment) {
    Assignment assignment{.deployment = "d", .rule = "r1"};
    AffinityScene scene{.candidate = true, .rule = "r1"};
    EXPECT_EQ(judge_affinity(assignment, scene), AffinityEnd::holds);
    scene.move.pays = true;
    EXPECT_EQ(judge_affinity(assignment, scene), AffinityEnd::moving_pays);
    scene.rule = "r2";
    EXPECT_EQ(judge_affinity(assignment, scene), AffinityEnd::rule_changed);
    assignment.bound = true;
    EXPECT_EQ(judge_affinity(assignment, scene), AffinityEnd::holds);
    scene.circuit = CircuitState::half_open;
    EXPECT_EQ(judge_affinity(assignment, scene), AffinityEnd::holds);
    scene.circuit = CircuitState::open;
    EXPECT_EQ(judge_affinity(assignment, scene), AffinityEnd::unhealthy);
    scene.candidate = false;
    EXPECT_EQ(judge_affinity(assignment, scene), AffinityEnd::not_a_candidate);
}

TEST(Affinity, AnAnswer_RenewsThePlaceAndCountsTheTurn) {
    const auto first = after_turn(nullptr, {.deployment = "a", .rule = "r", .cached_tokens = 900,
                                            .cache_seconds = cache_seconds_long}, now);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->deployment, "a");
    EXPECT_EQ(first->rule, "r");
    EXPECT_EQ(first->turns, 1);
    EXPECT_EQ(tokens_cached(*first, now + 3'599), 900);
    const auto second = after_turn(&*first, {.deployment = "a", .cached_tokens = 1'200}, now + 60);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->turns, 2);
    EXPECT_EQ(second->rule, "");
    EXPECT_EQ(tokens_cached(*second, now + 3'600), 1'200) << "a mark for an hour goes on to hold";
    const auto silent = after_turn(&*second, {.deployment = "a"}, now + 120);
    ASSERT_TRUE(silent);
    EXPECT_EQ(silent->turns, 3);
    EXPECT_EQ(silent->cached_at, now + 60);
}

TEST(Affinity, AnAnswerElsewhere_MovesOnlyWhatItLeavesSomethingToStayFor) {
    const auto place = after_turn(nullptr, {.deployment = "a", .cached_tokens = 900}, now);
    EXPECT_EQ(after_turn(&*place, {.deployment = "b", .rule = "background"}, now + 60),
              std::nullopt)
        << "a detour";
    EXPECT_EQ(after_turn(nullptr, {.deployment = "b"}, now), std::nullopt);
    const auto moved = after_turn(&*place, {.deployment = "b", .cached_tokens = 50}, now + 60);
    ASSERT_TRUE(moved);
    EXPECT_EQ(moved->deployment, "b");
    EXPECT_EQ(moved->turns, 1);
    const auto bound = after_turn(&*place, {.deployment = "c", .binds = true}, now + 60);
    ASSERT_TRUE(bound);
    EXPECT_TRUE(bound->bound);
    EXPECT_EQ(bound->cached_tokens, 0);
    EXPECT_TRUE(after_turn(&*bound, {.deployment = "c"}, now + 90)->bound);
}

TEST(Affinity, AssignmentsReadBackAsWritten_OthersAreRefused) {
    const Assignment assignment{.deployment = "openai/gpt 5@team", .rule = "night shift",
                                .last_used = now, .cached_at = now - 5,
                                .cache_seconds = cache_seconds_long, .cached_tokens = 12'345,
                                .turns = 7, .bound = true};
    const auto read = decode_assignment(encode(assignment));
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(*read, assignment);
    const auto without_rule = decode_assignment(encode({.deployment = "d"}));
    ASSERT_TRUE(without_rule.ok());
    EXPECT_EQ(without_rule->rule, "");
    for (const auto* text : {"", "2 1 1 1 1 1 0 r\td", "1 1 1 1 1 1 r\td", "1 1 1 1 1 -1 0 r\td",
                             "1 1 1 1 1 1 0 r", "1 1 1 1 1 1 0 r\t"}) {
        EXPECT_FALSE(decode_assignment(text).ok()) << text;
    }
}

SessionKey key(int number) {
    const auto id = std::to_string(number);
    return *session_key({.tenant = "t", .model = "m", .session_id = id});
}

TEST(AffinityTable, AnAssignmentLivesOneHourAfterItsLastUse) {
    AffinityTable table(100);
    table.put(key(1), {.deployment = "d"}, now);
    EXPECT_TRUE(table.find(key(1), now + 3'599));
    EXPECT_TRUE(table.answered(key(1), "d", 5'000, cache_seconds_short, now + 3'000));
    const auto found = table.find(key(1), now + 6'599);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->turns, 1);
    EXPECT_EQ(found->cached_tokens, 5'000);
    EXPECT_EQ(found->cached_at, now + 3'000);
    EXPECT_FALSE(table.find(key(1), now + 6'600));
    EXPECT_EQ(table.size(), 0u);
}

TEST(AffinityTable, AnAnswerOfAnotherDeployment_ChangesNothing) {
    AffinityTable table(100);
    EXPECT_FALSE(table.answered(key(1), "d", 1, cache_seconds_short, now));
    table.put(key(1), {.deployment = "d"}, now);
    EXPECT_FALSE(table.answered(key(1), "other", 1, cache_seconds_short, now));
    EXPECT_EQ(table.find(key(1), now)->turns, 0);
    table.erase(key(1));
    EXPECT_FALSE(table.find(key(1), now));
}

TEST(AffinityTable, NeverMoreThanItsBound_TheOneUnusedLongestGoes) {
    AffinityTable table(160);
    for (int i = 0; i < 5'000; ++i) {
        table.put(key(i), {.deployment = "d"}, now + i / 100);
        EXPECT_TRUE(table.find(key(0), now + i / 100)) << i;  // in use, so it stays
    }
    EXPECT_EQ(table.size(), 160u);
    EXPECT_TRUE(table.find(key(4'999), now + 50));
    EXPECT_FALSE(table.find(key(1), now + 50));
}

TEST(AffinityTable, ManyThreadsAtOnce) {
    AffinityTable table(1'000);
    std::vector<std::thread> running;
    running.reserve(4);
    for (int thread = 0; thread < 4; ++thread) {
        running.emplace_back([&table, thread] {
            for (int i = 0; i < 5'000; ++i) {
                const auto one = key(i % 300);
                if (i % 3 == thread % 3) table.put(one, {.deployment = "d"}, now);
                table.answered(one, "d", i, cache_seconds_short, now);
                if (i % 50 == 0) table.erase(one);
            }
        });
    }
    for (auto& thread : running) thread.join();
    EXPECT_LE(table.size(), 300u);
}

}  // namespace
}  // namespace tollgate::routing
