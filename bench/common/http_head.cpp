#include "common/http_head.hpp"

#include <charconv>
#include <strings.h>

namespace bench {
namespace {

bool same_name(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

void read_field(std::string_view line, Head& head) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return;
    const auto name = line.substr(0, colon);
    const auto value = trimmed(line.substr(colon + 1));
    // The lengths sort out almost every field before a comparison is made.
    switch (name.size()) {
        case 6:
            if (same_name(name, "x-stub")) head.x_stub = value;
            if (same_name(name, "expect")) head.expects_continue = same_name(value, "100-continue");
            break;
        case 10:
            if (same_name(name, "connection")) head.close = same_name(value, "close");
            break;
        case 14:
            if (same_name(name, "content-length")) head.content_length = parse_size(value);
            break;
        case 17:
            if (same_name(name, "transfer-encoding")) head.chunked = same_name(value, "chunked");
            break;
        default: break;
    }
}

}  // namespace

std::optional<std::size_t> parse_size(std::string_view text) {
    std::size_t value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<Head> read_head(std::string_view data) {
    const auto end = data.find("\r\n\r\n");
    if (end == std::string_view::npos) return std::nullopt;
    Head head;
    head.bytes = end + 4;
    auto rest = data.substr(0, end + 2);
    bool first = true;
    while (!rest.empty()) {
        const auto line_end = rest.find("\r\n");
        const auto line = rest.substr(0, line_end);
        rest.remove_prefix(line_end + 2);
        if (first) {
            head.start_line = line;
        } else {
            read_field(line, head);
        }
        first = false;
    }
    return head;
}

}  // namespace bench
