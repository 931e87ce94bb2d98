// Each place of AWS's chain against services on loopback.
#include "credentials/aws_chain.hpp"

#include "credentials/aws_metadata.hpp"
#include "credentials/fetch_fixture_test.hpp"

namespace tollgate::credentials {
namespace {

constexpr const char* long_ago_secret = "made-up-secret-0123456789";

std::string json_answer(const std::string& key) {
    return R"({"Code":"Success","AccessKeyId":")" + key +
           R"(","SecretAccessKey":"s-)" + key + R"(","Token":"t-)" + key +
           R"(","Expiration":"2036-01-01T00:00:00Z"})";
}

std::string sts_answer(const std::string& key) {
    return "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
           "<AssumeRoleResult><Credentials><AccessKeyId>" + key + "</AccessKeyId>"
           "<SecretAccessKey>s-" + key + "</SecretAccessKey><SessionToken>t-" + key +
           "</SessionToken><Expiration>2036-01-01T00:00:00Z</Expiration></Credentials>"
           "<AssumedRoleUser><Arn>arn:x</Arn></AssumedRoleUser></AssumeRoleResult>"
           "</AssumeRoleResponse>";
}

class AwsChainTest : public FetchTest {
protected:
    AwsChainTest() {
        settings.sts.endpoint = service.url();
        settings.sts.region = "eu-west-1";
        settings.instance = false;
        variables["HOME"] = directory;
    }
    base::Result<CredentialPointer> ask() {
        settings.variables = variables;
        return fetch(std::make_unique<AwsChain>(settings));
    }
    std::string key() {
        auto got = ask();
        return got.ok() ? (*got)->access_key_id : "failed: " + got.error().message;
    }
    void expect_whole(const std::string& key) {
        auto got = ask();
        ASSERT_TRUE(got.ok()) << got.error().message;
        EXPECT_EQ((*got)->access_key_id, key);
        EXPECT_EQ((*got)->secret_access_key, "s-" + key);
        EXPECT_EQ((*got)->session_token, "t-" + key);
        EXPECT_LT((*got)->expires, WallTime::max());
    }
    AwsSettings settings;
};

TEST_F(AwsChainTest, ConfiguredKey_IsTakenFirstAndDoesNotEnd) {
    settings.access_key_id = "configured";
    settings.secret_access_key = "s";
    variables["AWS_ACCESS_KEY_ID"] = "environment";
    variables["AWS_SECRET_ACCESS_KEY"] = "s";
    auto got = ask();
    ASSERT_TRUE(got.ok());
    EXPECT_EQ((*got)->access_key_id, "configured");
    EXPECT_EQ((*got)->expires, WallTime::max());
}

TEST_F(AwsChainTest, Environment_ComesBeforeTheFiles) {
    file(".aws/credentials", "[default]\naws_access_key_id = file\naws_secret_access_key = s\n");
    variables["AWS_ACCESS_KEY_ID"] = "environment";
    variables["AWS_SECRET_ACCESS_KEY"] = "s";
    variables["AWS_SESSION_TOKEN"] = "token";
    auto got = ask();
    ASSERT_TRUE(got.ok());
    EXPECT_EQ((*got)->access_key_id, "environment");
    EXPECT_EQ((*got)->session_token, "token");
}

TEST_F(AwsChainTest, AwsProfile_PassesTheEnvironmentOver) {
    file(".aws/credentials", "[dev]\naws_access_key_id = dev\naws_secret_access_key = s\n");
    variables["AWS_ACCESS_KEY_ID"] = "environment";
    variables["AWS_SECRET_ACCESS_KEY"] = "s";
    variables["AWS_PROFILE"] = "dev";
    EXPECT_EQ(key(), "dev");
}

TEST_F(AwsChainTest, ConfiguredProfile_IsTheOnlyPlace) {
    variables["AWS_ACCESS_KEY_ID"] = "environment";
    variables["AWS_SECRET_ACCESS_KEY"] = "s";
    settings.profile = "absent";
    EXPECT_THAT(key(), HasSubstr("profile absent: there is no profile absent in " + directory));
}

