// Runs tests/golden/routing/decisions/*.txt: a table of decisions, each with its explanation.
// A file holds cases, each after a line of `=`:
//     what the case shows, in one line
//     strategy: balanced                  (any strategy)
//     level: eco                          (its shipped settings hold)
//     ceiling: 0.02 | weights: 0.5 0.3 0.2 | prefer: groq | disable: openai anthropic
//     require_local: yes | cost_max: 0.05 | fallback: no | quality_margin: 0.05
//     turn: 7 | random: 1
//     ----------
//     provider/model cost=0.0012 latency=600 quality=0.8 ...      (one candidate per line)
//     ----------
//     what describe() says of the decision
// `cost` is the price per 1K tokens; the request has 1K tokens unless `request=` and `worst=` (USD)
// say otherwise. With TOLLGATE_WRITE_GOLDEN=1 the expected parts are written anew, to be reviewed
// as a diff.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "routing/decide.hpp"

namespace tollgate::routing {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view case_mark = "====================\n";
constexpr std::string_view part_mark = "----------\n";

struct Candidate {
    std::string name, provider, account, excluded;
    CandidateFacts facts;
};

bool flag(CandidateFacts& facts, const std::string& word) {
    if (word == "local") facts.local = true;
    else if (word == "free") facts.free = true;
    else if (word == "premium") facts.premium = true;
    else if (word == "byok") facts.byok = true;
    else if (word == "pinned") facts.pinned = true;
    else if (word == "half_open") facts.circuit = CircuitState::half_open;
    else return false;
    return true;
}

void set(CandidateFacts& facts, const std::string& name, double value) {
    const auto whole = static_cast<std::int64_t>(value);
    if (name == "cost") facts.cost_per_1k = facts.cost = facts.worst_cost = value;
    else if (name == "request") facts.cost = value;
    else if (name == "worst") facts.worst_cost = value;
    else if (name == "saving") facts.cached_saving = value;
    else if (name == "latency") facts.latency_ms = value;
    else if (name == "quality") facts.quality = value;
    else if (name == "errors") facts.error_rate = value;
    else if (name == "limit_use") facts.limit_use = value;
    else if (name == "headroom") facts.headroom = value;
    else if (name == "order") facts.order = whole;
    else if (name == "priority") facts.priority = whole;
    else if (name == "weight") facts.weight = whole;
    else if (name == "in_flight") facts.in_flight = whole;
    else if (name == "open") {
        facts.circuit = CircuitState::open;
        facts.opens_in = std::chrono::milliseconds(whole);
    } else {
        ADD_FAILURE() << "unknown figure " << name;
    }
}

Candidate read_candidate(const std::string& line) {
    Candidate out;
    std::istringstream words(line);
    words >> out.name;
    out.provider = out.name.substr(0, out.name.find('/'));
    std::string word;
    while (words >> word) {
        const auto equal = word.find('=');
        if (word.starts_with("account=")) {
            out.account = word.substr(equal + 1);
        } else if (word.starts_with("excluded=")) {
            std::getline(words, out.excluded);
            out.excluded = word.substr(equal + 1) + out.excluded;
        } else if (equal != std::string::npos) {
            set(out.facts, word.substr(0, equal), std::stod(word.substr(equal + 1)));
        } else if (!flag(out.facts, word)) {
            ADD_FAILURE() << "unknown word " << word << " of " << out.name;
        }
    }
    return out;
}

struct Case {
    std::string title, settings, candidates, expected;
    domain::LevelSettings level;
    std::vector<std::string> preferred, disabled;
    std::vector<Candidate> list;
    std::vector<CandidateFacts> facts;
    DecisionInput input;

