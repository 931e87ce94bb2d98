#include "load/options.hpp"

#include "common/http_head.hpp"

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>

namespace bench {
namespace {

constexpr const char* usage_text =
    "bench_load --target ADDRESS [options]; prints one JSON object\n"
    "  --mode closed|open|hold      closed loop (default), fixed rate, held streams\n"
    "  --path /v1/messages          --header 'name: value' (repeatable)\n"
    "  --body NAME|@FILE            small-anthropic, large-anthropic, small-openai, large-openai,\n"
    "                               large-responses, large-gemini\n"
    "  --body-bytes N               size of a large body (103000)     --model NAME\n"
    "  --stream                     ask for a stream        --expect-events N per stream\n"
    "  --connections N              --rate PER_SECOND (open)\n"
    "  --warmup S --seconds S       --requests N (closed: exactly so many)   --settle S\n"
    "  --timeout S                  --pid PID (repeatable: CPU time and memory are measured)\n"
    "  --probe-path --probe-body --probe-model   hold: the small requests that are timed\n"
    "  --print-body                 write the body to standard output and end\n";

[[noreturn]] void fail(const std::string& message) {
    std::fprintf(stderr, "bench_load: %s; see --help\n", message.c_str());
    std::exit(2);
}

double to_number(const std::string& name, const std::string& value) {
    char* end = nullptr;
    const double number = std::strtod(value.c_str(), &end);
    if (value.empty() || *end != '\0' || number < 0) fail(name + " " + value + ": write a number");
    return number;
}

std::uint64_t to_count(const std::string& name, const std::string& value) {
    const auto number = parse_size(value);
    if (!number) fail(name + " " + value + ": write a whole number");
    return *number;
}

Mode to_mode(const std::string& value) {
    if (value == "closed") return Mode::closed;
    if (value == "open") return Mode::open;
    if (value == "hold") return Mode::hold;
    fail("--mode " + value + ": write closed, open or hold");
}

using Setter = std::function<void(const std::string&)>;

std::map<std::string, Setter> setters_for(LoadOptions& o) {
    const auto text = [](std::string& field) {
        return [&field](const std::string& value) { field = value; };
    };
    const auto number = [](const char* name, double& field) {
        return [&field, name](const std::string& value) { field = to_number(name, value); };
    };
    return {
        {"--target", [&o](const std::string& value) {
             const auto address = parse_address(value);
             if (!address) fail("--target " + value + ": write 127.0.0.1:PORT");
             o.target = *address;
         }},
        {"--mode", [&o](const std::string& value) { o.mode = to_mode(value); }},
        {"--header", [&o](const std::string& value) { o.headers.push_back(value); }},
        {"--pid", [&o](const std::string& value) {
             o.pids.push_back(static_cast<int>(to_count("--pid", value)));
         }},
        {"--path", text(o.path)},
        {"--body", text(o.body)},
        {"--model", text(o.model)},
        {"--probe-path", text(o.probe_path)},
        {"--probe-body", text(o.probe_body)},
        {"--probe-model", text(o.probe_model)},
        {"--rate", number("--rate", o.rate_per_s)},
        {"--warmup", number("--warmup", o.warmup_s)},
        {"--seconds", number("--seconds", o.seconds)},
        {"--settle", number("--settle", o.settle_s)},
        {"--timeout", number("--timeout", o.timeout_s)},
        {"--body-bytes", [&o](const std::string& value) {
             o.body_bytes = to_count("--body-bytes", value);
         }},
        {"--connections", [&o](const std::string& value) {
             o.connections = static_cast<std::uint32_t>(to_count("--connections", value));
         }},
        {"--requests", [&o](const std::string& value) {
             o.requests = to_count("--requests", value);
         }},
        {"--expect-events", [&o](const std::string& value) {
             o.expect_events = static_cast<std::uint32_t>(to_count("--expect-events", value));
         }},
    };
}

}  // namespace

LoadOptions parse_load_options(int argc, char** argv) {
    LoadOptions options;
    const auto setters = setters_for(options);
    for (int i = 1; i < argc; ++i) {
        const std::string name = argv[i];
        if (name == "--help") {
            std::fputs(usage_text, stdout);
            std::exit(0);
        }
        if (name == "--stream" || name == "--print-body") {
            (name == "--stream" ? options.stream : options.print_body) = true;
            continue;
        }
        const auto setter = setters.find(name);
        if (setter == setters.end()) fail("option " + name + " is unknown");
        if (i + 1 >= argc) fail("option " + name + ": a value is missing");
        setter->second(argv[++i]);
    }
    if (options.target.port == 0 && !options.print_body) fail("--target 127.0.0.1:PORT is missing");
    if (options.connections == 0) fail("--connections 0: write at least 1");
    if (options.mode == Mode::open && options.rate_per_s <= 0) fail("--rate: write more than 0");
    return options;
}

}  // namespace bench
