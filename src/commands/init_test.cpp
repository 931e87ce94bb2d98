#include "commands/init.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/temporary_folder_test.hpp"
#include "commands/config_commands.hpp"

namespace tollgate::commands {
namespace {

namespace fs = std::filesystem;

config::Catalog catalog() {
    const auto read = [](const std::string& name) {
        std::ifstream in(TOLLGATE_SOURCE_DIR "/data/" + name);
        return std::string((std::istreambuf_iterator<char>(in)), {});
    };
    const std::string providers = read("providers.yaml");
    const std::string models = read("models.yaml");
    const std::string betas = read("betas.yaml");
    auto loaded = config::load_catalog({providers, models, betas});
    EXPECT_TRUE(loaded.ok()) << (loaded.ok() ? "" : loaded.error().message);
    return loaded.ok() ? std::move(loaded).value() : config::Catalog{};
}

std::string read_file(const std::string& path) {
    std::ifstream in(path);
    return std::string((std::istreambuf_iterator<char>(in)), {});
}

class Init : public testing::Test {
protected:
    Init() {
        args_.file = folder_ + "/tollgate.yaml";
        args_.data_dir = folder_ + "/data";
        environment_.read_secret_file = [](const std::string& path) -> base::Result<std::string> {
            std::string text = read_file(path);
            while (text.ends_with('\n')) text.pop_back();
            return text;
        };
    }
    int run() { return run_init(args_, environment_, catalog_, {out_, err_, false}); }

