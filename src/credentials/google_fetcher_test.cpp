#include "credentials/google_fetcher.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/json.hpp"
#include "credentials/fetch_fixture_test.hpp"

namespace tollgate::credentials {
namespace {

constexpr const char* token_answer =
    R"({"access_token":"ya29.made-up","expires_in":3599,"token_type":"Bearer"})";

// Made for this run: no key stands in the repository.
const std::string& fresh_key() {
    static const std::string pem = [] {
        EVP_PKEY* key = EVP_RSA_gen(2048);
        BIO* memory = BIO_new(BIO_s_mem());
        PEM_write_bio_PrivateKey(memory, key, nullptr, nullptr, 0, nullptr, nullptr);
        char* data = nullptr;
        const long size = BIO_get_mem_data(memory, &data);
        std::string text(data, static_cast<std::size_t>(size));
        BIO_free_all(memory);
        EVP_PKEY_free(key);
        return text;
    }();
    return pem;
}

std::string field(const std::string& form_body, const std::string& name) {
    const std::size_t at = ("&" + form_body).find("&" + name + "=");
    if (at == std::string::npos) return "absent";
    const std::size_t begin = at + name.size() + 1;
    return form_body.substr(begin, form_body.find('&', begin) - begin);
}

std::string decoded(std::string text) {
    for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
    const std::size_t padding = (4 - text.size() % 4) % 4;
    text.append(padding, '=');
    std::string bytes(text.size(), '\0');
    const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                     reinterpret_cast<const unsigned char*>(text.data()),
                                     static_cast<int>(text.size()));
    bytes.resize(static_cast<std::size_t>(size) - padding);
    return bytes;
}

class GoogleTest : public FetchTest {
protected:
    base::Result<CredentialPointer> ask() {
        return fetch(std::make_unique<GoogleFetcher>(settings));
    }
    std::string token() {
        auto got = ask();
        return got.ok() ? (*got)->bearer : "failed: " + got.error().message;
    }
    void inline_key(std::string json) { settings.key = {"vertex_credentials", std::move(json)}; }
    std::string service_account() {
        std::string json;
        json::Writer(json)
            .begin_object()
            .string("type", "service_account")
            .string("project_id", "my-project")
            .string("private_key_id", "key-1")
            .string("private_key", fresh_key())
            .string("client_email", "gateway@my-project.iam.gserviceaccount.com")
            .string("token_uri", service.url() + "/token")
            .end_object();
        return json;
    }
    std::string external(const std::string& source, const std::string& impersonation = "") {
        std::string json = R"({"type":"external_account","audience":"//iam.googleapis.com/p",)"
                           R"("subject_token_type":"urn:ietf:params:oauth:token-type:jwt",)"
                           R"("token_url":")" + service.url() + R"(/exchange","credential_source":)" +
                           source;
        if (!impersonation.empty()) {
            json += R"(,"service_account_impersonation_url":")" + impersonation + "\"";
        }
        return json + "}";
    }
    GoogleSettings settings;
};

TEST_F(GoogleTest, ServiceAccountFile_SignsAnAssertionForTheTokenEndpoint) {
    settings.key = {"GOOGLE_APPLICATION_CREDENTIALS", file("key.json", service_account())};
    service.answer("POST /token", 200, token_answer);
    auto got = ask();
    ASSERT_TRUE(got.ok()) << got.error().message;
    EXPECT_EQ((*got)->bearer, "ya29.made-up");
    EXPECT_EQ((*got)->quota_project, "");
    EXPECT_GT((*got)->expires, std::chrono::system_clock::now() + std::chrono::minutes(59));
    const std::string body = service.asked().at(0).body;
    EXPECT_EQ(field(body, "grant_type"), "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer");
    const std::string assertion = field(body, "assertion");
    const std::size_t dot = assertion.find('.');
    EXPECT_EQ(decoded(assertion.substr(0, dot)), R"({"alg":"RS256","typ":"JWT","kid":"key-1"})");
    const std::string text = decoded(assertion.substr(dot + 1, assertion.rfind('.') - dot - 1));
    json::Document document;
    auto claims = document.parse(text);
    ASSERT_TRUE(claims.ok()) << text;
    EXPECT_EQ((*claims)["iss"].text(), "gateway@my-project.iam.gserviceaccount.com");
    EXPECT_EQ((*claims)["scope"].text(), "https://www.googleapis.com/auth/cloud-platform");
    EXPECT_EQ((*claims)["aud"].text(), service.url() + "/token");
    EXPECT_EQ(*(*claims)["exp"].integer() - *(*claims)["iat"].integer(), 3600);
}

