// Which source of credentials settings, variables and files mean, and when there is none.
#include "assembly/cloud.hpp"

#include <cstdlib>
#include <filesystem>
#include <future>
#include <thread>

#include "assembly/deployments.hpp"
#include "assembly/world_test.hpp"
#include "http/scripted_server_test.hpp"

namespace tollgate::assembly {
namespace {

using base::ErrorCode;
using domain::CredentialKind;
using ::testing::HasSubstr;

config::Secret secret(std::string value) {
    config::Secret made;
    made.value = std::move(value);
    return made;
}

class CloudSources : public testing::Test {
protected:
    CloudSources() {
        char name[] = "/tmp/tollgate_clouds_XXXXXX";
        directory = mkdtemp(name);
        variables["HOME"] = directory;
    }
    ~CloudSources() override { std::filesystem::remove_all(directory); }

    std::string file(const std::string& name, std::string_view content) {
        const std::string path = directory + "/" + name;
        std::filesystem::create_directories(std::filesystem::path(path).parent_path());
        std::ofstream(path) << content;
        return path;
    }
    base::Result<credentials::SourcePointer> ask(CredentialKind kind, Asked asked) {
        domain::ProviderTraits row;
        row.credential = kind;
        config::Environment environment;
        environment.variables = variables;
        environment.read_secret_file = [](const std::string& path) -> base::Result<std::string> {
            return "content of " + path;
        };
        place = place_of(row, settings, "", environment);
        return credential_source(row, settings, place, environment, *shared, asked);
    }
    // What there is: the source's description, "nothing", or "refused: ...".
    std::string found(CredentialKind kind, Asked asked = Asked::by_configuration) {
        auto source = ask(kind, asked);
        if (!source.ok()) return "refused: " + source.error().message;
        return *source ? (*source)->describe() : "nothing";
    }
    std::string aws(Asked asked = Asked::by_configuration) {
        return found(CredentialKind::aws, asked);
    }
    std::string google(Asked asked = Asked::by_configuration) {
        return found(CredentialKind::google, asked);
    }
    std::string entra(Asked asked = Asked::by_configuration) {
        return found(CredentialKind::entra, asked);
    }
    void on(credentials::Machine machine) { shared.emplace(machine); }

