#include "credentials/entra_fetcher.hpp"

#include "credentials/fetch_fixture_test.hpp"

namespace tollgate::credentials {
namespace {

constexpr const char* token_answer =
    R"({"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":"ey.made.up"})";
constexpr const char* secret = "made-up~secret&with=marks";

class EntraTest : public FetchTest {
protected:
    EntraTest() { settings.authority = service.url() + "/"; }
    base::Result<CredentialPointer> ask() {
        return fetch(std::make_unique<EntraFetcher>(settings));
    }
    std::string token() {
        auto got = ask();
        return got.ok() ? (*got)->bearer : "failed: " + got.error().message;
    }
    void application() {
        settings.tenant_id = "contoso";
        settings.client_id = "app-1";
    }
    EntraSettings settings;
};

TEST_F(EntraTest, ClientSecret_IsSentToTheTenantsEndpoint) {
    application();
    settings.client_secret = secret;
    service.answer("POST /contoso/oauth2/v2.0/token", 200, token_answer);
    auto got = ask();
    ASSERT_TRUE(got.ok()) << got.error().message;
    EXPECT_EQ((*got)->bearer, "ey.made.up");
    const auto left = (*got)->expires - std::chrono::system_clock::now();
    EXPECT_GT(left, std::chrono::seconds(3580));
    EXPECT_LE(left, std::chrono::seconds(3599));
    EXPECT_EQ(service.asked().at(0).body,
              "grant_type=client_credentials&client_id=app-1&scope=https%3A%2F%2F"
              "cognitiveservices.azure.com%2F.default&client_secret=made-up~secret%26with%3Dmarks");
}

TEST_F(EntraTest, FederatedToken_IsReadAnewAndSentAsAnAssertion) {
    application();
    settings.scope = "https://ai.azure.com/.default";
    settings.federated_token_file = file("token", "first\n");
    service.answer("POST /contoso/oauth2/v2.0/token", 200, token_answer);
    EXPECT_EQ(token(), "ey.made.up");
    file("token", "second\n");
    EXPECT_EQ(token(), "ey.made.up");
    const std::string common =
        "grant_type=client_credentials&client_id=app-1&scope=https%3A%2F%2Fai.azure.com%2F.default"
        "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
        "&client_assertion=";
    EXPECT_EQ(service.asked().at(0).body, common + "first");
    EXPECT_EQ(service.asked().at(1).body, common + "second");
}

TEST_F(EntraTest, Refusal_IsToldWithoutTheSecret) {
    application();
    settings.client_secret = secret;
    service.answer("POST /contoso/oauth2/v2.0/token", 401,
                   std::string(R"({"error":"invalid_client","error_description":"AADSTS7000215: )") +
                       "Invalid client secret " + secret + R"(.\r\nTrace ID: 1","error_codes":[1]})");
    EXPECT_EQ(token(),
              "failed: Entra credentials: application: the token endpoint of tenant contoso said "
              "401 invalid_client: AADSTS7000215: Invalid client secret [secret].  Trace ID: 1");
}

TEST_F(EntraTest, MissingFederatedTokenFile_IsNamed) {
    application();
    settings.federated_token_file = directory + "/none";
    EXPECT_THAT(token(), HasSubstr("AZURE_FEDERATED_TOKEN_FILE: " + directory + "/none: No such"));
}

TEST_F(EntraTest, InstanceMetadata_FiguresAreStrings) {
    settings.instance_host = service.url();
    settings.client_id = "identity-1";
    service.answer("GET /metadata/identity/oauth2/token", 200,
                   R"({"access_token":"ey.vm","expires_in":"86399","expires_on":"1","resource":"r"})");
    auto got = ask();
    ASSERT_TRUE(got.ok()) << got.error().message;
    EXPECT_EQ((*got)->bearer, "ey.vm");
    EXPECT_GT((*got)->expires, std::chrono::system_clock::now() + std::chrono::hours(23));
    EXPECT_EQ(service.asked().at(0).line,
              "GET /metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2F"
              "cognitiveservices.azure.com&client_id=identity-1");
    EXPECT_THAT(service.asked().at(0).head, HasSubstr("metadata: true\r\n"));
}

TEST_F(EntraTest, AppService_HasItsOwnEndpoint) {
    settings.identity_endpoint = service.url() + "/msi/token";
    settings.identity_header = "header-value";
    service.answer("GET /msi/token", 200,
                   R"({"access_token":"ey.app","expires_on":"2082758400"})");
    auto got = ask();
    ASSERT_TRUE(got.ok()) << got.error().message;
    EXPECT_EQ((*got)->bearer, "ey.app");
    EXPECT_EQ((*got)->expires, WallTime(std::chrono::seconds(2'082'758'400)));
    EXPECT_EQ(service.asked().at(0).line,
              "GET /msi/token?api-version=2019-08-01&resource=https%3A%2F%2F"
              "cognitiveservices.azure.com");
    EXPECT_THAT(service.asked().at(0).head, HasSubstr("x-identity-header: header-value\r\n"));
}

TEST_F(EntraTest, NoIdentityOnTheMachine_SaysWhatWasMissingBefore) {
    settings.instance_host = service.url();
    service.answer("GET /metadata/identity/oauth2/token", 400,
                   R"({"error":"invalid_request","error_description":"Identity not found"})");
    EXPECT_EQ(token(),
              "failed: Entra credentials: managed identity, because there is no client_secret "
              "(AZURE_CLIENT_SECRET) and no AZURE_FEDERATED_TOKEN_FILE: Azure's instance metadata "
              "service said 400 invalid_request: Identity not found");
}

TEST_F(EntraTest, ArcWithoutHeader_IsRefusedInWords) {
    settings.identity_endpoint = service.url() + "/msi/token";
    EXPECT_THAT(token(), HasSubstr("IDENTITY_ENDPOINT is set without IDENTITY_HEADER"));
    EXPECT_TRUE(service.asked().empty());
}

TEST_F(EntraTest, ReadyToken_IsGivenAsItIs) {
    settings.token = "ey.ready";
    EXPECT_EQ(token(), "ey.ready");
    EXPECT_TRUE(service.asked().empty());
}

TEST_F(EntraTest, AnswerWithoutAToken_IsAnError) {
    application();
    settings.client_secret = secret;
    service.answer("POST /contoso/oauth2/v2.0/token", 200, "<html>");
    EXPECT_THAT(token(), HasSubstr("gave no access_token"));
}

}  // namespace
}  // namespace tollgate::credentials