TEST_F(GoogleTest, InlineKey_WorksLikeAFile) {
    inline_key(service_account());
    service.answer("POST /token", 200, token_answer);
    EXPECT_EQ(token(), "ya29.made-up");
}

TEST_F(GoogleTest, Refusal_IsToldByName) {
    inline_key(service_account());
    service.answer("POST /token", 400,
                   R"({"error":"invalid_grant","error_description":"Invalid JWT Signature."})");
    EXPECT_EQ(token(),
              "failed: Google credentials: vertex_credentials: the token endpoint for "
              "gateway@my-project.iam.gserviceaccount.com said 400 invalid_grant: Invalid JWT "
              "Signature.");
}

TEST_F(GoogleTest, SignedInUser_RefreshesAndIsBilledToTheQuotaProject) {
    inline_key(R"({"type":"authorized_user","client_id":"c","client_secret":"made-up-secret",)"
               R"("refresh_token":"1//made-up","quota_project_id":"billed","token_uri":")" +
               service.url() + R"(/token"})");
    service.answer("POST /token", 200, token_answer);
    service.answer("POST /token", 400,
                   R"({"error":"invalid_grant","error_description":"made-up-secret revoked"})");
    auto got = ask();
    ASSERT_TRUE(got.ok()) << got.error().message;
    EXPECT_EQ((*got)->quota_project, "billed");
    EXPECT_EQ(service.asked().at(0).body, "grant_type=refresh_token&client_id=c&client_secret="
                                          "made-up-secret&refresh_token=1%2F%2Fmade-up");
    const std::string failed = token();
    EXPECT_THAT(failed, HasSubstr("invalid_grant: [secret] revoked (sign in anew: gcloud auth"));
    EXPECT_THAT(failed, Not(HasSubstr("made-up-secret")));
}

TEST_F(GoogleTest, WorkloadIdentityByFile_IsExchangedThenImpersonates) {
    const std::string path = file("token", R"({"id":"ey.subject"})");
    inline_key(external(R"({"file":")" + path + R"(","format":{"type":"json",)" +
                            R"("subject_token_field_name":"id"}})",
                        service.url() + "/sa:generateAccessToken"));
    service.answer("POST /exchange", 200, token_answer);
    service.answer("POST /sa:generateAccessToken", 200,
                   R"({"accessToken":"ya29.account","expireTime":"2036-01-01T00:00:00Z"})");
    auto got = ask();
    ASSERT_TRUE(got.ok()) << got.error().message;
    EXPECT_EQ((*got)->bearer, "ya29.account");
    const std::string body = service.asked().at(0).body;
    EXPECT_EQ(field(body, "subject_token"), "ey.subject");
    EXPECT_EQ(field(body, "audience"), "%2F%2Fiam.googleapis.com%2Fp");
    EXPECT_EQ(field(body, "subject_token_type"), "urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt");
    const TokenService::Asked second = service.asked().at(1);
    EXPECT_THAT(second.head, HasSubstr("authorization: Bearer ya29.made-up\r\n"));
    EXPECT_EQ(second.body, R"({"scope":["https://www.googleapis.com/auth/cloud-platform"],)"
                           R"("delegates":[],"lifetime":"3600s"})");
}

TEST_F(GoogleTest, WorkloadIdentityByAddress_AsksWithItsHeaders) {
    inline_key(external(R"({"url":")" + service.url() + R"(/id","headers":{"x-who":"me"}})"));
    service.answer("GET /id", 200, "ey.plain\n");
    service.answer("POST /exchange", 200, token_answer);
    EXPECT_EQ(token(), "ya29.made-up");
    EXPECT_THAT(service.asked().at(0).head, HasSubstr("x-who: me\r\n"));
    EXPECT_EQ(field(service.asked().at(1).body, "subject_token"), "ey.plain");
}

