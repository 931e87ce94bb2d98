#include "dialect/ollama_messages.hpp"

#include <algorithm>

#include "dialect/call_input.hpp"
#include "dialect/refused.hpp"
#include "dialect/signatures.hpp"
#include "dialect/tool_names.hpp"

namespace tollgate::dialect {
namespace {

using domain::MediaSource;
using domain::Part;
using domain::PartKind;
using domain::Role;

}  // namespace

base::Result<void> OllamaMessages::write(const domain::Request& request) {
    system(request.system);
    for (const auto& message : request.messages) {
        switch (message.role) {
            case Role::system:
                if (calls_open_) deferred_.push_back(&message);
                else system(message.parts);
                break;
            case Role::user: TRY_VOID(user(message)); break;
            case Role::assistant: assistant(message); break;
        }
    }
    flush_deferred();
    return {};
}

void OllamaMessages::flush_deferred() {
    for (const auto* message : deferred_) system(message->parts);
    deferred_.clear();
}

void OllamaMessages::open_message(std::string_view role, const JoinedText& text,
                                  std::string_view opening) {
    writer_.begin_object().string("role", role).key("content");
    text.write(writer_, opening);
}

void OllamaMessages::write_message(std::string_view role, const Content& content) {
    open_message(role, content.text);
    if (!content.images.empty()) {
        writer_.key("images").begin_array();
        for (const auto& image : content.images) writer_.escaped(image);
        writer_.end_array();
    }
    writer_.end_object();
}

void OllamaMessages::system(const std::vector<Part>& parts) {
    Content content;
    for (const auto& part : parts) {
        if (!part.cache_control.empty()) translation_.drop("cache_control");
        if (part.kind == PartKind::text) content.text.add(part.text);
    }
    if (!content.text.empty()) write_message("system", content);
}

base::Result<void> OllamaMessages::user(const domain::Message& message) {
    Content content;
    for (const auto& part : message.parts) {
        if (!part.cache_control.empty()) translation_.drop("cache_control");
        if (part.kind == PartKind::tool_result) TRY_VOID(tool_result(part, content));
    }
    calls_open_ = false;
    flush_deferred();
    for (const auto& part : message.parts) {
        if (part.kind != PartKind::tool_result) TRY_VOID(gather(part, content));
    }
    if (!content.text.empty() || !content.images.empty()) write_message("user", content);
    return {};
}

std::string_view OllamaMessages::name_of_call(std::string_view id) const {
    auto found = std::ranges::find(calls_, id, [](const auto& call) { return call.first; });
    return found == calls_.end() ? std::string_view() : found->second;
}

// A tool's message holds text alone: pictures follow in the user's message, which names the call.
base::Result<void> OllamaMessages::tool_result(const Part& part, Content& pictures) {
    Content own;
    for (const auto& inner : part.content) TRY_VOID(gather(inner, own));
    auto name = name_of_call(part.id);
    open_message("tool", own.text, part.is_error ? "Error: " : "");
    if (!name.empty()) writer_.string("tool_name", tool_name_for(target_, name, translation_));
    writer_.string("tool_call_id", tool_id_for(target_.provider, part.id)).end_object();
    if (own.images.empty()) return {};
    std::string& note = notes_.emplace_back("Images from the result of tool call ");
    json::append_escaped(note, name.empty() ? part.id : name);
    pictures.text.add({note});
    pictures.images.insert(pictures.images.end(), own.images.begin(), own.images.end());
    return {};
}

base::Result<void> OllamaMessages::gather(const Part& part, Content& content) {
    const auto& media = part.media;
    switch (part.kind) {
        case PartKind::text: content.text.add(part.text); return {};
        case PartKind::image:
            if (!target_.provider.images || !target_.model.vision) {
                return cannot_carry(target_, translation_, "image", "messages.content.image",
                                    "this model takes no images");
            }
            if (media.source != MediaSource::base64) {
                return cannot_carry(target_, translation_, "image",
                                    "messages.content.image.source",
                                    "Ollama takes images as base64 only, not by URL or file id");
            }
            content.images.push_back(media.data);
            return {};
        case PartKind::document:
            if (media.source != MediaSource::text && media.source != MediaSource::content) {
                return cannot_carry(target_, translation_, "document",
                                    "messages.content.document",
                                    "Ollama takes no files; send the document as text");
            }
            content.text.add(media.title);
            content.text.add(media.context);
            content.text.add(media.data);
            for (const auto& inner : part.content) TRY_VOID(gather(inner, content));
            return {};
        case PartKind::audio:
            return cannot_carry(target_, translation_, "audio", "messages.content.input_audio",
                                "Ollama takes no audio");
        case PartKind::hosted:
            return cannot_carry(target_, translation_, "hosted tool blocks", "messages.content",
                                "blocks of another provider's hosted tools mean nothing here");
        default: return {};  // calls, thinking: not in a user's turn
    }
}

void OllamaMessages::assistant(const domain::Message& message) {
    flush_deferred();
    JoinedText text, thinking;
    std::vector<const Part*> calls;
    for (const auto& part : message.parts) {
        if (!part.cache_control.empty()) translation_.drop("cache_control");
        if (part.kind == PartKind::text || part.kind == PartKind::refusal) text.add(part.text);
        if (part.kind == PartKind::tool_call) calls.push_back(&part);
        if (part.kind == PartKind::hosted) translation_.drop("hosted tool blocks");
        if (part.kind != PartKind::thinking) continue;
        // What this provider thought itself goes back to it, and what a client says without a
        // signature (reasoning_content); what others signed is theirs.
        auto packed = unpack_signature(part.signature.raw);
        const bool own = packed && packed->provider == target_.provider.type;
        if (own || part.signature.empty()) thinking.add(part.text);
    }
    open_message("assistant", text);
    if (!thinking.empty()) thinking.write(writer_.key("thinking"));
    if (!calls.empty()) {
        writer_.key("tool_calls").begin_array();
        for (const auto* call : calls) {
            writer_.begin_object().string("id", tool_id_for(target_.provider, call->id));
            writer_.key("function").begin_object();
            writer_.string("name", tool_name_for(target_, call->name, translation_));
            writer_.key("arguments").in_place([&](std::string& out) { append_input(out, *call); });
            writer_.end_object().end_object();
            calls_.emplace_back(call->id, call->name);
        }
        writer_.end_array();
        calls_open_ = true;
    }
    writer_.end_object();
}

}  // namespace tollgate::dialect
