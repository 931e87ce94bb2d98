#include "dialect/openai_responses_input.hpp"

#include <algorithm>

#include "dialect/call_input.hpp"
#include "dialect/data_url.hpp"
#include "dialect/refused.hpp"
#include "dialect/signatures.hpp"
#include "dialect/tool_names.hpp"

namespace tollgate::dialect {
namespace {

using domain::MediaSource;
using domain::Part;
using domain::PartKind;
using domain::Role;

bool plain_text_only(const std::vector<Part>& parts) {
    return std::ranges::all_of(parts, [](const Part& part) { return part.kind == PartKind::text; });
}

}  // namespace

std::string pack_reasoning(std::string_view provider, const ReasoningItem& item) {
    std::string payload;
    json::Writer writer(payload);
    writer.begin_object().string("id", item.id);
    writer.string("encrypted_content", item.encrypted_content).end_object();
    return pack_signature(provider, payload);
}

std::optional<ReasoningItem> unpack_reasoning(std::string_view provider,
                                              std::string_view signature) {
    auto packed = unpack_signature(signature);
    if (!packed) return std::nullopt;
    const bool fits = provider.empty() || packed->provider == provider ||
                      packed->provider == responses_client;
    if (!fits) return std::nullopt;
    json::Document document;
    auto root = document.parse(packed->payload);
    if (!root.ok()) return std::nullopt;
    ReasoningItem item{(*root)["id"].text(), (*root)["encrypted_content"].text()};
    if (item.id.empty() || item.encrypted_content.empty()) return std::nullopt;
    return item;
}

base::Result<void> ResponsesInput::write(const std::vector<domain::Message>& messages) {
    for (const auto& message : messages) {
        switch (message.role) {
            case Role::system:
                if (calls_open_) deferred_.push_back(&message);
                else system(message);
                break;
            case Role::user: TRY_VOID(user(message)); break;
            case Role::assistant: TRY_VOID(assistant(message)); break;
        }
    }
    flush_deferred();
    return {};
}

void ResponsesInput::flush_deferred() {
    for (const auto* message : deferred_) system(*message);
    deferred_.clear();
}

void ResponsesInput::system(const domain::Message& message) {
    writer_.begin_object().string("type", "message").string("role", "developer");
    writer_.key("content").begin_array();
    for (const auto& part : message.parts) {
        note_cache_mark(part);
        if (part.kind == PartKind::text) input_text(part.text);
    }
    writer_.end_array().end_object();
}

base::Result<void> ResponsesInput::user(const domain::Message& message) {
    bool rest = false;
    for (const auto& part : message.parts) {
        note_cache_mark(part);
        if (part.kind == PartKind::tool_result) {
            TRY_VOID(tool_output(part));
        } else {
            rest = true;
        }
    }
    calls_open_ = false;
    flush_deferred();
    if (!rest) return {};
    writer_.begin_object().string("type", "message").string("role", "user");
    writer_.key("content").begin_array();
    for (const auto& part : message.parts) {
        if (part.kind != PartKind::tool_result) TRY_VOID(content(part));
    }
    writer_.end_array().end_object();
    return {};
}

base::Result<void> ResponsesInput::tool_output(const Part& part) {
    writer_.begin_object().string("type", "function_call_output");
    writer_.string("call_id", tool_id_for(target_.provider, part.id)).key("output");
    if (!plain_text_only(part.content)) {
        writer_.begin_array();
        if (part.is_error) input_text(json::Escaped{"Error:"});
        for (const auto& inner : part.content) TRY_VOID(content(inner));
        writer_.end_array().end_object();
        return {};
    }
    writer_.string_in_place([&](std::string& out) {
        if (part.is_error) out += "Error: ";
        for (std::size_t i = 0; i < part.content.size(); ++i) {
            if (i > 0) out += "\\n";
            writer_.put(part.content[i].text.raw);
        }
    });
    writer_.end_object();
    return {};
}

base::Result<void> ResponsesInput::content(const Part& part) {
    switch (part.kind) {
        case PartKind::text: input_text(part.text); return {};
        case PartKind::image: return image(part);
        case PartKind::document: return document(part);
        case PartKind::audio:
            return cannot_carry(target_, translation_, "audio", "messages.content.input_audio",
                                "the Responses interface takes no audio");
        case PartKind::hosted:
            return cannot_carry(target_, translation_, "hosted tool blocks", "messages.content",
                                "blocks of another provider's hosted tools mean nothing here");
        default: return {};  // calls, thinking: not in a user's turn
    }
}

void ResponsesInput::input_text(json::Escaped text) {
    writer_.begin_object().string("type", "input_text").escaped("text", text).end_object();
}

base::Result<void> ResponsesInput::image(const Part& part) {
    if (!target_.provider.images || !target_.model.vision) {
        return cannot_carry(target_, translation_, "image", "messages.content.image",
                            "this model takes no images");
    }
    const auto& media = part.media;
    if (media.source != MediaSource::base64 && media.source != MediaSource::url) {
        return cannot_carry(target_, translation_, "image", "messages.content.image.source",
                            "a file id is known to another provider only; send base64 or a URL");
    }
    writer_.begin_object().string("type", "input_image").key("image_url");
    if (media.source == MediaSource::base64) write_data_url(writer_, media);
    else writer_.escaped(media.data);
    if (!media.detail.empty()) writer_.string("detail", media.detail);
    writer_.end_object();
    return {};
}

base::Result<void> ResponsesInput::document(const Part& part) {
    const auto& media = part.media;
    if (media.source == MediaSource::text || media.source == MediaSource::content) {
        scratch_.clear();
        if (!media.title.empty()) scratch_.append(media.title.raw).append("\\n\\n");
        if (!media.context.empty()) scratch_.append(media.context.raw).append("\\n\\n");
        scratch_ += media.data.raw;
        if (!scratch_.empty()) input_text(json::Escaped{scratch_});
        for (const auto& inner : part.content) TRY_VOID(content(inner));
        return {};
    }
    // The protocol has files: where the model takes them, each server of Responses does.
    const bool files = target_.provider.files || target_.model.pdf;
    if (!files || media.source == MediaSource::file_id) {
        return cannot_carry(target_, translation_, "document", "messages.content.document",
                            media.source == MediaSource::file_id
                                ? "a file id is known to another provider only; send base64"
                                : "this provider takes no files");
    }
    if (!media.context.empty()) input_text(media.context);
    writer_.begin_object().string("type", "input_file");
    if (media.source == MediaSource::url) {
        writer_.escaped("file_url", media.data).end_object();
        return {};
    }
    scratch_ = media.filename.empty() ? media.title.raw : media.filename.raw;
    // The provider tells a file's kind by its name.
    bool named = scratch_.find('.') != std::string::npos;
    if (!named) scratch_ += scratch_.empty() ? "document.pdf" : ".pdf";
    writer_.escaped("filename", json::Escaped{scratch_});
    write_data_url(writer_.key("file_data"), media, "application/pdf");
    writer_.end_object();
    return {};
}

base::Result<void> ResponsesInput::assistant(const domain::Message& message) {
    flush_deferred();
    auto speaks = [](const Part& part) {
        return part.kind == PartKind::text || part.kind == PartKind::refusal ||
               part.kind == PartKind::tool_call;
    };
    bool in_message = false;
    auto close_message = [&] {
        if (in_message) writer_.end_array().end_object();
        in_message = false;
    };
    for (auto part = message.parts.begin(); part != message.parts.end(); ++part) {
        note_cache_mark(*part);
        if (part->kind == PartKind::text || part->kind == PartKind::refusal) {
            if (part->text.empty()) continue;
            if (!in_message) {
                writer_.begin_object().string("type", "message").string("role", "assistant");
                writer_.key("content").begin_array();
                in_message = true;
            }
            bool refused = part->kind == PartKind::refusal;
            writer_.begin_object().string("type", refused ? "refusal" : "output_text");
            writer_.escaped(refused ? "refusal" : "text", part->text).end_object();
        } else if (part->kind == PartKind::tool_call) {
            close_message();
            tool_call(*part);
            calls_open_ = true;
        } else if (part->kind == PartKind::thinking) {
            close_message();
            // The provider refuses a reasoning item that nothing follows.
            if (std::any_of(part + 1, message.parts.end(), speaks)) reasoning(*part);
        } else if (part->kind == PartKind::hosted) {
            translation_.drop("hosted tool blocks");
        }
    }
    close_message();
    return {};
}

void ResponsesInput::reasoning(const Part& part) {
    auto item = unpack_reasoning(target_.provider.type, part.signature.raw);
    if (!item) return;  // another provider's thoughts: they are not ours to replay
    writer_.begin_object().string("type", "reasoning").string("id", item->id);
    writer_.key("summary").begin_array();
    if (!part.text.empty()) {
        writer_.begin_object().string("type", "summary_text").escaped("text", part.text);
        writer_.end_object();
    }
    writer_.end_array().string("encrypted_content", item->encrypted_content).end_object();
}

void ResponsesInput::tool_call(const Part& part) {
    writer_.begin_object().string("type", "function_call");
    writer_.string("call_id", tool_id_for(target_.provider, part.id));
    writer_.string("name", tool_name_for(target_, part.name, translation_));
    writer_.key("arguments").string_in_place([&](std::string& out) {
        append_input_escaped(out, part);
    });
    writer_.end_object();
}

void ResponsesInput::note_cache_mark(const Part& part) {
    if (!part.cache_control.empty()) translation_.drop("cache_control");
}

}  // namespace tollgate::dialect
