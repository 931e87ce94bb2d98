// The detection of tasks against the labelled prompts of tests/golden/tasks, and its report in
// docs/task_detection.md, which this test keeps true (TOLLGATE_WRITE_REFERENCE=1 rewrites it).
#include "routing/task_detection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <iomanip>
#include <map>
#include <sstream>

#include "config/tasks.hpp"

namespace tollgate::routing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string root = TOLLGATE_SOURCE_DIR;

std::string read(const std::string& path) {
    std::ifstream stream(path, std::ios::binary);
    EXPECT_TRUE(stream.is_open()) << path;
    return {std::istreambuf_iterator<char>(stream), {}};
}

const TaskDetector& detector() {
    static const TaskDetector made = [] {
        auto data = config::load_tasks(read(root + "/data/tasks.yaml"));
        EXPECT_TRUE(data) << data.error().message;
        return data ? TaskDetector(std::move(data).value()) : TaskDetector();
    }();
    return made;
}

// One line of the labelled set: the request that it describes and what it is about.
struct Labelled {
    std::string task, words, model = "sonnet", system, reminder, app;
    bool agent = false;
    BodyFeatures body;

    TaskVerdict detect() {
        body.last_user_text = words;
        body.system_text = system;
        body.reminder_text = reminder;
        const KnownBody known(body);
        RequestFeatures features;
        features.requested = features.name = model;
        features.source = &known;
        features.header = [this](std::string_view name) -> std::optional<std::string_view> {
            if (name == "x-app" && !app.empty()) return app;
            if (name == "x-claude-code-agent-id" && agent) return "a1";
            return std::nullopt;
        };
        return detector().detect(features);
    }
    void set(const std::string& feature) {
        const std::size_t equals = feature.find('=');
        const std::string name = feature.substr(0, equals);
        const std::string value = equals == std::string::npos ? "" : feature.substr(equals + 1);
        if (name == "model") model = value;
        else if (name == "system") system = value;
        else if (name == "reminder") reminder = value;
        else if (name == "user") words = value + words;
        else if (name == "tokens") body.input_tokens = std::stoll(value);
        else if (name == "images") body.has_images = true;
        else if (name == "tools") body.has_tools = true;
        else if (name == "tool_loop") body.tool_loop = true;
        else if (name == "thinking") body.thinking = true;
        else if (name == "deep_thinking") body.thinking = body.deep_thinking = true;
        else if (name == "hosted_search") body.web_search = true;
        else if (name == "cli") app = "cli";
        else if (name == "cli_bg") app = "cli-bg";
        else if (name == "agent") agent = true;
        else ADD_FAILURE() << "unknown feature " << name;
    }
};

Labelled parse(const std::string& line) {
    Labelled out;
    const std::size_t bracket = line.find(" [");
    std::size_t colon = line.find(':');
    std::string features;
    if (bracket < colon) {
        const std::size_t close = line.find("]:", bracket);
        features = line.substr(bracket + 2, close - bracket - 2);
        colon = close + 1;
    }
    out.task = line.substr(0, std::min(bracket, colon));
    for (std::size_t i = colon + 1; i < line.size(); ++i) {
        const bool escaped = line.compare(i, 2, "\\n") == 0;
        out.words += escaped ? '\n' : line[i];
        if (escaped) ++i;
    }
    if (out.words.starts_with(' ')) out.words.erase(0, 1);
    while (!features.empty()) {
        const std::size_t end = features.find("; ");
        out.set(features.substr(0, end));
        features.erase(0, end == std::string::npos ? end : end + 2);
    }
    return out;
}

std::vector<Labelled> labelled(const std::string& half) {
    std::vector<Labelled> out;
    std::istringstream lines(read(root + "/tests/golden/tasks/" + half + ".txt"));
    for (std::string line; std::getline(lines, line);) {
        if (!line.empty() && line.front() != '#') out.push_back(parse(line));
    }
    return out;
}

