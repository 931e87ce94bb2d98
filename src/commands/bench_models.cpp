#include "commands/bench_models.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ostream>
#include <thread>

#include "base/json.hpp"
#include "commands/connection.hpp"
#include "commands/run_action.hpp"

namespace tollgate::commands {
namespace {

constexpr std::int64_t repeat_max = 1'000;
constexpr std::size_t questions_max = 100'000;
constexpr std::size_t reason_bytes_max = 160;
constexpr double milli = 1'000;
constexpr int record_rounds = 20;  // records come within a second or so
constexpr std::chrono::milliseconds record_step{250};

std::vector<std::string> names_of(std::string_view list) {
    std::vector<std::string> names;
    while (!list.empty()) {
        const std::string_view name = list.substr(0, list.find(','));
        list.remove_prefix(std::min(name.size() + 1, list.size()));
        if (!name.empty()) names.emplace_back(name);
    }
    return names;
}

// The value that `percent` of the sorted ones do not exceed; -1 when there are none.
double percentile(std::vector<double>& values, double percent) {
    if (values.empty()) return -1;
    std::sort(values.begin(), values.end());
    const auto rank = static_cast<std::size_t>(
        std::ceil(percent / 100 * static_cast<double>(values.size())));
    return values[std::max<std::size_t>(rank, 1) - 1];
}

BenchLine line_of(const std::string& model, std::span<const BenchResult> results) {
    BenchLine line;
    line.model = model;
    std::vector<double> totals, firsts;
    std::int64_t timed_tokens = 0;
    double timed_ms = 0;
    domain::NanoUsd cost = 0;
    for (const BenchResult& one : results) {
        if (one.question.model != model) continue;
        const BenchAnswer& answer = one.answer;
        if (!answer.failure.empty()) {
            ++line.failed;
            continue;
        }
        ++line.answers;
        if (one.wrong.empty()) ++line.passed;
        if (!answer.served_by.empty()) line.served_by = answer.served_by;
        totals.push_back(answer.total_ms);
        if (answer.first_token_ms >= 0) firsts.push_back(answer.first_token_ms);
        line.input_tokens += std::max<std::int64_t>(answer.input_tokens, 0);
        line.output_tokens += std::max<std::int64_t>(answer.output_tokens, 0);
        // The first token is there when the clock of the others starts.
        if (answer.first_token_ms >= 0 && answer.output_tokens > 1) {
            timed_tokens += answer.output_tokens - 1;
            timed_ms += answer.total_ms - answer.first_token_ms;
        }
        if (answer.cost < 0) ++line.without_cost;
        cost += std::max<domain::NanoUsd>(answer.cost, 0);
    }
    line.total_p50_ms = percentile(totals, 50);
    line.total_p95_ms = percentile(totals, 95);
    line.first_token_p50_ms = percentile(firsts, 50);
    line.first_token_p95_ms = percentile(firsts, 95);
    if (timed_ms > 0) {
        line.tokens_per_second = static_cast<double>(timed_tokens) * milli / timed_ms;
    }
    if (line.answers > line.without_cost) line.cost = cost;
    return line;
}

void note_fault(std::vector<BenchFault>& faults, const BenchResult& one) {
    const bool unanswered = !one.answer.failure.empty();
    if (!unanswered && one.wrong.empty()) return;
    std::string reason = unanswered ? one.answer.failure : "the answer " + one.wrong;
    if (reason.size() > reason_bytes_max) reason.resize(reason_bytes_max);
    const std::string& prompt = one.question.prompt->name;
    const auto same = std::find_if(faults.begin(), faults.end(), [&](const BenchFault& fault) {
        return fault.model == one.question.model && fault.prompt == prompt &&
               fault.reason == reason;
    });
    if (same == faults.end()) {
        faults.push_back({one.question.model, prompt, std::move(reason), 1});
    } else {
        ++same->times;
    }
}

std::string fixed(double value, int decimals) {
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", decimals, value);
    return text;
}

std::string row_of(const BenchLine& line) {
    std::string out;
    json::Writer writer(out);
    const auto real = [&writer](const char* name, double value, int decimals) {
        if (value >= 0) writer.raw(name, fixed(value, decimals));
    };
    const std::int64_t asked = line.answers + line.failed;
    writer.begin_object()
        .string("model", line.model)
        .string("served_by", line.served_by)
        .integer("requests", asked)
        .integer("failed", line.failed)
        .integer("passed", line.passed);
    if (asked > 0) {
        const double share = static_cast<double>(line.passed) / static_cast<double>(asked);
        writer.string("pass_rate", fixed(share * 100, 0) + "%");
    }
    real("latency_p50_ms", line.total_p50_ms, 0);
    real("latency_p95_ms", line.total_p95_ms, 0);
    real("first_token_p50_ms", line.first_token_p50_ms, 0);
    real("first_token_p95_ms", line.first_token_p95_ms, 0);
    real("tokens_per_second", line.tokens_per_second, 1);
    writer.integer("input_tokens", line.input_tokens).integer("output_tokens", line.output_tokens);
    if (line.cost >= 0) writer.raw("cost", domain::dollars(line.cost));
    writer.integer("without_cost", line.without_cost).end_object();
    return out;
}

constexpr Column columns[] = {{"MODEL", "model"},
                              {"SERVED BY", "served_by"},
                              {"REQUESTS", "requests"},
                              {"PASSED", "pass_rate"},
                              {"P50 MS", "latency_p50_ms"},
                              {"P95 MS", "latency_p95_ms"},
                              {"FIRST P50", "first_token_p50_ms"},
                              {"FIRST P95", "first_token_p95_ms"},
                              {"TOKENS/S", "tokens_per_second"},
                              {"OUTPUT", "output_tokens"},
                              {"COST USD", "cost"}};
constexpr Column csv_columns[] = {{"", "model"},
                                  {"", "served_by"},
                                  {"", "requests"},
                                  {"", "failed"},
                                  {"", "passed"},
                                  {"", "latency_p50_ms"},
                                  {"", "latency_p95_ms"},
                                  {"", "first_token_p50_ms"},
                                  {"", "first_token_p95_ms"},
                                  {"", "tokens_per_second"},
                                  {"", "input_tokens"},
                                  {"", "output_tokens"},
                                  {"", "cost"},
                                  {"", "without_cost"}};

std::string json_of(const BenchReport& report) {
    std::string out;
    json::Writer writer(out);
    writer.begin_object().key("models").begin_array();
    for (const BenchLine& line : report.models) writer.raw(row_of(line));
    writer.end_array().key("faults").begin_array();
    for (const BenchFault& fault : report.faults) {
        writer.begin_object()
            .string("model", fault.model)
            .string("prompt", fault.prompt)
            .string("reason", fault.reason)
            .integer("times", fault.times)
            .end_object();
    }
    writer.end_array().end_object();
    return out;
}

void print(const BenchReport& report, Output output, const Console& console) {
    if (output == Output::json || output == Output::yaml) {
        console.out << object_text(output, json_of(report));
        return;
    }
    std::vector<std::string> rows;
    for (const BenchLine& line : report.models) rows.push_back(row_of(line));
    if (output == Output::csv) {
        console.out << rows_text(output, csv_columns, rows, false);
        return;
    }
    console.out << rows_text(output, columns, rows, console.colour);
    if (!report.faults.empty()) console.out << "\n";
    for (const BenchFault& fault : report.faults) {
        console.out << "- " << harmless(fault.model) << ", " << harmless(fault.prompt) << ", "
                    << fault.times << " times: " << harmless(fault.reason) << "\n";
    }
    for (const BenchLine& line : report.models) {
        if (line.without_cost == 0) continue;
        console.out << "- " << harmless(line.model) << ": the cost of " << line.without_cost
                    << " answers is not known\n";
    }
}

base::Result<std::vector<BenchPrompt>> prompts_of(const BenchModelsArgs& args,
                                                  const BenchWorld& world) {
    const bool built_in = args.prompts.empty();
    std::string text(world.built_in);
    if (!built_in) {
        TRY(text, read_object(args.prompts));
    }
    const std::string file = built_in ? "the built-in prompts" : args.prompts;
    TRY(std::vector<BenchPrompt> prompts, read_bench_prompts(text, file));
    if (!has_commands(prompts) || args.allow_commands) return prompts;
    return base::invalid(file + " has checks that run commands: look at them, then give "
                                "--allow-commands",
                         "--allow-commands");
}

// A stream is over before its cost can be a header of it: the gateway's records have it.
void look_up_costs(std::vector<BenchResult>& results, const BenchWorld& world) {
    for (int round = 0; round < record_rounds; ++round) {
        bool missing = false;
        for (BenchResult& one : results) {
            BenchAnswer& answer = one.answer;
            const bool wanted =
                answer.failure.empty() && answer.cost < 0 && !answer.request_id.empty();
            if (!wanted) continue;
            const auto record = world.record(answer.request_id);
            if (!record.ok() && record.error().code != base::ErrorCode::not_found) return;
            json::Document document;
            const std::string text = record.ok() ? *record : "null";
            const auto root = document.parse(text);
            const auto cost = root.ok() ? domain::parse_dollars((*root)["request"]["cost"].raw())
                                        : base::Result<domain::NanoUsd>(root.error());
            if (record.ok() && cost.ok()) {
                answer.cost = *cost;
            } else {
                missing = true;
            }
        }
        if (!missing) return;
        std::this_thread::sleep_for(record_step);
    }
}

base::Result<void> check(const BenchModelsArgs& args, const std::vector<std::string>& models) {
    if (models.empty()) {
        return base::invalid("--models: name at least one, with commas between several",
                             "--models");
    }
    if (args.repeat >= 1 && args.repeat <= repeat_max) return {};
    return base::invalid("--repeat: must be from 1 to " + std::to_string(repeat_max), "--repeat");
}

int usage_error(const Console& console, const base::Error& error) {
    complain(console, error.message);
    return exit_usage;
}

// Models take turns, so that a slow minute hits all of them.
std::vector<BenchQuestion> questions_of(const BenchModelsArgs& args,
                                        const std::vector<std::string>& models,
                                        const std::vector<BenchPrompt>& prompts) {
    std::vector<BenchQuestion> questions;
    for (std::int64_t round = 0; round < args.repeat; ++round) {
        for (const BenchPrompt& prompt : prompts) {
            for (const std::string& model : models) questions.push_back({model, &prompt});
        }
    }
    return questions;
}

}  // namespace

BenchReport bench_report(std::span<const std::string> models,
                         std::span<const BenchResult> results) {
    BenchReport report;
    for (const std::string& model : models) report.models.push_back(line_of(model, results));
    for (const BenchResult& one : results) note_fault(report.faults, one);
    return report;
}

int run_bench_models(const BenchModelsArgs& args, const BenchWorld& world,
                     const Console& console) {
    const std::vector<std::string> models = names_of(args.models);
    if (const auto good = check(args, models); !good.ok()) {
        return usage_error(console, good.error());
    }
    const auto prompts = prompts_of(args, world);
    if (!prompts.ok()) return usage_error(console, prompts.error());
    const std::vector<BenchQuestion> questions = questions_of(args, models, *prompts);
    if (questions.size() > questions_max) {
        return usage_error(console, base::invalid("--repeat: these are " +
                                                  std::to_string(questions.size()) +
                                                  " requests, more than 100000"));
    }
    std::vector<BenchResult> results;
    const UseAnswer use = [&](std::size_t place, BenchAnswer answer) {
        BenchResult& one = results.emplace_back();
        one.question = questions[place];
        if (answer.failure.empty()) one.wrong = check_answer(*one.question.prompt, answer.text);
        one.answer = std::move(answer);
    };
    const auto asked = world.ask(questions, use);
    if (!asked.ok()) return failed(console, asked.error());
    look_up_costs(results, world);
    const BenchReport report = bench_report(models, results);
    print(report, args.output, console);
    const bool nothing = std::all_of(report.models.begin(), report.models.end(),
                                     [](const BenchLine& line) { return line.answers == 0; });
    if (nothing) return exit_failed;
    return report.faults.empty() ? exit_done : exit_partly;
}

}  // namespace tollgate::commands
