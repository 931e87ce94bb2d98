#include "commands/connection.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/temporary_folder_test.hpp"
#include "commands/contexts.hpp"

namespace tollgate::commands {
namespace {

namespace fs = std::filesystem;

class ConnectionTest : public testing::Test {
protected:
    void SetUp() override {
        environment_.variables["XDG_CONFIG_HOME"] = (folder_ / "config").string();
        write("prod.key", "sk-prod\n");
        write("given.key", "sk-given\n");
    }

    std::string write(const std::string& name, const std::string& text) {
        const fs::path path = folder_ / name;
        std::ofstream(path) << text;
        return path.string();
    }
    std::string path(const std::string& name) { return (folder_ / name).string(); }
    int add(const std::string& name, const std::string& url, const std::string& key_file) {
        return run_contexts_add(environment_, {name, url, key_file, ""}, console_);
    }
    Destination chosen(const ConnectionArgs& args) {
        auto found = choose_destination(args, environment_);
        EXPECT_TRUE(found.ok()) << (found.ok() ? "" : found.error().message);
        return found.ok() ? std::move(found).value() : Destination{};
    }
    void set(const char* name, const std::string& value) { environment_.variables[name] = value; }

    base::TemporaryFolder temporary_;
    fs::path folder_ = temporary_.path;
    config::Environment environment_;
    std::ostringstream out_, err_;
    Console console_{out_, err_};
};

TEST_F(ConnectionTest, NothingSaid_IsTheLocalGateway) {
    EXPECT_TRUE(chosen({}).local);
    EXPECT_EQ(chosen({}).key, "");
    set("TOLLGATE_KEY", "sk-env");
    EXPECT_EQ(chosen({}).key, "sk-env");
    EXPECT_EQ(chosen({.key_file = path("given.key")}).key, "sk-given");
}

TEST_F(ConnectionTest, ContextInUse_IsTakenWithItsKeyUntilSomethingElseIsSaid) {
    ASSERT_EQ(add("prod", "https://llm.example.com", path("prod.key")), exit_done);
    const Destination prod = chosen({});
    EXPECT_FALSE(prod.local);
    EXPECT_EQ(prod.remote.url, "https://llm.example.com");
    EXPECT_EQ(prod.remote.key, "sk-prod");
    EXPECT_TRUE(chosen({.config_file = "tollgate.yaml"}).local);
    EXPECT_TRUE(chosen({.data_dir = "data"}).local);
    set("TOLLGATE_MASTER_KEY", "sk-master");
    EXPECT_EQ(chosen({.context = "prod"}).remote.key, "sk-prod");
    EXPECT_EQ(chosen({.key_file = path("given.key"), .context = "prod"}).remote.key, "sk-given");
}

TEST_F(ConnectionTest, KeyOfAContext_NeverGoesToAnotherUrl) {
    ASSERT_EQ(add("prod", "https://llm.example.com", path("prod.key")), exit_done);
    set("TOLLGATE_MASTER_KEY", "sk-master");
    const Destination other = chosen({.url = "https://other.example.com"});
    EXPECT_EQ(other.remote.url, "https://other.example.com");
    EXPECT_EQ(other.remote.key, "sk-master");
    set("TOLLGATE_URL", "https://third.example.com");
    EXPECT_EQ(chosen({}).remote.url, "https://third.example.com");
    EXPECT_EQ(chosen({}).remote.key, "sk-master");
}

TEST_F(ConnectionTest, WrongChoices_SayWhat) {
    EXPECT_EQ(choose_destination({.context = "none"}, environment_).error().code,
              base::ErrorCode::not_found);
    EXPECT_FALSE(choose_destination({.url = "http://a", .context = "b"}, environment_).ok());
    EXPECT_FALSE(choose_destination({.key_file = path("missing")}, environment_).ok());
}

TEST_F(ConnectionTest, Contexts_AreKeptForTheirOwnerAloneAndReadAgain) {
    ASSERT_EQ(add("a", "http://127.0.0.1:4000", ""), exit_done);
    ASSERT_EQ(add("b.c-d", "https://x.example.com", path("prod.key")), exit_done);
    const std::string file = *contexts_file(environment_);
    struct stat found {};
    ASSERT_EQ(stat(file.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777U, 0600U);
    const auto read = read_contexts(file);
    ASSERT_TRUE(read.ok());
    ASSERT_EQ(read->all.size(), 2U);
    EXPECT_EQ(read->current, "b.c-d");
    EXPECT_EQ(read->find("b.c-d")->key_file, path("prod.key"));
    EXPECT_EQ(run_contexts_use(environment_, "a", console_), exit_done);
    EXPECT_EQ(run_contexts_list(environment_, Output::csv, console_), exit_done);
    EXPECT_EQ(out_.str(), "current,name,url,key_file,ca_file\n"
                          "true,a,http://127.0.0.1:4000,,\n"
                          "false,b.c-d,https://x.example.com," + path("prod.key") + ",\n");
    EXPECT_EQ(run_contexts_remove(environment_, "a", console_), exit_done);
    EXPECT_EQ(read_contexts(file)->current, "");
    EXPECT_EQ(run_contexts_remove(environment_, "a", console_), exit_not_found);
    EXPECT_EQ(run_contexts_use(environment_, "zzz", console_), exit_not_found);
}

TEST_F(ConnectionTest, ContextsThatCannotBe_AreRefused) {
    EXPECT_EQ(add("a b", "http://127.0.0.1:4000", ""), exit_usage);
    EXPECT_EQ(add("a", "127.0.0.1", ""), exit_usage);
    EXPECT_EQ(add("a", "http://127.0.0.1:4000", "-"), exit_usage);
    EXPECT_TRUE(read_contexts(*contexts_file(environment_))->all.empty());
    const std::string broken = write("contexts.yaml", "contexts:\n  a: {key_file: x}\n");
    EXPECT_EQ(read_contexts(broken).error().message, broken + ":2: context a has no url");
}

TEST(LocalUrl, OfEveryAddress_IsReachedFromHere) {
    config::ServerConfig server;
    server.listen = "0.0.0.0:4000";
    EXPECT_EQ(local_url(server), "http://127.0.0.1:4000");
    server.listen = "[::]:80";
    EXPECT_EQ(local_url(server), "http://127.0.0.1:80");
    server.listen = "10.0.0.7:4000";
    EXPECT_EQ(local_url(server), "http://10.0.0.7:4000");
}

}  // namespace
}  // namespace tollgate::commands
