// OpenRouter's and MiniMax's reasoning_details: typed pieces of reasoning, some signed or
// encrypted, that the provider wants back unchanged. A client carries them inside the signature of
// a thinking block. Internal to the openai_chat dialect. One object per answer or message.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "domain/conversation.hpp"
#include "domain/target.hpp"

namespace tollgate::dialect::openai_chat {

class ReasoningDetails {
public:
    bool empty() const { return entries_.empty(); }
    void clear() { entries_.clear(); }
    // A list of pieces; a fragment that goes on with the piece before it is joined to it.
    void add(json::Value list);
    // Adds what `part`, a thinking block, carries of `target`: its own model's details alone.
    void add_carried(const domain::Part& part, const domain::Deployment& target);
    // Appends the list as JSON.
    void write(std::string& out) const;
    // The signature that carries the list, made at `target`.
    std::string packed(std::string_view provider, std::string_view model_name) const;

private:
    struct Entry {
        std::string type, text, summary, data, signature;  // escaped
        std::string id, format, index;                     // JSON values, "" when not given
        bool has_text = false, has_summary = false, has_data = false;
    };
    std::vector<Entry> entries_;
};

}  // namespace tollgate::dialect::openai_chat
