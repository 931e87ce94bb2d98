// Tool calls of an OpenAI-shaped answer: which fragment belongs to which call.
#include <algorithm>

#include "dialect/openai_chat_reader.hpp"
#include "dialect/tool_names.hpp"

namespace tollgate::dialect::openai_chat {
namespace {

using domain::BlockKind;
using domain::Event;
using domain::EventKind;
using json::Escaped;
using json::Value;

constexpr std::string_view nameless = "unnamed_tool";

// The character that an escape \uXXXX stands for when it matters to JSON's structure, else 'x'.
char unicode_escape(std::string_view digits) {
    if (digits.size() < 4 || digits.substr(0, 2) != "00") return 'x';
    unsigned value = 0;
    for (char c : digits.substr(2, 2)) {
        unsigned digit = c <= '9' ? static_cast<unsigned>(c - '0')
                                  : static_cast<unsigned>((c | 32) - 'a') + 10;
        value = value * 16 + digit;
    }
    return value < 128 ? static_cast<char>(value) : 'x';
}

bool only_space(Escaped text) {
    std::string_view raw = text.raw;
    while (!raw.empty()) {
        if (raw.front() == ' ') {
            raw.remove_prefix(1);
        } else if (raw.starts_with("\\n") || raw.starts_with("\\r") || raw.starts_with("\\t")) {
            raw.remove_prefix(2);
        } else {
            return false;
        }
    }
    return true;
}

}  // namespace

void JsonExtent::take(char c) {
    if (in_string_) {
        if (escaped_) {
            escaped_ = false;
        } else if (c == '\\') {
            escaped_ = true;
        } else if (c == '"') {
            in_string_ = false;
        }
        return;
    }
    switch (c) {
        case '"': in_string_ = true; break;
        case '{': case '[': begun_ = true; ++depth_; break;
        case '}': case ']': if (depth_ > 0) --depth_; break;
        default: break;
    }
}

void JsonExtent::feed(Escaped fragment) {
    std::string_view raw = fragment.raw;
    for (std::size_t i = 0; i < raw.size(); ++i) {
        if (raw[i] != '\\' || i + 1 == raw.size()) {
            take(raw[i]);
            continue;
        }
        char c = raw[++i];
        if (c == 'u') {
            take(unicode_escape(raw.substr(i + 1)));
            i += 4;
        } else {
            take(c == '"' || c == '\\' || c == '/' ? c : ' ');
        }
    }
}

void Reader::tool_call(Value call, Value function, std::vector<Event>& events) {
    Value given = function["arguments"];
    Escaped arguments = given.escaped();
    if (given.is_object() || given.is_array()) {  // some servers send the value itself
        arguments = json::escape(given.raw(), arena_);
    }
    Call& target = call_for(call, function, arguments);
    last_call_ = &target;
    if (target.name.empty() && !function["name"].string_empty()) {
        std::string_view sent = arena_.store(function["name"].text(arena_));
        target.name = arena_.store(names_.client_tool_name(sent));
    }
    if (!target.opened && !target.name.empty()) open_call(target, events);
    if (arguments.empty()) return;
    if (target.closed || (target.extent.complete() && only_space(arguments))) return;
    target.extent.feed(arguments);
    if (!target.opened) {
        target.held += arguments.raw;
        return;
    }
    Event event;
    event.kind = EventKind::block_delta;
    event.block = BlockKind::tool_call;
    event.index = target.block;
    event.text = arguments;
    events.push_back(event);
}

Reader::Call& Reader::call_for(Value call, Value function, Escaped arguments) {
    Value id = call["id"];
    std::string_view name = function["name"].text(arena_);
    std::int64_t index = call["index"].integer().value_or(-1);
    Call* known = nullptr;
    if (index < 0) {
        // Without an index an id or a name begins a call; anything else goes on with the last one.
        known = last_call_;
        if (known != nullptr && known->provider_index < 0) {
            auto same = std::find_if(calls_.begin(), calls_.end(), [&](const Call& each) {
                return !id.string_empty() && each.provider_id == id.escaped().raw;
            });
            if (same != calls_.end()) known = &*same;
        }
    } else {
        for (Call& each : calls_) {
            if (each.provider_index == index) known = &each;  // the latest of that index
        }
    }
    if (known != nullptr && !begins_new_call(*known, id.escaped(), name, arguments)) return *known;
    return add_call(index, id);
}

// Some servers number every call 0, some repeat the name or invent an id in each fragment: a new
// call is one with a name and either another id or arguments behind a complete JSON value.
bool Reader::begins_new_call(const Call& last, Escaped id, std::string_view name,
                             Escaped arguments) const {
    if (name.empty() || last.name.empty()) return false;
    if (!id.empty() && !last.provider_id.empty() && id.raw != last.provider_id) return true;
    if (names_.client_tool_name(name) != last.name) return true;
    bool ended = last.closed || last.extent.complete();
    return ended && !only_space(arguments);
}

Reader::Call& Reader::add_call(std::int64_t index, Value id) {
    Call& call = calls_.emplace_back();
    call.provider_index = index;
    call.provider_id = arena_.store(id.escaped().raw);
    std::string_view wanted = id.text(arena_);
    bool taken = std::any_of(calls_.begin(), calls_.end(),
                             [&](const Call& each) { return each.id == wanted; });
    if (wanted.empty() || taken) {
        call.id = arena_.store(fresh_tool_id(frame_, calls_.size()));
    } else {
        call.id = arena_.store(wanted);
    }
    return call;
}

void Reader::open_call(Call& call, std::vector<Event>& events) {
    flush_details(events);
    close_text(events);
    close_complete_calls(&call, events);
    call.opened = true;
    call.block = next_block_++;
    Event event;
    event.kind = EventKind::block_start;
    event.block = BlockKind::tool_call;
    event.index = call.block;
    event.id = call.id;
    event.name = call.name;
    events.push_back(event);
    if (call.held.empty()) return;
    event = Event();
    event.kind = EventKind::block_delta;
    event.block = BlockKind::tool_call;
    event.index = call.block;
    event.text = {arena_.store(call.held)};
    events.push_back(event);
}

void Reader::close_call(Call& call, std::vector<Event>& events) {
    if (call.closed) return;
    if (!call.opened) {
        call.name = nameless;
        open_call(call, events);
    }
    call.closed = true;
    Event event;
    event.kind = EventKind::block_end;
    event.block = BlockKind::tool_call;
    event.index = call.block;
    events.push_back(event);
}

// A call whose JSON is complete can get no more fragments: its block may end when the next begins.
void Reader::close_complete_calls(const Call* except, std::vector<Event>& events) {
    for (Call& call : calls_) {
        if (&call != except && call.opened && call.extent.complete()) close_call(call, events);
    }
}

}  // namespace tollgate::dialect::openai_chat
