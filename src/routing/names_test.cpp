#include "routing/names.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "routing/aliases.hpp"
#include "routing/allowed.hpp"

namespace tollgate::routing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Fixture {
    NamesInput input;
    std::vector<std::string> problems;

    void group(std::string name, std::vector<std::string> deployments = {}, bool chat = true) {
        input.groups.push_back({std::move(name), chat, std::move(deployments)});
    }
    Names build() { return Names(input, problems); }
};

// The candidates as words: "group:reason", "provider/model:reason", "group(captured):reason".
std::vector<std::string> words(const Names& names, const std::vector<Candidate>& candidates) {
    std::vector<std::string> out;
    for (const Candidate& c : candidates) {
        std::string word = c.is_direct() ? c.provider + "/" + c.model : names.group_name(c.group);
        for (const std::string& text : c.captured) word += "(" + text + ")";
        out.push_back(word + ":" + std::string(reason_name(c.reason)));
    }
    return out;
}
std::vector<std::string> resolve(const Names& names, std::string_view name) {
    return words(names, names.resolve(name).candidates);
}

TEST(Names, ListedNames_AreResolvedAsTheyAreAskedFor) {
    Fixture f;
    f.group("gpt-4o");
    f.group("claude-sonnet-4-5");
    f.group("openai/*");
    f.input.aliases = {{"fast", "gpt-4o"}};
    f.input.chains = {{"both", {"fast", "claude-sonnet-4-5"}}};
    f.input.fallbacks = {{"gpt-4o", {"claude-sonnet-4-5"}}};
    const Names names = f.build();
    ASSERT_THAT(names.listed(), ::testing::SizeIs(4));
    for (const std::string& name : names.listed()) {
        const Resolution made = names.resolve(name);
        const Resolution* const listed = names.listed_as(name);
        ASSERT_NE(listed, nullptr) << name;
        EXPECT_EQ(words(names, listed->candidates), words(names, made.candidates)) << name;
        EXPECT_EQ(listed->name, made.name);
    }
    EXPECT_EQ(names.listed_as("openai/gpt-5"), nullptr);
    EXPECT_EQ(names.listed_as("GPT-4o"), nullptr);
}

TEST(Names, ExactAliasAndDatelessNamesFindTheirGroup) {
    Fixture f;
    f.group("gpt-4o");
    f.group("claude-sonnet-4-5");
    f.input.aliases = {{"fast", "gpt-4o"}, {"faster", "fast"}};
    const Names names = f.build();
    EXPECT_THAT(resolve(names, "gpt-4o"), ElementsAre("gpt-4o:exact"));
    EXPECT_THAT(resolve(names, "fast"), ElementsAre("gpt-4o:alias"));
    EXPECT_THAT(resolve(names, "faster"), ElementsAre("gpt-4o:alias"));
    EXPECT_THAT(resolve(names, "gpt-4o-2024-08-06"), ElementsAre("gpt-4o:dateless"));
    EXPECT_THAT(resolve(names, "claude-sonnet-4-5-20250929"),
                ElementsAre("claude-sonnet-4-5:dateless"));
    EXPECT_THAT(resolve(names, "claude-sonnet-4-5[1m]"), ElementsAre("claude-sonnet-4-5:dateless"));
    EXPECT_THAT(f.problems, IsEmpty());
}

TEST(Names, DatedGroupWithContextMarkIsExact) {
    Fixture f;
    f.group("claude-opus-4-5-20251101");
    const Names names = f.build();
    EXPECT_THAT(resolve(names, "claude-opus-4-5-20251101[1m]"),
                ElementsAre("claude-opus-4-5-20251101:exact"));
}

TEST(Names, SpellingVariantsResolveUnlessTwoNamesShareOne) {
    Fixture f;
    f.group("qwen3-coder");
    f.group("a-b");
    f.group("ab-");
    const Names names = f.build();
    EXPECT_THAT(resolve(names, "qwen-3-coder"), ElementsAre("qwen3-coder:spelling"));
    EXPECT_THAT(resolve(names, "Qwen3-Coder"), ElementsAre("qwen3-coder:spelling"));
    EXPECT_FALSE(names.resolve("ab").found());
}

