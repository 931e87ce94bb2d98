// Counts of durations in log-linear buckets: better than 1 % precision from nanoseconds to hours,
// no allocation while recording. Single-threaded.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace bench {

class Histogram {
public:
    Histogram() : buckets_(64 * steps) {}

    void add(std::uint64_t nanoseconds) {
        ++buckets_[index_of(nanoseconds)];
        ++count_;
        sum_ += nanoseconds;
        max_ = std::max(max_, nanoseconds);
    }
    std::uint64_t count() const { return count_; }
    double mean_us() const {
        return count_ == 0 ? 0.0 : static_cast<double>(sum_) / static_cast<double>(count_) / 1e3;
    }
    double max_us() const { return static_cast<double>(max_) / 1e3; }
    // `share` from 0 to 1.
    double percentile_us(double share) const {
        if (count_ == 0) return 0.0;
        auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(count_));
        wanted = std::min(wanted, count_ - 1);
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < buckets_.size(); ++i) {
            seen += buckets_[i];
            if (seen > wanted) return static_cast<double>(middle_of(i)) / 1e3;
        }
        return max_us();
    }

private:
    static constexpr std::uint64_t step_bits = 7;
    static constexpr std::uint64_t steps = 1 << step_bits;

    static std::size_t index_of(std::uint64_t value) {
        if (value < steps) return value;
        const auto exponent = static_cast<std::uint64_t>(std::bit_width(value)) - step_bits;
        return exponent * steps + ((value >> (exponent - 1)) & (steps - 1));
    }
    static std::uint64_t middle_of(std::size_t index) {
        const std::uint64_t exponent = index / steps, mantissa = index % steps;
        if (exponent == 0) return mantissa;
        const auto base = (steps + mantissa) << (exponent - 1);
        return base + ((1ULL << (exponent - 1)) >> 1);
    }

    std::vector<std::uint64_t> buckets_;
    std::uint64_t count_ = 0, sum_ = 0, max_ = 0;
};

}  // namespace bench
