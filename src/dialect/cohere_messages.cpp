#include "dialect/cohere_messages.hpp"

#include <algorithm>

#include "dialect/call_input.hpp"
#include "dialect/data_url.hpp"
#include "dialect/refused.hpp"
#include "dialect/signatures.hpp"
#include "dialect/tool_names.hpp"

namespace tollgate::dialect {
namespace {

using domain::MediaSource;
using domain::Message;
using domain::Part;
using domain::PartKind;
using domain::Role;

}  // namespace

base::Result<void> CohereMessages::write(const domain::Request& request,
                                         json::Escaped extra_system) {
    writer_.begin_array();
    system(request.system, extra_system);
    std::span<const Message> rest(request.messages);
    while (!rest.empty()) {
        if (rest.front().role == Role::assistant) {
            answer_open_calls();
            assistant(rest.front());
            rest = rest.subspan(1);
            continue;
        }
        const auto end = std::ranges::find(rest, Role::assistant, &Message::role);
        const auto length = static_cast<std::size_t>(end - rest.begin());
        TRY_VOID(between(rest.first(length)));
        rest = rest.subspan(length);
    }
    answer_open_calls();
    writer_.end_array();
    return {};
}

void CohereMessages::note_mark(const Part& part) {
    if (!part.cache_control.empty()) translation_.drop("cache_control");
}

void CohereMessages::system(const std::vector<Part>& parts, json::Escaped extra) {
    JoinedText text;
    for (const Part& part : parts) {
        note_mark(part);
        if (part.kind == PartKind::text) text.add(part.text);
    }
    text.add(extra);
    if (text.empty()) return;
    text.write(writer_.begin_object().string("role", "system").key("content"));
    writer_.end_object();
}

// Only the first message may be a system message: a later one is marked text of the user's turn.
void CohereMessages::marked_system(const std::vector<Part>& parts, Pieces& pieces) {
    JoinedText text;
    for (const Part& part : parts) {
        if (part.kind == PartKind::text) text.add(part.text);
    }
    if (text.empty()) return;
    std::string marked = "<system>\\n";
    text.append_to(marked);
    marked += "\\n</system>";
    pieces.push_back({nullptr, keep(std::move(marked))});
}

// What stands between two assistant messages: the results of tools first, then one user message.
base::Result<void> CohereMessages::between(std::span<const Message> turns) {
    Pieces pieces;
    for (const Message& turn : turns) {
        for (const Part& part : turn.parts) {
            if (part.kind == PartKind::tool_result) TRY_VOID(tool_result(part, pieces));
        }
    }
    answer_open_calls();
    for (const Message& turn : turns) {
        if (turn.role == Role::system) {
            marked_system(turn.parts, pieces);
            continue;
        }
        for (const Part& part : turn.parts) {
            note_mark(part);
            if (part.kind != PartKind::tool_result) TRY_VOID(gather(part, pieces));
        }
    }
    write_user(pieces);
    return {};
}

void CohereMessages::write_user(Pieces& pieces) {
    if (pieces.empty()) return;
    writer_.begin_object().string("role", "user").key("content");
    const bool pictures = std::ranges::any_of(
        pieces, [](const Piece& piece) { return piece.image != nullptr; });
    if (!pictures) {
        JoinedText text;
        for (const Piece& piece : pieces) text.add(piece.text);
        text.write(writer_);
        writer_.end_object();
        return;
    }
    writer_.begin_array();
    for (const Piece& piece : pieces) {
        writer_.begin_object();
        if (piece.image == nullptr) {
            writer_.string("type", "text").escaped("text", piece.text).end_object();
            continue;
        }
        const domain::Media& media = piece.image->media;
        writer_.string("type", "image_url").key("image_url").begin_object().key("url");
        if (media.source == MediaSource::base64) write_data_url(writer_, media);
        else writer_.escaped(media.data);
        if (!media.detail.empty()) writer_.string("detail", media.detail);
        writer_.end_object().end_object();
    }
    writer_.end_array().end_object();
}

base::Result<void> CohereMessages::gather(const Part& part, Pieces& pieces) {
    const domain::Media& media = part.media;
    auto refuse = [&](std::string_view what, std::string_view why) {
        return cannot_carry(target_, translation_, what, "messages.content", why);
    };
    auto add = [&](json::Escaped text) {
        if (!text.empty()) pieces.push_back({nullptr, text});
    };
    switch (part.kind) {
        case PartKind::text: add(part.text); return {};
        case PartKind::image:
            if (!takes_images()) return refuse("image", "this model takes no images");
            if (media.source != MediaSource::base64 && media.source != MediaSource::url) {
                return refuse("image", "an image by file id exists only at the provider it was "
                                       "uploaded to; send it as base64 or URL");
            }
            pieces.push_back({&part, {}});
            return {};
        case PartKind::document: {
            if (media.source != MediaSource::text && media.source != MediaSource::content) {
                return refuse("document", "Cohere takes no files; send the document as text");
            }
            JoinedText text;
            text.add(media.title);
            text.add(media.context);
            text.add(media.data);
            std::string together;
            text.append_to(together);
            add(keep(std::move(together)));
            for (const Part& inner : part.content) TRY_VOID(gather(inner, pieces));
            return {};
        }
        case PartKind::audio: return refuse("audio", "Cohere takes no audio");
        case PartKind::hosted:
            // A provider-run tool's record has no spelling here; the answer it led to is text.
            translation_.drop("hosted tool blocks");
            return {};
        default: return {};  // calls, thinking: not in a user's turn
    }
}

// Text and documents are the tool's message; pictures follow in the user's, which names the call.
base::Result<void> CohereMessages::tool_result(const Part& result, Pieces& pictures) {
    note_mark(result);
    JoinedText text("\\n");
    std::vector<const Part*> documents;
    bool announced = false;
    for (const Part& part : result.content) {
        if (part.kind == PartKind::document && part.media.source == MediaSource::text) {
            documents.push_back(&part);
            continue;
        }
        if (part.kind == PartKind::image && !takes_images()) {
            // A refusal here would end the session for good: the image stays in the conversation.
            translation_.drop("image in a tool result");
            text.add({"[an image was left out: this model takes none]"});
            continue;
        }
        Pieces made;
        TRY_VOID(gather(part, made));
        for (Piece& piece : made) {
            if (piece.image == nullptr) {
                text.add(piece.text);
                continue;
            }
            if (!announced) {
                std::string note = "From the result of tool call ";
                json::append_escaped(note, tool_id_for(target_.provider, result.id));
                note += ':';
                pictures.push_back({nullptr, keep(std::move(note))});
                announced = true;
            }
            pictures.push_back(std::move(piece));
        }
    }
    write_tool_message(result, text, documents);
    std::erase_if(open_calls_, [&](const Part* call) { return call->id == result.id; });
    return {};
}

void CohereMessages::write_tool_message(const Part& result, const JoinedText& text,
                                        const std::vector<const Part*>& documents) {
    writer_.begin_object().string("role", "tool");
    writer_.string("tool_call_id", tool_id_for(target_.provider, result.id)).key("content");
    const std::string_view opening = result.is_error ? "Error: " : "";
    if (documents.empty()) {
        text.write(writer_, opening);
        writer_.end_object();
        return;
    }
    writer_.begin_array();
    if (!text.empty() || !opening.empty()) {
        text.write(writer_.begin_object().string("type", "text").key("text"), opening);
        writer_.end_object();
    }
    for (const Part* part : documents) {
        writer_.begin_object().string("type", "document").key("document").begin_object();
        writer_.key("data").begin_object();
        if (!part->media.title.empty()) writer_.escaped("title", part->media.title);
        writer_.escaped("text", part->media.data).end_object().end_object().end_object();
    }
    writer_.end_array().end_object();
}

// A call whose result never came (an interrupted turn) would be refused.
void CohereMessages::answer_open_calls() {
    for (const Part* call : open_calls_) {
        writer_.begin_object().string("role", "tool");
        writer_.string("tool_call_id", tool_id_for(target_.provider, call->id));
        writer_.string("content", "Error: the call was interrupted and has no result.");
        writer_.end_object();
        translation_.warnings.push_back("tool call without a result: " + std::string(call->id));
    }
    open_calls_.clear();
}

bool cohere_model_reasons(const domain::Deployment& target) {
    const auto& model = target.model;
    return model.thinking != domain::ThinkingSupport::none || !model.efforts.empty() ||
           (!model.in_catalog && target.model_name.find("reasoning") != std::string::npos);
}

// What is said before calls is their plan.
void CohereMessages::assistant(const Message& message) {
    JoinedText text(""), thoughts;
    for (const Part& part : message.parts) {
        note_mark(part);
        if (part.kind == PartKind::text || part.kind == PartKind::refusal) text.add(part.text);
        if (part.kind == PartKind::tool_call) open_calls_.push_back(&part);
        if (part.kind == PartKind::hosted) translation_.drop("hosted tool blocks");
        if (part.kind == PartKind::redacted_thinking) translation_.drop("thinking");
        if (part.kind != PartKind::thinking) continue;
        // What this provider thought itself goes back to it, and what a client says without a
        // signature (reasoning_content), to models that think; what others signed is theirs.
        const auto packed = unpack_signature(part.signature.raw);
        const bool own = packed && packed->provider == target_.provider.type;
        const bool unsigned_thought = part.signature.empty() && cohere_model_reasons(target_);
        if (own || unsigned_thought) thoughts.add(part.text);
        else translation_.drop("thinking");
    }
    if (text.empty() && thoughts.empty() && open_calls_.empty()) return;  // refused when empty
    const bool plan = !open_calls_.empty();
    writer_.begin_object().string("role", "assistant");
    if (!thoughts.empty()) {
        writer_.key("content").begin_array();
        thoughts.write(writer_.begin_object().string("type", "thinking").key("thinking"));
        writer_.end_object();
        if (!plan && !text.empty()) {
            text.write(writer_.begin_object().string("type", "text").key("text"));
            writer_.end_object();
        }
        writer_.end_array();
    } else if (!plan) {
        text.write(writer_.key("content"));
    }
    if (plan && !text.empty()) text.write(writer_.key("tool_plan"));
    if (plan) {
        writer_.key("tool_calls").begin_array();
        for (const Part* call : open_calls_) {
            writer_.begin_object().string("id", tool_id_for(target_.provider, call->id));
            writer_.string("type", "function").key("function").begin_object();
            writer_.string("name", tool_name_for(target_, call->name, translation_));
            writer_.key("arguments").string_in_place([&](std::string& out) {
                append_input_escaped(out, *call);
            });
            writer_.end_object().end_object();
        }
        writer_.end_array();
    }
    writer_.end_object();
}

}  // namespace tollgate::dialect