TEST_F(AwsChainTest, ProfileWithRole_IsAssumedWithItsSource) {
    file(".aws/config",
         "[profile app]\nrole_arn = arn:aws:iam::1:role/app\nsource_profile = base\n"
         "external_id = ext 1\nrole_session_name = me\n");
    file(".aws/credentials",
         std::string("[base]\naws_access_key_id = AKIDBASE\naws_secret_access_key = ") +
             long_ago_secret + "\n");
    settings.profile = "app";
    service.answer("POST /", 200, sts_answer("ASIAROLE"));
    expect_whole("ASIAROLE");
    const TokenService::Asked asked = service.asked().at(0);
    EXPECT_EQ(asked.body,
              "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fapp"
              "&RoleSessionName=me&DurationSeconds=3600&ExternalId=ext%201");
    EXPECT_THAT(asked.head, HasSubstr("authorization: AWS4-HMAC-SHA256 Credential=AKIDBASE/"));
    EXPECT_THAT(asked.head, HasSubstr("/eu-west-1/sts/aws4_request, SignedHeaders="
                                      "content-type;host;x-amz-content-sha256;x-amz-date"));
}

TEST_F(AwsChainTest, ProfileThatIsItsOwnSource_SignsWithItsKeys) {
    file(".aws/credentials",
         "[app]\nrole_arn = arn:r\nsource_profile = app\naws_access_key_id = AKIDAPP\n"
         "aws_secret_access_key = s\n");
    settings.profile = "app";
    service.answer("POST /", 200, sts_answer("ASIAROLE"));
    expect_whole("ASIAROLE");
    EXPECT_THAT(service.asked().at(0).head, HasSubstr("Credential=AKIDAPP/"));
}

TEST_F(AwsChainTest, RoleOfARole_IsFollowedToItsEnd) {
    file(".aws/credentials",
         "[a]\nrole_arn = arn:a\nsource_profile = b\n[b]\nrole_arn = arn:b\n"
         "credential_source = Environment\n");
    variables["AWS_ACCESS_KEY_ID"] = "AKIDENV";
    variables["AWS_SECRET_ACCESS_KEY"] = "s";
    settings.profile = "a";
    service.answer("POST /", 200, sts_answer("ASIAB"));
    service.answer("POST /", 200, sts_answer("ASIAA"));
    expect_whole("ASIAA");
    EXPECT_THAT(service.asked().at(0).head, HasSubstr("Credential=AKIDENV/"));
    EXPECT_THAT(service.asked().at(1).head, HasSubstr("Credential=ASIAB/"));
    EXPECT_THAT(service.asked().at(1).head, HasSubstr("x-amz-security-token: t-ASIAB"));
}

TEST_F(AwsChainTest, SourcesInACircle_AreNamed) {
    file(".aws/credentials",
         "[a]\nrole_arn = arn:a\nsource_profile = b\n[b]\nrole_arn = arn:b\nsource_profile = a\n");
    settings.profile = "a";
    EXPECT_THAT(key(), HasSubstr("the source_profile of b leads back to a"));
}

TEST_F(AwsChainTest, CredentialProcess_IsRunWithoutAShell) {
    const std::string script = file("tool", "#!/bin/sh\necho \"$1\" > " + directory + "/seen\n" +
        R"(echo '{"Version":1,"AccessKeyId":"P","SecretAccessKey":"s","SessionToken":"t",)"
        R"("Expiration":"2036-01-01T00:00:00Z"}')" "\n");
    std::filesystem::permissions(script, std::filesystem::perms::owner_all);
    file(".aws/config", "[profile p]\ncredential_process = " + script + " '$HOME; id'\n");
    settings.profile = "p";
    auto got = ask();
    ASSERT_TRUE(got.ok()) << got.error().message;
    EXPECT_EQ((*got)->access_key_id, "P");
    EXPECT_EQ((*got)->session_token, "t");
    EXPECT_LT((*got)->expires, WallTime::max());
    std::ifstream seen(directory + "/seen");
    std::string line;
    std::getline(seen, line);
    EXPECT_EQ(line, "$HOME; id");
}

struct BadProfile {
    const char* text;
    const char* said;
};

TEST_F(AwsChainTest, ProfilesThatCannotWork_SayWhatIsMissing) {
    const BadProfile cases[] = {
        {"sso_session = s\n", "signs in by a browser, which a gateway cannot"},
        {"aws_access_key_id = k\n", "has no aws_secret_access_key"},
        {"role_arn = r\n", "needs either source_profile or credential_source"},
        {"role_arn = r\nsource_profile = x\nmfa_serial = m\n", "wants a code (mfa_serial)"},
        {"role_arn = r\nsource_profile = x\n", "there is no profile x in"},
        {"role_arn = r\ncredential_source = Moon\n", "has credential_source Moon"},
        {"role_arn = r\ncredential_source = Environment\n", "which are not both set"},
        {"role_arn = r\ncredential_source = EcsContainer\n", "_RELATIVE_URI is not set"},
        {"role_arn = r\nweb_identity_token_file = /no/token\n", "/no/token: No such file"},
        {"region = r\n", "has neither keys nor role_arn nor credential_process"},
        {"credential_process = /bin/sh -c 'exit 4'\n", "exit status 4"},
        {"credential_process = /bin/echo no\n", "gave no JSON object"},
    };
    settings.profile = "p";
    for (const BadProfile& each : cases) {
        file(".aws/credentials", std::string("[p]\n") + each.text);
        EXPECT_THAT(key(), HasSubstr(each.said)) << each.text;
    }
}

