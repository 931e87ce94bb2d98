// Holds the estimates to the true counts of the corpus, and the report in docs/token_counting.md to
// the estimates. TOLLGATE_WRITE_GOLDEN=1 writes the report anew; TOLLGATE_TOKEN_REPORT=1 prints it.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "accounting/token_count.hpp"

namespace tollgate::accounting {
namespace {

namespace fs = std::filesystem;

struct Sample {
    std::string name, title, kind, text;
    std::map<std::string, std::int64_t> truth;  // by family
};

std::string read_file(const fs::path& path) {
    std::ifstream in(path);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

std::map<std::string, Sample> corpus() {
    std::map<std::string, Sample> out;
    for (const auto& entry : fs::directory_iterator(TOLLGATE_SOURCE_DIR "/tests/golden/tokens")) {
        std::ifstream in(entry.path());
        Sample one;
        one.name = entry.path().stem().string();
        std::getline(in, one.title);
        std::string line;
        while (std::getline(in, line) && line != "----------") {
            const std::size_t colon = line.find(": ");
            const std::string key = line.substr(0, colon), value = line.substr(colon + 2);
            if (key == "class") {
                one.kind = value;
            } else {
                one.truth[key] = std::stoll(value);
            }
        }
        std::ostringstream rest;
        rest << in.rdbuf();
        one.text = rest.str();
        out[one.name] = std::move(one);
    }
    return out;
}

std::vector<Vocabulary> families() {
    std::vector<Vocabulary> all;
    for (std::size_t i = 0; i < vocabularies; ++i) all.push_back(static_cast<Vocabulary>(i));
    return all;
}

double error_of(const Sample& sample, Vocabulary family) {
    const auto truth = static_cast<double>(sample.truth.at(std::string(to_string(family))));
    return static_cast<double>(estimate_text(sample.text, family)) / truth - 1;
}

std::string percent(double error) {
    const long rounded = std::lround(error * 100);
    return (rounded > 0 ? "+" : "") + std::to_string(rounded) + " %";
}

// Sums by content class, then each text.
std::string report(const std::map<std::string, Sample>& samples) {
    std::string head, rule;
    for (const Vocabulary family : families()) {
        head += " " + std::string(to_string(family)) + " |";
        rule += " ---: |";
    }
    std::string out = "| class |" + head + "\n| --- |" + rule + "\n";
    for (const std::string kind : {"prose", "code", "json"}) {
        out += "| " + kind + " |";
        for (const Vocabulary family : families()) {
            double estimate = 0, truth = 0;
            for (const auto& [name, sample] : samples) {
                if (sample.kind != kind) continue;
                truth += static_cast<double>(sample.truth.at(std::string(to_string(family))));
                estimate += static_cast<double>(estimate_text(sample.text, family));
            }
            out += " " + percent(estimate / truth - 1) + " |";
        }
        out += "\n";
    }
    out += "\n| text | bytes | true, o200k |" + head + "\n| --- | ---: | ---: |" + rule + "\n";
    for (const auto& [name, sample] : samples) {
        out += "| " + sample.title + " | " + std::to_string(sample.text.size()) + " | " +
               std::to_string(sample.truth.at("o200k")) + " |";
        for (const Vocabulary family : families()) {
            out += " " + percent(error_of(sample, family)) + " |";
        }
        out += "\n";
    }
    return out;
}

TEST(TokenAccuracy, EveryTextInEveryFamily_IsNeverBelowNinetyPercentAndAtMostTenAbove) {
    const auto samples = corpus();
    ASSERT_GE(samples.size(), 30u);
    for (const auto& [name, sample] : samples) {
        ASSERT_EQ(sample.truth.size(), vocabularies) << name << ": run tools/token_accuracy";
        for (const Vocabulary family : families()) {
            EXPECT_GE(error_of(sample, family), -0.10) << name << " " << to_string(family);
            EXPECT_LE(error_of(sample, family), 0.10) << name << " " << to_string(family);
        }
    }
}

TEST(TokenAccuracy, Report_InTheDocumentationIsCurrent) {
    const fs::path path = TOLLGATE_SOURCE_DIR "/docs/token_counting.md";
    const std::string begin = "<!-- report -->\n", end = "<!-- end of report -->";
    const std::string made = report(corpus());
    if (std::getenv("TOLLGATE_TOKEN_REPORT") != nullptr) std::cout << made;
    std::string page = read_file(path);
    const std::size_t from = page.find(begin), to = page.find(end);
    ASSERT_TRUE(from != std::string::npos && to != std::string::npos);
    const std::size_t first = from + begin.size();
    if (std::getenv("TOLLGATE_WRITE_GOLDEN") != nullptr) {
        std::ofstream(path) << page.replace(first, to - first, made);
    } else {
        EXPECT_EQ(page.substr(first, to - first), made) << "run tools/token_accuracy/report";
    }
}

TEST(TokenAccuracy, Family_ByTheModelsName) {
    const std::map<std::string, Vocabulary> expected = {
        {"gpt-5.4", Vocabulary::o200k},
        {"gpt-4o-mini", Vocabulary::o200k},
        {"gpt-4.1", Vocabulary::o200k},
        {"gpt-4-turbo", Vocabulary::cl100k},
        {"openai/gpt-oss-120b", Vocabulary::o200k},
        {"us.anthropic.claude-opus-4-6-v1", Vocabulary::claude},
        {"meta-llama/Llama-3.3-70B-Instruct", Vocabulary::llama3},
        {"deepseek-r1-distill-llama-70b", Vocabulary::llama3},
        {"DeepSeek-R1-Distill-Qwen-32B", Vocabulary::qwen},
        {"deepseek-chat", Vocabulary::deepseek},
        {"qwen3-coder", Vocabulary::qwen},
        {"gemini-3-pro", Vocabulary::gemma},
        {"devstral-medium", Vocabulary::mistral},
        {"something-new", Vocabulary::o200k}};
    for (const auto& [name, family] : expected) {
        EXPECT_EQ(to_string(vocabulary_of(name)), to_string(family)) << name;
    }
}

}  // namespace
}  // namespace tollgate::accounting
