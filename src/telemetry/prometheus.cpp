#include "telemetry/prometheus.hpp"

#include <charconv>
#include <cmath>

namespace tollgate::telemetry {
namespace {

using base::MetricFamily;
using base::MetricKind;
using base::MetricSeries;

std::string_view kind_name(MetricKind kind) {
    switch (kind) {
        case MetricKind::counter: return "counter";
        case MetricKind::gauge: return "gauge";
        case MetricKind::histogram: return "histogram";
    }
    return "untyped";
}

template <typename Number>
void append_digits(std::string& out, Number value) {
    char text[40];
    const auto end = std::to_chars(text, text + sizeof text, value);
    out.append(text, end.ptr);
}

void append_value(std::string& out, double value) {
    if (std::isnan(value)) {
        out += "NaN";
    } else if (std::isinf(value)) {
        out += value > 0 ? "+Inf" : "-Inf";
    } else if (std::trunc(value) == value && std::fabs(value) < 9e15) {
        append_digits(out, static_cast<std::int64_t>(value));
    } else {
        append_digits(out, value);
    }
}

// The length of the UTF-8 character at `at`; 0 when there is none.
std::size_t character_bytes(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(at);
    if (lead < 0x80) return 1;
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || at + length > text.size()) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(at + i) & 0xC0) != 0x80) return 0;
    }
    const unsigned char second = byte(at + 1);
    const bool bad = (lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
                     (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F);
    return bad ? 0 : length;
}

// One bad byte from a request would make Prometheus refuse the whole page, so bytes that are no
// UTF-8 become U+FFFD.
void append_escaped(std::string& out, std::string_view text, bool quotes) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = character_bytes(text, at);
        const char c = text[at];
        if (length == 0) {
            out += "\xEF\xBF\xBD";
        } else if (c == '\\') {
            out += "\\\\";
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '"' && quotes) {
            out += "\\\"";
        } else {
            out.append(text, at, length);
        }
        at += length == 0 ? 1 : length;
    }
}

void append_labels(std::string& out, const MetricFamily& family, const MetricSeries& series,
                   std::string_view bound) {
    if (family.label_names.empty() && bound.empty()) return;
    char before = '{';
    for (std::size_t i = 0; i < family.label_names.size(); ++i) {
        out += before;
        out.append(family.label_names[i]).append("=\"");
        append_escaped(out, series.label_values[i], true);
        out += '"';
        before = ',';
    }
    if (!bound.empty()) {
        out += before;
        out.append("le=\"").append(bound).append("\"");
    }
    out += '}';
}

void append_histogram(std::string& out, const MetricFamily& family, const MetricSeries& series) {
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < series.histogram.buckets.size(); ++i) {
        below += series.histogram.buckets[i];
        std::string bound = "+Inf";
        if (i < family.bounds.size()) {
            bound.clear();
            append_value(bound, family.bounds[i]);
        }
        out.append(family.name).append("_bucket");
        append_labels(out, family, series, bound);
        out += ' ';
        append_digits(out, below);
        out += '\n';
    }
    out.append(family.name).append("_sum");
    append_labels(out, family, series, "");
    out += ' ';
    append_value(out, series.histogram.sum);
    out.append("\n").append(family.name).append("_count");
    append_labels(out, family, series, "");
    out += ' ';
    append_digits(out, series.histogram.count);
    out += '\n';
}

}  // namespace

std::string write_text(const base::Registry& registry) {
    std::string out;
    for (const MetricFamily& family : registry.collect()) {
        out.append("# HELP ").append(family.name).append(" ");
        append_escaped(out, family.help, false);
        out.append("\n# TYPE ").append(family.name).append(" ").append(kind_name(family.kind));
        out += '\n';
        for (const MetricSeries& series : family.series) {
            if (family.kind == MetricKind::histogram) {
                append_histogram(out, family, series);
                continue;
            }
            out += family.name;
            append_labels(out, family, series, "");
            out += ' ';
            append_value(out, series.value);
            out += '\n';
        }
    }
    return out;
}

}  // namespace tollgate::telemetry
