#include "dialect/gemini_contents.hpp"

#include <algorithm>
#include <array>

#include "dialect/refused.hpp"
#include "dialect/signatures.hpp"
#include "dialect/tool_names.hpp"

namespace tollgate::dialect::gemini {
namespace {

using domain::MediaSource;
using domain::Part;
using domain::PartKind;
using domain::Role;

constexpr std::string_view user_role = "user", model_role = "model";
constexpr std::string_view greeting = "(The conversation begins with your message.)";

bool is_blank(json::Escaped text) {
    std::string_view raw = text.raw;
    while (!raw.empty()) {
        if (raw.starts_with("\\n") || raw.starts_with("\\t") || raw.starts_with("\\r")) {
            raw.remove_prefix(2);
        } else if (raw.front() == ' ') {
            raw.remove_prefix(1);
        } else {
            return false;
        }
    }
    return true;
}

// A URL says what it leads to by its ending alone.
std::string_view type_by_name(std::string_view url, PartKind kind) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 11> types = {{
        {".png", "image/png"}, {".jpg", "image/jpeg"}, {".jpeg", "image/jpeg"},
        {".webp", "image/webp"}, {".gif", "image/gif"}, {".heic", "image/heic"},
        {".heif", "image/heif"}, {".pdf", "application/pdf"}, {".txt", "text/plain"},
        {".mp3", "audio/mp3"}, {".wav", "audio/wav"}}};
    url = url.substr(0, url.find_first_of("?#"));
    for (const auto& [ending, type] : types) {
        if (url.ends_with(ending)) return type;
    }
    return kind == PartKind::document ? "application/pdf" : "image/jpeg";
}

std::string escaped_text(std::string_view plain) {
    std::string out;
    json::append_escaped(out, plain);
    return out;
}

}  // namespace

std::string function_name(const domain::Deployment& target, std::string_view name,
                          Translation& translation) {
    const bool digit = !name.empty() && (name.front() == '-' || name.front() == '.' ||
                                         (name.front() >= '0' && name.front() <= '9'));
    if (!digit) return tool_name_for(target, name, translation);
    std::string sent = fit_name("_" + std::string(name), target.provider.tool_name_charset,
                                target.provider.tool_name_max);
    auto& known = translation.tool_names;
    const bool noted = std::any_of(known.begin(), known.end(),
                                   [&](const auto& pair) { return pair.first == sent; });
    if (!noted) known.emplace_back(sent, std::string(name));
    return sent;
}

base::Result<void> Contents::write(std::string_view opening) {
    writer_.begin_array();
    if (!opening.empty()) text(opening);
    for (const domain::Message& turn : request_.messages) {
        for (const Part& each : turn.parts) {
            if (!each.cache_control.empty()) translation_.drop("cache_control");
        }
    }
    Turns rest(request_.messages);
    while (!rest.empty()) {
        const bool assistant = rest.front().role == Role::assistant;
        std::size_t length = 1;
        while (length < rest.size() && (rest[length].role == Role::assistant) == assistant) {
            ++length;
        }
        TRY_VOID(assistant ? model(rest.first(length)) : user(rest.first(length)));
        rest = rest.subspan(length);
    }
    speaker_ = user_role;
    for (const Part* call : open_calls_) lost_result(*call);
    open_calls_.clear();
    close_turn();
    writer_.end_array();
    return {};
}

void Contents::open_turn() {
    if (role_ == speaker_) return;
    if (role_.empty() && speaker_ == model_role) {
        speaker_ = user_role;
        text(greeting);
        speaker_ = model_role;
    }
    close_turn();
    role_ = speaker_;
    writer_.begin_object().string("role", role_).key("parts").begin_array();
}

void Contents::close_turn() {
    if (!role_.empty()) writer_.end_array().end_object();
    role_ = {};
}

void Contents::text(std::string_view escaped, std::string_view signature) {
    open_turn();
    writer_.begin_object().escaped("text", json::Escaped{escaped});
    if (!signature.empty()) writer_.string("thoughtSignature", signature);
    writer_.end_object();
}

// --- the model's turns ---------------------------------------------------------------------------

