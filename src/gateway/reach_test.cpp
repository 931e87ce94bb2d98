#include "gateway/reach.hpp"

#include "gateway/route.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tollgate::gateway {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

EndpointPointer candidate(std::string provider, std::string region) {
    auto made = std::make_shared<Endpoint>();
    made->deployment.model_name = "model-" + region;
    made->deployment.provider.type = std::move(provider);
    made->deployment.place.region = std::move(region);
    return made;
}

Plan plan_of(std::vector<EndpointPointer> candidates) {
    Plan plan;
    plan.candidates = std::move(candidates);
    return plan;
}

TEST(KeepReached, WithoutBounds_EveryCandidateStays) {
    Plan plan = plan_of({candidate("openai", ""), candidate("bedrock", "us-east-1")});
    EXPECT_TRUE(keep_reached({}, "fast", plan).ok());
    EXPECT_EQ(plan.candidates.size(), 2u);
}

TEST(KeepReached, ProvidersAndRegions_BindEveryChain) {
    KeyPolicy policy;
    policy.allowed_providers = {"bedrock", "vertex_ai"};
    policy.allowed_regions = {"eu"};
    Plan plan = plan_of({candidate("bedrock", "us-east-1"), candidate("bedrock", "eu-west-1"),
                         candidate("openai", "eu-west-1")});
    plan.context_window = {candidate("bedrock", "us-east-1")};
    plan.content_policy = {candidate("vertex_ai", "europe-west4")};
    ASSERT_TRUE(keep_reached(policy, "fast", plan).ok());
    ASSERT_EQ(plan.candidates.size(), 1u);
    EXPECT_EQ(plan.candidates.front()->deployment.place.region, "eu-west-1");
    EXPECT_TRUE(plan.context_window.empty());
    EXPECT_EQ(plan.content_policy.size(), 1u);
}

TEST(KeepReached, NothingLeft_NamesTheKeysRegionsAndTheCandidates) {
    KeyPolicy policy;
    policy.allowed_regions = {"eu", "local"};
    Plan plan = plan_of({candidate("bedrock", "us-east-1"), candidate("openai", "")});
    const auto kept = keep_reached(policy, "fast", plan);
    ASSERT_FALSE(kept.ok());
    EXPECT_EQ(kept.error().code, base::ErrorCode::permission);
    EXPECT_THAT(kept.error().message,
                AllOf(HasSubstr("the regions eu, local"), HasSubstr("region us-east-1"),
                      HasSubstr("region anywhere"), HasSubstr("'fast'")));
}

TEST(KeepReached, MakingAPlan_LooksAtTheKeysRegions) {
    Snapshot snapshot;
    snapshot.make_endpoints = [](const routing::Candidate&) {
        return base::Result<std::vector<EndpointPointer>>(std::vector<EndpointPointer>());
    };
    auto group = std::make_unique<Group>();
    group->name = "fast";
    group->endpoints = {candidate("bedrock", "us-east-1"), candidate("bedrock", "eu-west-1")};
    snapshot.groups.push_back(std::move(group));
    routing::NamesInput names;
    names.groups.push_back({"fast", true, {}});
    std::vector<std::string> problems;
    snapshot.names = routing::Names(names, problems);
    KeyPolicy policy;
    policy.allowed_regions = {"eu-west-1"};
    RouteInput input{.snapshot = snapshot, .policy = policy, .model = "fast"};
    input.header = [](std::string_view) { return std::optional<std::string_view>(); };
    input.input_tokens = [] { return 10; };
    for (int turn = 0; turn < 2; ++turn) {
        auto plan = route(input);
        ASSERT_TRUE(plan.ok()) << plan.error().message;
        ASSERT_EQ(plan->candidates.size(), 1u);
        EXPECT_EQ(plan->candidates.front()->deployment.place.region, "eu-west-1");
    }
    policy.allowed_regions = {"ap-south-1"};
    EXPECT_FALSE(route(input).ok());
}

}  // namespace
}  // namespace tollgate::gateway
