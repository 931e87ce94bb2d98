#include "dialect/text_file.hpp"

#include <algorithm>
#include <array>

#include "base/base64.hpp"

namespace tollgate::dialect {
namespace {

bool is_text(std::string_view media_type) {
    constexpr std::array<std::string_view, 6> others = {
        "application/json", "application/xml",    "application/yaml",
        "application/toml", "application/x-yaml", "application/javascript"};
    media_type = media_type.substr(0, media_type.find(';'));
    return media_type.starts_with("text/") ||
           std::find(others.begin(), others.end(), media_type) != others.end();
}

}  // namespace

void read_text_file(domain::Media& media, base::Arena& arena) {
    if (media.source != domain::MediaSource::base64 || !is_text(media.media_type)) return;
    std::string plain;
    if (!base::base64_decode(json::unescape(media.data, arena), plain)) return;
    const json::Escaped words = json::escape(plain, arena);
    // What is no UTF-8 would lose bytes on the way.
    if (json::unescape(words, arena) != plain) return;
    media.source = domain::MediaSource::text;
    media.data = words;
    if (media.title.empty()) media.title = media.filename;
}

}  // namespace tollgate::dialect
