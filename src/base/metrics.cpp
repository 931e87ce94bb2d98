#include "base/metrics.hpp"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <thread>
#include <type_traits>

namespace tollgate::base {
namespace {

bool valid_name(std::string_view name, bool colons) {
    if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
    return std::all_of(name.begin(), name.end(), [colons](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || (colons && c == ':');
    });
}

void check(const MetricFamily& about) {
    if (!valid_name(about.name, true)) throw std::logic_error("bad metric name: " + about.name);
    for (const std::string& label : about.label_names) {
        const bool reserved = label.starts_with("__") ||
                              (label == "le" && about.kind == MetricKind::histogram);
        if (reserved || !valid_name(label, false)) {
            throw std::logic_error("bad label " + label + " of metric " + about.name);
        }
    }
    if (about.kind != MetricKind::histogram) return;
    const auto disorder = std::adjacent_find(about.bounds.begin(), about.bounds.end(),
                                             [](double a, double b) { return !(a < b); });
    if (about.bounds.empty() || disorder != about.bounds.end()) {
        throw std::logic_error("bounds of " + about.name + " do not ascend");
    }
}

// At most label_value_bytes_max bytes, and no half of a UTF-8 character at the end.
std::string label_value(std::string_view text) {
    if (text.size() <= label_value_bytes_max) return std::string(text);
    std::size_t end = label_value_bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return std::string(text.substr(0, end));
}

// Values that functions give when they are collected.
class CallbackFamily final : public AnyFamily {
public:
    explicit CallbackFamily(MetricFamily about) { description = std::move(about); }
    void set(std::vector<std::string> values, std::function<double()> read) {
        std::lock_guard lock(mutex_);
        readers_[std::move(values)] = std::move(read);
    }
    MetricFamily collect() const override {
        MetricFamily out = description;
        std::lock_guard lock(mutex_);
        for (const auto& [values, read] : readers_) out.series.push_back({values, read(), {}});
        return out;
    }

private:
    mutable std::mutex mutex_;
    std::map<std::vector<std::string>, std::function<double()>> readers_;
};

}  // namespace

std::size_t metric_thread_number() {
    // Which shard a thread counts in is no state that anybody can observe, so this is the one
    // counter that belongs to the process and not to a Registry.
    static std::atomic<std::size_t> next{0};
    thread_local const std::size_t mine = next.fetch_add(1, std::memory_order_relaxed);
    return mine;
}

std::uint64_t Counter::value() const {
    std::uint64_t total = 0;
    cells_.each([&](const auto& cell) { total += cell.load(std::memory_order_relaxed); });
    return total;
}

double Gauge::value() const {
    std::int64_t added = 0;
    cells_.each([&](const auto& cell) { added += cell.load(std::memory_order_relaxed); });
    return level_.load(std::memory_order_relaxed) + static_cast<double>(added);
}

Histogram::Histogram(std::size_t shards, std::span<const double> bounds)
    : bounds_(bounds), shards_(shards) {
    shards_.each(
        [&](Shard& shard) { shard.buckets = std::make_unique<Cell[]>(bounds.size() + 1); });
}

void Histogram::observe(double value) {
    // Few bounds: a walk is cheaper than a search that the processor cannot foresee.
    std::size_t bucket = 0;
    while (bucket < bounds_.size() && value > bounds_[bucket]) ++bucket;
    Shard& shard = shards_.mine();
    shard.buckets[bucket].fetch_add(1, std::memory_order_relaxed);
    shard.sum.fetch_add(value, std::memory_order_relaxed);
}

Histogram::Snapshot Histogram::snapshot() const {
    Snapshot out;
    out.buckets.resize(bounds_.size() + 1);
    shards_.each([&](const Shard& shard) {
        for (std::size_t i = 0; i < out.buckets.size(); ++i) {
            out.buckets[i] += shard.buckets[i].load(std::memory_order_relaxed);
        }
        out.sum += shard.sum.load(std::memory_order_relaxed);
    });
    for (const std::uint64_t count : out.buckets) out.count += count;
    return out;
}

template <typename Metric>
Family<Metric>::Family(MetricFamily about, double unit, std::size_t shards)
    : unit_(unit), shards_(shards) {
    description = std::move(about);
}

template <typename Metric>
std::unique_ptr<Metric> Family<Metric>::make() const {
    if constexpr (std::is_same_v<Metric, Histogram>) {
        return std::make_unique<Metric>(shards_, std::span<const double>(description.bounds));
    } else {
        return std::make_unique<Metric>(shards_);
    }
}

template <typename Metric>
Metric& Family<Metric>::with(std::initializer_list<std::string_view> values) {
    return with(std::span<const std::string_view>(values.begin(), values.size()));
}

template <typename Metric>
Metric& Family<Metric>::with(std::span<const std::string_view> values) {
    if (values.size() != description.label_names.size()) {
        throw std::logic_error("wrong number of label values for " + description.name);
    }
    std::vector<std::string> key;
    key.reserve(values.size());
    for (const std::string_view value : values) key.push_back(label_value(value));
    std::lock_guard lock(mutex_);
    auto found = series_.find(key);
    if (found == series_.end() && series_.size() >= metric_series_max) {
        key.assign(key.size(), std::string(metric_other));
        found = series_.find(key);
    }
    if (found == series_.end()) found = series_.emplace(std::move(key), make()).first;
    return *found->second;
}

template <typename Metric>
MetricFamily Family<Metric>::collect() const {
    MetricFamily out = description;
    std::lock_guard lock(mutex_);
    out.series.reserve(series_.size());
    for (const auto& [values, metric] : series_) {
        MetricSeries one{values, 0, {}};
        if constexpr (std::is_same_v<Metric, Histogram>) {
            one.histogram = metric->snapshot();
        } else {
            one.value = static_cast<double>(metric->value()) * unit_;
        }
        out.series.push_back(std::move(one));
    }
    return out;
}

template class Family<Counter>;
template class Family<Gauge>;
template class Family<Histogram>;

Registry::Registry(std::size_t shards) {
    const std::size_t wanted = shards != 0 ? shards : std::thread::hardware_concurrency();
    shards_ = std::bit_ceil(std::clamp<std::size_t>(wanted, 1, 64));
}

template <typename Metric>
Family<Metric>& Registry::family(MetricFamily about, double unit) {
    check(about);
    std::lock_guard lock(mutex_);
    auto& slot = families_[about.name];
    if (!slot) {
        auto made = std::make_unique<Family<Metric>>(std::move(about), unit, shards_);
        Family<Metric>& family = *made;
        slot = std::move(made);
        return family;
    }
    auto* found = dynamic_cast<Family<Metric>*>(slot.get());
    if (found == nullptr || found->description.label_names != about.label_names) {
        throw std::logic_error("metric defined twice, differently: " + about.name);
    }
    return *found;
}

Family<Counter>& Registry::counter(std::string name, std::string help,
                                   std::vector<std::string> label_names, double unit) {
    return family<Counter>({.name = std::move(name),
                            .help = std::move(help),
                            .kind = MetricKind::counter,
                            .label_names = std::move(label_names)},
                           unit);
}

Family<Gauge>& Registry::gauge(std::string name, std::string help,
                               std::vector<std::string> label_names) {
    return family<Gauge>({.name = std::move(name),
                          .help = std::move(help),
                          .kind = MetricKind::gauge,
                          .label_names = std::move(label_names)},
                         1);
}

Family<Histogram>& Registry::histogram(std::string name, std::string help,
                                       std::vector<std::string> label_names,
                                       std::span<const double> bounds) {
    return family<Histogram>({.name = std::move(name),
                              .help = std::move(help),
                              .kind = MetricKind::histogram,
                              .label_names = std::move(label_names),
                              .bounds = {bounds.begin(), bounds.end()}},
                             1);
}

void Registry::gauge_callback(std::string name, std::string help, Labels labels,
                              std::function<double()> read) {
    callback({.name = std::move(name), .help = std::move(help), .kind = MetricKind::gauge},
             std::move(labels), std::move(read));
}

void Registry::counter_callback(std::string name, std::string help, Labels labels,
                                std::function<double()> read) {
    callback({.name = std::move(name), .help = std::move(help), .kind = MetricKind::counter},
             std::move(labels), std::move(read));
}

void Registry::callback(MetricFamily about, Labels labels, std::function<double()> read) {
    std::vector<std::string> values;
    for (auto& [label, value] : labels) {
        about.label_names.push_back(std::move(label));
        values.push_back(label_value(value));
    }
    check(about);
    std::lock_guard lock(mutex_);
    auto& slot = families_[about.name];
    if (!slot) slot = std::make_unique<CallbackFamily>(about);
    auto* found = dynamic_cast<CallbackFamily*>(slot.get());
    const bool same = found != nullptr && found->description.kind == about.kind &&
                      found->description.label_names == about.label_names;
    if (!same) throw std::logic_error("metric defined twice, differently: " + about.name);
    found->set(std::move(values), std::move(read));
}

std::vector<MetricFamily> Registry::collect() const {
    std::vector<const AnyFamily*> families;
    {
        // Families are never removed, so a reader may ask the registry for one without waiting.
        std::lock_guard lock(mutex_);
        for (const auto& [name, family] : families_) families.push_back(family.get());
    }
    std::vector<MetricFamily> out;
    out.reserve(families.size());
    for (const AnyFamily* family : families) out.push_back(family->collect());
    return out;
}

}  // namespace tollgate::base
