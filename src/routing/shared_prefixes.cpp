#include "routing/shared_prefixes.hpp"

#include <algorithm>
#include <functional>

namespace tollgate::routing {
namespace {

constexpr std::size_t conversations_max = 1'000'000;  // that are told apart while learning

std::string place_of(const std::string& kind, std::string_view place) {
    std::string key = kind;
    key += '\n';
    key += place;
    return key;
}

}  // namespace

std::string SharedPrefixes::kind_of(const domain::UsageRecord& record) {
    return record.tenant + '\n' + record.alias + (record.agent_id.empty() ? "" : "\nagent");
}

// The least of all: a conversation that began before the records did finds more than what it
// shares.
void SharedPrefixes::learn(const domain::UsageRecord& record) {
    if (record.attempt != 0 || record.session_id.empty() || record.cache == "hit") return;
    if (begun_.size() >= conversations_max) return;
    const std::string conversation =
        kind_of(record) + '\n' + record.session_id + '\n' + record.agent_id;
    if (!begun_.insert(std::hash<std::string>{}(conversation)).second) return;
    const std::int64_t read = domain::Usage::or_zero(record.usage.cache_read);
    if (read == 0) return;
    const auto [known, first] = tokens_.emplace(kind_of(record), read);
    if (!first) known->second = std::min(known->second, read);
}

std::int64_t SharedPrefixes::tokens(const std::string& kind) const {
    const auto found = tokens_.find(kind);
    return found == tokens_.end() ? 0 : found->second;
}

void SharedPrefixes::visit(const std::string& kind, std::string_view place, std::int64_t until) {
    std::int64_t& known = until_[place_of(kind, place)];
    known = std::max(known, until);
}

bool SharedPrefixes::held(const std::string& kind, std::string_view place,
                          std::int64_t at) const {
    const auto found = until_.find(place_of(kind, place));
    return found != until_.end() && at <= found->second;
}

}  // namespace tollgate::routing