    std::string directory;
    config::Variables variables;
    config::CloudSettings settings;
    domain::CloudPlace place;
    std::optional<Shared> shared{std::in_place};
};

TEST_F(CloudSources, BareMachine_NothingIsThere) {
    for (const Asked asked : {Asked::by_configuration, Asked::by_name}) {
        EXPECT_EQ(aws(asked), "nothing");
        EXPECT_EQ(google(asked), "nothing");
        EXPECT_EQ(entra(asked), "nothing");
    }
    EXPECT_EQ(found(CredentialKind::key), "nothing");
}

TEST_F(CloudSources, MachineOfTheCloud_CountsForTheConfigurationOnly) {
    on(credentials::Machine::aws);
    EXPECT_EQ(aws(), "AWS credentials of the environment");
    EXPECT_EQ(aws(Asked::by_name), "nothing") << "a bare instance lends its role to no name";
    EXPECT_EQ(google(), "nothing");
    variables["AWS_EC2_METADATA_DISABLED"] = "true";
    EXPECT_EQ(aws(), "nothing");
    on(credentials::Machine::google);
    EXPECT_EQ(google(), "Google's metadata server");
    EXPECT_EQ(google(Asked::by_name), "nothing");
    on(credentials::Machine::azure);
    EXPECT_EQ(entra(), "Azure's managed identity");
    EXPECT_EQ(entra(Asked::by_name), "nothing");
}

TEST_F(CloudSources, VariablesThatPointToAMetadataServer_CountForNamesToo) {
    variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://127.0.0.1:1";
    EXPECT_EQ(aws(Asked::by_name), "AWS credentials of the environment");
    variables["GCE_METADATA_HOST"] = "127.0.0.1:1";
    EXPECT_EQ(google(Asked::by_name), "Google's metadata server");
    variables["IDENTITY_ENDPOINT"] = "http://127.0.0.1:1/token";
    EXPECT_EQ(entra(Asked::by_name), "Azure's managed identity");
}

TEST_F(CloudSources, AwsVariables) {
    variables["AWS_ACCESS_KEY_ID"] = "AKIDMADEUP";
    EXPECT_EQ(aws(), "refused: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY belong together: one "
                     "of them is not set");
    variables["AWS_SECRET_ACCESS_KEY_FILE"] = "/run/secrets/aws";
    EXPECT_EQ(aws(Asked::by_name), "AWS credentials of the environment");
    for (const char* name : {"AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE",
                             "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"}) {
        variables = {{"HOME", directory}, {name, "x"}};
        EXPECT_EQ(aws(Asked::by_name), "AWS credentials of the environment") << name;
    }
}

TEST_F(CloudSources, AwsFiles_CountWhenTheDefaultProfileHasCredentials) {
    file(".aws/config", "[default]\nregion = eu-central-1\n");
    EXPECT_EQ(aws(), "nothing");
    EXPECT_EQ(place.region, "eu-central-1");
    file(".aws/credentials",
         "[default]\naws_access_key_id = a\naws_secret_access_key = b\n[dev]\nregion = x-1\n");
    EXPECT_EQ(aws(Asked::by_name), "AWS credentials of the environment");
    settings.aws_profile_name = "dev";
    EXPECT_EQ(aws(), "AWS profile dev");
    EXPECT_EQ(place.region, "x-1");
    variables["AWS_REGION"] = "us-east-1";
    EXPECT_EQ(aws(), "AWS profile dev");
    EXPECT_EQ(place.region, "us-east-1");
}

TEST_F(CloudSources, AwsSettings) {
    settings.aws_access_key_id = secret("AKIDMADEUP");
    EXPECT_THAT(aws(), HasSubstr("refused: aws_access_key_id and aws_secret_access_key"));
    settings.aws_secret_access_key = secret("made-up");
    EXPECT_EQ(aws(), "AWS key AKIDMADEUP");
    settings.aws_role_name = "arn:aws:iam::1:role/r";
    EXPECT_EQ(aws(), "role arn:aws:iam::1:role/r by AWS key AKIDMADEUP");
    settings = {};
    settings.aws_web_identity_token = "/token";
    EXPECT_EQ(aws(), "refused: aws_web_identity_token needs aws_role_name");
}

constexpr const char* user_key =
    R"({"type":"authorized_user","client_id":"c","client_secret":"s","refresh_token":"r",)"
    R"("quota_project_id":"mine"})";

TEST_F(CloudSources, GoogleKeys) {
    variables["GOOGLE_APPLICATION_CREDENTIALS"] = directory + "/none.json";
    EXPECT_THAT(google(), HasSubstr("refused: GOOGLE_APPLICATION_CREDENTIALS: "));
    EXPECT_EQ(ask(CredentialKind::google, Asked::by_name).error().code, ErrorCode::permission);
    const std::string path = file("key.json", user_key);
    variables["GOOGLE_APPLICATION_CREDENTIALS"] = path;
    EXPECT_EQ(google(Asked::by_name), "the Google key " + path);
    EXPECT_EQ(place.project, "mine");
    settings.vertex_credentials = secret("{\"type\":\"service_account\"}");
    EXPECT_EQ(google(), "refused: vertex_credentials: the field client_email is missing");
    EXPECT_EQ(ask(CredentialKind::google, Asked::by_name).error().code,
              ErrorCode::invalid_request);
    settings.vertex_credentials = secret(user_key);
    EXPECT_EQ(google(), "the Google key in vertex_credentials");
    settings.vertex_project = "chosen";
    EXPECT_EQ(google(), "the Google key in vertex_credentials");
    EXPECT_EQ(place.project, "chosen");
}

TEST_F(CloudSources, GcloudsFile_CountsWhereItIs) {
    const std::string path =
        file(".config/gcloud/application_default_credentials.json", user_key);
    EXPECT_EQ(google(Asked::by_name), "the Google key " + path);
}

TEST_F(CloudSources, EntraApplications) {
    variables["AZURE_TENANT_ID"] = "t";
    EXPECT_EQ(entra(), "nothing");
    variables["AZURE_CLIENT_ID"] = "own";
    EXPECT_EQ(entra(), "nothing") << "which identity, but not that there is one";
    variables["AZURE_CLIENT_SECRET"] = "made-up";
    EXPECT_EQ(entra(Asked::by_name), "the Entra application own");
    settings.client_id = "other";
    EXPECT_EQ(entra(), "refused: an Entra application needs tenant_id, client_id and "
                       "client_secret; missing: client_secret (AZURE_CLIENT_SECRET or "
                       "AZURE_FEDERATED_TOKEN_FILE)");
    settings.client_secret = secret("made-up");
    EXPECT_EQ(entra(), "the Entra application other");
    settings = {};
    variables.erase("AZURE_CLIENT_ID");
    EXPECT_THAT(entra(), HasSubstr("missing: client_id (AZURE_CLIENT_ID)"));
    variables.erase("AZURE_CLIENT_SECRET");
    variables["AZURE_CLIENT_ID"] = "own";
    variables["AZURE_FEDERATED_TOKEN_FILE"] = "/token";
    EXPECT_EQ(entra(Asked::by_name), "the Entra application own");
}

TEST_F(CloudSources, EntraTokensAndManagedIdentities) {
    settings.client_id = "identity";
    EXPECT_EQ(entra(), "Azure's managed identity identity");
    settings.azure_ad_token = secret("ey");
    EXPECT_EQ(entra(), "the Entra token in azure_ad_token");
    settings = {};
    variables["AZURE_AD_TOKEN"] = "ey";
    EXPECT_EQ(entra(Asked::by_name), "the Entra token in azure_ad_token");
}

TEST_F(CloudSources, EqualSettings_ShareOneSourceWhileItIsHeld) {
    variables["AWS_ACCESS_KEY_ID"] = "AKIDMADEUP";
    variables["AWS_SECRET_ACCESS_KEY"] = "one";
    auto first = ask(CredentialKind::aws, Asked::by_configuration);
    auto second = ask(CredentialKind::aws, Asked::by_name);
    ASSERT_TRUE(first.ok() && second.ok());
    EXPECT_EQ(*first, *second);
    variables["AWS_SECRET_ACCESS_KEY"] = "two";
    auto third = ask(CredentialKind::aws, Asked::by_configuration);
    ASSERT_TRUE(third.ok());
    EXPECT_NE(*first, *third);
}

class CloudEntries : public World {};

// A metadata server of both clouds.
void metadata(http::Peer& peer) {
    while (peer.read_request()) {
        const bool google = peer.head.starts_with("GET /computeMetadata/v1/project/project-id ");
        const bool region = peer.head.starts_with("GET /latest/meta-data/placement/region ");
        const std::string body = google ? "machine-project" : region ? "eu-north-1" : "session";
        peer.write("HTTP/1.1 200 OK\r\nMetadata-Flavor: Google\r\nContent-Length: " +
                   std::to_string(body.size()) + "\r\n\r\n" + body);
    }
}

TEST_F(CloudEntries, MachineKnowsItsProjectAndRegion_IsAskedOnce) {
    http::ScriptedServer server(metadata);
    const std::string host = "127.0.0.1:" + std::to_string(server.port());
    environment_.variables["GCE_METADATA_HOST"] = host;
    environment_.variables["VERTEXAI_LOCATION"] = "us-central1";
    environment_.variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = "http://" + host;
    build(R"(
model_list:
  - model_name: v
    litellm_params: {model: vertex_ai/gemini-2.5-pro}
  - model_name: b
    litellm_params: {model: bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0}
)");
    EXPECT_EQ(problems(), "");
    EXPECT_EQ(deployment("v").place.project, "machine-project");
    EXPECT_EQ(deployment("b").place.region, "eu-north-1");
    EXPECT_EQ(server.connections(), 2);
}

TEST_F(CloudEntries, MachineThatAnswersLate_KeepsNoRequestWaiting) {
    std::promise<void> asked, let_go;
    const std::shared_future<void> go(let_go.get_future());
    http::ScriptedServer server([&](http::Peer& peer) {
        if (!peer.read_request()) return;
        asked.set_value();
        go.wait();
        peer.write("HTTP/1.1 200 OK\r\nMetadata-Flavor: Google\r\nContent-Length: 4\r\n\r\nlate");
    });
    build("model_list: []\n");
    environment_.variables["GCE_METADATA_HOST"] = "127.0.0.1:" + std::to_string(server.port());
    environment_.variables["VERTEXAI_LOCATION"] = "us-central1";
    const config::Config config = load("model_list: []\n");
    const BuildInput input{config,  catalog_, environment_, snapshot().registry,
                           shared_, nullptr,  "",           1};
    EndpointMaker maker(input);
    maker.end_of_build();
    auto made = maker.of_name("vertex_ai", "gemini-2.5-pro");
    ASSERT_FALSE(made.ok()) << "its project is not known yet";
    EXPECT_THAT(made.error().message, HasSubstr("vertex_project"));
    asked.get_future().wait();
    EXPECT_FALSE(maker.of_name("vertex_ai", "gemini-2.5-pro").ok());
    let_go.set_value();
    const auto until = net::Clock::now() + std::chrono::seconds(10);
    while (!made.ok() && net::Clock::now() < until) {
        std::this_thread::yield();
        made = maker.of_name("vertex_ai", "gemini-2.5-pro");
    }
    ASSERT_TRUE(made.ok()) << made.error().message;
    EXPECT_EQ((*made)->deployment.place.project, "late");
    EXPECT_EQ(server.connections(), 1) << "nobody asks twice";
}

TEST_F(CloudEntries, SettingsOfAnEntry_StandAboveAKeyOfTheEnvironment) {
    environment_.variables["AZURE_API_KEY"] = "made-up-key";
    build(R"(
model_list:
  - model_name: by-key
    litellm_params: {model: azure/d, api_base: "https://r.openai.azure.com"}
  - model_name: by-entra
    litellm_params: {model: azure/d, api_base: "https://r.openai.azure.com",
                     azure_ad_token: ey.made.up}
)");
    EXPECT_EQ(endpoint("by-entra").credential->describe(), "the Entra token in azure_ad_token");
    EXPECT_EQ(deployment("by-entra").api_key, "");
    EXPECT_EQ(endpoint("by-key").credential, nullptr);
    EXPECT_EQ(deployment("by-key").api_key, "made-up-key");
}

TEST_F(CloudEntries, PlaceIsMissing_IsAnErrorOnlyWhereTheEntryNamesTheCredential) {
    environment_.variables["GCE_METADATA_HOST"] = "127.0.0.1:1";
    build(R"(
model_list:
  - model_name: v
    litellm_params: {model: vertex_ai/gemini-2.5-pro}
)");
    EXPECT_NE(result_.snapshot, nullptr) << problems();
    EXPECT_THAT(problems(), HasSubstr("'v' is left out: "));
    EXPECT_THAT(problems(), HasSubstr("vertex_project"));
    build(R"(
model_list:
  - model_name: v
    litellm_params:
      model: vertex_ai/gemini-2.5-pro
      vertex_credentials: '{"type":"authorized_user","client_id":"c","client_secret":"s",
        "refresh_token":"r"}'
)");
    EXPECT_EQ(result_.snapshot, nullptr);
    EXPECT_THAT(problems(), HasSubstr("vertex_project"));
}

TEST_F(CloudEntries, NameThatNobodyConfigured_NeedsMoreThanTheMachine) {
    environment_.variables["VERTEXAI_PROJECT"] = "p";
    build("model_list: []\n");
    EXPECT_FALSE(made("vertex_ai/gemini-2.5-pro").ok());
    environment_.variables["GCE_METADATA_HOST"] = "127.0.0.1:1";
    environment_.variables["VERTEXAI_LOCATION"] = "us-central1";
    build("model_list: []\n");
    auto endpoints = made("vertex_ai/gemini-2.5-pro");
    ASSERT_TRUE(endpoints.ok()) << endpoints.error().message;
    EXPECT_EQ(endpoints->front()->credential->describe(), "Google's metadata server");
}

}  // namespace
}  // namespace tollgate::assembly
