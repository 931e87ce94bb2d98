#include "admin/experiment_objects.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "admin/objects.hpp"
#include "base/clock.hpp"
#include "routing/experiments.hpp"

namespace tollgate::admin {
namespace {

using domain::ExperimentArm;
using domain::ExperimentSpec;

constexpr std::int64_t micros_per_second = 1'000'000, samples_most = 1'000'000'000;
constexpr std::size_t name_bytes_max = 100, model_bytes_max = 200;
// Results cost time for each arm.
constexpr std::size_t arms_min = 2, arms_max = 20;
constexpr double share_max = 1e6, confidence_min = 0.5, confidence_max = 0.9999;

void write_moment(json::Writer& writer, std::string_view name, std::int64_t seconds) {
    if (seconds == 0) {
        writer.key(name).null();
    } else {
        write_time(writer, name, seconds * micros_per_second);
    }
}

// Names stand in paths of the interface and in headers of answers.
bool is_plain(std::string_view name, std::string_view besides) {
    return std::all_of(name.begin(), name.end(), [&](char letter) {
        const bool word = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                          (letter >= '0' && letter <= '9');
        return word || besides.find(letter) != std::string_view::npos;
    });
}

void read_name(Fields& fields, std::string& name) {
    const bool is_new = name.empty();
    std::string given = name;
    fields.text("name", given, name_bytes_max);
    if (!is_new) {
        if (given == name) return;
        return fields.problem("name", "cannot be changed, arms are dealt by it: delete \"" + name +
                                          "\" and make another experiment");
    }
    if (given.empty()) return fields.problem("name", "is required, like cheaper-titles");
    if (!is_plain(given, "-_.")) {
        return fields.problem("name", "must be of letters, digits, dashes, underscores and dots");
    }
    name = std::move(given);
}

double read_share(Fields& fields) {
    if (!fields.has("share")) return 1;
    const auto share = fields.value("share").number();
    if (share && *share > 0 && *share <= share_max) return *share;
    fields.problem("share", "must be a number above 0 and at most 1000000; an arm without a share "
                            "is left out instead");
    return 1;
}

void read_arms(Fields& fields, std::vector<ExperimentArm>& arms) {
    if (fields.has("arms")) {
        arms.clear();
        fields.objects("arms", [&](Fields& inner) {
            ExperimentArm arm;
            inner.text("name", arm.name, model_bytes_max);
            inner.text("model", arm.model, model_bytes_max);
            arm.share = read_share(inner);
            if (arm.model.empty()) inner.problem("model", "is required: what serves the arm");
            if (arm.name.empty()) arm.name = arm.model;
            if (!is_plain(arm.name, "-_./:@+")) {
                inner.problem("name", "must be of letters, digits and - _ . / : @ +");
            }
            const bool again = std::any_of(arms.begin(), arms.end(), [&](const auto& other) {
                return other.name == arm.name;
            });
            if (again) {
                inner.problem("name", "\"" + arm.name + "\" is another arm's name already: give "
                                      "each arm its own");
            }
            arms.push_back(std::move(arm));
        });
    }
    if (arms.size() < arms_min || arms.size() > arms_max) {
        fields.problem("arms", "must be 2 to 20, each like {\"name\": \"new\", \"model\": "
                               "\"openai/gpt-4o-mini\", \"share\": 10}");
    }
}

void read_judging(Fields& fields, ExperimentSpec& spec) {
    std::string sticky(domain::to_string(spec.sticky)), metric(domain::to_string(spec.metric));
    fields.word("sticky", sticky, {"user", "session", "request"});
    fields.word("metric", metric, {"cost", "latency", "first_token", "error_rate", "refusal_rate",
                                   "output_tokens", "tool_success", "feedback"});
    spec.sticky = domain::sticky_of(sticky).value_or(spec.sticky);
    spec.metric = domain::metric_of(metric).value_or(spec.metric);
    fields.integer("samples_min", spec.samples_min, 1, samples_most);
    if (!fields.has("confidence")) return;
    const auto number = fields.value("confidence").number();
    if (!number || *number < confidence_min || *number > confidence_max) {
        return fields.problem("confidence", "must be a number from 0.5 to 0.9999, like 0.95");
    }
    spec.confidence = *number;
}

void read_times(Fields& fields, ExperimentSpec& spec) {
    domain::UnixMicros starts = spec.started * micros_per_second;
    domain::UnixMicros ends = spec.ends * micros_per_second;
    fields.time("starts", starts);
    fields.time("ends", ends);
    spec.started = starts / micros_per_second;
    spec.ends = ends / micros_per_second;
    if (spec.ends != 0 && spec.ends <= spec.started) {
        fields.problem("ends", "must be after starts, or null for never");
    }
}

}  // namespace

void write_real(json::Writer& writer, std::string_view name, double value) {
    writer.key(name);
    if (!std::isfinite(value)) return void(writer.null());
    std::array<char, 40> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    writer.raw({text.data(), static_cast<std::size_t>(end - text.data())});
}

void write_members(json::Writer& writer, const ExperimentSpec& spec, bool hidden) {
    const bool runs = !hidden && routing::applies(spec, "", true, base::unix_seconds());
    writer.string("name", spec.name)
        .string("tenant", spec.tenant)
        .boolean("enabled", spec.enabled)
        .boolean("running", runs);
    write_names(writer, "models", spec.models);
    writer.key("arms").begin_array();
    for (const ExperimentArm& arm : spec.arms) {
        writer.begin_object().string("name", arm.name).string("model", arm.model);
        write_real(writer, "share", arm.share);
        writer.end_object();
    }
    writer.end_array()
        .string("sticky", domain::to_string(spec.sticky))
        .string("metric", domain::to_string(spec.metric));
    write_real(writer, "confidence", spec.confidence);
    writer.integer("samples_min", spec.samples_min);
    write_moment(writer, "starts", spec.started);
    write_moment(writer, "ends", spec.ends);
    writer.string("origin", spec.origin);
}

void write_members(json::Writer& writer, const domain::ExperimentRow& row, bool hidden) {
    write_members(writer, row.spec, hidden);
    writer.key("promoted");
    row.promoted.empty() ? writer.null() : writer.string(row.promoted);
    write_time(writer, "created_at", row.created);
    write_time(writer, "updated_at", row.updated);
    writer.string("etag", std::to_string(row.etag));
}

void write(json::Writer& writer, const domain::ExperimentRow& row) {
    writer.begin_object();
    write_members(writer, row);
    writer.end_object();
}

void read(Fields& fields, domain::ExperimentRow& row) {
    ExperimentSpec& spec = row.spec;
    read_name(fields, spec.name);
    fields.flag("enabled", spec.enabled);
    fields.names("models", spec.models);
    if (spec.models.empty()) {
        fields.problem("models", "must hold one name or more, or globs, whose requests take part");
    }
    read_arms(fields, spec.arms);
    read_judging(fields, spec);
    read_times(fields, spec);
    // It runs again, so that nothing is settled.
    if (spec.enabled) row.promoted.clear();
}

domain::ExperimentRow fresh(const domain::ExperimentRow& stored) {
    domain::ExperimentRow row;
    row.spec.id = stored.spec.id;
    row.spec.name = stored.spec.name;
    row.spec.tenant = stored.spec.tenant;
    row.spec.origin = stored.spec.origin;
    row.promoted = stored.promoted;
    row.created = stored.created;
    row.updated = stored.updated;
    row.etag = stored.etag;
    return row;
}

}  // namespace tollgate::admin
