// Tells Anthropic in words what another provider's tool gave in an earlier turn.
#include "base/find_bytes.hpp"
#include "dialect/hosted.hpp"
#include "dialect/relay_fields.hpp"

namespace tollgate::dialect {
namespace {

// A block of text in the place of one that only its maker understands; never an empty one.
std::string in_words(json::Value block) {
    std::string words = hosted_words(block);
    if (words.empty()) words = "[A tool of the provider was used.]";
    std::string out;
    json::Writer(out).begin_object().string("type", "text").escaped("text", {words}).end_object();
    return out;
}

}  // namespace

base::Result<std::vector<Splice>> tell_own_hosted(const json::TopField& messages) {
    if (base::find_bytes(messages.value, own_hosted_id, 0) == std::string_view::npos) {
        return std::vector<Splice>();
    }
    json::Document document;
    const auto parsed = document.parse(messages.value);
    if (!parsed.ok()) return parsed.error();
    return tell_own_hosted(*parsed, messages.offset);
}

std::vector<Splice> tell_own_hosted(json::Value messages, std::size_t base) {
    std::vector<Splice> splices;
    for (json::Value message : messages.elements()) {
        for (json::Value block : message["content"].elements()) {
            if (!is_own_hosted(block)) continue;
            const std::size_t begin = base + block.offset();
            splices.push_back({begin, begin + block.raw().size(), in_words(block)});
        }
    }
    return splices;
}

}  // namespace tollgate::dialect
