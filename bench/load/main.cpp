// bench_load: sends traffic to a gateway on loopback and prints what it measured as JSON.
#include "load/bodies.hpp"
#include "load/hold.hpp"
#include "load/options.hpp"
#include "load/process_sample.hpp"
#include "load/traffic.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

namespace {

constexpr std::uint64_t open_files_wanted = 65536;
constexpr std::size_t large_body_bytes = 103'000;

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        std::fprintf(stderr, "bench_load: --body @%s: the file cannot be read\n", path.c_str());
        std::exit(2);
    }
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::string load_body(const bench::LoadOptions& options, const std::string& name,
                      const std::string& model, bool stream) {
    if (name.starts_with('@')) return read_file(name.substr(1));
    bench::BodyRequest request{name, model, stream, large_body_bytes};
    if (options.body_bytes != 0) request.bytes = options.body_bytes;
    auto body = bench::build_body(request);
    if (!body) {
        std::fprintf(stderr,
                     "bench_load: --body %s: use small-anthropic, large-anthropic, small-openai, "
                     "large-openai or @FILE\n",
                     name.c_str());
        std::exit(2);
    }
    return std::move(*body);
}

std::string request_for(const bench::LoadOptions& options, const std::string& path,
                        const std::string& body) {
    std::string out = "POST " + path + " HTTP/1.1\r\nhost: 127.0.0.1:" +
                      std::to_string(options.target.port) +
                      "\r\ncontent-type: application/json\r\n";
    for (const auto& header : options.headers) out += header + "\r\n";
    return out + "content-length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

bench::Findings measure(const bench::LoadOptions& options, const std::string& body) {
    auto request = request_for(options, options.path, body);
    if (options.mode != bench::Mode::hold) {
        return bench::Traffic(options, std::move(request)).run();
    }
    std::string probe;
    if (!options.probe_body.empty()) {
        const auto& path = options.probe_path.empty() ? options.path : options.probe_path;
        const auto& model = options.probe_model.empty() ? options.model : options.probe_model;
        probe = request_for(options, path, load_body(options, options.probe_body, model, false));
    }
    return bench::Hold(options, std::move(request), std::move(probe)).run();
}

}  // namespace

int main(int argc, char** argv) {
    const auto options = bench::parse_load_options(argc, argv);
    const auto body = load_body(options, options.body, options.model, options.stream);
    if (options.print_body) {
        std::fwrite(body.data(), 1, body.size(), stdout);
        return 0;
    }
    bench::raise_open_files(open_files_wanted);
    auto findings = measure(options, body);
    if (options.settle_s > 0) {
        std::this_thread::sleep_for(std::chrono::duration<double>(options.settle_s));
    }
    findings.rss_settled = bench::resident_bytes(options.pids);
    std::puts(bench::to_json(options, findings, body).c_str());
    return findings.failed() == 0 ? 0 : 1;
}
