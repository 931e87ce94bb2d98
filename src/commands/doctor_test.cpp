#include "commands/doctor.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/json.hpp"
#include "base/temporary_folder_test.hpp"
#include "net/connect.hpp"

namespace tollgate::commands {
namespace {

namespace fs = std::filesystem;

const Check* find(const Checks& checks, std::string_view name, Health health) {
    for (const Check& check : checks) {
        if (check.name == name && check.health == health) return &check;
    }
    return nullptr;
}

bool any(const Checks& checks, Health health) {
    for (const Check& check : checks) {
        if (check.health == health) return true;
    }
    return false;
}

// --- doctor client -------------------------------------------------------------------------------
const config::Variables right = {{"ANTHROPIC_BASE_URL", "http://127.0.0.1:4000"},
                                 {"ANTHROPIC_AUTH_TOKEN", "sk-tg-secret"}};

TEST(DoctorClient, RightVariables_PassAndTheKeyIsNotShown) {
    const Checks checks = check_client(right);
    EXPECT_FALSE(any(checks, Health::fail));
    EXPECT_FALSE(any(checks, Health::warn));
    for (const Check& check : checks) EXPECT_EQ(check.detail.find("sk-tg"), check.detail.npos);
    EXPECT_NE(find(checks, "ANTHROPIC_BASE_URL", Health::ok), nullptr);
}

TEST(DoctorClient, NothingSet_SaysHowToBegin) {
    const Checks checks = check_client({{"HOME", "/root"}});
    ASSERT_NE(find(checks, "variables", Health::warn), nullptr);
    EXPECT_EQ(checks.size(), 1u);
}

TEST(DoctorClient, KeyAndTokenBothSet_IsAConflict) {
    auto variables = right;
    variables["ANTHROPIC_API_KEY"] = "another";
    ASSERT_NE(find(check_client(variables), "credentials", Health::fail), nullptr);
    variables["ANTHROPIC_API_KEY"] = right.at("ANTHROPIC_AUTH_TOKEN");
    EXPECT_NE(find(check_client(variables), "credentials", Health::warn), nullptr);
}

TEST(DoctorClient, BaseUrlWithV1_NamesTheRightOne) {
    auto variables = right;
    for (const char* url : {"http://127.0.0.1:4000/v1", "http://127.0.0.1:4000/v1/"}) {
        variables["ANTHROPIC_BASE_URL"] = url;
        const Checks checks = check_client(variables);
        const Check* check = find(checks, "ANTHROPIC_BASE_URL", Health::fail);
        ASSERT_NE(check, nullptr) << url;
        EXPECT_EQ(check->hint, "export ANTHROPIC_BASE_URL=http://127.0.0.1:4000");
    }
    variables["ANTHROPIC_BASE_URL"] = "127.0.0.1:4000";
    EXPECT_NE(find(check_client(variables), "ANTHROPIC_BASE_URL", Health::fail), nullptr);
}

TEST(DoctorClient, OpenAiUrlWithoutV1_IsAWarning) {
    const Checks checks =
        check_client({{"OPENAI_BASE_URL", "http://127.0.0.1:4000"}, {"OPENAI_API_KEY", "k"}});
    const Check* check = find(checks, "OPENAI_BASE_URL", Health::warn);
    ASSERT_NE(check, nullptr);
    EXPECT_EQ(check->hint, "export OPENAI_BASE_URL=http://127.0.0.1:4000/v1");
}

TEST(DoctorClient, ProxyBeforeALocalGateway_IsAFailureUnlessExempt) {
    auto variables = right;
    variables["HTTPS_PROXY"] = "http://proxy:3128";
    EXPECT_NE(find(check_client(variables), "HTTPS_PROXY", Health::fail), nullptr);
    variables["NO_PROXY"] = "localhost,127.0.0.1";
    EXPECT_NE(find(check_client(variables), "HTTPS_PROXY", Health::warn), nullptr);
}

TEST(DoctorClient, WrongKindsOfCredential_AreNamed) {
    auto variables = right;
    variables["ANTHROPIC_AUTH_TOKEN"] = "sk-ant-oat01-x";
    EXPECT_NE(find(check_client(variables), "ANTHROPIC_AUTH_TOKEN", Health::fail), nullptr);
    variables["ANTHROPIC_AUTH_TOKEN"] = "sk-ant-api03-x";
    EXPECT_NE(find(check_client(variables), "ANTHROPIC_AUTH_TOKEN", Health::warn), nullptr);
    variables.erase("ANTHROPIC_AUTH_TOKEN");
    EXPECT_NE(find(check_client(variables), "credentials", Health::fail), nullptr);
}

TEST(DoctorClient, BedrockSwitch_GoesPastTheGateway) {
    auto variables = right;
    variables["CLAUDE_CODE_USE_BEDROCK"] = "1";
    EXPECT_NE(find(check_client(variables), "CLAUDE_CODE_USE_BEDROCK", Health::fail), nullptr);
}

// --- doctor, this machine ------------------------------------------------------------------------
TEST(Doctor, PortInUseBySomethingElse_Fails) {
    const auto any_port = net::parse_address("127.0.0.1:0");
    ASSERT_TRUE(any_port.ok());
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&any_port->storage), any_port->length), 0);
    net::Address bound;
    bound.length = sizeof bound.storage;
    getsockname(fd, reinterpret_cast<sockaddr*>(&bound.storage), &bound.length);
    // Bound and not listening: a gateway cannot answer there.
    const Check taken = check_listen(bound.text());
    EXPECT_EQ(taken.health, Health::fail);
    EXPECT_NE(taken.detail.find("in use"), taken.detail.npos) << taken.detail;
    close(fd);
    EXPECT_EQ(check_listen(bound.text()).health, Health::ok);
    EXPECT_EQ(check_listen("nonsense").health, Health::fail);
}

