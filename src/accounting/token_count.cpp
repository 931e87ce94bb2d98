#include "accounting/token_count.hpp"

#include <algorithm>
#include <cmath>

#include "accounting/token_count_text.hpp"

namespace tollgate::accounting {
namespace {

using domain::MediaSource;
using domain::Message;
using domain::Part;
using domain::PartKind;

constexpr char32_t replacement = 0xFFFD;

// The character at `at`, which moves behind it. Bytes that are no UTF-8 count one each.
char32_t next_utf8(std::string_view text, std::size_t& at) {
    const auto lead = static_cast<unsigned char>(text[at]);
    if (lead < 0x80) return ++at, lead;
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (length == 1 || at + length > text.size()) return ++at, replacement;
    char32_t value = lead & (0xFFu >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        value = (value << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3Fu);
    }
    at += length;
    return value;
}

// Four hexadecimal digits at `at`; replacement when there are none.
char32_t hex4(std::string_view text, std::size_t at) {
    if (at + 4 > text.size()) return replacement;
    char32_t value = 0;
    for (std::size_t i = at; i < at + 4; ++i) {
        const char c = text[i];
        const int digit = c >= '0' && c <= '9'   ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
        if (digit < 0) return replacement;
        value = value * 16 + static_cast<char32_t>(digit);
    }
    return value;
}

// What the escape at the backslash `at` stands for; moves behind it.
char32_t next_escape(std::string_view text, std::size_t& at) {
    if (at + 1 >= text.size()) return at = text.size(), '\\';
    const char kind = text[at + 1];
    at += 2;
    switch (kind) {
        case 'n': return '\n';
        case 't': return '\t';
        case 'r': return '\r';
        case 'b': return '\b';
        case 'f': return '\f';
        case 'u': break;
        default: return static_cast<unsigned char>(kind);
    }
    const char32_t first = hex4(text, at);
    at = std::min(at + 4, text.size());
    const bool pair = first >= 0xD800 && first < 0xDC00 && text.substr(at).starts_with("\\u");
    if (!pair) return first;
    const char32_t second = hex4(text, at + 2);
    if (second < 0xDC00 || second > 0xDFFF) return first;
    at += 6;
    return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
}

// To the nearest, but something is never nothing.
std::int64_t whole(double tokens) {
    return tokens <= 0 ? 0 : std::max<std::int64_t>(1, std::llround(tokens));
}

std::int64_t media_tokens(const Part& part, const TextCounter& texts);

std::int64_t parts_tokens(const std::vector<Part>& parts, const TextCounter& texts) {
    std::int64_t total = 0;
    for (const Part& part : parts) {
        switch (part.kind) {
            case PartKind::text:
            case PartKind::thinking:
            case PartKind::refusal: total += texts.count(part.text); break;
            // Opaque data that stands for about as much text as it has characters.
            case PartKind::redacted_thinking:
                total += static_cast<std::int64_t>(part.text.raw.size()) / 4;
                break;
            case PartKind::image:
            case PartKind::document:
            case PartKind::audio: total += media_tokens(part, texts); break;
            case PartKind::tool_call:
                total += texts.count(part.name) + texts.count(std::string_view(part.input)) +
                         tool_overhead_tokens;
                break;
            case PartKind::tool_result:
                total += texts.count(part.text) + parts_tokens(part.content, texts) +
                         tool_overhead_tokens;
                break;
            case PartKind::hosted: total += texts.count(std::string_view(part.verbatim)); break;
        }
    }
    return total;
}

std::int64_t document_tokens(const Part& part, const TextCounter& texts) {
    const std::int64_t bytes = static_cast<std::int64_t>(part.media.data.raw.size());
    std::int64_t total = texts.count(part.media.title) + texts.count(part.media.context);
    switch (part.media.source) {
        case MediaSource::text: return total + texts.count(part.media.data);
        case MediaSource::content: return total + parts_tokens(part.content, texts);
        case MediaSource::base64:
            return total + document_page_tokens *
                               std::max<std::int64_t>(1, bytes * 3 / 4 / document_page_bytes);
        default: return total + document_page_tokens;
    }
}

std::int64_t media_tokens(const Part& part, const TextCounter& texts) {
    if (part.kind == PartKind::document) return document_tokens(part, texts);
    if (part.kind == PartKind::audio) {
        // 16-bit mono at 16 kHz, or 128 kbit/s.
        const std::int64_t bytes = static_cast<std::int64_t>(part.media.data.raw.size()) * 3 / 4;
        const std::int64_t per_second = part.media.media_type == "wav" ? 32'000 : 16'000;
        return audio_tokens_per_second * std::max<std::int64_t>(1, bytes / per_second);
    }
    if (part.media.detail == "low") return image_low_detail_tokens;
    if (part.media.source != MediaSource::base64) return image_tokens_max;
    return estimate_image(part.media.data.raw);
}

class Estimator final : public TextCounter {
public:
    explicit Estimator(Vocabulary vocabulary) : vocabulary_(vocabulary) {}
    std::int64_t count(std::string_view plain) const override {
        return estimate_text(plain, vocabulary_);
    }
    std::int64_t count(json::Escaped text) const override {
        return estimate_text(text, vocabulary_);
    }

private:
    Vocabulary vocabulary_;
};

}  // namespace

std::int64_t estimate_text(std::string_view plain, Vocabulary vocabulary) {
    TextScan scan;
    for (std::size_t at = 0; at < plain.size();) scan.feed(next_utf8(plain, at));
    return whole(tokens_in(vocabulary, scan.finish()));
}

std::int64_t estimate_text(json::Escaped text, Vocabulary vocabulary) {
    TextScan scan;
    for (std::size_t at = 0; at < text.raw.size();) {
        scan.feed(text.raw[at] == '\\' ? next_escape(text.raw, at) : next_utf8(text.raw, at));
    }
    return whole(tokens_in(vocabulary, scan.finish()));
}

std::int64_t count_request(const domain::Request& request, const TextCounter& texts) {
    std::int64_t total = message_overhead_tokens;  // what opens the answer
    if (!request.system.empty()) {
        total += parts_tokens(request.system, texts) + message_overhead_tokens;
    }
    for (const Message& message : request.messages) {
        total += parts_tokens(message.parts, texts) + message_overhead_tokens;
    }
    for (const domain::Tool& tool : request.tools) {
        total += tool_overhead_tokens + texts.count(tool.name) + texts.count(tool.description) +
                 texts.count(std::string_view(tool.schema));
    }
    if (!request.tools.empty() && request.client == domain::Protocol::anthropic) {
        total += tools_preamble_tokens;
    }
    return total + texts.count(std::string_view(request.output.schema));
}

std::int64_t estimate_request(const domain::Request& request, Vocabulary vocabulary) {
    return count_request(request, Estimator(vocabulary));
}

}  // namespace tollgate::accounting
