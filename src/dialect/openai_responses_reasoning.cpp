// Thinking of other providers inside the reasoning items of a Responses client, and back.
#include "dialect/openai_responses_client.hpp"
#include "dialect/openai_responses_input.hpp"
#include "dialect/signatures.hpp"

namespace tollgate::dialect::openai_responses {
namespace {

using domain::Part;
using domain::PartKind;
using json::Value;

// Stands where a signature of ours names its provider: the block inside belongs to whoever signed
// it.
constexpr std::string_view carrier = "thinking";

// The texts of a list of summaries or of reasoning itself, joined by a blank line.
json::Escaped joined_texts(Value list, base::Arena& arena) {
    std::string joined;
    for (const Value each : list.elements()) {
        if (each["text"].string_empty()) continue;
        if (!joined.empty()) joined += "\\n\\n";
        joined += each["text"].escaped().raw;
    }
    return {arena.store(joined)};
}

// A block that we packed, as it was.
bool unpack_block(std::string_view encrypted, base::Arena& arena, std::vector<Part>& parts) {
    const auto packed = unpack_signature(encrypted);
    if (!packed || packed->provider != carrier) return false;
    json::Document document;
    const auto root = document.parse(arena.store(packed->payload));
    if (!root.ok()) return false;
    Part part;
    if ((*root)["redacted"].is_string()) {
        part.kind = PartKind::redacted_thinking;
        part.text = (*root)["redacted"].escaped();
    } else {
        part.kind = PartKind::thinking;
        part.text = (*root)["thinking"].escaped();
        part.signature = (*root)["signature"].escaped();
    }
    parts.push_back(part);
    return true;
}

}  // namespace

std::string pack_thinking(json::Escaped thinking, json::Escaped signature) {
    std::string payload;
    json::Writer writer(payload);
    writer.begin_object().escaped("thinking", thinking);
    writer.escaped("signature", signature).end_object();
    return pack_signature(carrier, payload);
}

std::string pack_redacted(json::Escaped data) {
    std::string payload;
    json::Writer writer(payload);
    writer.begin_object().escaped("redacted", data).end_object();
    return pack_signature(carrier, payload);
}

void decode_reasoning(Value item, base::Arena& arena, std::vector<Part>& parts) {
    const std::string_view encrypted = item["encrypted_content"].text(arena);
    if (unpack_block(encrypted, arena, parts)) return;
    Part part;
    part.kind = PartKind::thinking;
    part.text = joined_texts(item["summary"], arena);
    if (part.text.empty()) part.text = joined_texts(item["content"], arena);
    // Nobody but its own provider can read what is encrypted; marked as ours, it is never taken
    // for a genuine signature.
    std::string signature = pack_signature({}, {});
    if (!encrypted.empty() && !is_own_signature(encrypted)) {
        ReasoningItem kept;
        kept.id = item["id"].text();
        kept.encrypted_content = encrypted;
        signature = pack_reasoning(responses_client, kept);
    } else if (part.text.empty()) {
        return;
    }
    part.signature = {arena.store(signature)};
    parts.push_back(part);
}

}  // namespace tollgate::dialect::openai_responses
