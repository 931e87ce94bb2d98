#include "routing/live_latency.hpp"

#include <algorithm>
#include <cmath>

namespace tollgate::routing {
namespace {

double milliseconds_of(std::chrono::microseconds time) {
    return static_cast<double>(time.count()) / 1000.0;
}

}  // namespace

void LiveLatency::Mean::add(double value) {
    const auto count = count_.fetch_add(1, std::memory_order_relaxed) + 1;
    const auto weight = std::max(decay, 1.0 / static_cast<double>(count));
    auto seen = value_.load(std::memory_order_relaxed);
    double next = 0;
    do {
        next = seen < 0 ? value : seen + weight * (value - seen);
    } while (!value_.compare_exchange_weak(seen, next, std::memory_order_relaxed));
}

void LiveLatency::Mean::forget() {
    value_.store(-1, std::memory_order_relaxed);
    count_.store(0, std::memory_order_relaxed);
}

void LiveLatency::record(std::chrono::microseconds first_token, std::chrono::microseconds duration,
                         std::int64_t output_tokens) {
    if (first_token.count() < 0) return;
    const auto first_ms = milliseconds_of(first_token);
    first_token_.add(first_ms);
    const auto place = first_ms <= 1 ? 0.0 : std::log2(first_ms) * buckets_per_doubling;
    const auto bucket = std::min(static_cast<std::size_t>(place), buckets - 1);
    histogram_[bucket].fetch_add(1, std::memory_order_relaxed);
    if (samples_.fetch_add(1, std::memory_order_relaxed) + 1 == samples_max) {
        std::uint32_t left = 0;
        for (auto& count : histogram_) {
            const auto half = count.load(std::memory_order_relaxed) / 2;
            count.store(half, std::memory_order_relaxed);
            left += half;
        }
        samples_.store(left, std::memory_order_relaxed);
    }
    if (output_tokens > 1 && duration > first_token) {
        token_.add(milliseconds_of(duration - first_token) /
                   static_cast<double>(output_tokens - 1));
    }
}

double LiveLatency::first_token_p95_ms() const {
    std::array<std::uint32_t, buckets> counts{};
    std::int64_t total = 0;
    for (std::size_t at = 0; at < buckets; ++at) {
        counts[at] = histogram_[at].load(std::memory_order_relaxed);
        total += counts[at];
    }
    if (total < percentile_min) return -1;
    const auto wanted = (total * 95 + 99) / 100;
    std::int64_t seen = 0;
    for (std::size_t at = 0; at < buckets; ++at) {
        seen += counts[at];
        if (seen >= wanted) {
            return std::exp2(static_cast<double>(at + 1) / buckets_per_doubling);
        }
    }
    return -1;
}

void LiveLatency::forget() {
    first_token_.forget();
    token_.forget();
    for (auto& count : histogram_) count.store(0, std::memory_order_relaxed);
    samples_.store(0, std::memory_order_relaxed);
}

}  // namespace tollgate::routing
