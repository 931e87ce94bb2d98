// Shared state of one process: every meter with a small lock of its own, nothing awaited. Holds
// end when they are settled; they die with the process.
//
// Thread-safe. A meter nobody holds is forgotten once nothing is counted in it (money: a day after
// its last use, since what was spent is seeded again from the database).
#pragma once
#include <functional>
#include <mutex>
#include <unordered_map>

#include "shared_state/shared_state.hpp"

namespace tollgate::shared_state {

// Microseconds of a clock that does not jump.
using Microseconds = std::function<std::int64_t()>;
std::int64_t steady_microseconds();

class InProcessMeter;

// "threshold 80 was announced": names that are taken for a while. Thread-safe.
class FirstCallers {
public:
    // True when nobody took `key` within its time to live.
    bool take(const std::string& key, std::int64_t now, std::chrono::milliseconds ttl);

private:
    std::mutex mutex_;
    std::unordered_map<std::string, std::int64_t> until_;
    std::size_t sweep_at_ = 1024;
};

class InProcess final : public SharedState {
public:
    explicit InProcess(Microseconds clock = steady_microseconds);
    ~InProcess() override;

    MeterPointer meter(const MeterSpec& spec) override;
    net::Task<std::optional<Refusal>> take(std::span<const Ask> asks, std::string_view owner,
                                           Moment* at = nullptr) override;
    std::optional<Quick> try_take(std::span<const Ask> asks, std::string_view owner) override;
    void settle(std::span<const Settlement> settlements, std::string_view owner) override;
    void seed(Meter& meter, std::int64_t spent) override;
    void raise(Meter& meter, std::int64_t spent) override;
    Level level(const Meter& meter) const override;
    net::Task<bool> first(std::string key, std::chrono::milliseconds ttl) override;
    std::string trouble() const override { return {}; }

    std::size_t meter_count() const;

private:
    Quick take_now(std::span<const Ask> asks) const;
    void forget_unused(std::int64_t now);

    Microseconds clock_;
    mutable std::mutex mutex_;
    std::unordered_map<std::string, std::shared_ptr<InProcessMeter>> meters_;
    std::size_t sweep_at_;
    FirstCallers first_;
};

}  // namespace tollgate::shared_state
