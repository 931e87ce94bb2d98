#include "gateway/response_cache.hpp"

#include <algorithm>

namespace tollgate::gateway {
namespace {

// What an entry takes besides its texts: nodes of list and map, the control block. Roughly.
constexpr std::size_t bytes_beside = 256;
// So many of the largest entries fit into one shard, or there are fewer shards.
constexpr std::size_t largest_per_shard = 4;

std::size_t bytes_of(const CachedAnswer& answer) {
    return sizeof(CachedAnswer) + bytes_beside + answer.tenant.size() + answer.bytes.size() +
           answer.endpoint.size() + answer.own_key.size() + answer.price_version.size();
}

}  // namespace

void ResponseCache::Shard::drop(std::list<Entry>::iterator entry) {
    bytes -= entry->bytes;
    by_key.erase(entry->key);
    entries.erase(entry);
}

void ResponseCache::Shard::clear() {
    entries.clear();
    by_key.clear();
    bytes = 0;
}

void ResponseCache::configure(const ResponseCacheBounds& bounds) {
    const std::size_t roomy =
        bounds.bytes / std::max<std::size_t>(bounds.entry_bytes * largest_per_shard, 1);
    const std::size_t used =
        std::clamp<std::size_t>(std::min(roomy, bounds.entries), 1, shards_max);
    shard_bytes_.store(bounds.bytes / used, std::memory_order_relaxed);
    shard_entries_.store(bounds.entries / used, std::memory_order_relaxed);
    entry_bytes_.store(std::min(bounds.entry_bytes, bounds.bytes / used),
                       std::memory_order_relaxed);
    if (used_.exchange(used, std::memory_order_relaxed) == used) return;
    // Keys have other shards now: what was kept would never be found again.
    for (Shard& shard : shards_) {
        std::lock_guard lock(shard.mutex);
        shard.clear();
    }
}

CachedAnswerPointer ResponseCache::find(const CacheKey& key, std::string_view tenant,
                                        Instant now) {
    Shard& shard = shard_of(key);
    std::lock_guard lock(shard.mutex);
    const auto found = shard.by_key.find(key);
    if (found == shard.by_key.end()) return nullptr;
    const auto entry = found->second;
    if (entry->answer->expires <= now) {
        shard.drop(entry);
        return nullptr;
    }
    if (entry->answer->tenant != tenant) return nullptr;
    shard.entries.splice(shard.entries.begin(), shard.entries, entry);
    return entry->answer;
}

bool ResponseCache::keep(const CacheKey& key, CachedAnswerPointer answer) {
    const std::size_t bytes = bytes_of(*answer);
    const std::size_t most = shard_bytes_.load(std::memory_order_relaxed);
    const std::size_t entries_most = shard_entries_.load(std::memory_order_relaxed);
    if (answer->bytes.size() > entry_bytes_.load(std::memory_order_relaxed) || bytes > most ||
        entries_most == 0) {
        return false;
    }
    Shard& shard = shard_of(key);
    std::lock_guard lock(shard.mutex);
    if (const auto found = shard.by_key.find(key); found != shard.by_key.end()) {
        shard.drop(found->second);
    }
    while (!shard.entries.empty() &&
           (shard.bytes + bytes > most || shard.entries.size() >= entries_most)) {
        shard.drop(std::prev(shard.entries.end()));
    }
    shard.entries.push_front({key, std::move(answer), bytes});
    shard.by_key.emplace(key, shard.entries.begin());
    shard.bytes += bytes;
    return true;
}

void ResponseCache::erase(const CacheKey& key) {
    Shard& shard = shard_of(key);
    std::lock_guard lock(shard.mutex);
    if (const auto found = shard.by_key.find(key); found != shard.by_key.end()) {
        shard.drop(found->second);
    }
}

ResponseCache::Totals ResponseCache::totals() const {
    Totals totals;
    for (const Shard& shard : shards_) {
        std::lock_guard lock(shard.mutex);
        totals.entries += shard.entries.size();
        totals.bytes += shard.bytes;
    }
    return totals;
}

}  // namespace tollgate::gateway
