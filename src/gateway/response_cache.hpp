// Whole answers kept for exact repeats of their requests, in this process; what Redis keeps of them
// for all instances is shared_answer.hpp's. Entries are found by key
// and tenant both, so that no tenant is ever given another's answer, whatever keys collide.
// Bounded by bytes and by entries: what was not used for longest goes first. Thread-safe; times
// come in as arguments. An answer is immutable and shared: it stays whole for who is sending it.
#pragma once
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "domain/money.hpp"
#include "domain/usage.hpp"

namespace tollgate::gateway {

struct CacheKey {
    std::uint64_t high = 0, low = 0;
    friend bool operator==(const CacheKey&, const CacheKey&) = default;
};

struct CachedAnswer {
    std::string tenant;
    std::string bytes;         // as the client's protocol spells it, before a cloud's framing
    std::string endpoint;      // Endpoint::key of what answered
    std::string own_key;       // Endpoint::own_key, which pays: the user's, or "" the platform's
    std::string price_version;
    domain::Usage usage;
    domain::NanoUsd list_cost = 0;
    bool priced = true;
    bool translated = false;
    std::chrono::steady_clock::time_point expires;
};
using CachedAnswerPointer = std::shared_ptr<const CachedAnswer>;

struct ResponseCacheBounds {
    std::size_t bytes = 0;        // of all entries, with what keeping them takes
    std::size_t entry_bytes = 0;  // of one; a larger answer is not kept
    std::size_t entries = 0;
};

class ResponseCache {
public:
    using Instant = std::chrono::steady_clock::time_point;

    // May be called at any time; what no longer fits goes with the next that is kept.
    void configure(const ResponseCacheBounds& bounds);

    // Null: there is none, or its time is over.
    CachedAnswerPointer find(const CacheKey& key, std::string_view tenant, Instant now);
    // Replaces what is there. False: it is too large.
    bool keep(const CacheKey& key, CachedAnswerPointer answer);
    void erase(const CacheKey& key);

    struct Totals {
        std::size_t entries = 0, bytes = 0;
    };
    Totals totals() const;

private:
    struct Entry {
        CacheKey key;
        CachedAnswerPointer answer;
        std::size_t bytes = 0;
    };
    struct KeyHash {
        std::size_t operator()(const CacheKey& key) const { return key.high; }
    };
    struct Shard {
        mutable std::mutex mutex;
        std::list<Entry> entries;  // the latest used first
        std::unordered_map<CacheKey, std::list<Entry>::iterator, KeyHash> by_key;
        std::size_t bytes = 0;
        void drop(std::list<Entry>::iterator entry);
        void clear();
    };
    static constexpr std::size_t shards_max = 16;

    Shard& shard_of(const CacheKey& key) {
        return shards_[key.low % shards_.size() % used_.load(std::memory_order_relaxed)];
    }

    std::array<Shard, shards_max> shards_;
    std::atomic<std::size_t> used_{1};  // shards
    std::atomic<std::size_t> shard_bytes_{0}, shard_entries_{0}, entry_bytes_{0};
};

}  // namespace tollgate::gateway
