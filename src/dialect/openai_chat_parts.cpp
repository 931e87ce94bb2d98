#include "dialect/openai_chat_parts.hpp"

#include <algorithm>

#include "dialect/data_url.hpp"
#include "dialect/refused.hpp"

namespace tollgate::dialect::openai_chat {
namespace {

using domain::MediaSource;
using domain::Part;
using domain::PartKind;

// The heading that keeps a document's title and context when it is sent as text; escaped.
std::string document_heading(const domain::Media& media) {
    std::string out;
    if (!media.title.empty()) {
        out += "Document: ";
        out += media.title.raw;
        out += "\\n";
    }
    if (!media.context.empty()) {
        out += media.context.raw;
        out += "\\n";
    }
    if (!out.empty()) out += "\\n";
    return out;
}

}  // namespace

base::Result<void> ContentWriter::refuse(std::string_view what, std::string_view why) {
    std::string field = "messages." + std::to_string(message_) + ".content";
    return cannot_carry(target_, translation_, what, field, why);
}

std::string_view ContentWriter::cache_mark(std::string_view mark) {
    if (mark.empty() || mark == "null") return {};
    if (target_.provider.cache_control) return mark;
    translation_.drop("cache_control");
    return {};
}

base::Result<void> ContentWriter::add(const Part& part, std::vector<Piece>& pieces) {
    switch (part.kind) {
        case PartKind::text:
        case PartKind::refusal:
            if (!part.text.empty()) {
                // In place: a copy of what was just put together waits for all written before.
                Piece& piece = pieces.emplace_back();
                piece.text = part.text;
                piece.cache_control = cache_mark(part.cache_control);
            }
            return {};
        case PartKind::image: return add_image(part, pieces);
        case PartKind::document: return add_document(part, pieces);
        case PartKind::audio: return add_audio(part, pieces);
        case PartKind::hosted:
            // A provider-run tool's record has no spelling here; the answer it led to is text.
            translation_.drop("hosted tool blocks");
            return {};
        case PartKind::tool_call:
        case PartKind::tool_result:
        case PartKind::thinking:
        case PartKind::redacted_thinking: return {};  // written elsewhere
    }
    return {};
}

base::Result<void> ContentWriter::add_image(const Part& part, std::vector<Piece>& pieces) {
    if (!takes_images()) return refuse("image", "an image cannot be sent: the target takes none");
    if (part.media.source != MediaSource::base64 && part.media.source != MediaSource::url) {
        return refuse("image", "an image by file id exists only at the provider it was uploaded "
                               "to; send it as base64 or URL");
    }
    pieces.push_back({&part, {}, cache_mark(part.cache_control)});
    return {};
}

base::Result<void> ContentWriter::add_document(const Part& part, std::vector<Piece>& pieces) {
    const domain::Media& media = part.media;
    if (media.source == MediaSource::text) {
        std::string text = document_heading(media);
        text += media.data.raw;
        pieces.push_back({nullptr, keep(text), cache_mark(part.cache_control)});
        return {};
    }
    if (media.source == MediaSource::content) {
        std::string heading = document_heading(media);
        if (!heading.empty()) {
            heading.resize(heading.size() - 4);  // without the blank line at its end
            pieces.push_back({nullptr, keep(heading), {}});
        }
        for (const Part& inner : part.content) TRY_VOID(add(inner, pieces));
        return {};
    }
    bool files = target_.provider.files && (target_.model.pdf || !target_.model.in_catalog);
    if (!files) return refuse("document", "a PDF cannot be sent: the target takes no files");
    if (media.source != MediaSource::base64) {
        return refuse("document", "a document by URL or file id cannot be sent; send it as base64 "
                                  "or text");
    }
    if (!media.context.empty()) pieces.push_back({nullptr, media.context, {}});
    pieces.push_back({&part, {}, cache_mark(part.cache_control)});
    return {};
}

base::Result<void> ContentWriter::add_audio(const Part& part, std::vector<Piece>& pieces) {
    const bool able = target_.provider.audio || target_.model.audio;
    if (!able || part.media.source != MediaSource::base64) {
        return refuse("audio", "audio cannot be sent: the target takes none");
    }
    pieces.push_back({&part, {}, {}});
    return {};
}

void ContentWriter::write_piece(json::Writer& writer, const Piece& piece) {
    writer.begin_object();
    if (piece.is_text()) {
        writer.string("type", "text").escaped("text", piece.text);
    } else if (const domain::Media& media = piece.part->media;
               piece.part->kind == PartKind::image) {
        writer.string("type", "image_url").key("image_url").begin_object().key("url");
        if (media.source == MediaSource::url) {
            writer.escaped(media.data);
        } else {
            write_data_url(writer, media);
        }
        if (!media.detail.empty()) writer.string("detail", media.detail);
        writer.end_object();
    } else if (piece.part->kind == PartKind::audio) {
        writer.string("type", "input_audio").key("input_audio").begin_object();
        writer.escaped("data", media.data).string("format", media.media_type).end_object();
    } else {
        writer.string("type", "file").key("file").begin_object();
        if (!media.filename.empty()) {
            writer.escaped("filename", media.filename);
        } else if (!media.title.empty()) {
            // The provider tells a file's kind by its name.
            std::string name(media.title.raw);
            if (name.find('.') == std::string::npos) name += ".pdf";
            writer.escaped("filename", {name});
        } else {
            writer.string("filename", "document.pdf");
        }
        write_data_url(writer.key("file_data"), media);
        writer.end_object();
    }
    if (!piece.cache_control.empty()) writer.raw("cache_control", piece.cache_control);
    writer.end_object();
}

void ContentWriter::write(json::Writer& writer, const std::vector<Piece>& pieces, Texts texts) {
    const bool plain = std::all_of(pieces.begin(), pieces.end(), [](const Piece& piece) {
        return piece.is_text() && piece.cache_control.empty();
    });
    const bool list = pieces.size() > 1 && texts == Texts::apart && target_.provider.content_list;
    if (!plain || list) {
        writer.begin_array();
        for (const Piece& piece : pieces) write_piece(writer, piece);
        writer.end_array();
        return;
    }
    if (pieces.size() == 1) {
        writer.escaped(pieces.front().text);
        return;
    }
    writer.string_in_place([&](std::string& out) {
        for (const Piece& piece : pieces) {
            if (&piece != pieces.data()) out += "\\n\\n";
            writer.put(piece.text.raw);
        }
    });
}

}  // namespace tollgate::dialect::openai_chat
