#include "telemetry/prometheus.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <sstream>

namespace tollgate::telemetry {
namespace {

using base::Registry;

// A strict reader of the format: what promtool refuses, it refuses. Says the first thing wrong.
class Checker {
public:
    std::string check(const std::string& text) {
        if (!text.empty() && text.back() != '\n') return "no line break at the end";
        std::istringstream in(text);
        for (std::string line; problem_.empty() && std::getline(in, line);) {
            rest_ = line;
            if (line.starts_with("# ")) {
                comment();
            } else {
                sample();
            }
            if (!problem_.empty()) return problem_ + ": " + line;
        }
        finish_histogram();
        return problem_;
    }
    std::map<std::string, double> samples;  // by name and labels, as written

private:
    static bool name_char(char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
    }

    std::string take_name(bool colons) {
        std::size_t length = 0;
        while (length < rest_.size() &&
               (name_char(rest_[length]) || (colons && rest_[length] == ':')))
            ++length;
        std::string name = rest_.substr(0, length);
        rest_.erase(0, length);
        if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0])))
            problem_ = "bad name";
        return name;
    }

    bool take(std::string_view text) {
        if (!rest_.starts_with(text)) return false;
        rest_.erase(0, text.size());
        return true;
    }

    void comment() {
        const bool help = take("# HELP ");
        if (!help && !take("# TYPE ")) return void(problem_ = "neither HELP nor TYPE");
        const std::string name = take_name(true);
        if (!take(" ")) return void(problem_ = "no blank after the name");
        if (help) {
            if (rest_.empty()) return void(problem_ = "empty help");
            finish_histogram();
            if (!families_.insert(name).second) return void(problem_ = "family written twice");
            family_ = name;
            type_.clear();
            return;
        }
        if (name != family_) return void(problem_ = "TYPE without its HELP");
        if (!type_.empty()) return void(problem_ = "TYPE twice");
        if (rest_ != "counter" && rest_ != "gauge" && rest_ != "histogram")
            return void(problem_ = "unknown type");
        type_ = rest_;
        if ((type_ == "counter") != name.ends_with("_total"))
            problem_ = "counters end in _total and nothing else does";
    }

    std::string take_value() {
        std::string value;
        for (std::size_t i = 0; i < rest_.size(); ++i) {
            const char c = rest_[i];
            if (c == '"') {
                rest_.erase(0, i + 1);
                return value;
            }
            value += c;
            if (c == '\\') {
                const char next = ++i < rest_.size() ? rest_[i] : ' ';
                if (next != '\\' && next != '"' && next != 'n') problem_ = "bad escape";
                value += next;
            }
        }
        problem_ = "label value without an end";
        return value;
    }

    std::map<std::string, std::string> take_labels() {
        std::map<std::string, std::string> labels;
        if (!take("{")) return labels;
        do {
            const std::string name = take_name(false);
            if (!take("=\"")) problem_ = "label without value";
            if (problem_.empty() && !labels.emplace(name, take_value()).second)
                problem_ = "label twice";
        } while (problem_.empty() && take(","));
        if (problem_.empty() && !take("}")) problem_ = "labels without an end";
        return labels;
    }

    void sample() {
        const std::string line = rest_;
        const std::string name = take_name(true);
        auto labels = take_labels();
        if (!problem_.empty()) return;
        const std::string key = line.substr(0, line.size() - rest_.size());
        if (!take(" ") || rest_.empty()) return void(problem_ = "no value");
        char* end = nullptr;
        const double value = std::strtod(rest_.c_str(), &end);
        if (*end != '\0') return void(problem_ = "bad value");
        if (!samples.emplace(key, value).second) return void(problem_ = "sample twice");
        if (type_ != "histogram") {
            if (name != family_) problem_ = "sample outside its family";
            if (type_ == "counter" && value < 0) problem_ = "negative counter";
            return;
        }
        histogram_part(name, labels, value);
    }

    void histogram_part(const std::string& name, std::map<std::string, std::string>& labels,
                        double value) {
        std::optional<double> bound;
        if (name == family_ + "_bucket") {
            if (!labels.contains("le")) return void(problem_ = "bucket without le");
            bound = labels["le"] == "+Inf" ? std::numeric_limits<double>::infinity()
                                           : std::stod(labels["le"]);
            labels.erase("le");
        } else if (name != family_ + "_sum" && name != family_ + "_count") {
            return void(problem_ = "sample outside its family");
        }
        if (labels != series_ || !open_) {
            finish_histogram();
            open_ = true;
            series_ = labels;
        }
        if (!bound) {
            (name.ends_with("_sum") ? sum_ : count_) = value;
        } else {
            if (!buckets_.empty() &&
                (*bound <= buckets_.back().first || value < buckets_.back().second))
                problem_ = "buckets do not ascend";
            buckets_.emplace_back(*bound, value);
        }
    }

    void finish_histogram() {
        if (open_ && problem_.empty()) {
            if (!sum_ || !count_) problem_ = "histogram without sum or count";
            if (buckets_.empty() || !std::isinf(buckets_.back().first)) problem_ = "no +Inf bucket";
            if (problem_.empty() && buckets_.back().second != *count_)
                problem_ = "count differs from the +Inf bucket";
        }
        open_ = false;
        buckets_.clear();
        sum_.reset();
        count_.reset();
    }

    std::string problem_, rest_, family_, type_;
    std::set<std::string> families_;
    bool open_ = false;
    std::map<std::string, std::string> series_;
    std::vector<std::pair<double, double>> buckets_;
    std::optional<double> sum_, count_;
};

