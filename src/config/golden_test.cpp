// Runs tests/golden/config/*.txt: what the case shows, `env: NAME=value` and `expect:` lines, then
// the YAML, then the problems or the effective configuration that it must give.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/load.hpp"
#include "config/show.hpp"

namespace tollgate::config {
namespace {

namespace fs = std::filesystem;
const std::string folder = std::string(TOLLGATE_SOURCE_DIR) + "/tests/golden/config";

std::string read(const fs::path& path) {
    std::ifstream stream(path);
    return {std::istreambuf_iterator<char>(stream), {}};
}

std::vector<std::string> parts_of(const std::string& text) {
    const std::string ruler = "----------\n";
    std::vector<std::string> parts;
    std::size_t begin = 0;
    for (std::size_t end; (end = text.find(ruler, begin)) != std::string::npos;
         begin = end + ruler.size()) {
        parts.push_back(text.substr(begin, end - begin));
    }
    parts.push_back(text.substr(begin));
    return parts;
}

class ConfigGolden : public ::testing::TestWithParam<std::string> {};

TEST_P(ConfigGolden, GivesWhatTheFileExpects) {
    const auto parts = parts_of(read(fs::path(folder) / (GetParam() + ".txt")));
    ASSERT_EQ(parts.size(), 3u) << "a case is a head, a YAML text and the expected text";
    Environment environment;
    environment.read_secret_file = [](const std::string& path) -> base::Result<std::string> {
        if (path == "/run/secrets/openai") return std::string("sk-from-file-0123456789");
        return base::invalid("the secret file " + path + " cannot be read: No such file");
    };
    std::string expect;
    std::istringstream head(parts[0]);
    for (std::string line; std::getline(head, line);) {
        if (line.starts_with("env: ")) {
            const std::size_t equals = line.find('=');
            ASSERT_NE(equals, std::string::npos) << line;
            environment.variables[line.substr(5, equals - 5)] = line.substr(equals + 1);
        } else if (line.starts_with("expect: ")) {
            expect = line.substr(8);
        }
    }
    const LoadResult loaded = load_text(parts[1], "tollgate.yaml", environment);
    if (getenv("TOLLGATE_WRITE_GOLDEN") != nullptr) {  // then read the difference before a commit
        std::ofstream out(fs::path(folder) / (GetParam() + ".txt"), std::ios::binary);
        out << parts[0] << "----------\n" << parts[1] << "----------\n"
            << (expect == "problems" ? loaded.report() : show_effective(loaded.config, false));
    }
    if (expect == "problems") {
        EXPECT_EQ(loaded.report(), parts[2]);
    } else if (expect == "effective") {
        EXPECT_TRUE(loaded.ok()) << loaded.report();
        EXPECT_EQ(show_effective(loaded.config, false), parts[2]);
    } else {
        FAIL() << "expect: problems | effective";
    }
}

std::vector<std::string> cases() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() == ".txt") names.push_back(entry.path().stem().string());
    }
    std::sort(names.begin(), names.end());
    return names;
}

INSTANTIATE_TEST_SUITE_P(Files, ConfigGolden, ::testing::ValuesIn(cases()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace tollgate::config
