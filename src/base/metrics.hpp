// Counters, gauges and histograms, kept in memory until somebody collects them.
//
// Threading: everything here may be called from any thread. Counting is one relaxed add on a cache
// line that threads do not share (a shard per thread, as far as there are shards). Finding a series
// takes a lock: callers look it up once and keep the reference, which is valid as long as the
// Registry. Whoever collects sees each value whole, not all values of one instant.
// Names and labels follow Prometheus: seconds, bytes, _total for counters.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tollgate::base {

// Series of one family; what comes later is counted under `__other__` in every label.
constexpr std::size_t metric_series_max = 1000;
constexpr std::string_view metric_other = "__other__";
// Longer label values are cut: names from requests end up here.
constexpr std::size_t label_value_bytes_max = 128;

// Upper bounds of buckets, in seconds: for whole requests and first tokens, and for our own time.
inline constexpr std::array<double, 16> request_seconds_bounds = {
    0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 8, 13, 20, 45, 120, 300, 600};
inline constexpr std::array<double, 14> overhead_seconds_bounds = {
    0.000005, 0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005,
    0.001,    0.0025,  0.005,    0.01,    0.02,   0.1,     1};

enum class MetricKind : std::uint8_t { counter, gauge, histogram };

// A number per thread, from 0; picks the shard.
std::size_t metric_thread_number();

// A power of two of cache lines, one per thread as far as they go.
template <typename Cell>
class Shards {
public:
    explicit Shards(std::size_t count) : mask_(count - 1), lines_(new Line[count]) {}
    template <typename Use>
    void each(Use use) {
        for (std::size_t i = 0; i <= mask_; ++i) use(lines_[i].cell);
    }
    Cell& mine() { return lines_[metric_thread_number() & mask_].cell; }
    template <typename Use>
    void each(Use use) const {
        for (std::size_t i = 0; i <= mask_; ++i) use(lines_[i].cell);
    }

private:
    struct alignas(64) Line {
        Cell cell{};
    };
    std::size_t mask_;
    std::unique_ptr<Line[]> lines_;
};

// Counts up, in whole units: requests, tokens, nano-dollars (see Registry::counter's `unit`).
class Counter {
public:
    explicit Counter(std::size_t shards) : cells_(shards) {}
    void add(std::uint64_t amount = 1) {
        cells_.mine().fetch_add(amount, std::memory_order_relaxed);
    }
    std::uint64_t value() const;

private:
    Shards<std::atomic<std::uint64_t>> cells_;
};

// A value that goes up and down. Its value is what was last set plus all that was added: use
// set() for a level that one place knows, add() for things that come and go on many threads.
class Gauge {
public:
    explicit Gauge(std::size_t shards) : cells_(shards) {}
    void set(double value) { level_.store(value, std::memory_order_relaxed); }
    void add(std::int64_t amount) { cells_.mine().fetch_add(amount, std::memory_order_relaxed); }
    double value() const;

private:
    std::atomic<double> level_{0};
    Shards<std::atomic<std::int64_t>> cells_;
};

// How values are distributed over fixed buckets.
class Histogram {
public:
    // REQUIRES: bounds ascending, not empty; they outlive the histogram (the family owns them).
    Histogram(std::size_t shards, std::span<const double> bounds);
    void observe(double value);

    struct Snapshot {
        std::vector<std::uint64_t> buckets;  // one per bound and a last one above; not cumulative
        double sum = 0;
        std::uint64_t count = 0;  // of all buckets
    };
    Snapshot snapshot() const;

private:
    using Cell = std::atomic<std::uint64_t>;
    struct Shard {
        std::unique_ptr<Cell[]> buckets;
        std::atomic<double> sum{0};
    };
    std::span<const double> bounds_;
    Shards<Shard> shards_;
};

// The state of one series and one family at the time of collecting.
struct MetricSeries {
    std::vector<std::string> label_values;
    double value = 0;               // counter, gauge
    Histogram::Snapshot histogram;  // histogram
};
struct MetricFamily {
    std::string name;
    std::string help;
    MetricKind kind = MetricKind::counter;
    std::vector<std::string> label_names;
    std::vector<double> bounds;  // histogram
    std::vector<MetricSeries> series;
};

class AnyFamily {
public:
    virtual ~AnyFamily() = default;
    virtual MetricFamily collect() const = 0;
    MetricFamily description;  // without series; constant after construction
};

// All series of one name. Made by a Registry, lives as long as it.
template <typename Metric>
class Family final : public AnyFamily {
public:
    Family(MetricFamily about, double unit, std::size_t shards);
    // The series with these label values, made when it is new. The reference stays valid.
    // REQUIRES: as many values as the family has label names (std::logic_error otherwise).
    Metric& with(std::initializer_list<std::string_view> values);
    Metric& with(std::span<const std::string_view> values);
    MetricFamily collect() const override;

private:
    std::unique_ptr<Metric> make() const;
    const double unit_;
    const std::size_t shards_;
    mutable std::mutex mutex_;
    std::map<std::vector<std::string>, std::unique_ptr<Metric>> series_;
};

using Labels = std::vector<std::pair<std::string, std::string>>;

// Owns the families. Asking again for a name gives the same family; with another kind or other
// labels, or with a name that Prometheus refuses, it is a bug: std::logic_error.
class Registry {
public:
    // `shards` is rounded up to a power of two, at most 64; 0: one per processor.
    explicit Registry(std::size_t shards = 0);
    Registry(const Registry&) = delete;
    Registry& operator=(const Registry&) = delete;

    // `unit`: what one counted unit is worth in the written value (1e-9: nano-dollars to dollars).
    Family<Counter>& counter(std::string name, std::string help,
                             std::vector<std::string> label_names = {}, double unit = 1);
    Family<Gauge>& gauge(std::string name, std::string help,
                         std::vector<std::string> label_names = {});
    Family<Histogram>& histogram(std::string name, std::string help,
                                 std::vector<std::string> label_names,
                                 std::span<const double> bounds);
    // A value asked for at collecting, on the collecting thread. `read` must be thread-safe and
    // valid as long as the registry. One name may have several sets of labels with the same
    // names; a set given again replaces its reader.
    void gauge_callback(std::string name, std::string help, Labels labels,
                        std::function<double()> read);
    void counter_callback(std::string name, std::string help, Labels labels,
                          std::function<double()> read);

    // Families by name, series by label values.
    std::vector<MetricFamily> collect() const;

private:
    template <typename Metric>
    Family<Metric>& family(MetricFamily about, double unit);
    void callback(MetricFamily about, Labels labels, std::function<double()> read);

    std::size_t shards_;
    mutable std::mutex mutex_;
    std::map<std::string, std::unique_ptr<AnyFamily>, std::less<>> families_;
};

}  // namespace tollgate::base
