#include "dialect/body_size.hpp"

namespace tollgate::dialect {
namespace {

constexpr std::size_t names = 64;  // of the fields around one thing

// Adds up what is copied into a body.
class Measure {
public:
    explicit Measure(bool lent) : lent_(lent) {}

    std::size_t all(const domain::Request& request) const {
        std::size_t bytes = parts(request.system);
        for (const domain::Message& message : request.messages) bytes += parts(message.parts);
        // Lists that are known are mostly lent as a whole.
        if (lent_ && request.tools_known != 0) return bytes;
        for (const domain::Tool& tool : request.tools) bytes += size_of(tool);
        return bytes;
    }

private:
    std::size_t text(std::string_view text) const {
        return lent_ && text.size() >= json::lent_bytes_min ? 0 : text.size();
    }
    static std::size_t size_of(const domain::Tool& tool) {
        if (!tool.verbatim.empty()) return tool.verbatim.size();
        return names + tool.name.size() + tool.description.raw.size() + tool.schema.size();
    }
    std::size_t parts(const std::vector<domain::Part>& parts) const {
        std::size_t bytes = 0;
        for (const domain::Part& part : parts) {
            bytes += names + text(part.text.raw) + part.input.size() +
                     text(part.media.data.raw) + this->parts(part.content);
            if (part.kind == domain::PartKind::hosted) bytes += part.verbatim.size();
        }
        return bytes;
    }

    bool lent_;
};

}  // namespace

void begin_body(const domain::Request& request, EncodedRequest& out, json::Writer& writer) {
    const std::size_t bytes = Measure(!request.lender.empty()).all(request);
    constexpr std::size_t other_fields = 1024;
    // Calls' arguments grow when they are escaped.
    out.body.reserve(bytes + bytes / 16 + other_fields);
    if (!request.lender.empty()) writer.lend_from(request.lender, out.lent);
}

std::vector<std::string_view> pieces_of(std::string_view written,
                                        std::span<const json::Lent> lent) {
    std::vector<std::string_view> pieces;
    pieces.reserve(2 * lent.size() + 1);
    std::size_t at = 0;
    for (const json::Lent& text : lent) {
        if (text.at > at) pieces.push_back(written.substr(at, text.at - at));
        pieces.push_back(text.text);
        at = text.at;
    }
    if (at < written.size()) pieces.push_back(written.substr(at));
    return pieces;
}

}  // namespace tollgate::dialect
