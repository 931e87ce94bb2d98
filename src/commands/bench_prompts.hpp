// The prompts of `tollgate bench models`, and whether an answer is right.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace tollgate::commands {

enum class BenchCheck : unsigned char {
    answered,     // any answer is right
    exact,        // the text, but for white space around it
    contains,     // all of these, whatever their case
    json_schema,  // JSON, perhaps in a code fence, that the schema describes
    command,      // a shell command that is given the answer and ends with 0
};

struct BenchPrompt {
    std::string name, system, prompt;
    std::int64_t output_tokens_max = 1024;
    BenchCheck check = BenchCheck::answered;
    std::vector<std::string> texts;  // of exact (one), contains; the command
    std::string schema;              // of json_schema
};

constexpr std::size_t bench_prompts_max = 1'000;

// A YAML text: docs/bench_models.md. `file` is named in errors.
// Fails: invalid_request naming the prompt and what is wrong with it.
base::Result<std::vector<BenchPrompt>> read_bench_prompts(std::string_view yaml,
                                                          const std::string& file);
bool has_commands(const std::vector<BenchPrompt>& prompts);

// "" : the answer is right. Else why not. A command runs for 30 s at most, in a shell, with the
// answer as its standard input; its output is thrown away. Blocking then.
std::string check_answer(const BenchPrompt& prompt, const std::string& answer);

}  // namespace tollgate::commands
