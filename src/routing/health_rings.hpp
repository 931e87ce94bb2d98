// Counts over the last while, without a lock: rings of buckets that are one atomic word each. Any
// number of threads may record and read at once; a reading may miss what is recorded meanwhile.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>

namespace tollgate::routing {

// How many, and how many of them failed. A bucket is `epoch:32 | total:16 | failed:16`.
class OutcomeRing {
public:
    static constexpr std::uint32_t buckets = 10;
    struct Counts {
        std::int64_t total = 0, failed = 0;
    };
    // `epoch` counts buckets' lengths since any fixed moment; REQUIRES: it does not run backwards
    // by more than a bucket.
    void record(std::uint32_t epoch, bool failed) {
        auto& cell = cells_[epoch % buckets];
        auto seen = cell.load(std::memory_order_relaxed);
        std::uint64_t next = 0;
        do {
            std::uint64_t total = 0, fails = 0;
            if (seen >> 32 == epoch) {
                total = (seen >> 16) & 0xffff;
                fails = seen & 0xffff;
            }
            if (total == 0xffff) total /= 2, fails /= 2;  // full: the rate stays
            next = std::uint64_t{epoch} << 32 | (total + 1) << 16 | (fails + (failed ? 1 : 0));
        } while (!cell.compare_exchange_weak(seen, next, std::memory_order_relaxed));
    }
    Counts sum(std::uint32_t epoch) const {
        Counts out;
        for (const auto& cell : cells_) {
            const auto seen = cell.load(std::memory_order_relaxed);
            if (epoch - static_cast<std::uint32_t>(seen >> 32) >= buckets) continue;
            out.total += static_cast<std::int64_t>((seen >> 16) & 0xffff);
            out.failed += static_cast<std::int64_t>(seen & 0xffff);
        }
        return out;
    }
    void clear() {
        for (auto& cell : cells_) cell.store(0, std::memory_order_relaxed);
    }

private:
    std::array<std::atomic<std::uint64_t>, buckets> cells_{};
};

// A sum of amounts. A bucket is `epoch:32 | amount:32`, saturating.
class AmountRing {
public:
    static constexpr std::uint32_t buckets = 6;
    void add(std::uint32_t epoch, std::int64_t amount) {
        constexpr std::uint64_t most = 0xffff'ffff;
        auto& cell = cells_[epoch % buckets];
        auto seen = cell.load(std::memory_order_relaxed);
        std::uint64_t next = 0;
        do {
            const auto before = seen >> 32 == epoch ? seen & most : 0;
            const auto sum = before + static_cast<std::uint64_t>(amount > 0 ? amount : 0);
            next = std::uint64_t{epoch} << 32 | (sum < most ? sum : most);
        } while (!cell.compare_exchange_weak(seen, next, std::memory_order_relaxed));
    }
    std::int64_t sum(std::uint32_t epoch) const {
        std::int64_t out = 0;
        for (const auto& cell : cells_) {
            const auto seen = cell.load(std::memory_order_relaxed);
            if (epoch - static_cast<std::uint32_t>(seen >> 32) >= buckets) continue;
            out += static_cast<std::int64_t>(seen & 0xffff'ffff);
        }
        return out;
    }

private:
    std::array<std::atomic<std::uint64_t>, buckets> cells_{};
};

}  // namespace tollgate::routing
