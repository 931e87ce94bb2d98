// Cuts reasoning items that we made of another provider's thinking out of a Responses body that
// goes to a provider as it is: only we can read what they hold.
#include "base/find_bytes.hpp"
#include "dialect/relay_fields.hpp"
#include "dialect/signatures.hpp"

namespace tollgate::dialect {
namespace {

bool is_foreign_reasoning(json::Value item) {
    return item["type"].equals("reasoning") &&
           is_own_signature(item["encrypted_content"].escaped());
}

}  // namespace

base::Result<std::vector<Splice>> cut_foreign_reasoning(const json::TopField& input) {
    std::vector<Splice> splices;
    // A mark in a JSON string stands behind its quote; elsewhere it is some text's.
    if (base::find_bytes(input.value, "\"tg1.", 0) == std::string_view::npos) return splices;
    json::Document document;
    TRY(const json::Value root, document.parse(input.value));
    return cut_foreign_reasoning(root, input.offset);
}

std::vector<Splice> cut_foreign_reasoning(json::Value input, std::size_t base) {
    std::vector<Splice> splices;
    bool any = false;
    for (const json::Value item : input.elements()) any = any || is_foreign_reasoning(item);
    if (!any) return splices;
    std::vector<Element> items;
    std::size_t kept = 0;
    for (const json::Value item : input.elements()) {
        Element element;
        element.begin = base + item.offset();
        element.end = element.begin + item.raw().size();
        element.cut = is_foreign_reasoning(item);
        kept += element.cut ? 0 : 1;
        items.push_back(element);
    }
    if (kept > 0) cut_elements(items, splices);
    return splices;
}

}  // namespace tollgate::dialect