TEST(Names, MappedTierServesEveryClaudeName) {
    Fixture f;
    f.group("big");
    f.group("small");
    f.input.tiers = {{"opus", "big"}, {"haiku", "small"}, {"default", "big"}};
    const Names names = f.build();
    for (const char* name : {"claude-opus-4-5-20251101", "opus", "opus[1m]", "opusplan",
                             "claude-opus-9", "us.anthropic.claude-opus-4-5-20251101"}) {
        EXPECT_THAT(resolve(names, name), ElementsAre("big:tier")) << name;
    }
    EXPECT_THAT(resolve(names, "claude-3-5-haiku-latest"), ElementsAre("small:tier"));
    EXPECT_THAT(resolve(names, "claude-sonnet-4-5"), ElementsAre("big:tier"));
    EXPECT_THAT(resolve(names, "claude-instant-1"), ElementsAre("big:tier"));
    EXPECT_FALSE(names.resolve("gpt-5").found());
}

TEST(Names, GroupWithTheVeryNameWinsOverItsTier) {
    Fixture f;
    f.group("big");
    f.group("claude-opus-4-5");
    f.input.tiers = {{"opus", "big"}};
    const Names names = f.build();
    EXPECT_THAT(resolve(names, "claude-opus-4-5"), ElementsAre("claude-opus-4-5:exact"));
    EXPECT_THAT(resolve(names, "claude-opus-4-1"), ElementsAre("big:tier"));
}

TEST(Names, UnmappedTierTakesTheNameThatContainsItElseTheFirstChatModel) {
    Fixture f;
    f.group("embedder", {}, false);
    f.group("gpt-4o");
    f.group("my-sonnet");
    const Names names = f.build();
    EXPECT_THAT(resolve(names, "claude-sonnet-4-6"), ElementsAre("my-sonnet:tier_guess"));
    const Resolution opus = names.resolve("claude-opus-4-5-20251101");
    EXPECT_THAT(words(names, opus.candidates), ElementsAre("gpt-4o:first_chat"));
    EXPECT_THAT(opus.notices, ElementsAre(HasSubstr("set tiers.opus")));
    EXPECT_THAT(resolve(names, "anthropic/claude-opus-4-5"), ElementsAre("gpt-4o:first_chat"));
}

TEST(Names, TierMayNameAProviderAndModelOrAChain) {
    Fixture f;
    f.group("a");
    f.group("b");
    f.input.providers = {{"openrouter", "openrouter"}};
    f.input.chains = {{"code", {"a", "b"}}};
    f.input.tiers = {{"opus", "openrouter/x/y"}, {"sonnet", "code"}};
    const Names names = f.build();
    EXPECT_THAT(resolve(names, "opus"), ElementsAre("openrouter/x/y:tier"));
    EXPECT_THAT(resolve(names, "sonnet"), ElementsAre("a:chain", "b:chain"));
}

TEST(Names, ProviderAndModelGoStraightToAUsableProvider) {
    Fixture f;
    f.group("gpt-4o");
    f.input.providers = {{"openrouter", "openrouter"}, {"ollama", "ollama"}, {"openai", "openai"}};
    f.input.catalog = {{"openai/gpt-5.4", {"gpt-54"}}, {"xai/grok", {}}};
    const Names names = f.build();
    EXPECT_THAT(resolve(names, "openrouter/qwen/qwen3-coder"),
                ElementsAre("openrouter/qwen/qwen3-coder:catalog"));
    EXPECT_THAT(resolve(names, "local/ollama/deepseek"), ElementsAre("ollama/deepseek:catalog"));
    EXPECT_THAT(resolve(names, "gpt-5.4"), ElementsAre("openai/gpt-5.4:catalog"));
    EXPECT_THAT(resolve(names, "gpt-54"), ElementsAre("openai/gpt-5.4:catalog"));
    EXPECT_FALSE(names.resolve("grok").found());
    EXPECT_FALSE(names.resolve("xai/grok").found());
}

TEST(Names, MostSpecificWildcardWinsAndCaptures) {
    Fixture f;
    f.group("*");
    f.group("anthropic/*");
    f.group("anthropic/claude-*-opus*");
    const Names names = f.build();
    EXPECT_THAT(resolve(names, "anthropic/claude-3-opus-x"),
                ElementsAre("anthropic/claude-*-opus*(3)(-x):wildcard"));
    EXPECT_THAT(resolve(names, "anthropic/foo"), ElementsAre("anthropic/*(foo):wildcard"));
    EXPECT_THAT(resolve(names, "gpt-5"), ElementsAre("*(gpt-5):wildcard"));
    EXPECT_EQ(substitute("openai/*", {"gpt-5"}), "openai/gpt-5");
    EXPECT_EQ(substitute("x/*-*", {"a", "b"}), "x/a-b");
}

