#include "dialect/anthropic_turns.hpp"

#include <algorithm>

#include "dialect/signatures.hpp"

namespace tollgate::dialect::anthropic {

using domain::Part;
using domain::PartKind;
using domain::Role;

bool Turn::has_tool_result() const {
    return std::any_of(items.begin(), items.end(), [](const Item& item) {
        return item.part != nullptr && item.part->kind == PartKind::tool_result;
    });
}

bool is_blank(json::Escaped text) { return without_trailing_space(text).raw.empty(); }

json::Escaped without_trailing_space(json::Escaped text) {
    std::string_view raw = text.raw;
    while (!raw.empty()) {
        if (raw.back() == ' ') {
            raw.remove_suffix(1);
            continue;
        }
        const bool letter = raw.back() == 'n' || raw.back() == 't' || raw.back() == 'r';
        if (!letter || raw.size() < 2) break;
        // An odd run of backslashes before the letter makes it an escape.
        std::size_t run = 0;
        while (run + 1 < raw.size() && raw[raw.size() - 2 - run] == '\\') ++run;
        if (run % 2 == 0) break;
        raw.remove_suffix(2);
    }
    return {raw};
}

bool is_genuine_thinking(const Part& part) {
    if (part.kind == PartKind::redacted_thinking) return true;
    return part.kind == PartKind::thinking && !part.signature.empty() &&
           !is_own_signature(part.signature);
}

namespace {

class Assembler {
public:
    Assembler(const domain::Request& request, bool mid_system)
        : request_(request), mid_system_(mid_system) {}

    Turns run() {
        const auto& messages = request_.messages;
        turns_.turns.reserve(messages.size() + 1);  // one more may open the conversation
        for (std::size_t i = 0; i < messages.size(); ++i) {
            const domain::Message& message = messages[i];
            if (message.role == Role::system) {
                system(message, next_role(i));
            } else {
                speech(message);
            }
        }
        flush_late_system();
        open_with_user();
        for (Turn& turn : turns_.turns) results_first(turn);
        turns_.loop_keeps_thinking = loop_keeps_thinking();
        return std::move(turns_);
    }

private:
    // Who speaks after message `i`, system messages aside; system when nobody does.
    Role next_role(std::size_t i) const {
        for (++i; i < request_.messages.size(); ++i) {
            if (request_.messages[i].role != Role::system) return request_.messages[i].role;
        }
        return Role::system;
    }

    bool keep(const Part& part) {
        if (part.kind == PartKind::thinking && !is_genuine_thinking(part)) {
            turns_.thinking_removed = true;
            return false;
        }
        const bool text = part.kind == PartKind::text || part.kind == PartKind::refusal;
        return !text || !is_blank(part.text);
    }

    Turn& turn_of(Role role) {
        auto& turns = turns_.turns;
        if (turns.empty() || turns.back().role != role) turns.push_back(Turn{role, {}});
        return turns.back();
    }

    void speech(const domain::Message& message) {
        std::vector<Item> items;
        items.reserve(message.parts.size());
        for (const Part& part : message.parts) {
            if (keep(part)) items.push_back({&part, {}});
        }
        if (items.empty()) return;
        if (message.role == Role::assistant) flush_late_system();
        if (message.role == Role::user) demote_system_turn();
        Turn& turn = turn_of(message.role);
        if (turn.items.empty()) {
            turn.items = std::move(items);
        } else {
            std::move(items.begin(), items.end(), std::back_inserter(turn.items));
        }
        if (message.role == Role::user) flush_late_system();
    }

    void system(const domain::Message& message, Role next) {
        const auto& turns = turns_.turns;
        if (turns.empty() && late_system_.empty()) {
            for (const Part& part : message.parts) {
                if (keep(part)) turns_.system.push_back(&part);
            }
            return;
        }
        const bool after_user = !turns.empty() && turns.back().role != Role::assistant;
        if (mid_system_ && after_user && next != Role::user) {
            speech_as_system(message);
            return;
        }
        for (const Part& part : message.parts) {
            if (keep(part)) late_system_.push_back(&part);
        }
        // A user turn stands before: it takes the text. Else the next one does, after its results.
        if (after_user) flush_late_system();
    }

    void speech_as_system(const domain::Message& message) {
        for (const Part& part : message.parts) {
            if (keep(part)) turn_of(Role::system).items.push_back({&part, {}});
        }
    }

    // A user turn follows a system turn when the assistant turn between them came to nothing.
    void demote_system_turn() {
        auto& turns = turns_.turns;
        if (turns.empty() || turns.back().role != Role::system) return;
        for (const Item& item : turns.back().items) late_system_.push_back(item.part);
        turns.pop_back();
        flush_late_system();
    }

    void flush_late_system() {
        for (const Part* part : late_system_) {
            Item item;
            item.text = "<system>\\n";
            item.text += part->text.raw;
            item.text += "\\n</system>";
            turn_of(Role::user).items.push_back(std::move(item));
        }
        late_system_.clear();
    }

    // A conversation that opens with the assistant's greeting is refused.
    void open_with_user() {
        auto& turns = turns_.turns;
        if (turns.empty() || turns.front().role == Role::user) return;
        Turn opening{Role::user, {}};
        opening.items.push_back({nullptr, "(The conversation begins with your message.)"});
        turns.insert(turns.begin(), std::move(opening));
    }

    static void results_first(Turn& turn) {
        const auto is_result = [](const Item& item) {
            return item.part != nullptr && item.part->kind == PartKind::tool_result;
        };
        if (turn.role != Role::user ||
            std::is_partitioned(turn.items.begin(), turn.items.end(), is_result)) {
            return;
        }
        std::vector<Item> results, others;
        for (Item& item : turn.items) {
            (is_result(item) ? results : others).push_back(std::move(item));
        }
        std::move(others.begin(), others.end(), std::back_inserter(results));
        turn.items = std::move(results);
    }

    bool loop_keeps_thinking() const {
        const auto& turns = turns_.turns;
        std::size_t at = turns.size();
        while (at > 0 && turns[at - 1].role == Role::system) --at;
        if (at == 0 || turns[at - 1].role != Role::user || !turns[at - 1].has_tool_result()) {
            return true;
        }
        const Turn* first = nullptr;  // the assistant turn in which the loop began
        for (; at > 0; --at) {
            const Turn& turn = turns[at - 1];
            if (turn.role == Role::user && !turn.has_tool_result()) break;
            if (turn.role == Role::assistant) first = &turn;
        }
        if (first == nullptr || first->items.empty()) return true;
        const Part* part = first->items.front().part;
        return part != nullptr && is_genuine_thinking(*part);
    }

    const domain::Request& request_;
    const bool mid_system_;
    Turns turns_;
    std::vector<const Part*> late_system_;  // system text that waits for the next user turn
};

}  // namespace

Turns make_turns(const domain::Request& request, bool mid_system) {
    return Assembler(request, mid_system).run();
}

}  // namespace tollgate::dialect::anthropic
