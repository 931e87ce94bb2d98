#include "dialect/bedrock_model.hpp"

#include <gtest/gtest.h>

#include "dialect/bedrock_failure.hpp"

namespace tollgate::dialect {
namespace {

using domain::ErrorClass;

TEST(BedrockModel, Family_IsTheCatalogsElseTheNames) {
    domain::Deployment target;
    auto named = [&](std::string name) {
        target.model_name = std::move(name);
        return bedrock_family(target);
    };
    EXPECT_EQ(named("us.anthropic.claude-opus-4-6-v1"), BedrockFamily::claude);
    EXPECT_EQ(named("arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku"),
              BedrockFamily::claude);
    EXPECT_EQ(named("amazon.nova-lite-v1:0"), BedrockFamily::nova);
    EXPECT_EQ(named("openai.gpt-oss-20b-1:0"), BedrockFamily::gpt_oss);
    EXPECT_EQ(named("meta.llama3-1-8b-instruct-v1:0"), BedrockFamily::other);
    target.model.family = "claude";
    EXPECT_EQ(named("arn:aws:bedrock:us-east-1:1:application-inference-profile/abc"),
              BedrockFamily::claude);
}

TEST(BedrockModel, Prefix_ForcesAnApi) {
    EXPECT_EQ(bedrock_name("invoke/a.b").api, BedrockApi::invoke);
    EXPECT_EQ(bedrock_name("converse/a.b").api, BedrockApi::converse);
    EXPECT_EQ(bedrock_name("converse/a.b").model, "a.b");
    EXPECT_EQ(bedrock_name("a.b").api, BedrockApi::unspecified);
}

TEST(BedrockModel, CatalogNames_LoseRegionMakerAndVersion) {
    EXPECT_EQ(bedrock_catalog_names("converse/us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
              "us.anthropic.claude-sonnet-4-5-20250929-v1:0 "
              "anthropic.claude-sonnet-4-5-20250929-v1:0 claude-sonnet-4-5-20250929-v1:0 "
              "claude-sonnet-4-5-20250929");
    EXPECT_EQ(bedrock_catalog_names("anthropic.claude-opus-4-6-v1"),
              "anthropic.claude-opus-4-6-v1 claude-opus-4-6-v1 claude-opus-4-6");
    EXPECT_EQ(bedrock_catalog_names("arn:aws:bedrock:eu-west-1:1:inference-profile/eu.amazon.nova"),
              "eu.amazon.nova amazon.nova nova");
    EXPECT_EQ(bedrock_catalog_names(
                  "arn:aws:bedrock:eu-west-1:1:application-inference-profile/abc"),
              "");
    EXPECT_EQ(bedrock_catalog_names("plain"), "plain");
}

TEST(BedrockModel, FoundationModel_IsNeitherProfileNorArn) {
    EXPECT_EQ(bedrock_foundation_model("us.anthropic.claude-x-v1:0"), "anthropic.claude-x-v1:0");
    EXPECT_EQ(bedrock_foundation_model("invoke/global.anthropic.claude-x"), "anthropic.claude-x");
    EXPECT_EQ(bedrock_foundation_model("arn:aws:bedrock:us-east-1::foundation-model/a.b"), "a.b");
    EXPECT_EQ(bedrock_foundation_model("arn:aws:bedrock:us-east-1:1:provisioned-model/x"), "");
}

TEST(BedrockFailure, ExceptionNames_AreReadInAllSpellings) {
    EXPECT_EQ(bedrock_exception_name("throttlingException"), "ThrottlingException");
    EXPECT_EQ(bedrock_exception_name("ValidationException:http://internal.amazon.com/coral/x/"),
              "ValidationException");
    EXPECT_EQ(bedrock_exception_name("com.amazonaws.bedrock#AccessDeniedException"),
              "AccessDeniedException");
    EXPECT_EQ(bedrock_exception_name(""), "");
}

TEST(BedrockFailure, ClassesFollowTypeThenStatus) {
    auto class_of = [](int status, std::string_view type) {
        return bedrock_failure(status, type, "words").error_class;
    };
    EXPECT_EQ(class_of(403, "AccessDeniedException"), ErrorClass::credential);
    EXPECT_EQ(class_of(404, "ResourceNotFoundException"), ErrorClass::credential);
    EXPECT_EQ(class_of(400, "ServiceQuotaExceededException"), ErrorClass::rate_limited);
    EXPECT_EQ(class_of(400, "ConflictException"), ErrorClass::bad_request);
    EXPECT_EQ(class_of(408, "ModelTimeoutException"), ErrorClass::timeout);
    EXPECT_EQ(class_of(424, "ModelErrorException"), ErrorClass::provider_fault);
    EXPECT_EQ(class_of(429, "ModelNotReadyException"), ErrorClass::overloaded);
    EXPECT_EQ(class_of(429, "ThrottlingException"), ErrorClass::rate_limited);
    EXPECT_EQ(class_of(500, "InternalServerException"), ErrorClass::provider_fault);
    EXPECT_EQ(class_of(503, "ServiceUnavailableException"), ErrorClass::overloaded);
    EXPECT_EQ(class_of(503, ""), ErrorClass::overloaded);
    EXPECT_EQ(class_of(403, ""), ErrorClass::credential);
    EXPECT_EQ(class_of(400, ""), ErrorClass::bad_request);
    EXPECT_EQ(class_of(502, "Strange"), ErrorClass::provider_fault);
}

TEST(BedrockFailure, ModelWithoutOnDemandThroughput_IsAMatterOfConfiguration) {
    const auto failure = bedrock_failure(
        400, "ValidationException",
        "Invocation of model ID anthropic.claude-opus-4-6-v1 with on-demand throughput isn\xE2\x80"
        "\x99t supported. Retry your request with the ID or ARN of an inference profile that "
        "contains this model.");
    EXPECT_EQ(failure.error_class, ErrorClass::credential);
    EXPECT_NE(failure.message.find("bedrock/us.MODEL"), std::string::npos);
}

TEST(BedrockFailure, Overflow_IsReadInTheWordsOfEachFamily) {
    auto read = [](std::string_view message) {
        return bedrock_failure(400, "ValidationException", message);
    };
    EXPECT_EQ(read("Input is too long for requested model.").error_class,
              ErrorClass::context_overflow);
    const auto titan = read("400 Bad Request: Too many input tokens. Max input tokens: 8192, "
                            "request input token count: 9000");
    EXPECT_EQ(titan.error_class, ErrorClass::context_overflow);
    EXPECT_EQ(titan.context_tokens, 8192);
    EXPECT_EQ(titan.prompt_tokens, 9000);
    EXPECT_EQ(read("Input Tokens Exceeded: Number of input tokens exceeds maximum length.")
                  .error_class,
              ErrorClass::context_overflow);
    const auto both = read("input length and `max_tokens` exceed context limit: 199000 + 21333 > "
                           "200000, decrease input length or `max_tokens` and try again");
    EXPECT_EQ(both.max_tokens_fitting, 1000);
    EXPECT_EQ(read("The text field is blank").error_class, ErrorClass::bad_request);
}

}  // namespace
}  // namespace tollgate::dialect
