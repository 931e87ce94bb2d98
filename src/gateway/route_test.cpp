// From a name to the endpoints in their order: turns, chains, permission, names that nobody has.
#include "gateway/generation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tollgate::gateway {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

EndpointPointer endpoint(std::string model, std::string provider = "openai") {
    auto made = std::make_shared<Endpoint>();
    made->deployment.model_name = std::move(model);
    made->deployment.provider.type = std::move(provider);
    return made;
}

std::vector<std::string> names_of(const std::vector<EndpointPointer>& endpoints) {
    std::vector<std::string> names;
    for (const EndpointPointer& each : endpoints) names.push_back(each->deployment.model_name);
    return names;
}

class MakePlan : public testing::Test {
protected:
    MakePlan() {
        policies_.emplace_back();  // of the master key
        snapshot_.make_endpoints = [this](const routing::Candidate& candidate) {
            return make(candidate);
        };
    }

    void group(const std::string& name, std::vector<EndpointPointer> endpoints) {
        auto made = std::make_unique<Group>();
        made->name = name;
        made->endpoints = std::move(endpoints);
        snapshot_.groups.push_back(std::move(made));
        names_.groups.push_back({name, true, {}});
    }
    // Call after the names are set.
    void ready() {
        std::vector<std::string> problems;
        snapshot_.names = routing::Names(names_, problems);
        EXPECT_THAT(problems, IsEmpty());
    }
    std::uint32_t key_that_may(const std::vector<std::string>& models) {
        policies_.emplace_back().allowed.emplace_back(models);
        return static_cast<std::uint32_t>(policies_.size() - 1);
    }
    base::Result<Plan> plan(std::string_view alias, std::uint32_t policy = 0) {
        RequestRecord record;
        return make_plan(snapshot_, policies_[policy], alias, record);
    }
    std::vector<std::string> tried(std::string_view alias, std::uint32_t policy = 0) {
        auto made = plan(alias, policy);
        return made.ok() ? names_of(made->candidates)
                         : std::vector<std::string>{"error: " + made.error().message};
    }

    std::vector<KeyPolicy> policies_;
    Snapshot snapshot_;
    routing::NamesInput names_;
    std::vector<std::string> unusable_;  // providers whose endpoints cannot be made
    int made_ = 0;

private:
    base::Result<std::vector<EndpointPointer>> make(const routing::Candidate& candidate) {
        ++made_;
        if (std::ranges::find(unusable_, candidate.provider) != unusable_.end()) {
            return base::Error{base::ErrorCode::permission,
                               candidate.provider + " has no credential"};
        }
        if (candidate.is_direct()) {
            return std::vector{endpoint(candidate.model, candidate.provider)};
        }
        const std::string& text = candidate.captured.front();
        return std::vector{endpoint(text + "-a"), endpoint(text + "-b")};
    }
};

TEST_F(MakePlan, EqualDeployments_TakeTurns) {
    group("gpt", {endpoint("a"), endpoint("b"), endpoint("c")});
    ready();
    EXPECT_THAT(tried("gpt"), ElementsAre("a", "b", "c"));
    EXPECT_THAT(tried("gpt"), ElementsAre("b", "c", "a"));
    EXPECT_THAT(tried("gpt"), ElementsAre("c", "a", "b"));
    EXPECT_THAT(tried("gpt"), ElementsAre("a", "b", "c"));
}

TEST_F(MakePlan, TurnsOfOneName_DoNotMoveAnother) {
    group("gpt", {endpoint("a"), endpoint("b")});
    group("claude", {endpoint("x"), endpoint("y")});
    ready();
    EXPECT_THAT(tried("gpt"), ElementsAre("a", "b"));
    EXPECT_THAT(tried("claude"), ElementsAre("x", "y"));
    EXPECT_THAT(tried("gpt"), ElementsAre("b", "a"));
}

TEST_F(MakePlan, Fallbacks_FollowInTheirOrder) {
    group("gpt", {endpoint("a")});
    group("second", {endpoint("b")});
    group("third", {endpoint("c")});
    names_.fallbacks = {{"gpt", {"third", "second"}}};
    ready();
    EXPECT_THAT(tried("gpt"), ElementsAre("a", "c", "b"));
    EXPECT_THAT(tried("second"), ElementsAre("b"));
}

TEST_F(MakePlan, OneEndpointInTwoGroups_IsTriedOnce) {
    const EndpointPointer shared = endpoint("shared");
    group("gpt", {shared});
    group("backup", {shared, endpoint("b")});
    names_.fallbacks = {{"gpt", {"backup"}}};
    ready();
    EXPECT_THAT(tried("gpt"), ElementsAre("shared", "b"));
}