base::Result<void> Contents::model(Turns turns) {
    speaker_ = user_role;
    for (const Part* call : open_calls_) lost_result(*call);
    open_calls_.clear();
    speaker_ = model_role;
    call_signature_.clear();
    text_signature_.clear();
    step_signed_ = false;
    for (const domain::Message& turn : turns) {
        message_ = static_cast<std::size_t>(&turn - request_.messages.data());
        for (const Part& each : turn.parts) {
            const bool silent = each.kind == PartKind::thinking ||
                                each.kind == PartKind::redacted_thinking ||
                                each.kind == PartKind::hosted;
            const bool speech = each.kind == PartKind::text || each.kind == PartKind::refusal;
            if (each.kind == PartKind::thinking) thought(each);
            if (each.kind == PartKind::redacted_thinking) translation_.drop("thinking");
            if (each.kind == PartKind::hosted) translation_.drop("hosted tool blocks");
            if (silent || (speech && is_blank(each.text))) continue;
            if (speech) {
                text(each.text.raw, text_signature_);
                text_signature_.clear();
            } else if (each.kind == PartKind::tool_call) {
                call(each);
            } else {
                TRY_VOID(part(each));
            }
        }
    }
    return {};
}

// Thoughts themselves are not replayed: what the model needs of them is in the signature.
void Contents::thought(const Part& part) {
    if (!is_own_signature(part.signature) && !part.signature.empty()) {
        translation_.drop("thinking");
        return;
    }
    const auto thought = unpack_thought(part.signature.raw);
    if (!thought || !thought->usable_at(target_)) return;
    (thought->part == SignedPart::call ? call_signature_ : text_signature_) = thought->signature;
}

void Contents::call(const Part& part) {
    open_turn();
    writer_.begin_object().key("functionCall").begin_object();
    if (!on_vertex(target_)) writer_.string("id", tool_id_for(target_.provider, part.id));
    writer_.string("name", function_name(target_, part.name, translation_)).key("args");
    if (part.input.empty()) {
        writer_.begin_object().end_object();
    } else if (part.input.front() == '{') {
        writer_.in_place([&](std::string& out) { json::append_compact(out, part.input); });
    } else {
        // Only objects are taken; whatever a model once made of its arguments is kept.
        writer_.begin_object().raw("arguments", part.input).end_object();
    }
    writer_.end_object();
    std::string_view signature = call_signature_;
    if (signature.empty() && !step_signed_ && is_third_generation(target_)) {
        signature = missing_signature;
    }
    if (!signature.empty()) writer_.string("thoughtSignature", signature);
    writer_.end_object();
    call_signature_.clear();
    step_signed_ = true;
    open_calls_.push_back(&part);
}

// --- what stands between them --------------------------------------------------------------------

base::Result<void> Contents::user(Turns turns) {
    speaker_ = user_role;
    std::vector<const Part*> results;
    for (const domain::Message& turn : turns) {
        for (const Part& each : turn.parts) {
            if (each.kind == PartKind::tool_result) results.push_back(&each);
        }
    }
    std::vector<std::pair<const Part*, const Part*>> answered;
    for (const Part* call : open_calls_) {
        const auto found = std::find_if(results.begin(), results.end(), [&](const Part* result) {
            return result->id == call->id;
        });
        if (found == results.end()) {
            lost_result(*call);
            continue;
        }
        TRY_VOID(result_of(*call, **found));
        answered.emplace_back(call, *found);
        results.erase(found);
    }
    open_calls_.clear();
    for (const auto& [call, result] : answered) {
        bool announced = false;
        for (const Part& inner : result->content) {
            const bool left_out = inner.kind == PartKind::image && !takes_images();
            if (inner.kind == PartKind::text || left_out) continue;
            if (!announced) {
                text(escaped_text("From the result of tool call " + std::string(call->name) + ":"));
            }
            announced = true;
            TRY_VOID(part(inner));
        }
    }
    for (const Part* result : results) TRY_VOID(orphan(*result));
    for (const domain::Message& turn : turns) TRY_VOID(spoken(turn));
    return {};
}

base::Result<void> Contents::result_of(const Part& call, const Part& result) {
    std::string_view words;
    std::string joined;  // of several
    for (const Part& inner : result.content) {
        std::string_view more;
        if (inner.kind == PartKind::text) more = inner.text.raw;
        if (inner.kind == PartKind::image && !takes_images()) {
            // The model is told; a refusal would end the session, for the image stays in it.
            translation_.drop("image in a tool result");
            more = "[an image was left out: this model takes none]";
        }
        if (more.empty()) continue;
        if (words.empty()) {
            words = more;
            continue;
        }
        if (joined.empty()) joined = words;
        joined += "\\n";
        joined += more;
        words = joined;
    }
    response(call, result.is_error ? "error" : "output", words);
    return {};
}