TEST_F(AwsChainTest, WebIdentity_IsExchangedUnsigned) {
    variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = file("token", "ey.made.up\n");
    variables["AWS_ROLE_ARN"] = "arn:aws:iam::1:role/pod";
    variables["AWS_ROLE_SESSION_NAME"] = "pod-1";
    service.answer("POST /", 200, sts_answer("ASIAPOD"));
    expect_whole("ASIAPOD");
    const TokenService::Asked asked = service.asked().at(0);
    EXPECT_EQ(asked.body,
              "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1"
              "%3Arole%2Fpod&RoleSessionName=pod-1&DurationSeconds=3600&WebIdentityToken="
              "ey.made.up");
    EXPECT_THAT(asked.head, Not(HasSubstr("authorization")));
}

TEST_F(AwsChainTest, ConfiguredWebIdentity_ComesBeforeEverything) {
    settings.web_identity_token = file("token", "ey.made.up");
    settings.role_arn = "arn:r";
    variables["AWS_ACCESS_KEY_ID"] = "environment";
    variables["AWS_SECRET_ACCESS_KEY"] = "s";
    service.answer("POST /", 200, sts_answer("ASIAWEB"));
    expect_whole("ASIAWEB");
    EXPECT_EQ(service.asked().size(), 1u);
}

TEST_F(AwsChainTest, ConfiguredRole_IsAssumedWithWhatWasFound) {
    variables["AWS_ACCESS_KEY_ID"] = "AKIDENV";
    variables["AWS_SECRET_ACCESS_KEY"] = "s";
    settings.role_arn = "arn:r";
    settings.external_id = "e";
    service.answer("POST /", 200, sts_answer("ASIAROLE"));
    expect_whole("ASIAROLE");
    EXPECT_THAT(service.asked().at(0).body, HasSubstr("&RoleSessionName=tollgate&"));
    EXPECT_THAT(service.asked().at(0).body, HasSubstr("&ExternalId=e"));
}

TEST_F(AwsChainTest, StsRefuses_ItsWordsAreToldWithoutASecret) {
    variables["AWS_ACCESS_KEY_ID"] = "AKIDENV";
    variables["AWS_SECRET_ACCESS_KEY"] = long_ago_secret;
    settings.role_arn = "arn:r";
    service.answer("POST /", 403,
                   std::string("<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>"
                               "<Message>not &quot;authorized&quot; with ") +
                       long_ago_secret + "</Message></Error></ErrorResponse>");
    EXPECT_EQ(key(), "failed: AWS credentials: aws_role_name: STS AssumeRole of arn:r said 403 "
                     "AccessDenied: not \"authorized\" with [secret]");
}

TEST_F(AwsChainTest, Container_RelativeAddressAndTokenFile) {
    variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/abc?x=1";
    variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "from-variable";
    variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"] = file("token", "from-file\n");
    settings.container_host = service.url();
    service.answer("GET /v2/credentials/abc", 200, json_answer("ASIACONT"));
    expect_whole("ASIACONT");
    EXPECT_EQ(service.asked().at(0).line, "GET /v2/credentials/abc?x=1");
    EXPECT_THAT(service.asked().at(0).head, HasSubstr("authorization: from-file\r\n"));
}

TEST_F(AwsChainTest, Container_FullAddress) {
    variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = service.url() + "/creds";
    variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "from-variable";
    service.answer("GET /creds", 200, json_answer("ASIAFULL"));
    expect_whole("ASIAFULL");
    EXPECT_THAT(service.asked().at(0).head, HasSubstr("authorization: from-variable\r\n"));
}

TEST_F(AwsChainTest, Container_TokenWithALineBreak_IsNotSent) {
    variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = service.url() + "/creds";
    variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"] = "a\r\nx: y";
    EXPECT_THAT(key(), HasSubstr("header authorization holds a line break"));
    EXPECT_TRUE(service.asked().empty());
}

