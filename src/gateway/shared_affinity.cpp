#include "gateway/shared_affinity.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "gateway/route.hpp"
#include "shared_state/shared_values.hpp"

namespace tollgate::gateway {
namespace {

using shared_state::ValueKind;

constexpr std::string_view conversation_news = "tollgate-conversation/1 ";
constexpr std::string_view answer_news = "tollgate-answer/1 ";

// Conversations of tenants never meet, whatever keys do.
std::string shared_key(std::string_view tenant, const routing::SessionKey& conversation) {
    return std::string(tenant) + ':' + to_string(conversation);
}

std::int64_t idle_seconds(const Snapshot& snapshot) {
    return std::max<std::int64_t>(snapshot.routing.affinity.idle.count(), 1);
}

net::Task<void> tell(shared_state::SharedValues* shared, std::string text) {
    (void)co_await shared->tell(std::move(text));
}

bool same_promise(const routing::Assignment& one, const routing::Assignment& other) {
    return one.deployment == other.deployment && one.rule == other.rule &&
           one.bound == other.bound && one.cache_seconds == other.cache_seconds;
}

}  // namespace

bool may_be_known_elsewhere(const Generation& generation) {
    const Gateway& gateway = generation.worker.gateway;
    if (gateway.shared == nullptr || gateway.conversations == nullptr) return false;
    if (!generation.plan.conversation) return false;
    return !gateway.conversations->find(*generation.plan.conversation, base::unix_seconds());
}

net::Task<std::optional<routing::Assignment>> known_elsewhere(Gateway& gateway, std::string tenant,
                                                              routing::SessionKey conversation) {
    if (gateway.shared == nullptr) co_return std::nullopt;
    std::string key = shared_key(tenant, conversation);
    const auto told = co_await gateway.shared->get(ValueKind::conversation, std::move(key),
                                                   conversation_patience);
    if (!told) co_return std::nullopt;
    auto known = routing::decode_assignment(*told);
    if (!known.ok()) co_return std::nullopt;  // of a later version, or not ours
    const std::int64_t now = base::unix_seconds();
    known->last_used = std::min(known->last_used, now);
    if (now - known->last_used >= idle_seconds(*gateway.current())) co_return std::nullopt;
    known->shared_at = now;
    co_return std::move(known).value();
}

net::Task<base::Result<void>> route_as_elsewhere(Generation& generation) {
    Gateway& gateway = generation.worker.gateway;
    std::string tenant(generation.record.tenant);
    const routing::SessionKey conversation = *generation.plan.conversation;
    auto known = co_await known_elsewhere(gateway, std::move(tenant), conversation);
    if (!known) co_return base::Result<void>();
    const std::int64_t last_used = known->last_used;
    gateway.conversations->put(conversation, std::move(*known), last_used);
    generation.plan = {};
    CO_TRY_VOID(route(generation));
    co_return base::Result<void>();
}

void share_conversation(Generation& generation, const routing::Assignment* before,
                        routing::Assignment& next) {
    shared_state::SharedValues* shared = generation.worker.gateway.shared;
    if (shared == nullptr) return;
    const std::int64_t now = base::unix_seconds();
    const bool alike = before != nullptr && same_promise(*before, next);
    if (alike && now - next.shared_at < conversation_told_every) return;
    next.shared_at = now;
    routing::Assignment told = next;
    told.last_used = now;
    const routing::SessionKey& conversation = *generation.plan.conversation;
    shared->put(ValueKind::conversation, shared_key(generation.record.tenant, conversation),
                encode(told), std::chrono::seconds(idle_seconds(*generation.snapshot)));
    if (before == nullptr || before->deployment == next.deployment) return;
    net::spawn(tell(shared, news_of_conversation(conversation)),
               "conversation_moved");
}

bool hear_news(Gateway& gateway, std::string_view text) {
    if (text.starts_with(conversation_news)) {
        const auto key = routing::parse_session_key(text.substr(conversation_news.size()));
        if (key && gateway.conversations != nullptr) gateway.conversations->erase(*key);
        return true;
    }
    if (text.starts_with(answer_news)) {
        const auto key = routing::parse_session_key(text.substr(answer_news.size()));
        if (key) gateway.response_cache.erase({key->high, key->low});
        return true;
    }
    return false;
}

std::string news_of_conversation(const routing::SessionKey& conversation) {
    return std::string(conversation_news) + to_string(conversation);
}

std::string news_of_answer(const CacheKey& key) {
    return std::string(answer_news) + to_string(routing::SessionKey{key.high, key.low});
}

}  // namespace tollgate::gateway
