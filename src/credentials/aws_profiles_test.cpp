#include "credentials/aws_profiles.hpp"

#include "credentials/fetch_fixture_test.hpp"

namespace tollgate::credentials {
namespace {

TEST(AwsProfiles, Ini_SectionsKeysCommentsAndNestedSettings) {
    const auto sections = parse_ini(
        "# a comment\n"
        "outside = ignored\r\n"
        "[ default ]\r\n"
        "Region = eu-west-1 ; where\r\n"
        "key=a#b\n"
        "s3 =\n"
        "  max_attempts = 3\n"
        "  region = nested\n"
        "output = json\n"
        "no equals sign\n"
        "[other]\n"
        "\r# a comment behind a stray line end = x\n"
        "empty =\n");
    ASSERT_EQ(sections.size(), 2u);
    const Profile& profile = sections.at("default");
    EXPECT_EQ(profile.at("region"), "eu-west-1");
    EXPECT_EQ(profile.at("key"), "a#b");
    EXPECT_EQ(profile.at("output"), "json");
    EXPECT_EQ(profile.count("max_attempts"), 0u);
    EXPECT_EQ(sections.at("other"), (Profile{{"empty", ""}}));
}

TEST(AwsProfiles, BothFiles_CredentialsFileCountsAndOnlyProfilesAreTaken) {
    const AwsProfiles all = merge_profiles(
        "[default]\nregion = us-east-1\n[profile dev]\nregion = eu-west-1\n"
        "aws_access_key_id = from-config\n[profile \"with space\"]\nregion = x\n"
        "[sso-session s]\nsso_region = y\n[dev2]\nregion = z\n[profiles]\nregion = w\n",
        "[dev]\naws_access_key_id = from-credentials\n[only]\naws_access_key_id = k\n");
    EXPECT_EQ(all.profiles.size(), 4u);
    EXPECT_EQ(setting(*all.find("default"), "region"), "us-east-1");
    EXPECT_EQ(setting(*all.find("dev"), "region"), "eu-west-1");
    EXPECT_EQ(setting(*all.find("dev"), "aws_access_key_id"), "from-credentials");
    EXPECT_NE(all.find("with space"), nullptr);
    EXPECT_EQ(all.find("dev2"), nullptr) << "the configuration file says profile NAME";
    EXPECT_FALSE(has_credentials(*all.find("default")));
    EXPECT_TRUE(has_credentials(*all.find("only")));
}

class ProfileFiles : public FetchTest {};

TEST_F(ProfileFiles, AreBelowHomeOrWhereTheVariablesSay) {
    file("home/.aws/config", "[default]\nregion = below-home\n");
    variables["HOME"] = directory + "/home";
    auto all = load_profiles(variables);
    ASSERT_TRUE(all.ok());
    EXPECT_EQ(setting(*all->find("default"), "region"), "below-home");
    variables["AWS_CONFIG_FILE"] = file("elsewhere", "[default]\nregion = elsewhere\n");
    all = load_profiles(variables);
    EXPECT_EQ(setting(*all->find("default"), "region"), "elsewhere");
    EXPECT_THAT(all->files, HasSubstr("/elsewhere and "));
}

TEST_F(ProfileFiles, NoHomeAndNoVariable_NothingIsRead) {
    auto all = load_profiles(variables);
    ASSERT_TRUE(all.ok());
    EXPECT_TRUE(all->profiles.empty());
}

TEST_F(ProfileFiles, DirectoryInsteadOfAFile_IsSaid) {
    variables["AWS_CONFIG_FILE"] = directory;
    auto all = load_profiles(variables);
    ASSERT_FALSE(all.ok());
    EXPECT_THAT(all.error().message, HasSubstr("is not a regular file"));
}

TEST(AwsProfiles, NameOfTheProfileThatIsMeant) {
    Variables variables;
    EXPECT_EQ(profile_name(variables), "default");
    variables["AWS_DEFAULT_PROFILE"] = "a";
    EXPECT_EQ(profile_name(variables), "a");
    variables["AWS_PROFILE"] = "b";
    EXPECT_EQ(profile_name(variables), "b");
}

}  // namespace
}  // namespace tollgate::credentials