TEST_F(GoogleTest, ImpersonatedServiceAccount_UsesItsSource) {
    inline_key(R"({"type":"impersonated_service_account","delegates":["a"],)"
               R"("service_account_impersonation_url":")" + service.url() +
               R"(/sa","source_credentials":{"type":"authorized_user","client_id":"c",)"
               R"("client_secret":"s","refresh_token":"r","token_uri":")" + service.url() +
               R"(/token"}})");
    service.answer("POST /token", 200, token_answer);
    service.answer("POST /sa", 200,
                   R"({"accessToken":"ya29.account","expireTime":"2036-01-01T00:00:00Z"})");
    EXPECT_EQ(token(), "ya29.account");
    EXPECT_THAT(service.asked().at(1).body, HasSubstr(R"("delegates":["a"])"));
}

TEST_F(GoogleTest, Metadata_IsBelievedOnlyWithItsHeader) {
    settings.metadata = service.url().substr(7);
    const std::string path = "GET /computeMetadata/v1/instance/service-accounts/default/token";
    service.answer(path, 200, token_answer, "Metadata-Flavor: Google\r\n");
    service.answer(path, 200, token_answer);
    EXPECT_EQ(token(), "ya29.made-up");
    EXPECT_THAT(service.asked().at(0).head, HasSubstr("metadata-flavor: Google\r\n"));
    EXPECT_THAT(token(), HasSubstr("answered without Metadata-Flavor: Google"));
}

TEST_F(GoogleTest, MetadataWithoutAnAccount_SaysSo) {
    settings.metadata = service.url().substr(7);
    service.answer("GET /computeMetadata/v1/instance/service-accounts/default/token", 404, "",
                   "Metadata-Flavor: Google\r\n");
    EXPECT_EQ(token(), "failed: Google credentials: vertex_credentials and "
                       "GOOGLE_APPLICATION_CREDENTIALS are not set: Google's metadata server has "
                       "no service account: attach one to the machine");
}

struct BadKey {
    const char* json;
    const char* said;
};

TEST_F(GoogleTest, KeysThatCannotWork_NameTheField) {
    const BadKey cases[] = {
        {"{", "holds no JSON object"},
        {R"({"type":"service_account","private_key":"x"})", "the field client_email is missing"},
        {R"({"type":"service_account","client_email":"a"})", "the field private_key is missing"},
        {R"({"type":"service_account","client_email":"a","private_key":"x"})", "is no PEM"},
        {R"({"type":"authorized_user","client_id":"c","client_secret":"s"})", "refresh_token"},
        {R"({"type":"gdch_service_account"})", "the type 'gdch_service_account' is not supported"},
        {R"({"type":"external_account","credential_source":{"environment_id":"aws1","url":"u"}})",
         "workload identity by AWS"},
        {R"({"type":"external_account","credential_source":{"file":"f"}})", "the field audience"},
    };
    for (const BadKey& each : cases) {
        inline_key(each.json);
        EXPECT_THAT(token(), HasSubstr(each.said)) << each.json;
    }
}

TEST_F(GoogleTest, MissingFile_IsNamedWithItsVariable) {
    settings.key = {"GOOGLE_APPLICATION_CREDENTIALS", directory + "/none.json"};
    EXPECT_THAT(token(), HasSubstr("Google credentials: GOOGLE_APPLICATION_CREDENTIALS: " +
                                   directory + "/none.json: No such file"));
}

TEST_F(GoogleTest, KeyPlace_ComesInOrder) {
    variables["HOME"] = directory;
    EXPECT_TRUE(google_key_place("", variables).empty());
    const std::string gcloud = file(".config/gcloud/application_default_credentials.json",
                                    R"({"type":"authorized_user","client_id":"c",)"
                                    R"("client_secret":"s","refresh_token":"r",)"
                                    R"("quota_project_id":"mine"})");
    EXPECT_EQ(google_key_place("", variables).value, gcloud);
    EXPECT_EQ(google_project(google_key_place("", variables)), "mine");
    variables["GOOGLE_APPLICATION_CREDENTIALS"] = "/key.json";
    EXPECT_EQ(google_key_place("", variables).name, "GOOGLE_APPLICATION_CREDENTIALS");
    EXPECT_EQ(google_project(google_key_place("", variables)), "");
    variables["VERTEXAI_CREDENTIALS"] = service_account();
    EXPECT_EQ(google_key_place("", variables).name, "VERTEXAI_CREDENTIALS");
    EXPECT_EQ(google_project(google_key_place("", variables)), "my-project");
    EXPECT_EQ(google_key_place("/mine", variables).value, "/mine");
}

}  // namespace
}  // namespace tollgate::credentials