TEST(AwsContainer, FullAddress_GoesOnlyWhereATokenMayGo) {
    for (const char* url : {"https://anywhere.example/x", "http://127.0.0.1:8080/x",
                            "http://localhost/x", "http://169.254.170.2/x",
                            "http://169.254.170.23/v1", "http://[fd00:ec2::23]/v1",
                            "http://[::1]:1/x"}) {
        EXPECT_TRUE(check_container_address(url).ok()) << url;
    }
    for (const char* url : {"http://10.0.0.1/x", "http://169.254.169.254/x", "ftp://127.0.0.1/x",
                            "http://127.0.0.1.example/x",
                            "http://169.254.170.2.example/x", "nonsense"}) {
        EXPECT_FALSE(check_container_address(url).ok()) << url;
    }
}

TEST_F(AwsChainTest, Instance_SessionTokenThenRoleThenCredentials) {
    settings.instance = true;
    variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = service.url() + "/";
    service.answer("PUT /latest/api/token", 200, "imds-session");
    service.answer("GET /latest/meta-data/iam/security-credentials/", 200, "web-role\n");
    service.answer("GET /latest/meta-data/iam/security-credentials/web-role", 200,
                   json_answer("ASIAEC2"));
    expect_whole("ASIAEC2");
    EXPECT_THAT(service.asked().at(0).head,
                HasSubstr("x-aws-ec2-metadata-token-ttl-seconds: 21600\r\n"));
    EXPECT_THAT(service.asked().at(2).head, HasSubstr("x-aws-ec2-metadata-token: imds-session"));
}

TEST_F(AwsChainTest, InstanceWithoutARole_SaysSo) {
    settings.instance = true;
    variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = service.url();
    service.answer("PUT /latest/api/token", 200, "imds-session");
    EXPECT_THAT(key(), HasSubstr("has no role: attach an instance profile"));
}

TEST_F(AwsChainTest, NothingAnywhere_EveryPlaceIsListed) {
    settings.instance = true;
    variables["AWS_EC2_METADATA_DISABLED"] = "true";
    EXPECT_EQ(key(),
              "failed: no AWS credentials were found: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY "
              "are not both set; no profile default with credentials in " + directory +
                  "/.aws/config and " + directory + "/.aws/credentials; "
                  "AWS_WEB_IDENTITY_TOKEN_FILE is not set; "
                  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI are not set; "
                  "AWS_EC2_METADATA_DISABLED is true");
}

TEST_F(AwsChainTest, PlaceThatIsSetUpButFails_IsNotPassedOver) {
    variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = file("token", "ey");
    variables["AWS_ROLE_ARN"] = "arn:r";
    variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = service.url() + "/creds";
    service.answer("GET /creds", 200, json_answer("ASIAOTHER"));
    service.answer("POST /", 400, "<ErrorResponse><Error><Code>ExpiredTokenException</Code>"
                                  "<Message>Token expired</Message></Error></ErrorResponse>");
    EXPECT_THAT(key(), HasSubstr("said 400 ExpiredTokenException: Token expired"));
}

TEST(AwsSts, Addresses) {
    EXPECT_EQ(sts_url({"", "eu-west-1", false, nullptr}), "https://sts.eu-west-1.amazonaws.com");
    EXPECT_EQ(sts_url({"", "us-east-1", true, nullptr}),
              "https://sts-fips.us-east-1.amazonaws.com");
    EXPECT_EQ(sts_url({"", "cn-north-1", false, nullptr}),
              "https://sts.cn-north-1.amazonaws.com.cn");
    EXPECT_EQ(sts_url({"", "", false, nullptr}), "https://sts.amazonaws.com");
    EXPECT_EQ(sts_url({"https://vpce-1.sts.example/", "x", false, nullptr}),
              "https://vpce-1.sts.example");
}

TEST(AwsSts, AnswerWithoutAPart_IsRefused) {
    EXPECT_TRUE(parse_sts_answer(sts_answer("K"), "STS").ok());
    std::string cut = sts_answer("K");
    cut.replace(cut.find("<SessionToken>"), 14, "<Other>");
    EXPECT_THAT(parse_sts_answer(cut, "STS").error().message, HasSubstr("without AccessKeyId"));
    EXPECT_FALSE(parse_sts_answer("", "STS").ok());
    EXPECT_FALSE(parse_sts_answer(sts_answer("K") + sts_answer("L"), "STS").ok());
}

}  // namespace
}  // namespace tollgate::credentials