// Gemini refuses a turn with fewer responses than calls.
void Contents::lost_result(const Part& call) {
    response(call, "error", "The call was interrupted and has no result.");
    translation_.warnings.push_back("tool call without a result: " + std::string(call.id));
}

void Contents::response(const Part& call, std::string_view member, std::string_view escaped) {
    open_turn();
    writer_.begin_object().key("functionResponse").begin_object();
    if (!on_vertex(target_)) writer_.string("id", tool_id_for(target_.provider, call.id));
    writer_.string("name", function_name(target_, call.name, translation_));
    writer_.key("response").begin_object().escaped(member, json::Escaped{escaped}).end_object();
    writer_.end_object().end_object();
}

// A result whose call is not in the history (it was compacted away) is told as text.
base::Result<void> Contents::orphan(const Part& result) {
    text(escaped_text("Result of an earlier tool call (" + std::string(result.id) + "):"));
    for (const Part& inner : result.content) TRY_VOID(part(inner));
    return {};
}

base::Result<void> Contents::spoken(const domain::Message& turn) {
    message_ = static_cast<std::size_t>(&turn - request_.messages.data());
    for (const Part& each : turn.parts) {
        if (each.kind == PartKind::tool_result) continue;
        if (turn.role != Role::system || each.kind != PartKind::text) {
            TRY_VOID(part(each));
        } else if (!is_blank(each.text)) {
            std::string marked = "<system>\\n";
            marked += each.text.raw;
            marked += "\\n</system>";
            text(marked);
        }
    }
    return {};
}

base::Result<void> Contents::part(const Part& part) {
    switch (part.kind) {
        case PartKind::text:
        case PartKind::refusal:
            if (!is_blank(part.text)) text(part.text.raw);
            return {};
        case PartKind::image:
        case PartKind::audio: return media(part);
        case PartKind::document: return document(part);
        case PartKind::hosted: translation_.drop("hosted tool blocks"); return {};
        case PartKind::tool_call:
        case PartKind::tool_result:
        case PartKind::thinking:
        case PartKind::redacted_thinking: return {};  // written elsewhere
    }
    return {};
}

bool Contents::takes_images() const { return target_.provider.images && target_.model.vision; }

base::Result<void> Contents::media(const Part& part) {
    const bool image = part.kind == PartKind::image;
    const std::string_view what = image ? "image" : part.kind == PartKind::audio ? "audio"
                                                                                 : "document";
    const auto field = [this] { return "messages." + std::to_string(message_); };
    if (image && !takes_images()) {
        return cannot_carry(target_, translation_, what, field(), "the target takes no images");
    }
    const domain::Media& media = part.media;
    if (media.source == MediaSource::file_id) {
        return cannot_carry(target_, translation_, what, field(),
                            "a file uploaded to another provider cannot be read there; send it as "
                            "base64 or by URL");
    }
    open_turn();
    if (media.source == MediaSource::url) {
        writer_.begin_object().key("fileData").begin_object();
        writer_.string("mimeType", media.media_type.empty()
                                       ? type_by_name(media.data.raw, part.kind)
                                       : media.media_type);
        writer_.escaped("fileUri", media.data).end_object().end_object();
        return {};
    }
    std::string type(media.media_type);
    if (part.kind == PartKind::audio && type.find('/') == type.npos) type = "audio/" + type;
    inline_data(type, media.data);
    return {};
}

base::Result<void> Contents::document(const Part& part) {
    const domain::Media& media = part.media;
    std::string head;
    if (!media.title.empty()) head += std::string(media.title.raw) + "\\n";
    if (!media.context.empty()) head += std::string(media.context.raw) + "\\n";
    if (media.source != MediaSource::text && media.source != MediaSource::content) {
        if (!head.empty() && media.source != MediaSource::file_id) text(head);
        return this->media(part);
    }
    if (media.source == MediaSource::text) {
        head += media.data.raw;
        if (!is_blank({head})) text(head);
        return {};
    }
    if (!head.empty()) text(head);
    for (const Part& inner : part.content) TRY_VOID(this->part(inner));
    return {};
}

void Contents::inline_data(std::string_view mime_type, json::Escaped data) {
    writer_.begin_object().key("inlineData").begin_object();
    writer_.string("mimeType", mime_type).escaped("data", data).end_object().end_object();
}

}  // namespace tollgate::dialect::gemini