    const base::TemporaryFolder temporary_;
    const std::string folder_ = temporary_.path;
    InitArgs args_;
    config::Environment environment_;
    const config::Catalog catalog_ = catalog();
    std::ostringstream out_, err_;
};

TEST_F(Init, ProviderVariables_BecomeEntriesThatLoadWithoutComplaint) {
    environment_.variables = {{"OPENAI_API_KEY", "sk-made-up"}, {"GROQ_API_KEY", "gsk-made-up"}};
    ASSERT_EQ(run(), exit_done) << err_.str();
    const std::string text = read_file(args_.file);
    EXPECT_EQ(text.find("made-up"), text.npos) << "a secret stands in the file";
    const config::LoadResult loaded = config::load(args_.file, environment_);
    EXPECT_EQ(loaded.report(), "");
    ASSERT_TRUE(loaded.ok());
    bool openai = false, groq = false, echo = false;
    for (const config::ModelEntry& entry : loaded.config.model_list) {
        openai = openai || (entry.model == "openai/*" && entry.api_key.value == "sk-made-up");
        groq = groq || (entry.model == "groq/*" && entry.api_key.value == "gsk-made-up");
        echo = echo || entry.model == "echo/echo";
    }
    EXPECT_TRUE(openai && groq && echo) << text;
    EXPECT_FALSE(loaded.config.tiers.fallback.empty());
}

TEST_F(Init, EveryProviderAtOnce_StillLoadsWithoutComplaint) {
    for (const domain::ProviderTraits& row : catalog_.providers) {
        for (const std::string& name : row.credential_env) environment_.variables[name] = "made-up";
        for (const std::string& name : row.base_url_env) {
            environment_.variables[name] = "http://127.0.0.1:9";
        }
    }
    ASSERT_EQ(run(), exit_done) << err_.str();
    const config::LoadResult loaded = config::load(args_.file, environment_);
    EXPECT_EQ(loaded.report(), "");
    EXPECT_GT(loaded.config.model_list.size(), 40u);
    const auto names = [&](const std::string& wanted) {
        for (const auto& entry : loaded.config.model_list) {
            if (entry.model_name == wanted) return true;
        }
        return false;
    };
    const config::Tiers& tiers = loaded.config.tiers;
    for (const std::string& name : {tiers.opus, tiers.sonnet, tiers.haiku, tiers.fallback}) {
        EXPECT_TRUE(names(name)) << "a tier leads to nothing: " << name;
    }
    EXPECT_TRUE(tiers.opus.starts_with("claude-opus")) << tiers.opus;
    const std::string text = read_file(args_.file);
    EXPECT_NE(text.find("num_ctx: 65536"), text.npos);
}

TEST_F(Init, GeneratedKey_IsStoredForTheOwnerOnlyAndReferredTo) {
    ASSERT_EQ(run(), exit_done);
    const std::string path = args_.data_dir + "/master_key";
    struct stat state{};
    ASSERT_EQ(stat(path.c_str(), &state), 0);
    EXPECT_EQ(state.st_mode & 0777, 0600u);
    const std::string key = read_file(path);
    EXPECT_EQ(key.size(), 6u + 43u + 1u);
    const config::LoadResult loaded = config::load(args_.file, environment_);
    EXPECT_EQ(loaded.config.general_settings.master_key.value + "\n", key);
    EXPECT_EQ((out_.str() + err_.str()).find(key.substr(0, 20)), std::string::npos);
}

TEST_F(Init, ExistingFile_IsKeptUnlessForcedAndTheKeyAlways) {
    std::ofstream(args_.file) << "mine\n";
    EXPECT_EQ(run(), exit_failed);
    EXPECT_EQ(read_file(args_.file), "mine\n");
    EXPECT_FALSE(fs::exists(args_.data_dir)) << "nothing is made before the refusal";
    args_.force = true;
    EXPECT_EQ(run(), exit_done);
    const std::string key = read_file(args_.data_dir + "/master_key");
    EXPECT_EQ(run(), exit_done);
    EXPECT_EQ(read_file(args_.data_dir + "/master_key"), key);
    EXPECT_FALSE(fs::exists(args_.file + ".new"));
}

TEST_F(Init, MasterKeyOfTheEnvironment_IsReferredTo) {
    environment_.variables = {{"TOLLGATE_MASTER_KEY", "sk-made-up-master"}};
    ASSERT_EQ(run(), exit_done);
    EXPECT_FALSE(fs::exists(args_.data_dir));
    EXPECT_NE(read_file(args_.file).find("master_key: os.environ/TOLLGATE_MASTER_KEY"),
              std::string::npos);
}

TEST_F(Init, StandardOutput_IsTheNextThreeCommands) {
    ASSERT_EQ(run(), exit_done);
    EXPECT_EQ(out_.str(), "tollgate config check " + args_.file + "\ntollgate serve --config " +
                              args_.file + "\ntollgate keys snippet --client claude-code\n");
}

TEST_F(Init, FolderThatCannotBeWritten_IsAnErrorAndNoCrash) {
    args_.file = folder_ + "/none/tollgate.yaml";
    EXPECT_EQ(run(), exit_failed);
    EXPECT_NE(err_.str().find("cannot write"), std::string::npos);
}

TEST_F(Init, ConfigCheck_PrintsPlacesAndExitsOneOnErrors) {
    std::ofstream(args_.file) << "server:\n  lissten: 1\n";
    EXPECT_EQ(run_config_check({args_.file, false}, environment_, {}, {out_, err_, false}),
              exit_failed);
    EXPECT_NE(out_.str().find(args_.file + ":2:3: error: "), std::string::npos) << out_.str();
    std::ofstream(args_.file) << "server: {listen: \"127.0.0.1:4000\"}\n";
    EXPECT_EQ(run_config_check({args_.file, false}, environment_, {}, {out_, err_, false}),
              exit_done);
    const auto wrong = [](const config::Config&) {
        return std::vector<config::Problem>{
            {config::Severity::error, "f", 1, 1, "model_list[0]", "unknown provider", ""}};
    };
    EXPECT_EQ(run_config_check({args_.file, true}, environment_, wrong, {out_, err_, false}),
              exit_failed);
    EXPECT_NE(out_.str().find("\"message\":\"unknown provider\""), std::string::npos);
    EXPECT_EQ(
        run_config_check({folder_ + "/none.yaml", false}, environment_, {}, {out_, err_, false}),
        exit_failed);
}

}  // namespace
}  // namespace tollgate::commands