std::string two_digits(double value) {
    std::ostringstream out;
    out << std::fixed << std::setprecision(2) << value;
    return out.str();
}

struct Score {
    std::map<std::string, std::map<std::string, int>> confusion;  // truth, then answer
    int total = 0, right = 0;
    double macro_f1 = 0;

    void count(const std::string& truth, const std::string& answer) {
        ++confusion[truth][answer];
        ++total;
        right += truth == answer ? 1 : 0;
    }
    int of(const std::string& truth, const std::string& answer) const {
        const auto row = confusion.find(truth);
        if (row == confusion.end()) return 0;
        const auto cell = row->second.find(answer);
        return cell == row->second.end() ? 0 : cell->second;
    }
    // Precision, recall and F1 of one task.
    std::array<double, 3> figures(const std::string& task) const {
        int answered = 0, there = 0;
        for (const auto& [truth, row] : confusion) {
            answered += of(truth, task);
            if (truth != task) continue;
            for (const auto& [answer, count] : row) there += count;
        }
        const double precision = answered == 0 ? 0 : double(of(task, task)) / answered;
        const double recall = there == 0 ? 0 : double(of(task, task)) / there;
        const double sum = precision + recall;
        return {precision, recall, sum == 0 ? 0 : 2 * precision * recall / sum};
    }
};

Score judge(const std::string& half) {
    Score score;
    for (Labelled& request : labelled(half)) {
        score.count(request.task, std::string(request.detect().task));
    }
    for (const auto& [task, row] : score.confusion) score.macro_f1 += score.figures(task)[2];
    score.macro_f1 /= static_cast<double>(score.confusion.size());
    return score;
}

std::string report(const Score& training, const Score& held_back, const Score& fresh) {
    std::string out = "| prompts | number | accuracy | macro F1 |\n| --- | --- | --- | --- |\n";
    for (const auto& [name, score] : {std::pair{"written for", &training},
                                      std::pair{"held back", &held_back},
                                      std::pair{"written last, in unusual words", &fresh}}) {
        out += std::string("| ") + name + " | " + std::to_string(score->total) + " | " +
               two_digits(double(score->right) / score->total) + " | " +
               two_digits(score->macro_f1) + " |\n";
    }
    out += "\nThe held-back half: rows are what a prompt is about, columns what was detected.\n\n";
    std::string head = "| |", rule = "| --- |";
    std::vector<std::string> tasks;
    for (const auto& [task, row] : held_back.confusion) {
        tasks.push_back(task);
        head += " " + std::to_string(tasks.size()) + " |";
        rule += " --- |";
    }
    out += head + " precision | recall | F1 |\n" + rule + " --- | --- | --- |\n";
    for (std::size_t i = 0; i < tasks.size(); ++i) {
        out += "| " + std::to_string(i + 1) + " " + tasks[i] + " |";
        for (const std::string& answer : tasks) {
            const int count = held_back.of(tasks[i], answer);
            out += count == 0 ? " |" : " " + std::to_string(count) + " |";
        }
        for (const double figure : held_back.figures(tasks[i])) {
            out += " " + two_digits(figure) + " |";
        }
        out += "\n";
    }
    return out;
}

TEST(TaskDetection, HeldBackHalf_IsDetectedWell_AndTheReportIsTrue) {
    const Score training = judge("training"), held_back = judge("held_back");
    EXPECT_GE(training.total + held_back.total, 400);
    EXPECT_GE(training.macro_f1, 0.90);
    EXPECT_GE(held_back.macro_f1, 0.90);
    const std::string path = root + "/docs/task_detection.md";
    std::string page = read(path);
    const std::string begin = "<!-- begin of the report -->\n", end = "<!-- end of the report -->";
    const std::size_t from = page.find(begin), to = page.find(end);
    ASSERT_TRUE(from != std::string::npos && to != std::string::npos);
    const std::string current = report(training, held_back, judge("fresh"));
    if (getenv("TOLLGATE_WRITE_REFERENCE") != nullptr) {
        page.replace(from + begin.size(), to - from - begin.size(), current);
        std::ofstream(path, std::ios::binary) << page;
        return;
    }
    EXPECT_EQ(page.substr(from + begin.size(), to - from - begin.size()), current);
}