TEST(Names, CatchAllTakesAClaudeNameAndTheFirstChatModelStandsBehindIt) {
    Fixture f;
    f.group("*");
    f.group("gpt-4o");
    const Names names = f.build();
    EXPECT_THAT(resolve(names, "claude-opus-4-5"),
                ElementsAre("*(claude-opus-4-5):wildcard", "gpt-4o:first_chat"));
}

TEST(Names, ChainIsFollowedFromItsNameItsFirstAndLaterMembers) {
    Fixture f;
    for (const char* name : {"a", "b", "c", "d"}) f.group(name);
    f.input.chains = {{"code_chain", {"a", "b", "c"}}, {"other", {"c", "d"}}};
    const Names names = f.build();
    EXPECT_THAT(resolve(names, "code_chain"), ElementsAre("a:chain", "b:chain", "c:chain"));
    EXPECT_THAT(resolve(names, "a"), ElementsAre("a:exact", "b:chain", "c:chain"));
    EXPECT_THAT(resolve(names, "b"), ElementsAre("b:exact", "c:chain"));
    const Resolution c = names.resolve("c");
    EXPECT_THAT(words(names, c.candidates), ElementsAre("c:exact"));
    EXPECT_THAT(c.notices, ElementsAre(HasSubstr("two chains")));
    EXPECT_THAT(resolve(names, "d"), ElementsAre("d:exact"));
}

TEST(Names, EqualDeploymentsAreTriedOnce) {
    Fixture f;
    f.group("a", {"openai/gpt-4o@"});
    f.group("same", {"openai/gpt-4o@"});
    f.group("b", {"groq/llama@"});
    f.input.providers = {{"openai", "openai"}};
    f.input.chains = {{"chain", {"a", "same", "openai/gpt-4o", "b", "a"}}};
    const Names names = f.build();
    EXPECT_THAT(resolve(names, "chain"), ElementsAre("a:chain", "b:chain"));
}

TEST(Names, FallbacksByGroupThenStrippedNameThenStar) {
    Fixture f;
    for (const char* name : {"a", "b", "c", "d"}) f.group(name);
    f.group("openai/x");
    f.input.fallbacks = {{"a", {"b"}}, {"b", {"c"}}, {"x", {"c"}}, {"*", {"d"}}};
    f.input.context_window_fallbacks = {{"a", {"d", "a"}}};
    const Names names = f.build();
    EXPECT_THAT(resolve(names, "a"), ElementsAre("a:exact", "b:fallback", "c:fallback"));
    EXPECT_THAT(resolve(names, "openai/x"), ElementsAre("openai/x:exact", "c:fallback"));
    EXPECT_THAT(resolve(names, "c"), ElementsAre("c:exact", "d:fallback"));
    EXPECT_THAT(resolve(names, "d"), ElementsAre("d:exact"));
    const Resolution a = names.resolve("a");
    EXPECT_THAT(words(names, a.context_window), ElementsAre("d:fallback"));
    EXPECT_THAT(a.content_policy, IsEmpty());
}

TEST(Names, DefaultFallbacksAndTheirLimit) {
    Fixture f;
    for (const char* name : {"a", "b", "c", "d"}) f.group(name);
    f.input.default_fallbacks = {"b", "c", "d"};
    f.input.fallbacks_max = 2;
    const Names names = f.build();
    EXPECT_THAT(resolve(names, "a"), ElementsAre("a:exact", "b:fallback", "c:fallback"));
}

TEST(Names, RingsOfAliasesChainsAndFallbacksEnd) {
    Fixture f;
    f.group("a");
    f.group("b");
    f.input.aliases = {{"x", "y"}, {"y", "x"}, {"nowhere", "gone"}};
    f.input.chains = {{"one", {"two", "a"}}, {"two", {"one", "b", "missing"}}};
    f.input.fallbacks = {{"a", {"b"}}, {"b", {"a"}}};
    const Names names = f.build();
    EXPECT_FALSE(names.resolve("x").found());
    EXPECT_THAT(resolve(names, "one"), ElementsAre("b:chain", "a:chain"));
    EXPECT_EQ(f.problems.size(), 4u);  // x, y, nowhere, missing
}

