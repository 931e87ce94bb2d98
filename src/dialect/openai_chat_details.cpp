#include "dialect/openai_chat_details.hpp"

#include "dialect/signatures.hpp"

namespace tollgate::dialect::openai_chat {
namespace {

using json::Value;

// Appends a fragment; says whether the field was there.
bool take(Value value, std::string& into) {
    if (!value.is_string()) return false;
    into += value.escaped().raw;
    return true;
}

void take_value(Value value, std::string& into) {
    if (value.exists() && !value.is_null()) into = value.raw();
}

}  // namespace

void ReasoningDetails::add(Value list) {
    for (Value piece : list.elements()) {
        if (!piece.is_object()) continue;
        const std::string_view type = piece["type"].escaped().raw;
        const std::string_view index =
            piece["index"].integer() ? piece["index"].raw() : std::string_view();
        // An encrypted piece is whole; text and summaries come in fragments.
        const bool goes_on = !entries_.empty() && entries_.back().type == type &&
                             entries_.back().index == index && !piece["data"].is_string();
        Entry& entry = goes_on ? entries_.back() : entries_.emplace_back();
        entry.type = type;
        entry.index = index;
        entry.has_text |= take(piece["text"], entry.text);
        entry.has_summary |= take(piece["summary"], entry.summary);
        entry.has_data |= take(piece["data"], entry.data);
        if (!piece["signature"].string_empty()) entry.signature = piece["signature"].escaped().raw;
        take_value(piece["id"], entry.id);
        take_value(piece["format"], entry.format);
    }
}

void ReasoningDetails::add_carried(const domain::Part& part, const domain::Deployment& target) {
    if (!is_own_signature(part.signature)) return;
    const auto carried = unpack_signature(part.signature.raw);
    if (!carried || carried->provider != target.provider.type || carried->payload.empty()) return;
    json::Document document;
    const auto root = document.parse(carried->payload);
    // Another model cannot read them, or takes offence at their signatures.
    if (root.ok() && (*root)["model"].equals(target.model_name)) add((*root)["details"]);
}

void ReasoningDetails::write(std::string& out) const {
    json::Writer writer(out);
    writer.begin_array();
    for (const Entry& entry : entries_) {
        writer.begin_object().escaped("type", {entry.type});
        if (entry.has_text) writer.escaped("text", {entry.text});
        if (entry.has_summary) writer.escaped("summary", {entry.summary});
        if (entry.has_data) writer.escaped("data", {entry.data});
        if (!entry.signature.empty()) writer.escaped("signature", {entry.signature});
        if (!entry.id.empty()) writer.raw("id", entry.id);
        if (!entry.format.empty()) writer.raw("format", entry.format);
        if (!entry.index.empty()) writer.raw("index", entry.index);
        writer.end_object();
    }
    writer.end_array();
}

std::string ReasoningDetails::packed(std::string_view provider,
                                     std::string_view model_name) const {
    std::string payload;
    json::Writer writer(payload);
    writer.begin_object().string("model", model_name).key("details");
    writer.in_place([this](std::string& out) { write(out); });
    writer.end_object();
    return pack_signature(provider, payload);
}

}  // namespace tollgate::dialect::openai_chat
