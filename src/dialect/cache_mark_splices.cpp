// Marks for prompt caches in a body that is passed on as it is.
#include <algorithm>

#include "dialect/anthropic_turns.hpp"
#include "dialect/cache_marks.hpp"

namespace tollgate::dialect {
namespace {

using domain::Protocol;

constexpr std::string_view mark = R"(,"cache_control":{"type":"ephemeral"})";
constexpr std::string_view point = R"(,{"cachePoint":{"type":"default"}})";
constexpr std::size_t turns_marked = 2;

class Marker {
public:
    Marker(Protocol protocol, json::Value body) : protocol_(protocol), body_(body) {}

    std::vector<Splice> run(CacheMarkPlaces places) {
        if (places.tools) tools();
        if (places.system) system();
        if (places.turns) turns();
        std::sort(splices_.begin(), splices_.end(),
                  [](const Splice& a, const Splice& b) { return a.begin < b.begin; });
        return std::move(splices_);
    }

private:
    bool chat() const { return protocol_ == Protocol::openai_chat; }
    bool converse() const { return protocol_ == Protocol::bedrock_converse; }

    // Before the closing bracket of an object or array that is not empty.
    bool insert_at_end(json::Value inside, std::string_view text) {
        if (inside.size() == 0) return false;
        const std::size_t at = inside.offset() + inside.raw().size() - 1;
        splices_.push_back({at, at, std::string(text)});
        return true;
    }

    // A text becomes a list of one block: its quotes give way, what is between them stays.
    bool mark_text(json::Value text) {
        if (anthropic::is_blank(text.escaped())) return false;
        const std::size_t begin = text.offset(), end = begin + text.raw().size();
        splices_.push_back({begin, begin + 1, R"([{"type":"text","text":")"});
        splices_.push_back({end - 1, end, "\"" + std::string(mark) + "}]"});
        return true;
    }

    bool markable(json::Value block) const {
        const json::Value type = block["type"];
        if (type.equals("text")) return !anthropic::is_blank(block["text"].escaped());
        if (chat()) return false;
        return type.equals("image") || type.equals("document") || type.equals("tool_result") ||
               type.equals("search_result");
    }

    bool mark_content(json::Value content) {
        if (content.is_string()) return !converse() && mark_text(content);
        if (converse()) return content.is_array() && insert_at_end(content, point);
        json::Value last;
        for (const json::Value block : content.elements()) {
            if (markable(block)) last = block;
        }
        return last.exists() && insert_at_end(last, mark);
    }

    void tools() {
        if (converse()) {
            insert_at_end(body_["toolConfig"]["tools"], point);
            return;
        }
        json::Value last;
        for (const json::Value tool : body_["tools"].elements()) {
            // What is loaded later is no part of the prefix, and refuses a mark.
            if (tool.is_object() && !tool["defer_loading"].boolean().value_or(false)) last = tool;
        }
        if (last.exists()) insert_at_end(last, mark);
    }

    void system() {
        if (!chat()) {
            mark_content(body_["system"]);
            return;
        }
        json::Value last;
        for (const json::Value message : body_["messages"].elements()) {
            const json::Value role = message["role"];
            if (!role.equals("system") && !role.equals("developer")) break;
            last = message;
        }
        mark_content(last["content"]);
    }

    void turns() {
        std::vector<json::Value> messages;
        for (const json::Value message : body_["messages"].elements()) {
            messages.push_back(message);
        }
        std::size_t marked = 0;
        bool of_this_turn = false;
        for (auto message = messages.rbegin(); message != messages.rend(); ++message) {
            const json::Value role = (*message)["role"];
            if (role.equals("assistant")) of_this_turn = false;
            const bool user = role.equals("user") || (chat() && role.equals("tool"));
            if (!user || of_this_turn) continue;
            if (!mark_content((*message)["content"])) continue;
            of_this_turn = true;
            if (++marked == turns_marked) return;
        }
    }

    const Protocol protocol_;
    const json::Value body_;
    std::vector<Splice> splices_;
};

}  // namespace

std::vector<Splice> cache_mark_splices(Protocol protocol, json::Value body,
                                       CacheMarkPlaces places) {
    return Marker(protocol, body).run(places);
}

}  // namespace tollgate::dialect
