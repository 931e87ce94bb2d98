// The assignments of conversations in this process: bounded, the one unused longest goes first.
// Thread-safe: shards with a mutex each, held for a look-up. Times are Unix seconds.
#pragma once
#include <array>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "routing/affinity.hpp"
#include "routing/session_key.hpp"

namespace tollgate::routing {

class AffinityTable {
public:
    // REQUIRES: sessions_max >= 1; idle_seconds > 0.
    explicit AffinityTable(std::size_t sessions_max, std::int64_t idle_seconds = 3'600);

    // nullopt: none, or its last use is too long ago.
    std::optional<Assignment> find(const SessionKey& key, std::int64_t now);
    // Sets or replaces; `last_used` becomes `now`.
    void put(const SessionKey& key, Assignment assignment, std::int64_t now);
    // After an answer of `deployment`: the prefix it has cached now, one turn more. False: the
    // conversation is assigned elsewhere meanwhile, or not at all; nothing changed.
    bool answered(const SessionKey& key, std::string_view deployment, std::int64_t cached_tokens,
                  std::int64_t cache_seconds, std::int64_t now);
    void erase(const SessionKey& key);
    std::size_t size() const;  // with those that expired unnoticed

private:
    struct Hash {
        std::size_t operator()(const SessionKey& key) const {
            return static_cast<std::size_t>(key.low);
        }
    };
    struct Place {
        SessionKey key;
        Assignment assignment;
    };
    struct Shard {
        mutable std::mutex mutex;
        std::list<Place> by_use;  // the newest first
        std::unordered_map<SessionKey, std::list<Place>::iterator, Hash> index;
        // The live one, moved to the front; null: none. Erases an expired one.
        Assignment* touch(const SessionKey& key, std::int64_t now, std::int64_t idle_seconds);
    };
    static constexpr std::size_t shards_count = 16;
    Shard& shard(const SessionKey& key) { return shards_[key.high % shards_count]; }

    const std::size_t shard_max_;
    const std::int64_t idle_seconds_;
    std::array<Shard, shards_count> shards_;
};

}  // namespace tollgate::routing
