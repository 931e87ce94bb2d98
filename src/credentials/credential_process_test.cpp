#include "credentials/credential_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tollgate::credentials {
namespace {

using base::ErrorCode;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr milliseconds enough{5'000};

TEST(CredentialProcess, Command_IsSplitByQuotingRules) {
    EXPECT_THAT(*split_command("tool --a  b"), ElementsAre("tool", "--a", "b"));
    EXPECT_THAT(*split_command(R"("/opt/my tool" --x="a b" 'c "d" \e' f\ g)"),
                ElementsAre("/opt/my tool", "--x=a b", R"(c "d" \e)", "f g"));
    EXPECT_THAT(*split_command(R"(t "" "say \"hi\" \\")"),
                ElementsAre("t", "", R"(say "hi" \)"));
    EXPECT_THAT(*split_command("t $HOME `id` ; rm"), ElementsAre("t", "$HOME", "`id`", ";", "rm"));
    EXPECT_THAT(split_command("t 'open").error().message, HasSubstr("open quote"));
    EXPECT_THAT(split_command("t \\").error().message, HasSubstr("backslash"));
    EXPECT_THAT(split_command("  ").error().message, HasSubstr("empty"));
}

TEST(CredentialProcess, Output_IsWhatItWrites) {
    auto output = run_command({"/bin/sh", "-c", "echo one; echo lost >&2; echo two"}, enough);
    ASSERT_TRUE(output.ok()) << output.error().message;
    EXPECT_EQ(*output, "one\ntwo\n");
}

TEST(CredentialProcess, ExitStatus_IsToldWithoutTheOutput) {
    auto output = run_command({"/bin/sh", "-c", "echo secret; exit 3"}, enough);
    ASSERT_FALSE(output.ok());
    EXPECT_EQ(output.error().code, ErrorCode::provider);
    EXPECT_EQ(output.error().message,
              "/bin/sh ended with exit status 3: run it by hand to see why");
}

TEST(CredentialProcess, MissingProgram_IsNamed) {
    auto output = run_command({"/no/such/tool"}, enough);
    ASSERT_FALSE(output.ok());
    EXPECT_THAT(output.error().message, HasSubstr("/no/such/tool cannot be started: No such file"));
}

TEST(CredentialProcess, TooSlow_IsKilledWithItsChildren) {
    const auto start = std::chrono::steady_clock::now();
    auto output = run_command({"/bin/sh", "-c", "sleep 20 & sleep 20"}, milliseconds(100));
    ASSERT_FALSE(output.ok());
    EXPECT_EQ(output.error().code, ErrorCode::unavailable);
    EXPECT_THAT(output.error().message, HasSubstr("did not end within 100 ms"));
    EXPECT_LT(std::chrono::steady_clock::now() - start, enough);
}

TEST(CredentialProcess, ClosesItsOutputAndStays_IsKilled) {
    auto output = run_command({"/bin/sh", "-c", "exec >&-; sleep 20"}, milliseconds(100));
    ASSERT_FALSE(output.ok());
    EXPECT_THAT(output.error().message, HasSubstr("did not end within"));
}

TEST(CredentialProcess, TooMuchOutput_IsRefused) {
    auto output = run_command({"/bin/sh", "-c", "while :; do echo 0123456789; done"}, enough);
    ASSERT_FALSE(output.ok());
    EXPECT_THAT(output.error().message, HasSubstr("wrote more than 65536 bytes"));
}

}  // namespace
}  // namespace tollgate::credentials