TEST(TaskDetection, EveryBuiltInTask_IsAmongTheLabelledPrompts) {
    for (const std::string half : {"training", "held_back"}) {
        std::map<std::string, int> count;
        for (const Labelled& request : labelled(half)) ++count[request.task];
        for (const auto& kind : detector().data().tasks) {
            EXPECT_GE(count[kind.name], 8) << kind.name << " in " << half;
        }
        EXPECT_EQ(count.size(), detector().data().tasks.size());
    }
}

TEST(TaskDetection, NoTextIsInBothHalves) {
    std::map<std::string, int> seen;
    for (const std::string half : {"training", "held_back"}) {
        for (const Labelled& request : labelled(half)) {
            if (request.task == "tool_loop" || request.words.empty()) continue;  // known by state
            EXPECT_EQ(seen[request.task + request.words + request.system]++, 0) << request.words;
        }
    }
}

TEST(TaskDetection, WithoutEvidence_IsGeneral_AndSaysSo) {
    const TaskVerdict verdict = parse("x: qwertz uiop").detect();
    EXPECT_EQ(verdict.task, "general");
    EXPECT_GT(verdict.confidence, 0);
    EXPECT_THAT(verdict.evidence, StartsWith("words: "));
    EXPECT_EQ(TaskDetector().detect({}).task, "general");
}

TEST(TaskDetection, LoopOfTools_KeepsTheTaskOfTheWordsBeside) {
    const TaskVerdict verdict = parse("x [tool_loop; tools; cli]: Refactor the parser, "
                                      "same behaviour, remove the dead code").detect();
    EXPECT_EQ(verdict.task, "tool_loop");
    EXPECT_EQ(verdict.words_task, "refactoring");
    EXPECT_TRUE(verdict.is("refactoring"));
    EXPECT_TRUE(verdict.is("tool_loop"));
    EXPECT_FALSE(verdict.is("plan"));
}

TEST(TaskDetection, Marks_SayWhichOneItWas) {
    EXPECT_EQ(parse("x [reminder=Plan mode is active.]: add a button").detect().evidence,
              "mark: plan_mode");
    EXPECT_EQ(parse("x [model=claude-haiku-4-5; cli]: add a button").detect().evidence,
              "the small model without tools");
    EXPECT_EQ(parse("x [model=claude-haiku-4-5; cli; agent]: implement a function in Rust, with "
                    "unit tests").detect().task,
              "code_generation") << "sub-agents do real work on the small model";
    EXPECT_EQ(parse("x [tokens=123456]: go").detect().evidence, "tokens: 123456");
}

TEST(TaskDetection, ThinkingInEarnest_SpeaksForReasoning) {
    const std::string words = "compare the two";
    const double without = parse("x: " + words).detect().confidence;
    const TaskVerdict with = parse("x [deep_thinking]: " + words).detect();
    EXPECT_EQ(with.task, "reasoning");
    EXPECT_NE(with.confidence, without);
}

TEST(TaskDetection, WordsOfAnyLength_CostAboutTheSame) {
    std::string text = "please refactor ";
    while (text.size() < 4'000'000) text += "the Quick_brown fox, jumped over lazy functions; ";
    Labelled request = parse("x: ");
    request.words = text;
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_FALSE(request.detect().evidence.empty());
    const auto spent = std::chrono::steady_clock::now() - begin;
    EXPECT_LT(spent, std::chrono::milliseconds(20)) << "4 MB were read whole";
}

}  // namespace
}  // namespace tollgate::routing
