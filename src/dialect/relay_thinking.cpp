// Cuts thinking blocks that no Anthropic model signed out of a body that goes to one as it is.
#include "base/find_bytes.hpp"
#include "dialect/hosted.hpp"
#include "dialect/relay_fields.hpp"
#include "dialect/signatures.hpp"

namespace tollgate::dialect {
namespace {

using base::find_bytes;

constexpr std::string_view signature_key = "\"signature\"";

bool is_foreign_thinking(json::Value block) {
    if (!block["type"].equals("thinking")) return false;
    const json::Escaped signature = block["signature"].escaped();
    return signature.empty() || is_own_signature(signature);
}

bool is_genuine_thinking(json::Value block) {
    const json::Value type = block["type"];
    return type.equals("redacted_thinking") ||
           (type.equals("thinking") && !is_foreign_thinking(block));
}

// Words in quotes cannot match inside a string: the quotes are escaped there. So a body without
// such blocks is told at the speed of memory, and only the others are parsed.
bool may_hold_foreign_thinking(std::string_view messages) {
    constexpr std::string_view thinking_word = "\"thinking\"";
    std::size_t words = 0, signatures = 0;
    for (std::size_t at = 0;
         (at = find_bytes(messages, thinking_word, at)) != std::string_view::npos; ++words) {
        at += thinking_word.size();
    }
    if (words == 0) return false;
    for (std::size_t at = 0;
         (at = find_bytes(messages, signature_key, at)) != std::string_view::npos; ++signatures) {
        at += signature_key.size();
        std::string_view rest = messages.substr(at);
        const std::size_t value = rest.find_first_not_of(" \t\r\n:");
        if (value == std::string_view::npos) return true;
        rest.remove_prefix(value);
        if (rest.starts_with("\"tg1.") || rest.starts_with("\"\"") || rest.starts_with("null")) {
            return true;
        }
    }
    return words > 2 * signatures;  // type and key of each block: one of them has no signature
}

// Looks at the text of a key or a value only where its length is right: most of a long conversation
// is no longer in the fastest cache.
bool may_be_own_block(json::Value block) {
    const json::Value::Range members = block.members();
    for (auto at = members.begin(); at != members.end(); ++at) {
        const json::Value key = at.key(), value = *at;
        if (!value.is_string()) continue;
        if (key.may_have_escapes() || value.equals("thinking")) return true;
        const std::string_view name = key.escaped().raw;
        if ((name == "id" || name == "tool_use_id") &&
            value.escaped().raw.starts_with(own_hosted_id)) {
            return true;
        }
    }
    return false;
}

bool has_tool_result(json::Value message) {
    for (json::Value block : message["content"].elements()) {
        if (block["type"].equals("tool_result")) return true;
    }
    return false;
}

// What is left of one message.
struct Rest {
    json::Value message;
    json::Value first;  // its first block that is kept, absent for a string
    bool gone = false;
};

class Cutter {
public:
    explicit Cutter(std::size_t base) : base_(base) {}

    ThinkingCuts run(json::Value messages) {
        std::vector<Element> elements;
        std::size_t kept = 0;
        for (json::Value message : messages.elements()) {
            Rest rest = look_at(message);
            elements.push_back(element(message, rest.gone));
            kept += rest.gone ? 0 : 1;
            rests_.push_back(rest);
        }
        if (kept == 0) return {};  // nothing would be left to send: the provider shall say so
        for (std::size_t i = 0; i < rests_.size(); ++i) {
            if (!rests_[i].gone) cut_blocks(rests_[i].message);
        }
        cut_elements(elements, cuts_.splices);
        cuts_.any = !cuts_.splices.empty();
        cuts_.loop_lost_its_start = cuts_.any && !loop_begins_with_thinking();
        return std::move(cuts_);
    }

private:
    Element element(json::Value value, bool cut) const {
        const std::size_t begin = base_ + value.offset();
        return {begin, begin + value.raw().size(), cut};
    }

    static Rest look_at(json::Value message) {
        Rest rest;
        rest.message = message;
        if (!message["role"].equals("assistant") || !message["content"].is_array()) {
            rest.first = *message["content"].elements().begin();
            if (message["content"].size() == 0) rest.first = {};
            return rest;
        }
        bool foreign = false;
        for (json::Value block : message["content"].elements()) {
            if (is_foreign_thinking(block)) {
                foreign = true;
            } else if (!rest.first.exists()) {
                rest.first = block;
            }
        }
        rest.gone = foreign && !rest.first.exists();
        return rest;
    }

    void cut_blocks(json::Value message) {
        if (!message["role"].equals("assistant")) return;
        std::vector<Element> blocks;
        for (json::Value block : message["content"].elements()) {
            blocks.push_back(element(block, is_foreign_thinking(block)));
        }
        cut_elements(blocks, cuts_.splices);
    }

    bool loop_begins_with_thinking() const {
        std::size_t at = rests_.size();
        auto role = [this](std::size_t i, std::string_view name) {
            return rests_[i].message["role"].equals(name);
        };
        while (at > 0 && (rests_[at - 1].gone || role(at - 1, "system"))) --at;
        if (at == 0 || !role(at - 1, "user") || !has_tool_result(rests_[at - 1].message)) {
            return true;  // no tool loop is in progress
        }
        const Rest* first = nullptr;
        for (; at > 0; --at) {
            const Rest& rest = rests_[at - 1];
            if (rest.gone) continue;
            if (role(at - 1, "user") && !has_tool_result(rest.message)) break;
            if (role(at - 1, "assistant")) first = &rest;
        }
        return first == nullptr || is_genuine_thinking(first->first);
    }

    const std::size_t base_;
    std::vector<Rest> rests_;
    ThinkingCuts cuts_;
};

}  // namespace

bool may_hold_own_blocks(json::Value messages) {
    for (const json::Value message : messages.elements()) {
        const json::Value::Range members = message.members();
        for (auto at = members.begin(); at != members.end(); ++at) {
            for (const json::Value block : (*at).elements()) {
                if (may_be_own_block(block)) return true;
            }
        }
    }
    return false;
}

void cut_elements(const std::vector<Element>& elements, std::vector<Splice>& splices) {
    for (std::size_t i = 0; i < elements.size(); ++i) {
        if (!elements[i].cut) continue;
        std::size_t after = i;
        while (after < elements.size() && elements[after].cut) ++after;
        if (after < elements.size()) {
            splices.push_back({elements[i].begin, elements[after].begin, {}});
        } else {
            splices.push_back(
                {i == 0 ? elements[i].begin : elements[i - 1].end, elements[after - 1].end, {}});
        }
        i = after;
    }
}

base::Result<ThinkingCuts> cut_foreign_thinking(const json::TopField& messages) {
    if (!may_hold_foreign_thinking(messages.value)) return ThinkingCuts{};
    json::Document document;
    const auto parsed = document.parse(messages.value);
    if (!parsed.ok()) return parsed.error();
    return cut_foreign_thinking(*parsed, messages.offset);
}

ThinkingCuts cut_foreign_thinking(json::Value messages, std::size_t base) {
    for (json::Value message : messages.elements()) {
        if (!message["role"].equals("assistant")) continue;
        for (json::Value block : message["content"].elements()) {
            if (is_foreign_thinking(block)) return Cutter(base).run(messages);
        }
    }
    return {};
}

}  // namespace tollgate::dialect
