// How fast a deployment answers, from its own answers: decayed means and a high percentile of the
// time to the first token. Thread-safe without a lock: relaxed atomics, a figure may be an update
// behind.
#pragma once
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace tollgate::routing {

class LiveLatency {
public:
    static constexpr double decay = 0.1;               // weight of the newest of many
    static constexpr std::int64_t percentile_min = 20;  // fewer samples give no percentile

    // One answer: its first token after `first_token`, all of it after `duration`. Negative: not
    // known; of an answer that was not streamed only the whole is.
    void record(std::chrono::microseconds first_token, std::chrono::microseconds duration,
                std::int64_t output_tokens);
    // Milliseconds; negative: not known.
    double first_token_ms() const { return first_token_.value(); }
    double token_ms() const { return token_.value(); }
    // The time within which 95 of 100 first tokens came, rounded up by at most a fifth; negative:
    // too few samples.
    double first_token_p95_ms() const;
    void forget();

private:
    class Mean {
    public:
        void add(double value);
        double value() const { return value_.load(std::memory_order_relaxed); }
        void forget();

    private:
        std::atomic<double> value_{-1};
        std::atomic<std::uint32_t> count_{0};
    };
    // Four buckets to the doubling, from 1 ms to more than five minutes.
    static constexpr std::size_t buckets = 76;
    static constexpr double buckets_per_doubling = 4;
    static constexpr std::uint32_t samples_max = 512;  // then all counts are halved

    Mean first_token_, token_;
    std::array<std::atomic<std::uint32_t>, buckets> histogram_{};
    std::atomic<std::uint32_t> samples_{0};
};

}  // namespace tollgate::routing
