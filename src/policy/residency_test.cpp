#include "policy/residency.hpp"

#include <gtest/gtest.h>

namespace tollgate::policy {
namespace {

domain::Deployment bedrock(std::string model, std::string region = "us-east-1") {
    domain::Deployment target;
    target.provider.type = "bedrock";
    target.provider.credential = domain::CredentialKind::aws;
    target.model_name = std::move(model);
    target.place.region = std::move(region);
    return target;
}

TEST(RegionOf, Bedrock_IsItsProfilesPlaceElseTheEndpoints) {
    EXPECT_EQ(region_of(bedrock("anthropic.claude-sonnet-4-5-v1:0")), "us-east-1");
    EXPECT_EQ(region_of(bedrock("eu.anthropic.claude-sonnet-4-5-v1:0")), "eu");
    EXPECT_EQ(region_of(bedrock("us-gov.anthropic.claude-sonnet-4-5-v1:0")), "us-gov");
    EXPECT_EQ(region_of(bedrock("global.anthropic.claude-sonnet-4-5-v1:0", "eu-west-1")),
              "global");
    EXPECT_EQ(region_of(bedrock("invoke/eu.anthropic.claude-opus-4-1-v1:0")), "eu");
    EXPECT_EQ(region_of(bedrock("arn:aws:bedrock:eu-west-1:1:inference-profile/eu.amazon.nova")),
              "eu");
    EXPECT_EQ(region_of(bedrock("arn:aws:bedrock:eu-west-1:1:application-inference-profile/x1")),
              "anywhere");
    domain::Deployment by_id = bedrock("claude", "eu-west-1");
    by_id.place.model_id = "global.anthropic.claude-sonnet-4-5-v1:0";
    EXPECT_EQ(region_of(by_id), "global");
}

TEST(RegionOf, Others_SayTheirLocation_OrNothing) {
    domain::Deployment target;
    EXPECT_EQ(region_of(target), "anywhere");
    target.provider.credential = domain::CredentialKind::google;
    EXPECT_EQ(region_of(target), "global");
    target.place.region = "Europe-West4";
    EXPECT_EQ(region_of(target), "europe-west4");
    target.provider.local = true;
    EXPECT_EQ(region_of(target), "local");
}

TEST(InRegions, NamesBeginningsAndPlaces) {
    EXPECT_TRUE(in_regions({"EU-central-1"}, "eu-central-1"));
    EXPECT_FALSE(in_regions({"eu-central-1"}, "eu-central-2"));
    EXPECT_TRUE(in_regions({"eu-*"}, "eu-central-2"));
    for (const char* region : {"eu", "eu-central-1", "europe-west4"}) {
        EXPECT_TRUE(in_regions({"eu"}, region)) << region;
    }
    for (const char* region : {"eu-west-2", "europe-west6", "us-east-1", "global", "anywhere"}) {
        EXPECT_FALSE(in_regions({"eu"}, region)) << region;
    }
    EXPECT_TRUE(in_regions({"eu", "us"}, "us-central1"));
    EXPECT_FALSE(in_regions({"us"}, "usx-1"));
    EXPECT_TRUE(in_regions({"local"}, "local"));
    EXPECT_FALSE(in_regions({"local"}, "anywhere"));
    EXPECT_TRUE(in_regions({"*"}, "anywhere"));
    EXPECT_FALSE(in_regions({"a*"}, "anywhere"));
}

}  // namespace
}  // namespace tollgate::policy
