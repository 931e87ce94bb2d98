#include "dialect/body_size.hpp"

namespace tollgate::dialect {
namespace {

constexpr std::size_t names = 64;  // of the fields around one thing

std::size_t size_of(const domain::Tool& tool) {
    if (!tool.verbatim.empty()) return tool.verbatim.size();
    return names + tool.name.size() + tool.description.raw.size() + tool.schema.size();
}

std::size_t size_of(const std::vector<domain::Part>& parts) {
    std::size_t bytes = 0;
    for (const domain::Part& part : parts) {
        bytes += names + (part.verbatim.empty()
                              ? part.text.raw.size() + part.input.size() +
                                    part.media.data.raw.size() + size_of(part.content)
                              : part.verbatim.size());
    }
    return bytes;
}

}  // namespace

std::size_t body_bytes_guess(const domain::Request& request) {
    std::size_t bytes = size_of(request.system);
    for (const domain::Message& message : request.messages) bytes += size_of(message.parts);
    for (const domain::Tool& tool : request.tools) bytes += size_of(tool);
    constexpr std::size_t other_fields = 1024;
    return bytes + bytes / 16 + other_fields;  // calls' arguments grow when they are escaped
}

}  // namespace tollgate::dialect
