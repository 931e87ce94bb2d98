#include "app/help.hpp"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include "app/administration_options.hpp"

namespace tollgate::app {
namespace {

class HelpTest : public testing::Test {
protected:
    HelpTest() {
        line_.formatter(examples_first());
        line_.require_subcommand(1);
        line_.fallthrough();
        set_examples(line_, "  tollgate tenants list");
        options_.add_to(line_, output_, code_);
    }
    // What is said of these words.
    std::string unknown(std::vector<std::string> words) {
        words.insert(words.begin(), "tollgate");
        std::vector<char*> arguments;
        for (std::string& word : words) arguments.push_back(word.data());
        return unknown_word(line_, static_cast<int>(arguments.size()), arguments.data());
    }
    std::string output_ = "table";
    int code_ = 0;
    AdministrationOptions options_;
    CLI::App line_{"A gateway", "tollgate"};
};

void check_pages(const CLI::App& command, const std::string& words) {
    EXPECT_EQ(command.help().rfind("Examples:\n  " + words, 0), 0U) << command.help();
    for (const CLI::App* below : command.get_subcommands([](const CLI::App*) { return true; })) {
        check_pages(*below, words + " " + below->get_name());
    }
}

TEST_F(HelpTest, EveryPage_BeginsWithAnExampleOfItsCommand) { check_pages(line_, "tollgate"); }

TEST_F(HelpTest, MistypedWord_IsAnsweredWithTheNearestAtEveryLevel) {
    EXPECT_EQ(unknown({"tenant", "list"}), "no command 'tenant': did you mean 'tenants'?");
    EXPECT_EQ(unknown({"tenants", "lst"}), "no command 'lst' of tenants: did you mean 'list'?");
    EXPECT_EQ(unknown({"keys", "create", "x", "--exipres", "30d"}),
              "no option '--exipres' of create: did you mean '--expires'?");
    EXPECT_EQ(unknown({"--ulr=http://x", "tenants", "list"}),
              "no option '--ulr' of tollgate: did you mean '--url'?");
    EXPECT_EQ(unknown({"tenants", "qqqqq"}), "no command 'qqqqq' of tenants");
}

TEST_F(HelpTest, KnownWords_AndValuesThatLookLikeThem_AreNotComplainedOf) {
    EXPECT_EQ(unknown({"tenants", "create", "lst"}), "");
    EXPECT_EQ(unknown({"--context", "tenant", "tenants", "list"}), "");
    EXPECT_EQ(unknown({"keys", "list", "--tenant", "--odd"}), "");
    EXPECT_EQ(unknown({"credits", "add", "-5"}), "");
    EXPECT_EQ(unknown({"tenants", "list", "--", "--odd"}), "");
}

}  // namespace
}  // namespace tollgate::app
