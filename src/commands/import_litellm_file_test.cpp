#include "commands/import_litellm_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "base/temporary_folder_test.hpp"
#include "commands/import_litellm_yaml.hpp"

namespace tollgate::commands::litellm {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ImportLitellmFile : public ::testing::Test {
protected:
    std::string path(const std::string& name) const { return folder_ + "/" + name; }
    std::string write(const std::string& name, const std::string& text) const {
        std::ofstream(path(name)) << text;
        return path(name);
    }
    FileImport convert(const std::string& text) {
        return convert_file(write("config.yaml", text), environment_);
    }
    // "fate words" of the line about `subject`, "" : there is none.
    static std::string about(const FileImport& made, const std::string& subject) {
        for (const ReportLine& line : made.report.lines()) {
            if (line.subject != subject) continue;
            return std::string(to_string(line.fate)) + " " + line.words;
        }
        return "";
    }
    static std::string read(const std::string& file) {
        std::ifstream stream(file);
        return {std::istreambuf_iterator<char>(stream), {}};
    }

    const base::TemporaryFolder temporary_;
    const std::string folder_ = temporary_.path;
    config::Environment environment_;
};

TEST_F(ImportLitellmFile, References_StayReferences) {
    environment_.variables["OPENAI_API_KEY"] = "sk-never-to-be-seen";
    const FileImport made = convert(
        "model_list:\n"
        "  - model_name: fast\n"
        "    litellm_params:\n"
        "      model: openai/gpt-4o-mini\n"
        "      api_key: os.environ/OPENAI_API_KEY\n"
        "      api_base: ${BASE}\n");
    EXPECT_TRUE(made.errors.empty());
    EXPECT_THAT(made.yaml, HasSubstr("api_key: os.environ/OPENAI_API_KEY\n"));
    EXPECT_THAT(made.yaml, HasSubstr("api_base: \"${BASE}\"\n"));
    EXPECT_THAT(made.yaml, Not(HasSubstr("never-to-be-seen")));
    EXPECT_EQ(about(made, "model_list[0].litellm_params.api_key"), "imported ");
    EXPECT_EQ(about(made, "model_list[0].litellm_params.api_base"),
              "imported set BASE where Tollgate runs");
    EXPECT_EQ(made.report.exit_code(), exit_done);
}

TEST_F(ImportLitellmFile, LiteralSecrets_AreNotCopied_AndOneValueIsOneVariable) {
    const FileImport made = convert(
        "model_list:\n"
        "  - {model_name: gpt-4o, litellm_params: {model: openai/gpt-4o, api_key: sk-made-up-1}}\n"
        "  - {model_name: other, litellm_params: {model: openai/o3, api_key: sk-made-up-1}}\n"
        "  - {model_name: gpt-4o, litellm_params: {model: openai/gpt-4, api_key: sk-made-up-2}}\n"
        "  - {model_name: own, litellm_params: {model: ollama/qwen3, api_key: none}}\n"
        "general_settings: {master_key: sk-made-up-master}\n"
        "environment_variables: {LANGFUSE_SECRET_KEY: sk-made-up-3, REGION: eu}\n");
    EXPECT_TRUE(made.errors.empty());
    EXPECT_THAT(made.yaml, Not(HasSubstr("sk-made-up")));
    EXPECT_EQ(about(made, "model_list[0].litellm_params.api_key"),
              "approximated its value is not copied: set GPT_4O_API_KEY where Tollgate runs");
    EXPECT_EQ(about(made, "model_list[1].litellm_params.api_key"),
              "approximated its value is not copied: set GPT_4O_API_KEY where Tollgate runs");
    EXPECT_EQ(about(made, "model_list[2].litellm_params.api_key"),
              "approximated its value is not copied: set GPT_4O_API_KEY_2 where Tollgate runs");
    EXPECT_THAT(made.yaml, HasSubstr("master_key: os.environ/TOLLGATE_MASTER_KEY"));
    EXPECT_THAT(made.yaml, HasSubstr("api_key: none"));
    EXPECT_THAT(made.yaml, HasSubstr("REGION: eu"));
    EXPECT_THAT(about(made, "environment_variables.LANGFUSE_SECRET_KEY"),
                HasSubstr("approximated"));
}

TEST_F(ImportLitellmFile, WhatIsNotUsed_IsLeftOut_WithWhatToDoInstead) {
    const FileImport made = convert(
        "model_list: [{model_name: a, litellm_params: {model: openai/gpt-4o, my_own: 3}}]\n"
        "litellm_settings: {cache: true, success_callback: [langfuse], drop_params: true}\n"
        "router_settings: {routing_strategy: latency-based-routing, num_retries: 2}\n"
        "general_settings: {alerting: [slack], storre_model_in_db: true}\n"
        "guardrails: [{guardrail_name: pii}]\n"
        "something_new: {a: 1}\n");
    EXPECT_TRUE(made.errors.empty());
    EXPECT_EQ(about(made, "litellm_settings.cache"), "imported ");
    EXPECT_THAT(about(made, "litellm_settings.success_callback"), HasSubstr("usage export"));
    EXPECT_THAT(about(made, "general_settings.alerting"), HasSubstr("tollgate alert-channels"));
    EXPECT_THAT(about(made, "general_settings.storre_model_in_db"),
                HasSubstr("did you mean `store_model_in_db`?"));
    EXPECT_THAT(about(made, "something_new"), HasSubstr("unsupported"));
    EXPECT_THAT(about(made, "router_settings.routing_strategy"), HasSubstr("imported"));
    EXPECT_EQ(about(made, "router_settings.num_retries"), "imported ");
    EXPECT_EQ(about(made, "model_list[0].litellm_params.my_own"),
              "imported sent to the provider as a parameter");
    for (const char* gone : {"langfuse", "alerting", "guardrails", "something_new"}) {
        EXPECT_THAT(made.yaml, Not(HasSubstr(gone)));
    }
    EXPECT_EQ(made.report.exit_code(), exit_partly);
    // What was made has nothing left to complain about.
    const auto again = config::load_text(made.yaml, "again", environment_);
    EXPECT_TRUE(again.ok());
    EXPECT_THAT(again.report(), Not(HasSubstr("not used")));
}

TEST_F(ImportLitellmFile, Includes_AreJoined) {
    write("models.yaml", "model_list: [{model_name: b, litellm_params: {model: openai/o3}}]\n");
    const FileImport made = convert(
        "include: [models.yaml]\n"
        "model_list: [{model_name: a, litellm_params: {model: openai/gpt-4o}}]\n");
    EXPECT_TRUE(made.errors.empty());
    EXPECT_THAT(made.yaml, Not(HasSubstr("include")));
    EXPECT_EQ(about(made, "model_list[1].model_name"), "imported ");
    const auto loaded = config::load_text(made.yaml, "made", environment_);
    ASSERT_EQ(loaded.config.model_list.size(), 2u);
    EXPECT_EQ(loaded.config.model_list[1].model, "openai/o3");
}

TEST_F(ImportLitellmFile, Texts_ReadBackAsTheyWere) {
    const std::string block =
        "model_list:\n"
        "  - model_name: \"*\"\n"
        "    litellm_params:\n"
        "      model: 'openai/*'\n"
        "      extra_headers:\n"
        "        x-a: 'yes'\n"
        "        x-b: \"1: 2 # 3\"\n"
        "        x-c: |\n"
        "          two\n"
        "          lines\n"
        "        \"x: d\": \"\\u00e9\\\\\"\n"
        "      extra_body: {a: '5', b: 5, c: true, d: [], e: {}, f: [1, [2]], g: null}\n";
    const auto before = config::load_text(block, "before", environment_);
    ASSERT_TRUE(before.ok()) << before.report();
    const FileImport made = convert(block);
    ASSERT_TRUE(made.errors.empty());
    const auto after = config::load_text(made.yaml, "after", environment_);
    ASSERT_TRUE(after.ok()) << after.report() << made.yaml;
    EXPECT_EQ(after.config.model_list[0].extra_headers, before.config.model_list[0].extra_headers);
    EXPECT_EQ(after.config.model_list[0].extra_body, before.config.model_list[0].extra_body);
    EXPECT_EQ(after.config.model_list[0].model, "openai/*");
}

TEST_F(ImportLitellmFile, Out_IsWrittenForItsOwnerAlone_AndNotOverwritten) {
    ImportLitellmArgs args;
    args.source = write("config.yaml",
                        "model_list: [{model_name: a, litellm_params: {model: openai/o3}}]\n");
    args.out = path("tollgate.yaml");
    std::ostringstream out, err;
    const Console console{out, err, false};
    EXPECT_EQ(import_file(args, environment_, console), exit_done) << err.str();
    EXPECT_THAT(read(args.out), HasSubstr("model: openai/o3"));
    EXPECT_THAT(out.str(), HasSubstr("model_list[0].model_name"));
    struct stat about_file {};
    ASSERT_EQ(::stat(args.out.c_str(), &about_file), 0);
    EXPECT_EQ(about_file.st_mode & 0777, 0600u);
    EXPECT_EQ(import_file(args, environment_, console), exit_failed);
    EXPECT_THAT(err.str(), HasSubstr("exists: --force overwrites it"));
    args.force = true;
    EXPECT_EQ(import_file(args, environment_, console), exit_done);
}

TEST_F(ImportLitellmFile, WithoutOut_TheConfigurationGoesToStandardOutput) {
    ImportLitellmArgs args;
    args.source = write("config.yaml",
                        "model_list: [{model_name: a, litellm_params: {model: openai/o3}}]\n");
    std::ostringstream out, err;
    EXPECT_EQ(import_file(args, environment_, {out, err, false}), exit_done);
    EXPECT_TRUE(config::load_text(out.str(), "out", environment_).ok()) << out.str();
    EXPECT_THAT(err.str(), HasSubstr("model_list[0].model_name"));
    std::ostringstream json;
    args.output = Output::json;
    EXPECT_EQ(import_file(args, environment_, {json, err, false}), exit_done);
    EXPECT_THAT(json.str(), HasSubstr("\"configuration\""));
    EXPECT_THAT(json.str(), HasSubstr("\"report\""));
}

TEST_F(ImportLitellmFile, WhatCannotBeRead_IsSaidWithItsPlace) {
    ImportLitellmArgs args;
    std::ostringstream out, err;
    args.source = path("missing.yaml");
    EXPECT_EQ(import_file(args, environment_, {out, err, false}), exit_failed);
    EXPECT_THAT(err.str(), HasSubstr("does not exist"));
    args.source = write("broken.yaml", "model_list: [\n");
    EXPECT_EQ(import_file(args, environment_, {out, err, false}), exit_failed);
    EXPECT_THAT(err.str(), HasSubstr("broken.yaml:"));
    args.source = write("wrong.yaml", "model_list: {a: b}\n");
    EXPECT_EQ(import_file(args, environment_, {out, err, false}), exit_failed);
    EXPECT_THAT(err.str(), HasSubstr("model_list: expected a list"));
    EXPECT_EQ(out.str(), "");
}

}  // namespace
}  // namespace tollgate::commands::litellm
