// One prompt to one model of a gateway, streamed and timed. Blocking: runs a loop of its own, with
// a deadline on every step. One thread.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "commands/bench_prompts.hpp"
#include "commands/remote_administration.hpp"
#include "domain/money.hpp"

namespace tollgate::commands {

struct BenchQuestion {
    std::string model;
    const BenchPrompt* prompt = nullptr;
};

struct BenchAnswer {
    std::string failure;           // why there is no answer, "" : there is one
    std::string text;
    std::string request_id;        // by which the gateway's record is found
    std::string served_by;         // provider/model, as the gateway says
    double total_ms = 0;
    double first_token_ms = -1;    // -1: none came
    std::int64_t input_tokens = -1, output_tokens = -1;  // -1: nobody said
    domain::NanoUsd cost = -1;     // -1: not known
};

// Asks one after the other over one connection and gives each answer to `use`, with the question's
// place. A failed one is an answer too. Fails: invalid_request when the URL is no good.
using UseAnswer = std::function<void(std::size_t place, BenchAnswer answer)>;
base::Result<void> ask_models(const RemoteOptions& gateway,
                              std::span<const BenchQuestion> questions, const UseAnswer& use);

}  // namespace tollgate::commands
