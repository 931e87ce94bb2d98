// Times of one routing decision and of one step of a fallback, in the process, without a network:
//     bench_routing [--models 500] [--rules 50] [--rounds 4000] [--tasks data/tasks.yaml]
// Prints nanoseconds: median, 95th and 99th percentile. The exit status is 1 when the median of a
// whole decision is above 50 microseconds or that of a fallback step above 100.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <string_view>

#include "config/tasks.hpp"
#include "routing/scene.hpp"

namespace tollgate::bench {
namespace {

constexpr std::int64_t decision_ns_max = 50'000;
constexpr std::int64_t fallback_ns_max = 100'000;

struct Options {
    std::size_t models = 500, rules = 50, rounds = 4'000;
    std::string tasks = "data/tasks.yaml";
};

std::optional<Options> read_options(int count, char** arguments) {
    Options out;
    for (int at = 1; at < count; at += 2) {
        const std::string_view name = arguments[at];
        if (at + 1 == count) return std::nullopt;
        if (name == "--tasks") {
            out.tasks = arguments[at + 1];
            continue;
        }
        const auto value = std::strtoull(arguments[at + 1], nullptr, 10);
        if (value < 1 || value > 1'000'000) return std::nullopt;
        if (name == "--models") out.models = value;
        else if (name == "--rules") out.rules = value;
        else if (name == "--rounds") out.rounds = value;
        else return std::nullopt;
    }
    return out;
}

// Runs `step` with the number of the round; returns the median in nanoseconds.
std::int64_t measure(const char* name, std::size_t rounds,
                     const std::function<void(std::uint64_t)>& step) {
    std::vector<std::int64_t> times;
    times.reserve(rounds);
    for (std::size_t round = 0; round < rounds / 10 + 1; ++round) step(round);  // warm up
    for (std::size_t round = 0; round < rounds; ++round) {
        const auto begin = std::chrono::steady_clock::now();
        step(round);
        times.push_back(std::chrono::duration_cast<std::chrono::nanoseconds>(
                            std::chrono::steady_clock::now() - begin)
                            .count());
    }
    std::sort(times.begin(), times.end());
    const auto at = [&](std::size_t percent) {
        return static_cast<long long>(times[(times.size() - 1) * percent / 100]);
    };
    std::printf("%-44s %9lld %9lld %9lld\n", name, at(50), at(95), at(99));
    return times[(times.size() - 1) / 2];
}

class Bench {
public:
    Bench(const Options& options, domain::TaskData tasks)
        : options_(options),
          models_(make_models(options.models, now_)),
          detector_(std::move(tasks)),
          rules_(make_rules(options.rules), no_zones, problems_),
          source_(body_),
          features_(make_features(source_)) {
        fill(models_, now_, facts_);
    }

    bool run() {
        std::printf("%zu models, %zu rules\n%-44s %9s %9s %9s\n", options_.models, options_.rules,
                    "nanoseconds", "median", "p95", "p99");
        measure("rules, until the last one fits", options_.rounds, [&](std::uint64_t) {
            const routing::TaskOfRequest task(detector_, features_);
            keep(rules_.match(features_, task));
        });
        measure("facts of all models, with live figures", options_.rounds,
                [&](std::uint64_t) { fill(models_, now_, facts_); });
        for (std::size_t at = 0; at < domain::strategies_count; ++at) {
            const auto strategy = static_cast<domain::Strategy>(at);
            const auto name = "order by " + std::string(domain::to_string(strategy));
            measure(name.c_str(), options_.rounds,
                    [&](std::uint64_t round) { keep(decide(strategy, round).usable); });
        }
        measure("order by balanced, all of them", options_.rounds, [&](std::uint64_t round) {
            keep(decide(domain::Strategy::balanced, round, 0).usable);
        });
        const auto whole = measure("decision: rules, facts, order by score", options_.rounds,
                                   [&](std::uint64_t round) {
                                       const routing::TaskOfRequest task(detector_, features_);
                                       keep(rules_.match(features_, task));
                                       fill(models_, now_, facts_);
                                       keep(decide(domain::Strategy::balanced, round).usable);
                                   });
        const auto step = fallback();
        return whole <= decision_ns_max && step <= fallback_ns_max;
    }

private:
    static constexpr std::size_t wanted = 16;  // candidates in order, as a request asks for them
    static base::Result<routing::ZoneOffset> no_zones(const std::string& name) {
        return base::invalid("no time zone " + name);
    }
    template <typename T>
    void keep(const T& value) {
        asm volatile("" : : "r"(&value) : "memory");
    }

    routing::Decision decide(domain::Strategy strategy, std::uint64_t round,
                             std::size_t ranked_max = wanted) const {
        routing::DecisionInput input;
        input.strategy = strategy;
        input.level = domain::PowerLevel::balanced;
        input.level_settings = &domain::built_in_level(input.level);
        input.candidates = facts_;
        input.ranked_max = ranked_max;
        input.turn = round;
        input.random = round * 0x9e3779b97f4a7c15ull;
        return routing::decide(input);
    }

    // An attempt has failed: its end is recorded, its headers are read, the next candidate is asked
    // whether it takes the request. Every circuit stays closed, so that each round does the same.
    std::int64_t fallback() {
        domain::CircuitSettings settings;
        settings.failures_in_a_row = 1'000'000'000;
        settings.requests_min = 1'000'000'000;
        const auto decision = decide(domain::Strategy::balanced, 1);
        http::Headers headers;
        headers.add("content-type", "application/json");
        headers.add("x-ratelimit-limit-requests", "5000");
        headers.add("x-ratelimit-remaining-requests", "4999");
        headers.add("x-ratelimit-reset-requests", "12ms");
        const auto wall = std::chrono::system_clock::now();
        return measure("fallback: a failure recorded, the next taken", options_.rounds,
                       [&](std::uint64_t round) {
            auto& failed = models_[decision.order[round % decision.usable].index].health;
            failed.observe(routing::read_rate_limits(headers, wall), now_);
            keep(failed.finished(failed.started(now_),
                                 {.error_class = domain::ErrorClass::provider_fault}, settings,
                                 now_));
            for (std::size_t at = 1; at < decision.usable; ++at) {
                const auto next = decision.order[(round + at) % decision.usable].index;
                auto flight = models_[next].health.started(now_);
                if (flight.admitted()) break;
            }
        });
    }

    const Options options_;
    const routing::Instant now_ = std::chrono::steady_clock::now();
    std::deque<Model> models_;
    routing::TaskDetector detector_;
    std::vector<routing::RuleProblem> problems_;
    routing::RuleSet rules_;
    routing::BodyFeatures body_ = make_body();
    routing::KnownBody source_;
    routing::RequestFeatures features_;
    std::vector<routing::CandidateFacts> facts_;
};

int run(int count, char** arguments) {
    const auto options = read_options(count, arguments);
    if (!options) {
        std::fprintf(stderr,
                     "bench_routing [--models N] [--rules N] [--rounds N] [--tasks FILE]\n");
        return 2;
    }
    std::ifstream file(options->tasks);
    const std::string yaml{std::istreambuf_iterator<char>(file), {}};
    auto tasks = config::load_tasks(yaml);
    if (yaml.empty() || !tasks) {
        std::fprintf(stderr, "cannot read the tasks of %s; name the file by --tasks\n",
                     options->tasks.c_str());
        return 2;
    }
    Bench bench(*options, std::move(tasks).value());
    return bench.run() ? 0 : 1;
}

}  // namespace
}  // namespace tollgate::bench

int main(int count, char** arguments) { return tollgate::bench::run(count, arguments); }
