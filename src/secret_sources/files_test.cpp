#include "secret_sources/files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "secret_sources/environment.hpp"

namespace tollgate::secret_sources {
namespace {

using ::testing::HasSubstr;

class SecretFiles : public ::testing::Test {
protected:
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "tollgate-XXXXXX").string();
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        folder_ = name;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    std::string write(const std::string& content) {
        const std::string path = (folder_ / "secret").string();
        std::ofstream(path, std::ios::binary) << content;
        return path;
    }
    std::filesystem::path folder_;
};

TEST_F(SecretFiles, FinalLineBreakIsNoPartOfTheSecret) {
    EXPECT_EQ(*read_secret_file(write("sk-123\n")), "sk-123");
    EXPECT_EQ(*read_secret_file(write("sk-123\r\n")), "sk-123");
    EXPECT_EQ(*read_secret_file(write("two\nlines\n\n")), "two\nlines\n");
}

TEST_F(SecretFiles, WhatIsNoSecretIsRefusedWithoutShowingIt) {
    const auto empty = read_secret_file(write("\n"));
    ASSERT_FALSE(empty.ok());
    EXPECT_THAT(empty.error().message, HasSubstr("is empty"));
    const auto binary = read_secret_file(write(std::string("hidden\0x", 8)));
    ASSERT_FALSE(binary.ok());
    EXPECT_THAT(binary.error().message, ::testing::Not(HasSubstr("hidden")));
    EXPECT_FALSE(read_secret_file(write(std::string(secret_bytes_max + 1, 'x'))).ok());
    EXPECT_TRUE(read_secret_file(write(std::string(secret_bytes_max, 'x'))).ok());
    const auto folder = read_secret_file(folder_.string());
    ASSERT_FALSE(folder.ok());
    EXPECT_THAT(folder.error().message, HasSubstr("is no regular file"));
    const auto missing = read_secret_file((folder_ / "missing").string());
    ASSERT_FALSE(missing.ok());
    EXPECT_THAT(missing.error().message, HasSubstr("No such file"));
}

TEST_F(SecretFiles, NamedPipeDoesNotHang) {
    const std::string path = (folder_ / "pipe").string();
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
    EXPECT_FALSE(read_secret_file(path).ok());
}

TEST(ProcessEnvironment, HoldsVariablesAsTheyAre) {
    ASSERT_EQ(setenv("TOLLGATE_TEST_VARIABLE", "a=b", 1), 0);
    const auto variables = process_environment();
    unsetenv("TOLLGATE_TEST_VARIABLE");
    ASSERT_TRUE(variables.contains("TOLLGATE_TEST_VARIABLE"));
    EXPECT_EQ(variables.at("TOLLGATE_TEST_VARIABLE"), "a=b");
}

}  // namespace
}  // namespace tollgate::secret_sources