TEST(Doctor, CertificateFiles_AreReadAndCompared) {
    const base::TemporaryFolder folder;
    const std::string key = folder.path + "/key.pem";
    const std::string chain = folder.path + "/chain.pem";
    const auto make = [&](const std::string& days) {
        return "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x "
               "-days " +
               days + " -keyout " + key + " -out " + chain + " 2>/dev/null";
    };
    ASSERT_EQ(std::system(make("90").c_str()), 0);
    Checks checks = check_tls({chain, key});
    ASSERT_EQ(checks.size(), 2u);
    EXPECT_EQ(checks[0].health, Health::ok) << checks[0].detail;
    EXPECT_EQ(checks[1].health, Health::ok) << checks[1].detail;
    fs::copy_file(key, folder.path + "/old_key.pem");
    ASSERT_EQ(std::system(make("10").c_str()), 0);
    checks = check_tls({chain, folder.path + "/old_key.pem"});
    EXPECT_EQ(checks[0].health, Health::warn) << checks[0].detail;
    EXPECT_EQ(checks[1].health, Health::fail) << checks[1].detail;
    EXPECT_EQ(check_tls({key, key})[0].health, Health::fail);
    EXPECT_EQ(check_tls({folder.path + "/none", key})[0].health, Health::fail);
    EXPECT_TRUE(check_tls({}).empty());
}

TEST(Doctor, FilesOthersCanRead_AreNamed) {
    const base::TemporaryFolder folder;
    const std::string path = folder.path + "/master_key";
    std::ofstream(path) << "x\n";
    chmod(path.c_str(), 0644);
    const Check open = check_permissions({path, folder.path + "/none"});
    EXPECT_EQ(open.health, Health::warn);
    EXPECT_EQ(open.hint, "chmod 600 " + path);
    chmod(path.c_str(), 0600);
    EXPECT_EQ(check_permissions({path}).health, Health::ok);
}

TEST(Doctor, DataDirectory_IsTestedWithoutLeavingATrace) {
    const base::TemporaryFolder folder;
    EXPECT_EQ(check_data_dir(folder.path).health, Health::ok);
    EXPECT_EQ(check_data_dir(folder.path + "/new/one").health, Health::ok);
    EXPECT_TRUE(fs::is_empty(folder.path));
    std::ofstream(folder.path + "/file") << "x";
    EXPECT_EQ(check_data_dir(folder.path + "/file").health, Health::fail);
    EXPECT_NE(check_disk(folder.path).detail.find("GiB free"), std::string::npos);
}

TEST(Doctor, DescriptorLimit_IsHeldAgainstTheConnections) {
    EXPECT_EQ(check_descriptors(65'536, 20'000).health, Health::ok);
    EXPECT_EQ(check_descriptors(1'024, 20'000).health, Health::warn);
    EXPECT_EQ(check_descriptors(256, 20'000).health, Health::fail);
    EXPECT_NE(check_descriptors(1'024, 20'000).hint.find("LimitNOFILE=40256"), std::string::npos);
}

TEST(Doctor, ImpossibleClock_Fails) {
    EXPECT_EQ(check_clock(0).health, Health::fail);
    EXPECT_EQ(check_clock(1'800'000'000).health, Health::ok);
}

TEST(Doctor, SmallOllamaContext_SaysHowToSetNumCtx) {
    const Checks checks = check_ollama_contexts(
        "ollama", R"({"models":[{"name":"a:7b","context_length":4096},)"
                  R"({"name":"b:7b","context_length":65536},{"name":"old"}]})");
    ASSERT_EQ(checks.size(), 2u);
    EXPECT_EQ(checks[0].health, Health::warn);
    EXPECT_NE(checks[0].hint.find("num_ctx"), std::string::npos);
    EXPECT_EQ(checks[1].health, Health::ok);
    EXPECT_TRUE(check_ollama_contexts("ollama", "not json").empty());
    domain::Deployment target;
    target.group = "local";
    target.num_ctx = 8'192;
    EXPECT_EQ(check_num_ctx({target})[0].health, Health::warn);
    target.num_ctx = 65'536;
    EXPECT_TRUE(check_num_ctx({target}).empty());
}

// --- the report ----------------------------------------------------------------------------------
TEST(Doctor, Report_ShowsHintsAndFailsOnlyOnFail) {
    std::ostringstream out, err;
    const Console console{out, err, false};
    Checks checks = {{"a", Health::ok, "fine", "unseen", 1.25},
                     {"bcd", Health::warn, "so so", "do x", -1}};
    EXPECT_EQ(report(checks, false, console), exit_done);
    EXPECT_EQ(out.str(), "ok    a    fine (1.2 ms)\nwarn  bcd  so so\n           -> do x\n");
    checks.push_back({"e", Health::fail, "bad", "", -1});
    out.str("");
    EXPECT_EQ(report(checks, true, console), exit_failed);
    json::Document document;
    auto root = document.parse(out.str());
    ASSERT_TRUE(root.ok());
    EXPECT_EQ(root->size(), 3u);
    EXPECT_NE(out.str().find("{\"check\":\"e\",\"status\":\"FAIL\""), std::string::npos);
}

TEST(Doctor, ColoursAppearOnlyWhereTheConsoleHasThem) {
    std::ostringstream out, err;
    const Checks checks = {{"a", Health::fail, "bad", "", -1}};
    report(checks, false, {out, err, true});
    EXPECT_NE(out.str().find("\x1B[31mFAIL\x1B[0m"), std::string::npos);
    out.str("");
    report(checks, false, {out, err, false});
    EXPECT_EQ(out.str().find('\x1B'), std::string::npos);
}

}  // namespace
}  // namespace tollgate::commands