TEST_F(MakePlan, SpecialChains_AreKeptApart) {
    group("gpt", {endpoint("a")});
    group("long", {endpoint("l")});
    group("open", {endpoint("o")});
    names_.context_window_fallbacks = {{"gpt", {"long"}}};
    names_.content_policy_fallbacks = {{"gpt", {"open"}}};
    ready();
    auto made = plan("gpt");
    ASSERT_TRUE(made.ok()) << made.error().message;
    EXPECT_THAT(names_of(made->candidates), ElementsAre("a"));
    EXPECT_THAT(names_of(made->context_window), ElementsAre("l"));
    EXPECT_THAT(names_of(made->content_policy), ElementsAre("o"));
}

TEST_F(MakePlan, Chain_IsFollowedFromItsMemberOn) {
    group("a", {endpoint("a")});
    group("b", {endpoint("b")});
    group("c", {endpoint("c")});
    names_.chains = {{"coding", {"a", "b", "c"}}};
    ready();
    EXPECT_THAT(tried("coding"), ElementsAre("a", "b", "c"));
    EXPECT_THAT(tried("b"), ElementsAre("b", "c"));
}

TEST_F(MakePlan, Wildcard_IsMadeAndItsDeploymentsTakeTurns) {
    group("gpt-*", {});
    ready();
    EXPECT_THAT(tried("gpt-5"), ElementsAre("5-a", "5-b"));
    EXPECT_THAT(tried("gpt-5"), ElementsAre("5-b", "5-a"));
    EXPECT_EQ(made_, 2);
}

TEST_F(MakePlan, ProviderByName_IsMade) {
    names_.providers = {{"groq", "groq"}};
    ready();
    EXPECT_THAT(tried("groq/llama"), ElementsAre("llama"));
}

TEST_F(MakePlan, CandidateThatCannotBeMade_IsSkipped) {
    group("gpt", {endpoint("a")});
    names_.providers = {{"groq", "groq"}, {"xai", "xai"}};
    names_.fallbacks = {{"groq/llama", {"gpt"}}};
    unusable_ = {"groq"};
    ready();
    EXPECT_THAT(tried("groq/llama"), ElementsAre("a"));
}

TEST_F(MakePlan, NoCandidateCanBeMade_TheReasonIsTold) {
    names_.providers = {{"groq", "groq"}};
    unusable_ = {"groq"};
    ready();
    auto made = plan("groq/llama");
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(made.error().code, base::ErrorCode::not_found);
    EXPECT_EQ(made.error().field, "model");
    EXPECT_EQ(made.error().message, "groq has no credential");
}

TEST_F(MakePlan, SpecialChainThatCannotBeMade_DoesNotFailTheRequest) {
    group("gpt", {endpoint("a")});
    names_.providers = {{"groq", "groq"}};
    names_.context_window_fallbacks = {{"gpt", {"groq/llama"}}};
    unusable_ = {"groq"};
    ready();
    auto made = plan("gpt");
    ASSERT_TRUE(made.ok()) << made.error().message;
    EXPECT_THAT(names_of(made->candidates), ElementsAre("a"));
    EXPECT_THAT(made->context_window, IsEmpty());
}

TEST_F(MakePlan, ModelThatTheKeyMayNotUse_IsRefused) {
    group("gpt", {endpoint("a")});
    group("claude", {endpoint("c")});
    ready();
    const std::uint32_t policy = key_that_may({"claude"});
    EXPECT_THAT(tried("claude", policy), ElementsAre("c"));
    auto refused = plan("gpt", policy);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, base::ErrorCode::permission);
    EXPECT_EQ(refused.error().field, "model");
    EXPECT_THAT(refused.error().message,
                AllOf(HasSubstr("may not use the model 'gpt'"), HasSubstr("/v1/models")));
}

TEST_F(MakePlan, AliasOfAForbiddenModel_IsRefusedToo) {
    group("gpt", {endpoint("a")});
    group("claude", {endpoint("c")});
    names_.aliases = {{"fast", "gpt", false}};
    ready();
    const std::uint32_t policy = key_that_may({"claude"});
    EXPECT_EQ(plan("fast", policy).error().code, base::ErrorCode::permission);
}

TEST_F(MakePlan, NameOfTheTenantsOwn_LeadsWhereItSays) {
    group("gpt", {endpoint("a")});
    group("house", {endpoint("h")});
    ready();
    const std::uint32_t policy = key_that_may({"house"});
    policies_[policy].aliases = {{"house", "gpt"}};
    EXPECT_THAT(tried("house", policy), ElementsAre("a"));
    EXPECT_THAT(tried("house"), ElementsAre("h")) << "other keys know nothing of it";
}

TEST_F(MakePlan, UnknownModel_IsNotFoundWithTheNearestNames) {
    group("gpt-large", {endpoint("a")});
    group("mistral", {endpoint("m")});
    ready();
    auto made = plan("gpt-lrage");
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(made.error().code, base::ErrorCode::not_found);
    EXPECT_THAT(made.error().message, AllOf(HasSubstr("gpt-lrage"), HasSubstr("gpt-large")));
}

}  // namespace
}  // namespace tollgate::gateway
