#include "providers/bedrock.hpp"

#include <gtest/gtest.h>

#include "providers/bedrock_mantle.hpp"
#include "providers/bedrock_signature.hpp"
#include "providers/header_list.hpp"
#include "providers/registry.hpp"

namespace tollgate::providers {
namespace {

// 2026-01-01T00:00:00Z
constexpr std::int64_t new_year = 1'767'225'600;
constexpr std::string_view host = "bedrock-runtime.us-east-1.amazonaws.com";
constexpr std::string_view body =
    R"({"anthropic_version":"bedrock-2023-05-31","max_tokens":1,)"
    R"("messages":[{"role":"user","content":"hi"}]})";

domain::Credential keys() {
    domain::Credential credential;
    credential.access_key_id = "AKIDEXAMPLE";
    credential.secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    return credential;
}

class BedrockSignature : public testing::Test {
protected:
    BedrockSignature() {
        target.place.region = "us-east-1";
        target.provider.auth = domain::AuthStyle::bearer;
    }
    std::string authorization(const Provider& provider, const domain::Credential& credential) {
        HeaderList headers = {{"content-type", "application/json"}, {"user-agent", "tollgate"}};
        const std::string_view pieces[] = {body.substr(0, 20), body.substr(20)};
        path = provider.relay_path(target, protocol, "", stream);
        provider.authorize(target, credential, {"POST", host, path, pieces, new_year}, headers);
        signed_headers = headers;
        return std::string(headers.get("authorization"));
    }

    Dialects dialects;
    BetaFilter betas;
    Bedrock bedrock{dialects, betas};
    BedrockMantle mantle{dialects, betas};
    domain::Deployment target;
    domain::Protocol protocol = domain::Protocol::anthropic;
    bool stream = false;
    std::string path;
    HeaderList signed_headers;
};

// Made with AWS's own signer.
TEST_F(BedrockSignature, InvokeRequest_IsSignedAsAwsDoes) {
    target.model_name = "anthropic.claude-sonnet-4-5-20250929-v1:0";
    EXPECT_EQ(authorization(bedrock, keys()),
              "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/bedrock/aws4_request, "
              "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date, Signature="
              "a6a0044bc9bea993c26abca8f3ebec10c3d9712b8486b297d332620d3cbee7dc");
    EXPECT_EQ(path, "/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke");
}

TEST_F(BedrockSignature, ConverseStreamRequest_IsSignedAsAwsDoes) {
    target.model_name = "us.anthropic.claude-opus-4-6-v1";
    protocol = domain::Protocol::bedrock_converse;
    stream = true;
    EXPECT_TRUE(authorization(bedrock, keys())
                    .ends_with("d44dcda9a045e2893338a7778f6b0ce652b7078ae9487a2d07f890d229bc93aa"));
}

TEST_F(BedrockSignature, SessionToken_TravelsSigned) {
    auto credential = keys();
    credential.session_token = "session-made-up";
    const std::string value = authorization(bedrock, credential);
    EXPECT_NE(value.find("x-amz-date;x-amz-security-token"), std::string::npos);
    EXPECT_TRUE(signed_headers.has("x-amz-security-token"));
}

TEST_F(BedrockSignature, Mantle_IsAServiceOfItsOwn) {
    target.provider.chat_path = "/v1/messages";
    EXPECT_NE(authorization(mantle, keys()).find("/us-east-1/bedrock-mantle/aws4_request"),
              std::string::npos);
}

TEST_F(BedrockSignature, BearerCredential_IsNotSigned) {
    domain::Credential credential;
    credential.bearer = "key-made-up";
    EXPECT_EQ(authorization(bedrock, credential), "Bearer key-made-up");
    EXPECT_FALSE(signed_headers.has("x-amz-date"));
}

TEST_F(BedrockSignature, Region_IsTheArnsThenTheConfiguredThenTheHosts) {
    target.base_url =
        "https://vpce-1.bedrock-runtime.eu-north-1.vpce.amazonaws.com";
    EXPECT_EQ(bedrock_region(target), "us-east-1");
    target.place.region.clear();
    EXPECT_EQ(bedrock_region(target), "eu-north-1");
    target.place.model_id = "arn:aws:bedrock:eu-west-3:1:inference-profile/eu.x";
    EXPECT_EQ(bedrock_region(target), "eu-west-3");
    target.place.model_id.clear();
    target.base_url = "http://127.0.0.1:4566";
    EXPECT_EQ(bedrock_region(target), "");
}

// Names come from whoever holds a key of ours; the host gets AWS's.
TEST_F(BedrockSignature, ArnThatNamesNoRegion_MakesNoHost) {
    target.place.region = "us-east-1";
    for (const char* region : {"evil.example/x", "evil.example#", "a@evil.example", "${HOME}",
                               "us-east-1.evil.example", "127.0.0.1\\", "US"}) {
        target.model_name =
            "arn:aws:bedrock:" + std::string(region) + ":1:inference-profile/us.anthropic.claude";
        for (const Provider* provider : {static_cast<const Provider*>(&bedrock),
                                         static_cast<const Provider*>(&mantle)}) {
            const auto url = provider->default_base_url(target);
            ASSERT_FALSE(url.ok()) << *url;
            EXPECT_EQ(url.error().field, "model");
        }
    }
    target.model_name = "claude";
    target.place.region = "evil.example/";
    const auto url = bedrock.default_base_url(target);
    ASSERT_FALSE(url.ok()) << *url;
    EXPECT_EQ(url.error().field, "aws_region_name");
}

TEST_F(BedrockSignature, TokenCount_IsReadInBedrocksWords) {
    EXPECT_EQ(bedrock.read_token_count(R"({"inputTokens":42})"), 42);
    EXPECT_EQ(bedrock.read_token_count(R"({"input_tokens":42})"), std::nullopt);
    EXPECT_EQ(bedrock.read_token_count("no"), std::nullopt);
}

}  // namespace
}  // namespace tollgate::providers