    void apply(const std::string& name, const std::string& value) {
        std::istringstream words(value);
        std::string word;
        if (name == "strategy") {
            const auto strategy = domain::strategy_of(value);
            ASSERT_TRUE(strategy) << value;
            input.strategy = *strategy;
        } else if (name == "level") {
            const auto chosen = domain::power_level_of(value);
            ASSERT_TRUE(chosen) << value;
            input.level = *chosen;
            level = domain::built_in_level(*chosen);
            input.level_settings = &level;
        } else if (name == "ceiling") {
            level.ceiling_usd_per_1k = std::stod(value);
        } else if (name == "weights") {
            words >> input.weights.cost >> input.weights.latency >> input.weights.quality;
        } else if (name == "prefer") {
            while (words >> word) preferred.push_back(word);
        } else if (name == "disable") {
            while (words >> word) disabled.push_back(word);
        } else if (name == "require_local") {
            input.preferences.require_local = value == "yes";
        } else if (name == "cost_max") {
            input.preferences.cost_max_usd = std::stod(value);
        } else if (name == "fallback") {
            input.preferences.fallback = value == "yes";
        } else if (name == "quality_margin") {
            input.quality_margin = std::stod(value);
        } else if (name == "turn") {
            input.turn = std::stoull(value);
        } else if (name == "random") {
            input.random = std::stoull(value);
        } else {
            ADD_FAILURE() << "unknown setting " << name;
        }
    }

    std::string run() {
        std::string line;
        for (std::istringstream lines(settings); std::getline(lines, line);) {
            const auto colon = line.find(": ");
            if (colon == std::string::npos) {
                ADD_FAILURE() << "not a setting: " << line;
                continue;
            }
            apply(line.substr(0, colon), line.substr(colon + 2));
        }
        for (std::istringstream lines(candidates); std::getline(lines, line);) {
            list.push_back(read_candidate(line));
        }
        for (auto& candidate : list) {
            candidate.facts.name = candidate.name;
            candidate.facts.provider_type = candidate.provider;
            candidate.facts.account = candidate.account;
            candidate.facts.excluded = candidate.excluded;
            facts.push_back(candidate.facts);
        }
        input.candidates = facts;
        input.preferences.preferred = preferred;
        input.preferences.disabled = disabled;
        return describe(decide(input), input);
    }
};

std::vector<std::string> split(const std::string& text, std::string_view mark) {
    std::vector<std::string> out;
    for (std::size_t at = 0; at <= text.size();) {
        const auto end = text.find(mark, at);
        out.push_back(text.substr(at, end - at));
        if (end == std::string::npos) break;
        at = end + mark.size();
    }
    return out;
}

TEST(DecisionTable, EveryDecisionIsExplainedAsWritten) {
    const fs::path folder = fs::path(TOLLGATE_SOURCE_DIR) / "tests/golden/routing/decisions";
    const bool write = std::getenv("TOLLGATE_WRITE_GOLDEN") != nullptr;
    std::set<fs::path> files;
    for (const auto& file : fs::directory_iterator(folder)) {
        if (file.path().extension() == ".txt") files.insert(file.path());
    }
    std::size_t decisions = 0;
    for (const auto& path : files) {
        std::ifstream in(path);
        const std::string text{std::istreambuf_iterator<char>(in), {}};
        std::string written;
        for (const auto& part : split(text, case_mark)) {
            if (part.empty()) continue;
            const auto parts = split(part, part_mark);
            ASSERT_EQ(parts.size(), 3u) << path << "\n" << part;
            Case one;
            const auto line = parts[0].find('\n');
            one.title = parts[0].substr(0, line);
            one.settings = parts[0].substr(line + 1);
            one.candidates = parts[1];
            const auto actual = one.run();
            if (!write) {
                EXPECT_EQ(actual, parts[2]) << path << ": " << one.title;
            }
            written += std::string(case_mark) + parts[0] + std::string(part_mark) + parts[1] +
                       std::string(part_mark) + actual;
            ++decisions;
        }
        if (write) std::ofstream(path) << written;
    }
    EXPECT_GE(decisions, 60u);
}

}  // namespace
}  // namespace tollgate::routing
