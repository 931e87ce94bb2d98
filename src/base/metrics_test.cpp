#include "base/metrics.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

namespace tollgate::base {
namespace {

const MetricFamily& find(const std::vector<MetricFamily>& all, std::string_view name) {
    for (const MetricFamily& one : all) {
        if (one.name == name) return one;
    }
    throw std::runtime_error("no family of that name");
}

TEST(Metrics, CountsFromManyThreads_AddUp) {
    Registry registry(4);
    Counter& requests = registry.counter("requests_total", "Requests.", {"model"}).with({"m"});
    Histogram& seconds =
        registry.histogram("seconds", "Time.", {}, request_seconds_bounds).with({});
    Gauge& open = registry.gauge("open", "Open.").with({});
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
        threads.emplace_back([&] {
            for (int n = 0; n < 10'000; ++n) {
                open.add(1);
                requests.add();
                seconds.observe(0.5);
                open.add(-1);
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(requests.value(), 80'000u);
    EXPECT_EQ(seconds.snapshot().count, 80'000u);
    EXPECT_DOUBLE_EQ(seconds.snapshot().sum, 40'000.0);
    EXPECT_EQ(open.value(), 0);
}

TEST(Metrics, SameLabelsTwice_GiveTheSameSeries) {
    Registry registry(1);
    auto& family = registry.counter("a_total", "A.", {"x", "y"});
    EXPECT_EQ(&family.with({"1", "2"}), &family.with({"1", "2"}));
    EXPECT_NE(&family.with({"1", "2"}), &family.with({"2", "1"}));
    EXPECT_EQ(&family, &registry.counter("a_total", "A.", {"x", "y"}));
}

TEST(Metrics, MoreSeriesThanTheCap_AreCountedAsOther) {
    Registry registry(1);
    auto& family = registry.counter("a_total", "A.", {"model", "status"});
    for (std::size_t i = 0; i < metric_series_max + 50; ++i) {
        const std::string name = "model-" + std::to_string(i);
        family.with({name, "200"}).add();
    }
    const MetricFamily all = family.collect();
    EXPECT_EQ(all.series.size(), metric_series_max + 1);
    EXPECT_EQ(family.with({"yet another", "500"}).value(), 50u);
    EXPECT_EQ(&family.with({"yet another", "500"}), &family.with({metric_other, metric_other}));
    EXPECT_EQ(family.with({"model-3", "200"}).value(), 1u) << "old series stay what they were";
}

TEST(Metrics, LongLabelValue_IsCutAtACharacter) {
    Registry registry(1);
    auto& family = registry.counter("a_total", "A.", {"model"});
    const std::string text = std::string(label_value_bytes_max - 1, 'a') + "\xC3\xA4\xC3\xA4";
    family.with({text}).add();
    EXPECT_EQ(family.collect().series[0].label_values[0],
              std::string(label_value_bytes_max - 1, 'a'));
}

TEST(Metrics, HistogramValueOnABound_BelongsToThatBucket) {
    Registry registry(1);
    const double bounds[] = {1, 2, 5};
    Histogram& histogram = registry.histogram("h", "H.", {}, bounds).with({});
    for (const double value : {0.5, 1.0, 1.5, 2.0, 5.0, 5.1, 100.0}) histogram.observe(value);
    EXPECT_EQ(histogram.snapshot().buckets, (std::vector<std::uint64_t>{2, 2, 1, 2}));
}

TEST(Metrics, CounterUnit_ScalesTheWrittenValueOnly) {
    Registry registry(1);
    Counter& cost = registry.counter("cost_total", "Dollars.", {}, 1e-9).with({});
    cost.add(2'500'000'000);
    EXPECT_EQ(cost.value(), 2'500'000'000u);
    const auto all = registry.collect();
    EXPECT_DOUBLE_EQ(find(all, "cost_total").series[0].value, 2.5);
}

TEST(Metrics, Gauge_IsWhatWasSetPlusWhatWasAdded) {
    Registry registry(1);
    Gauge& gauge = registry.gauge("g", "G.").with({});
    gauge.set(2.5);
    gauge.add(3);
    gauge.add(-1);
    EXPECT_DOUBLE_EQ(gauge.value(), 4.5);
}

TEST(Metrics, Callbacks_AreAskedAtCollecting) {
    Registry registry(1);
    double level = 1;
    registry.gauge_callback("pool", "Pool.", {{"kind", "idle"}}, [&] { return level; });
    registry.gauge_callback("pool", "Pool.", {{"kind", "busy"}}, [&] { return level * 10; });
    level = 4;
    const auto all = registry.collect();
    const MetricFamily& pool = find(all, "pool");
    ASSERT_EQ(pool.series.size(), 2u);
    EXPECT_EQ(pool.series[0].label_values[0], "busy");
    EXPECT_DOUBLE_EQ(pool.series[0].value, 40);
    EXPECT_DOUBLE_EQ(pool.series[1].value, 4);
}

TEST(Metrics, BadDefinitions_AreBugs) {
    Registry registry(1);
    registry.counter("a_total", "A.", {"x"});
    EXPECT_THROW(registry.counter("a_total", "A.", {"y"}), std::logic_error);
    EXPECT_THROW(registry.gauge("a_total", "A.", {"x"}), std::logic_error);
    EXPECT_THROW(registry.counter("a-b", "A."), std::logic_error);
    EXPECT_THROW(registry.counter("b", "B.", {"__x"}), std::logic_error);
    EXPECT_THROW(registry.histogram("h", "H.", {"le"}, request_seconds_bounds), std::logic_error);
    const double falling[] = {2, 1};
    EXPECT_THROW(registry.histogram("h", "H.", {}, falling), std::logic_error);
    EXPECT_THROW(registry.counter("a_total", "A.", {"x"}).with({}), std::logic_error);
}

}  // namespace
}  // namespace tollgate::base
