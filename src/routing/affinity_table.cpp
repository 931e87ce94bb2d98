#include "routing/affinity_table.hpp"

#include <utility>

namespace tollgate::routing {

AffinityTable::AffinityTable(std::size_t sessions_max, std::int64_t idle_seconds)
    : shard_max_((sessions_max + shards_count - 1) / shards_count), idle_seconds_(idle_seconds) {}

Assignment* AffinityTable::Shard::touch(const SessionKey& key, std::int64_t now,
                                        std::int64_t idle_seconds) {
    const auto at = index.find(key);
    if (at == index.end()) return nullptr;
    const auto place = at->second;
    if (now - place->assignment.last_used >= idle_seconds) {
        index.erase(at);
        by_use.erase(place);
        return nullptr;
    }
    by_use.splice(by_use.begin(), by_use, place);
    return &place->assignment;
}

std::optional<Assignment> AffinityTable::find(const SessionKey& key, std::int64_t now) {
    auto& at = shard(key);
    const std::lock_guard lock(at.mutex);
    const auto* found = at.touch(key, now, idle_seconds_);
    if (found == nullptr) return std::nullopt;
    return *found;
}

void AffinityTable::put(const SessionKey& key, Assignment assignment, std::int64_t now) {
    assignment.last_used = now;
    auto& at = shard(key);
    const std::lock_guard lock(at.mutex);
    if (auto* found = at.touch(key, now, idle_seconds_); found != nullptr) {
        *found = std::move(assignment);
        return;
    }
    if (at.index.size() >= shard_max_) {
        at.index.erase(at.by_use.back().key);
        at.by_use.pop_back();
    }
    at.by_use.push_front({key, std::move(assignment)});
    at.index.emplace(key, at.by_use.begin());
}

bool AffinityTable::answered(const SessionKey& key, std::string_view deployment,
                             std::int64_t cached_tokens, std::int64_t cache_seconds,
                             std::int64_t now) {
    auto& at = shard(key);
    const std::lock_guard lock(at.mutex);
    auto* found = at.touch(key, now, idle_seconds_);
    if (found == nullptr || found->deployment != deployment) return false;
    found->last_used = now;
    found->cached_tokens = cached_tokens;
    found->cache_seconds = cache_seconds;
    if (cached_tokens > 0) found->cached_at = now;
    ++found->turns;
    return true;
}

void AffinityTable::erase(const SessionKey& key) {
    auto& at = shard(key);
    const std::lock_guard lock(at.mutex);
    const auto found = at.index.find(key);
    if (found == at.index.end()) return;
    at.by_use.erase(found->second);
    at.index.erase(found);
}

std::size_t AffinityTable::size() const {
    std::size_t out = 0;
    for (const auto& one : shards_) {
        const std::lock_guard lock(one.mutex);
        out += one.index.size();
    }
    return out;
}

}  // namespace tollgate::routing