TEST(Names, UnknownNameHasThreeNearestNames) {
    Fixture f;
    for (const char* name : {"gpt-4o", "gpt-4o-mini", "claude-sonnet", "deepseek-coder"}) {
        f.group(name);
    }
    f.input.aliases = {{"secret-gpt-4o", "gpt-4o", true}};
    const Names names = f.build();
    const Resolution none = names.resolve("gtp-4o");
    EXPECT_FALSE(none.found());
    ASSERT_EQ(none.nearest.size(), 3u);
    EXPECT_EQ(none.nearest[0], "gpt-4o");
    EXPECT_EQ(none.nearest[1], "gpt-4o-mini");
    const base::Error error = names.not_found("gtp-4o", none);
    EXPECT_EQ(error.code, base::ErrorCode::not_found);
    EXPECT_THAT(error.message, HasSubstr("`gpt-4o`"));
    EXPECT_FALSE(names.resolve("").found());
    EXPECT_FALSE(names.resolve(std::string(100'000, 'x')).found());
}

TEST(Names, ResolvesWithinMicrosecondsAtFiveHundredModels) {
    Fixture f;
    for (int i = 0; i < 500; ++i) f.group("model-" + std::to_string(i), {std::to_string(i)});
    for (int i = 0; i < 20; ++i) f.group("provider" + std::to_string(i) + "/*");
    f.input.tiers = {{"opus", "model-7"}};
    f.input.chains = {{"chain", {"model-1", "model-2", "model-3"}}};
    const Names names = f.build();
    const auto begin = std::chrono::steady_clock::now();
    constexpr int rounds = 2000;
    std::size_t found = 0;
    for (int i = 0; i < rounds; ++i) {
        found += names.resolve("claude-opus-4-5-20251101").candidates.size();
        found += names.resolve("model-1").candidates.size();
        found += names.resolve("provider7/some-model").candidates.size();
    }
    const std::chrono::duration<double, std::micro> spent =
        std::chrono::steady_clock::now() - begin;
    EXPECT_EQ(found, rounds * 5u);
    RecordProperty("microseconds", std::to_string(spent.count() / (3 * rounds)));
    EXPECT_LT(spent.count() / (3 * rounds), 200.0);  // loose: unoptimised and shared machines
}

TEST(Aliases, TierDateAndSpelling) {
    EXPECT_EQ(claude_tier("claude-3-5-haiku-latest"), "haiku");
    EXPECT_EQ(claude_tier("claude-opus-4-5@20251101"), "opus");
    EXPECT_EQ(claude_tier("claude-fable-5"), "fable");
    EXPECT_EQ(claude_tier("claude"), "default");
    EXPECT_EQ(claude_tier("claudette-opus"), "");
    EXPECT_EQ(claude_tier("gpt-opus"), "");
    EXPECT_EQ(without_date("gpt-4o-2024-08-06"), "gpt-4o");
    EXPECT_EQ(without_date("x-12345678"), "x-12345678");
    EXPECT_EQ(without_date("20251101"), "20251101");
    EXPECT_EQ(spelling_key("Claude-3.5-Sonnet"), spelling_key("claude-3-5-sonnet"));
    EXPECT_EQ(split_model("ollama/codellama").provider, "ollama");
    EXPECT_EQ(split_model("local/ollama/x").model, "x");
    EXPECT_EQ(split_model("local/x").provider, "local");
}

TEST(Allowed, NamesGlobsDatesAndGroups) {
    const AllowedModels all(std::vector<std::string>{});
    EXPECT_TRUE(all.allows("anything", ""));
    const AllowedModels some({"gpt-4o", "claude-*", "openrouter/*/free"});
    EXPECT_TRUE(some.allows("gpt-4o", "gpt-4o"));
    EXPECT_TRUE(some.allows("gpt-4o-2024-08-06", ""));
    EXPECT_TRUE(some.allows("fast", "gpt-4o"));
    EXPECT_TRUE(some.allows("claude-opus-4-5", "big"));
    EXPECT_TRUE(some.allows("openrouter/x/free", ""));
    EXPECT_FALSE(some.allows("openrouter/x/paid", ""));
    EXPECT_FALSE(some.allows("gpt-4", "gpt-4"));
    EXPECT_TRUE(AllowedModels({"*"}).everything());
}

}  // namespace
}  // namespace tollgate::routing
