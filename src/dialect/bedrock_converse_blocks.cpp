#include "dialect/bedrock_converse_blocks.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/base64.hpp"
#include "dialect/call_input.hpp"
#include "dialect/refused.hpp"
#include "dialect/tool_names.hpp"

namespace tollgate::dialect::converse {

using anthropic::Item;
using base::Result;
using domain::Media;
using domain::MediaSource;
using domain::Part;
using domain::PartKind;
using domain::Role;

namespace {

std::string_view image_format(std::string_view media_type) {
    if (media_type == "image/jpeg" || media_type == "image/jpg") return "jpeg";
    for (std::string_view format : {"png", "gif", "webp"}) {
        if (media_type.starts_with("image/") && media_type.substr(6) == format) return format;
    }
    return {};
}

std::string_view document_format(std::string_view media_type) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 9> formats = {{
        {"application/pdf", "pdf"},
        {"text/plain", "txt"},
        {"text/csv", "csv"},
        {"text/html", "html"},
        {"text/markdown", "md"},
        {"application/msword", "doc"},
        {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"},
        {"application/vnd.ms-excel", "xls"},
        {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"},
    }};
    for (const auto& [type, format] : formats) {
        if (media_type == type) return format;
    }
    return {};
}

bool in_document_name(char c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter || (c >= '0' && c <= '9') || c == '-' || c == '(' || c == ')' || c == '[' ||
           c == ']';
}

}  // namespace

Result<void> BlockWriter::refuse(std::string_view what, std::string_view why) {
    return cannot_carry(target_, translation_, what, "messages", why);
}

void BlockWriter::cache_point(json::Raw mark, bool tools) {
    if (mark.empty() || mark == "null") return;
    const bool nova = family_ == BedrockFamily::nova && !tools;
    if (family_ != BedrockFamily::claude && !nova) {
        translation_.drop("cache_control");
        return;
    }
    writer_.begin_object().key("cachePoint").begin_object().string("type", "default");
    json::Document document;
    const auto root = document.parse(mark);
    const bool hour = root.ok() && (*root)["ttl"].equals("1h");
    if (hour && !nova) writer_.string("ttl", "1h");
    writer_.end_object().end_object();
}

void BlockWriter::system(const Part& part) {
    if (anthropic::is_blank(part.text)) return;
    text(part.text);
    cache_point(part.cache_control);
}

void BlockWriter::text(json::Escaped text) {
    writer_.begin_object().escaped("text", text).end_object();
    ++blocks_;
    text_written_ = true;
}

Result<void> BlockWriter::turn(const anthropic::Turn& turn, bool last) {
    blocks_ = 0;
    text_written_ = document_written_ = false;
    later_.clear();
    writer_.begin_object().string("role", turn.role == Role::assistant ? "assistant" : "user");
    writer_.key("content").begin_array();
    bool results = true;  // they stand first
    for (const Item& item : turn.items) {
        const bool result = item.part != nullptr && item.part->kind == PartKind::tool_result;
        if (results && !result) {
            results = false;
            for (const Part* media : std::exchange(later_, {})) TRY_VOID(part(*media, false));
        }
        if (item.part == nullptr) {
            text({item.text});
            continue;
        }
        const bool trim = last && turn.role == Role::assistant && &item == &turn.items.back();
        TRY_VOID(part(*item.part, trim));
    }
    for (const Part* media : std::exchange(later_, {})) TRY_VOID(part(*media, false));
    // A document needs text beside it, and no message may be empty.
    if (document_written_ && !text_written_) text({"(The document is attached.)"});
    if (blocks_ == 0) text({"(empty)"});
    writer_.end_array().end_object();
    return {};
}

Result<void> BlockWriter::part(const Part& part, bool trim) {
    switch (part.kind) {
        case PartKind::text:
        case PartKind::refusal: {
            const json::Escaped words =
                trim ? anthropic::without_trailing_space(part.text) : part.text;
            if (anthropic::is_blank(words)) return {};
            text(words);
            break;
        }
        case PartKind::image: TRY_VOID(image(part)); break;
        case PartKind::document: TRY_VOID(document(part)); break;
        case PartKind::audio: TRY_VOID(audio(part)); break;
        case PartKind::tool_call: tool_call(part); break;
        case PartKind::tool_result: TRY_VOID(tool_result(part)); break;
        case PartKind::thinking:
        case PartKind::redacted_thinking:
            if (family_ != BedrockFamily::claude) return {};
            writer_.begin_object().key("reasoningContent").begin_object();
            if (part.kind == PartKind::thinking) {
                writer_.key("reasoningText").begin_object().escaped("text", part.text);
                writer_.escaped("signature", part.signature).end_object();
            } else {
                writer_.escaped("redactedContent", part.text);
            }
            writer_.end_object().end_object();
            ++blocks_;
            return {};  // no cache point may follow
        case PartKind::hosted:
            // The record of a provider-run tool; the answer that it led to is text.
            translation_.drop("hosted tool blocks");
            return {};
    }
    if (blocks_ > 0) cache_point(part.cache_control);
    return {};
}

bool BlockWriter::source(const Media& media) {
    const bool bucket =
        media.source == MediaSource::url && media.data.raw.starts_with("s3:");
    if (media.source != MediaSource::base64 && !bucket) return false;
    writer_.key("source").begin_object();
    if (bucket) {
        writer_.key("s3Location").begin_object().escaped("uri", media.data).end_object();
    } else {
        writer_.escaped("bytes", media.data);
    }
    writer_.end_object();
    return true;
}

Result<void> BlockWriter::image(const Part& part) {
    if (!target_.provider.images || !target_.model.vision) {
        return refuse("image", "this model takes no images");
    }
    const Media& media = part.media;
    const bool bucket = media.source == MediaSource::url && media.data.raw.starts_with("s3:");
    if (media.source != MediaSource::base64 && !bucket) {
        return refuse("image", "Bedrock takes images as base64 or by an s3:// address, not by URL "
                               "or file id");
    }
    std::string_view format = image_format(media.media_type);
    if (format.empty() && bucket) format = image_format("image/png");
    if (format.empty()) return refuse("image", "Bedrock takes PNG, JPEG, GIF and WebP images");
    writer_.begin_object().key("image").begin_object().string("format", format);
    source(media);
    writer_.end_object().end_object();
    ++blocks_;
    return {};
}

Result<void> BlockWriter::audio(const Part& part) {
    if (!target_.provider.audio || !target_.model.audio ||
        part.media.source != MediaSource::base64) {
        return refuse("audio", "this model takes no audio");
    }
    writer_.begin_object().key("audio").begin_object().string("format", part.media.media_type);
    source(part.media);
    writer_.end_object().end_object();
    ++blocks_;
    return {};
}

// Letters, digits, single spaces, hyphens and brackets; at most 200; each name once in a request.
std::string BlockWriter::document_name(const Media& media) {
    constexpr std::size_t name_bytes_max = 180;  // leaves room for a number
    std::string given, name;
    json::append_unescaped(given, media.title.empty() ? media.filename : media.title);
    for (const char c : given) {
        if (name.size() == name_bytes_max) break;
        if (in_document_name(c)) {
            name += c;
        } else if (!name.empty() && name.back() != ' ') {
            name += ' ';
        }
    }
    while (name.ends_with(' ')) name.pop_back();
    if (name.empty()) name = "document";
    std::string unique = name;
    for (int count = 2; std::ranges::find(document_names_, unique) != document_names_.end();
         ++count) {
        unique = name + " (" + std::to_string(count) + ")";
    }
    document_names_.push_back(unique);
    return unique;
}

// The parts of a document that is made of blocks stand for it.
Result<void> BlockWriter::document_inside(const Part& part) {
    if (!anthropic::is_blank(part.media.title)) text(part.media.title);
    for (const Part& inner : part.content) TRY_VOID(this->part(inner, false));
    return {};
}

Result<void> BlockWriter::document(const Part& part) {
    const Media& media = part.media;
    if (media.source == MediaSource::content) return document_inside(part);
    std::string_view format = document_format(media.media_type);
    const bool bucket = media.source == MediaSource::url && media.data.raw.starts_with("s3:");
    if (media.source == MediaSource::text && format.empty()) format = "txt";
    if (bucket && format.empty()) format = "pdf";
    if (media.source != MediaSource::base64 && media.source != MediaSource::text && !bucket) {
        return refuse("document", "Bedrock takes documents as base64, as text or by an s3:// "
                                  "address, not by URL or file id");
    }
    if (format.empty()) {
        return refuse("document", "Bedrock takes PDF, CSV, DOC, DOCX, XLS, XLSX, HTML, TXT and MD "
                                  "documents");
    }
    writer_.begin_object().key("document").begin_object().string("format", format);
    writer_.string("name", document_name(media));
    if (media.source == MediaSource::text) {
        std::string plain;
        json::append_unescaped(plain, media.data);
        const std::string bytes = base::base64_encode(plain);
        writer_.key("source").begin_object().string("bytes", bytes).end_object();
    } else {
        source(media);
    }
    if (!media.context.empty()) writer_.escaped("context", media.context);
    writer_.end_object().end_object();
    ++blocks_;
    document_written_ = true;
    return {};
}

void BlockWriter::tool_call(const Part& part) {
    writer_.begin_object().key("toolUse").begin_object();
    writer_.string("toolUseId", tool_id_for(target_.provider, part.id));
    writer_.string("name", tool_name_for(target_, part.name, translation_));
    writer_.key("input").in_place([&](std::string& out) {
        if (part.input.starts_with('{')) append_input(out, part);
        else out += "{}";
    });
    writer_.end_object().end_object();
    ++blocks_;
}

Result<void> BlockWriter::tool_result(const Part& part) {
    writer_.begin_object().key("toolResult").begin_object();
    writer_.string("toolUseId", tool_id_for(target_.provider, part.id));
    writer_.key("content").begin_array();
    TRY_VOID(result_content(part));
    writer_.end_array();
    // Others do not know the field; for them the text says it.
    if (part.is_error && takes_media_in_results()) writer_.string("status", "error");
    writer_.end_object().end_object();
    ++blocks_;
    const bool marked_inside = std::ranges::any_of(
        part.content, [](const Part& inner) { return !inner.cache_control.empty(); });
    if (part.cache_control.empty() && marked_inside) {
        for (const Part& inner : part.content) {
            if (inner.cache_control.empty()) continue;
            cache_point(inner.cache_control);
            break;
        }
    }
    return {};
}

Result<void> BlockWriter::result_content(const Part& part) {
    const bool text_before = text_written_, document_before = document_written_;
    const std::size_t before = blocks_;
    if (part.is_error && !takes_media_in_results()) text({"Error:"});
    for (const Part& inner : part.content) {
        switch (inner.kind) {
            case PartKind::text:
            case PartKind::refusal:
                if (!anthropic::is_blank(inner.text)) text(inner.text);
                break;
            case PartKind::image:
            case PartKind::document:
                if (!takes_media_in_results()) {
                    later_.push_back(&inner);
                } else if (inner.kind == PartKind::image) {
                    TRY_VOID(image(inner));
                } else {
                    TRY_VOID(document(inner));
                }
                break;
            default:
                TRY_VOID(refuse("tool result content", "Bedrock takes text, images and documents "
                                                       "in a tool's result"));
        }
    }
    // An error without words is refused; a result without words is an empty text.
    if (blocks_ == before) text({part.is_error ? "(no output)" : ""});
    text_written_ = text_before;
    document_written_ = document_before;
    return {};
}

}  // namespace tollgate::dialect::converse
