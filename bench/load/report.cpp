#include "load/report.hpp"

#include "common/body_hash.hpp"
#include "common/json_scan.hpp"

#include <cstdio>

namespace bench {
namespace {

std::string text_value(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return out + "\"";
}

std::string number_value(double number) {
    char text[40];
    std::snprintf(text, sizeof text, "%.3f", number);
    return text;
}

class Object {
public:
    void raw(std::string_view name, const std::string& value) {
        text_ += (text_.empty() ? "{" : ",") + text_value(name) + ":" + value;
    }
    void number(std::string_view name, double value) { raw(name, number_value(value)); }
    void count(std::string_view name, std::uint64_t value) { raw(name, std::to_string(value)); }
    void text(std::string_view name, std::string_view value) { raw(name, text_value(value)); }
    std::string done() const { return text_.empty() ? "{}" : text_ + "}"; }

private:
    std::string text_;
};

std::string histogram_value(const Histogram& histogram) {
    Object out;
    out.count("count", histogram.count());
    out.number("mean", histogram.mean_us());
    out.number("p50", histogram.percentile_us(0.50));
    out.number("p90", histogram.percentile_us(0.90));
    out.number("p99", histogram.percentile_us(0.99));
    out.number("max", histogram.max_us());
    return out.done();
}

double per(double total_s, std::uint64_t units) {
    return units == 0 ? 0.0 : total_s * 1e6 / static_cast<double>(units);
}

}  // namespace

std::uint64_t Findings::failed() const {
    std::uint64_t total = 0;
    for (const auto& [kind, count] : failures) total += count;
    return total;
}

void Findings::add_failure(const std::string& kind, std::string_view detail) {
    ++failures[kind];
    if (first_failure.empty()) first_failure = kind + ": " + std::string(detail);
}

std::string to_json(const LoadOptions& options, const Findings& findings, std::string_view body) {
    Object out, failures, memory;
    out.text("mode", options.mode == Mode::closed ? "closed"
                     : options.mode == Mode::open ? "open"
                                                  : "hold");
    out.count("requests", findings.requests);
    out.count("events", findings.events);
    out.count("failed", findings.failed());
    for (const auto& [kind, count] : findings.failures) failures.count(kind, count);
    out.raw("failures", failures.done());
    out.text("first_failure", findings.first_failure);
    out.number("window_s", findings.window_s);
    out.number("cpu_s", findings.cpu_s);
    out.number("cpu_us_per_request", per(findings.cpu_s, findings.requests));
    out.number("cpu_us_per_event", per(findings.cpu_s, findings.events));
    out.number("busy", findings.window_s > 0 ? findings.cpu_s / findings.window_s : 0.0);
    out.number("load_cpu_us_per_request", per(findings.own_cpu_s, findings.requests));
    out.count("held", findings.held);
    out.raw("latency_us", histogram_value(findings.latency));
    out.raw("first_event_us", histogram_value(findings.first_event));
    out.raw("event_delay_us", histogram_value(findings.event_delay));
    out.raw("probe_us", histogram_value(findings.probe));
    memory.count("start", findings.rss_start);
    memory.count("peak", findings.rss_peak);
    memory.count("end", findings.rss_end);
    memory.count("settled", findings.rss_settled);
    out.raw("rss_bytes", memory.done());
    out.count("body_bytes", body.size());
    out.text("body_hash", hex16(body_hash(body)));
    out.text("body_hash_without_model", hex16(scan_body(body).hash_without_model));
    return out.done();
}

}  // namespace bench