void fill(Registry& registry) {
    auto& requests = registry.counter("llm_requests_total", "Requests, by provider.",
                                      {"provider", "model", "status"});
    requests.with({"openai", "gpt-5.4", "200"}).add(3);
    requests.with({"odd \"name\"", "back\\slash\nline", "500"}).add();
    registry.counter("llm_cost_total", "US dollars.", {}, 1e-9).with({}).add(1'250'000);
    registry.gauge("tollgate_in_flight", "Open requests.").with({}).add(2);
    auto& seconds = registry.histogram("tollgate_overhead_seconds", "Our own time.", {"phase"},
                                       base::overhead_seconds_bounds);
    for (const double value : {0.000001, 0.00002, 0.3, 7.0}) seconds.with({"plan"}).observe(value);
    seconds.with({"decode"}).observe(0.0001);
    registry.gauge_callback("tollgate_build_info", "Version.", {{"version", "0.1.0"}},
                            [] { return 1.0; });
    registry.counter("tollgate_unused_total", "Nothing yet.");
}

TEST(Prometheus, WrittenText_IsValid) {
    Registry registry(2);
    fill(registry);
    const std::string text = write_text(registry);
    Checker checker;
    EXPECT_EQ(checker.check(text), "") << text;
    EXPECT_EQ(checker.samples.at("llm_cost_total"), 0.00125);
    EXPECT_EQ(checker.samples.at(
                  "llm_requests_total{provider=\"openai\",model=\"gpt-5.4\",status=\"200\"}"),
              3);
    EXPECT_EQ(checker.samples.at("tollgate_overhead_seconds_bucket{phase=\"plan\",le=\"1\"}"), 3);
    EXPECT_EQ(checker.samples.at("tollgate_overhead_seconds_bucket{phase=\"plan\",le=\"+Inf\"}"),
              4);
    EXPECT_NE(text.find("# TYPE tollgate_unused_total counter\n"), std::string::npos);
}

TEST(Prometheus, WrittenText_PassesPromtool) {
    if (std::system("promtool --version >/dev/null 2>&1") != 0) {
        GTEST_SKIP() << "promtool is not installed";
    }
    Registry registry(2);
    fill(registry);
    const std::string path = testing::TempDir() + "metrics.txt";
    std::ofstream(path) << write_text(registry);
    const std::string command = "promtool check metrics < '" + path + "'";
    EXPECT_EQ(std::system(command.c_str()), 0);
    std::remove(path.c_str());
}

TEST(Prometheus, LabelWithOddBytes_IsEscapedAndRepaired) {
    Registry registry(1);
    registry.counter("a_total", "With \\ and\nbreak.", {"x"})
        .with({"q\" b\\ n\n \xC3\xA4 \xFF \xE2\x82 \xED\xA0\x80."})
        .add();
    EXPECT_EQ(write_text(registry),
              "# HELP a_total With \\\\ and\\nbreak.\n# TYPE a_total counter\n"
              "a_total{x=\"q\\\" b\\\\ n\\n \xC3\xA4 \xEF\xBF\xBD \xEF\xBF\xBD\xEF\xBF\xBD "
              "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD.\"} 1\n");
}

TEST(Prometheus, SpecialValues_AreSpelledAsPrometheusDoes) {
    Registry registry(1);
    registry.gauge("a", "A.").with({}).set(std::numeric_limits<double>::infinity());
    registry.gauge("b", "B.").with({}).set(std::numeric_limits<double>::quiet_NaN());
    registry.gauge("c", "C.").with({}).set(-1234567890);
    registry.gauge("d", "D.").with({}).set(0.1);
    const std::string text = write_text(registry);
    EXPECT_NE(text.find("\na +Inf\n"), std::string::npos);
    EXPECT_NE(text.find("\nb NaN\n"), std::string::npos);
    EXPECT_NE(text.find("\nc -1234567890\n"), std::string::npos);
    EXPECT_NE(text.find("\nd 0.1\n"), std::string::npos);
}

TEST(Prometheus, TheCheckerOfThisTest_RefusesWhatIsWrong) {
    const std::string head = "# HELP a A.\n# TYPE a gauge\n";
    EXPECT_EQ(Checker().check(head + "a 1\n"), "");
    for (const char* bad : {"a 1", "b 1\n", "a{x=\"1} 1\n", "a{x=\"\\t\"} 1\n", "a one\n", "a\n",
                            "a{x=\"1\",x=\"2\"} 1\n", "a 1\na 1\n", "# HELP a A.\n"}) {
        EXPECT_NE(Checker().check(head + bad), "") << bad;
    }
    const std::string histogram = "# HELP h H.\n# TYPE h histogram\n";
    EXPECT_EQ(Checker().check(histogram + "h_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n"), "");
    EXPECT_NE(Checker().check(histogram + "h_bucket{le=\"+Inf\"} 2\nh_sum 1\nh_count 1\n"), "");
    EXPECT_NE(Checker().check(histogram + "h_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1\n"), "");
}

}  // namespace
}  // namespace tollgate::telemetry
