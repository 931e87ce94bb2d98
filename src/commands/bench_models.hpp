// `tollgate bench models`: a set of prompts against chosen models through a gateway; latency,
// throughput, cost and how many answers were right.
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "commands/bench_call.hpp"
#include "commands/bench_prompts.hpp"
#include "commands/console.hpp"
#include "commands/render.hpp"

namespace tollgate::commands {

// What was typed.
struct BenchModelsArgs {
    std::string models;          // a,b,c
    std::string prompts;         // a file, "-" : standard input, "" : the built-in set
    std::int64_t repeat = 3;
    bool allow_commands = false;
    Output output = Output::table;
};

// One model's answers, summed. Negative figures: not known.
struct BenchLine {
    std::string model;
    std::string served_by;           // the last one, "" : nobody said
    std::int64_t answers = 0, passed = 0, failed = 0;  // failed: without an answer
    double total_p50_ms = -1, total_p95_ms = -1;
    double first_token_p50_ms = -1, first_token_p95_ms = -1;
    double tokens_per_second = -1;   // of output, after the first token
    std::int64_t input_tokens = 0, output_tokens = 0;
    domain::NanoUsd cost = -1;       // of those answers whose cost is known, all of them
    std::int64_t without_cost = 0;
};
// Why an answer did not count.
struct BenchFault {
    std::string model, prompt, reason;
    std::int64_t times = 0;
};
struct BenchReport {
    std::vector<BenchLine> models;  // in the order they were named
    std::vector<BenchFault> faults;
};

struct BenchResult {
    BenchQuestion question;
    BenchAnswer answer;
    std::string wrong;  // check_answer(); "" : right
};
BenchReport bench_report(std::span<const std::string> models,
                         std::span<const BenchResult> results);

// What the run needs of the world.
struct BenchWorld {
    std::string_view built_in;  // the prompt set that ships
    std::function<base::Result<void>(std::span<const BenchQuestion> questions,
                                     const UseAnswer& use)> ask;
    // The gateway's record of a request as JSON; an error where none is there or to be seen.
    std::function<base::Result<std::string>(const std::string& request_id)> record;
};

// Gives the exit code, of console.hpp: exit_failed when no model answered anything, exit_partly
// when some answers failed or were wrong.
int run_bench_models(const BenchModelsArgs& args, const BenchWorld& world, const Console& console);

}  // namespace tollgate::commands
