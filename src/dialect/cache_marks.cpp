// In a decoded request, and which targets read marks; cache_mark_splices.cpp is for bodies.
#include "dialect/cache_marks.hpp"

#include <algorithm>

#include "base/find_bytes.hpp"
#include "dialect/anthropic_turns.hpp"
#include "dialect/bedrock_model.hpp"

namespace tollgate::dialect {
namespace {

using domain::Message;
using domain::Part;
using domain::PartKind;
using domain::Protocol;
using domain::Role;

constexpr json::Raw ephemeral = R"({"type":"ephemeral"})";
constexpr std::size_t turns_marked = 2;

// Behind OpenAI's protocol most models are cached by themselves; these read marks.
bool reads_marks_in_chat(std::string_view model) {
    std::string lower(model);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return lower.find("claude") != std::string::npos || lower.find("qwen") != std::string::npos;
}

bool markable(const Part& part) {
    switch (part.kind) {
        case PartKind::text: return !anthropic::is_blank(part.text);
        case PartKind::image:
        case PartKind::document:
        case PartKind::tool_result: return true;
        default: return false;
    }
}

// Results of tools stand first in their turn, so the last of what else there is ends it.
Part* last_of_turn(std::vector<Part*>& parts) {
    const auto of_kind = [&](bool results) {
        return std::find_if(parts.rbegin(), parts.rend(), [&](const Part* part) {
            return markable(*part) && (part->kind == PartKind::tool_result) == results;
        });
    };
    auto found = of_kind(false);
    if (found == parts.rend()) found = of_kind(true);
    return found == parts.rend() ? nullptr : *found;
}

Part* last_system(domain::Request& request) {
    Part* last = nullptr;
    const auto look_at = [&](std::vector<Part>& parts) {
        for (Part& part : parts) {
            if (part.kind == PartKind::text && markable(part)) last = &part;
        }
    };
    look_at(request.system);
    for (Message& message : request.messages) {
        if (message.role != Role::system) break;
        look_at(message.parts);
    }
    return last;
}

}  // namespace

CacheMarkPlaces cache_mark_places(Protocol protocol, const domain::Deployment& target) {
    if (protocol == Protocol::anthropic) return {true, true, true};
    if (protocol == Protocol::bedrock_converse) {
        const BedrockFamily family = bedrock_family(target);
        const bool claude = family == BedrockFamily::claude;
        const bool any = claude || family == BedrockFamily::nova;
        return {any, claude, any};
    }
    const bool chat = protocol == Protocol::openai_chat && target.provider.cache_control &&
                      reads_marks_in_chat(target.model_name);
    return {chat, false, chat};
}

bool has_cache_marks(std::string_view body) {
    // Words in quotes cannot match inside a string: the quotes are escaped there.
    for (const std::string_view word : {"\"cache_control\"", "\"cachePoint\""}) {
        if (base::find_bytes(body, word, 0) != std::string_view::npos) return true;
    }
    return false;
}

AddedCacheMarks::AddedCacheMarks(domain::Request& request, CacheMarkPlaces places) {
    if (places.system) {
        if (Part* part = last_system(request)) add(&part->cache_control);
    }
    if (places.tools) {
        const auto tool = std::find_if(request.tools.rbegin(), request.tools.rend(),
                                       [](const auto& each) { return each.hosted_kind.empty(); });
        if (tool != request.tools.rend()) add(&tool->cache_control);
    }
    if (!places.turns) return;
    std::size_t marked = 0;
    std::vector<Part*> turn;
    const auto end_turn = [&] {
        std::reverse(turn.begin(), turn.end());
        Part* last = last_of_turn(turn);
        turn.clear();
        if (last == nullptr) return;
        add(&last->cache_control);
        ++marked;
    };
    // Backwards; neighbouring messages of the user are one turn.
    for (auto message = request.messages.rbegin();
         message != request.messages.rend() && marked < turns_marked; ++message) {
        if (message->role == Role::assistant) end_turn();
        if (message->role != Role::user) continue;
        for (auto part = message->parts.rbegin(); part != message->parts.rend(); ++part) {
            turn.push_back(&*part);
        }
    }
    if (marked < turns_marked) end_turn();
}

AddedCacheMarks::~AddedCacheMarks() {
    for (json::Raw* mark : added_) *mark = {};
}

void AddedCacheMarks::add(json::Raw* mark) {
    *mark = ephemeral;
    added_.push_back(mark);
}

}  // namespace tollgate::dialect
