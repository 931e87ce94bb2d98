#include "gateway/affinity.hpp"

#include <algorithm>
#include <array>

#include "base/clock.hpp"
#include "gateway/shared_affinity.hpp"

namespace tollgate::gateway {
namespace {

// Shorter prompts are not cached by the providers that cache by themselves.
constexpr std::int64_t cached_by_itself_min = 1'024;

const json::TopField* field_of(const Generation& generation, std::string_view name) {
    for (const json::TopField& field : generation.outline.fields) {
        if (json::key_equals(field.key, name)) return &field;
    }
    return nullptr;
}

std::string_view value_of(const Generation& generation, std::string_view name) {
    const json::TopField* field = field_of(generation, name);
    return field != nullptr ? field->value : std::string_view();
}

constexpr std::array<std::string_view, 3> system_names = {"system", "systemInstruction",
                                                          "instructions"};

// What a conversation begins with: the user in its metadata, and JSON values of the body.
struct Opening {
    std::string metadata_user;
    std::string_view system, first_message;
};

std::optional<routing::SessionKey> key_of(routing::SessionSource source, const Opening& opening) {
    if (source.session_id.empty()) {
        source.metadata_user = opening.metadata_user;
        source.system_text = opening.system.substr(0, routing::session_text_bytes);
        source.first_user_text = opening.first_message.substr(0, routing::session_text_bytes);
    }
    return routing::session_key(source);
}

// What is cached there now: as the provider says, or all of the prompt where he caches it unasked.
std::int64_t cached_tokens(const domain::Deployment& target, const domain::Usage& usage) {
    const std::int64_t stated = domain::Usage::or_zero(usage.cache_read) + usage.cache_write();
    const bool marks = target.provider.protocol == domain::Protocol::anthropic ||
                       target.provider.cache_control;
    const bool by_itself = !marks && target.model.prices.cache_read >= 0 &&
                           usage.prompt() >= cached_by_itself_min;
    return by_itself ? std::max(stated, usage.prompt()) : stated;
}

}  // namespace

std::string_view first_message_of(json::Value root) {
    for (const std::string_view name : {"messages", "contents", "input"}) {
        for (const json::Value message : root[name].elements()) return message.raw();
        if (root[name].is_string()) return root[name].raw();
    }
    return {};
}

std::optional<routing::SessionKey> conversation_of(const Generation& generation,
                                                   std::string_view name) {
    routing::SessionSource source;
    source.tenant = generation.record.tenant;
    source.model = name;
    source.session_id = generation.record.session_id;
    source.agent_id = generation.record.agent_id;
    Opening opening;
    if (source.session_id.empty()) {
        if (generation.document != nullptr) {
            const json::Value root = generation.document->root();
            opening.metadata_user = root["metadata"]["user_id"].text();
            opening.first_message = first_message_of(root);
        } else {  // a rule wanted the words: the request is decoded, and its tree is gone
            json::Document document;
            const std::string_view metadata = value_of(generation, "metadata");
            const auto root = document.parse(metadata);
            if (root.ok()) opening.metadata_user = (*root)["user_id"].text();
            opening.first_message = generation.first_message;
        }
        for (const std::string_view field : system_names) {
            opening.system = value_of(generation, field);
            if (!opening.system.empty()) break;
        }
    }
    return key_of(source, opening);
}

std::optional<routing::SessionKey> conversation_of(json::Value root, std::string_view tenant,
                                                   std::string_view name) {
    Opening opening{root["metadata"]["user_id"].text(), {}, first_message_of(root)};
    for (const std::string_view field : system_names) {
        if (!root[field].exists()) continue;
        opening.system = root[field].raw();
        break;
    }
    return key_of({.tenant = tenant, .model = name}, opening);
}

bool binds_conversation(const Generation& generation) {
    if (generation.protocol() != domain::Protocol::openai_responses) return false;
    const json::TopField* include = field_of(generation, "include");
    return include != nullptr &&
           include->value.find("\"reasoning.encrypted_content\"") != std::string_view::npos;
}

void remember_conversation(Generation& generation, const Endpoint& endpoint) {
    routing::AffinityTable* table = generation.worker.gateway.conversations.get();
    if (table == nullptr || !generation.plan.conversation) return;
    const domain::Usage& usage = generation.record.usage;
    const std::int64_t now = base::unix_seconds();
    const auto known = table->find(*generation.plan.conversation, now);
    routing::AnsweredTurn turn;
    turn.deployment = endpoint.key;
    if (generation.plan.rule != nullptr) turn.rule = generation.plan.rule->id;
    turn.cached_tokens = cached_tokens(endpoint.deployment, usage);
    if (domain::Usage::or_zero(usage.cache_write_1h) > 0) {
        turn.cache_seconds = routing::cache_seconds_long;
    }
    turn.binds = !endpoint.own_key.empty() || generation.plan.binds;
    const routing::Assignment* const before = known ? &*known : nullptr;
    auto next = routing::after_turn(before, turn, now);
    if (!next) return;
    share_conversation(generation, before, *next);
    table->put(*generation.plan.conversation, std::move(*next), now);
}

}  // namespace tollgate::gateway
