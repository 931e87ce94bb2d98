// The conversation of a generateContent body.
#include <deque>

#include "dialect/gemini_client.hpp"
#include "dialect/gemini_model.hpp"
#include "dialect/members.hpp"
#include "dialect/place.hpp"
#include "dialect/signatures.hpp"
#include "dialect/text_file.hpp"

namespace tollgate::dialect::gemini_client {
namespace {

using domain::MediaSource;
using domain::Message;
using domain::Part;
using domain::PartKind;
using domain::Role;
using json::Value;

using PartMembers =
    Members<"text", "thought", "functionCall", "function_call", "functionResponse",
            "function_response", "thoughtSignature", "thought_signature", "inlineData",
            "inline_data", "fileData", "file_data">;

// What the interface spells one way or the other.
template <MemberName camel, MemberName snake>
Value either(const PartMembers& members) {
    const Value value = members.get<camel>();
    return value.exists() ? value : members.get<snake>();
}
Value signature_of(const PartMembers& members) {
    return either<"thoughtSignature", "thought_signature">(members);
}

class Contents {
public:
    Contents(base::Arena& arena, domain::Request& request) : arena_(arena), request_(request) {}

    base::Result<void> run(Value contents) {
        if (contents.is_string()) {
            Message turn;
            add_text(contents, turn.parts);
            request_.messages.push_back(std::move(turn));
            return {};
        }
        if (!contents.is_array() || contents.size() == 0) {
            return field_error("contents", "is required: a list of contents");
        }
        request_.messages.reserve(contents.size());
        const Place place("contents");
        std::size_t index = 0;
        for (const Value content : contents.elements()) {
            TRY_VOID(turn(content, Place(place, index++)));
        }
        return {};
    }

    // `list`: the member `parts` of what stands at `at`.
    base::Result<void> parts(Value list, const Place& at, std::vector<Part>& out) {
        const Place place(at, "parts");
        if (!is_set(list)) return place.error({}, "is required: a list of parts");
        if (list.is_object()) return part(list, place, out);
        if (!list.is_array()) return place.error({}, "must be a list of parts");
        out.reserve(list.size());
        std::size_t index = 0;
        for (const Value each : list.elements()) {
            TRY_VOID(part(each, Place(place, index++), out));
        }
        return {};
    }

private:
    struct OpenCall {
        std::string_view id, name;
    };

    base::Result<void> turn(Value content, const Place& at) {
        if (!content.is_object()) return at.error({}, "must be an object with parts");
        const Members<"role", "parts"> members(content);
        const Value role = members.get<"role">();
        Message message;
        message.role = role.equals("model") ? Role::assistant : Role::user;
        const bool known = !is_set(role) || role.equals("user") || role.equals("model") ||
                           role.equals("function");
        if (!known) return at.error("role", "must be user or model");
        TRY_VOID(parts(members.get<"parts">(), at, message.parts));
        if (!message.parts.empty()) request_.messages.push_back(std::move(message));
        return {};
    }

    void add_text(Value text, std::vector<Part>& out) {
        if (text.string_empty()) return;
        Part& made = out.emplace_back();
        made.text = text.escaped();
    }

    // A thought of its own, or the signature of the part that follows.
    void add_signature(Value given, gemini::SignedPart kind, std::vector<Part>& out) {
        if (!given.is_string() || given.string_empty()) return;
        Part& thought = out.emplace_back();
        thought.kind = PartKind::thinking;
        // What was made here for this client goes back as it is.
        thought.signature = restored_signature(given, arena_);
        if (is_own_signature(thought.signature)) return;
        thought.signature = {arena_.store(gemini::pack_thought(kind, {}, given.text()))};
    }

    base::Result<void> part(Value value, const Place& at, std::vector<Part>& out) {
        if (!value.is_object()) return at.error({}, "must be an object");
        const PartMembers members(value);
        if (const Value call = either<"functionCall", "function_call">(members);
            call.is_object()) {
            add_signature(signature_of(members), gemini::SignedPart::call, out);
            return add_call(call, Place(at, "functionCall"), out);
        }
        if (const Value result = either<"functionResponse", "function_response">(members);
            result.is_object()) {
            return add_result(result, Place(at, "functionResponse"), out);
        }
        if (const Value data = either<"inlineData", "inline_data">(members); data.is_object()) {
            return add_media(data, "data", MediaSource::base64, Place(at, "inlineData"), out);
        }
        if (const Value file = either<"fileData", "file_data">(members); file.is_object()) {
            return add_media(file, "fileUri", MediaSource::url, Place(at, "fileData"), out);
        }
        if (members.get<"text">().is_string()) {
            add_said(members, out);
            return {};
        }
        if (is_set(field(value, "executableCode", "executable_code")) ||
            is_set(field(value, "codeExecutionResult", "code_execution_result"))) {
            Part& hosted = out.emplace_back();
            hosted.kind = PartKind::hosted;
            hosted.verbatim = value.raw();
            return {};
        }
        if (is_set(signature_of(members))) {
            add_signature(signature_of(members), gemini::SignedPart::text, out);
            return {};
        }
        return at.error({}, "holds neither text, inlineData, fileData, functionCall nor "
                            "functionResponse");
    }

    void add_said(const PartMembers& members, std::vector<Part>& out) {
        const Value said = members.get<"text">();
        if (!members.get<"thought">().boolean().value_or(false)) {
            add_signature(signature_of(members), gemini::SignedPart::text, out);
            add_text(said, out);
            return;
        }
        const Value signature = signature_of(members);
        // A thought arrives in pieces, its signature with the last one: one block again.
        const bool goes_on = !out.empty() && out.back().kind == PartKind::thinking &&
                             out.back().signature.empty();
        Part& thought = goes_on ? out.back() : out.emplace_back();
        thought.kind = PartKind::thinking;
        std::string text(thought.text.raw);
        text += said.escaped().raw;
        thought.text = goes_on ? json::Escaped{arena_.store(text)} : said.escaped();
        if (signature.is_string()) thought.signature = restored_signature(signature, arena_);
    }

    base::Result<void> add_call(Value call, const Place& at, std::vector<Part>& out) {
        const Members<"name", "id", "args"> members(call);
        const Value name = members.get<"name">(), arguments = members.get<"args">();
        if (!name.is_string()) return at.error("name", "is required: a string");
        Part& made = out.emplace_back();
        made.kind = PartKind::tool_call;
        made.name = name.text(arena_);
        made.id = id_of(members.get<"id">());
        made.input = arguments.is_object() ? arguments.raw() : json::Raw("{}");
        open_.push_back({made.id, made.name});
        return {};
    }

    std::string_view id_of(Value id) {
        if (id.is_string() && !id.string_empty()) return id.text(arena_);
        return arena_.store("call_" + std::to_string(++made_ids_));
    }

    // Without an id it answers the oldest open call of its name.
    std::string_view answered(Value id, std::string_view name) {
        for (auto call = open_.begin(); call != open_.end(); ++call) {
            const bool this_one = id.is_string() && !id.string_empty() ? id.equals(call->id)
                                                                       : call->name == name;
            if (!this_one) continue;
            const std::string_view found = call->id;
            open_.erase(call);
            return found;
        }
        return id_of(id);
    }

    base::Result<void> add_result(Value result, const Place& at, std::vector<Part>& out) {
        const Members<"name", "id", "response", "parts"> members(result);
        const Value name = members.get<"name">();
        if (!name.is_string()) return at.error("name", "is required: a string");
        const std::string_view id = answered(members.get<"id">(), name.text(arena_));
        Part& made = out.emplace_back();
        made.kind = PartKind::tool_result;
        made.id = id;
        const Value response = members.get<"response">();
        made.is_error = response.is_object() && response.size() == 1 && is_set(response["error"]);
        const json::Escaped text = result_text(response);
        if (!text.empty()) {
            made.content.reserve(1);
            made.content.emplace_back().text = text;
        }
        // Pictures that a function gave back.
        for (const Value extra : members.get<"parts">().elements()) {
            TRY_VOID(part(extra, Place(at, "parts"), made.content));
        }
        return {};
    }

    // {"output": text}, {"result": text} and {"error": text} are their text; all else stays JSON.
    json::Escaped result_text(Value response) {
        if (!is_set(response)) return {};
        if (response.is_object() && response.size() == 1) {
            for (const std::string_view name : {"output", "result", "error", "content"}) {
                if (response[name].is_string()) return response[name].escaped();
            }
        }
        std::string escaped;
        json::append_compact_escaped(escaped, response.raw());
        return {arena_.store(escaped)};
    }

    base::Result<void> add_media(Value media, std::string_view source_name, MediaSource source,
                                 const Place& at, std::vector<Part>& out) {
        const Value type = field(media, "mimeType", "mime_type");
        const Value data = source == MediaSource::url ? field(media, "fileUri", "file_uri")
                                                      : media[source_name];
        if (!data.is_string()) return at.error(source_name, "is required: a string");
        Part made;
        made.media.source = source;
        made.media.media_type = type.text(arena_);
        made.media.data = data.escaped();
        const std::string_view mime = made.media.media_type;
        if (mime.empty() && source == MediaSource::base64) {
            return at.error("mimeType", "is required, e.g. image/png");
        }
        made.kind = PartKind::document;
        read_text_file(made.media, arena_);
        if (mime.starts_with("image/") || mime.empty()) made.kind = PartKind::image;
        if (mime.starts_with("audio/")) {
            made.kind = PartKind::audio;
            made.media.media_type = mime.substr(6) == "mpeg" ? "mp3" : mime.substr(6);
        }
        if (mime.starts_with("video/")) {
            return at.error({}, "video is understood by Gemini models only, not by this one");
        }
        out.push_back(std::move(made));
        return {};
    }

    base::Arena& arena_;
    domain::Request& request_;
    std::deque<OpenCall> open_;
    std::size_t made_ids_ = 0;
};

}  // namespace

base::Result<void> decode_contents(Value root, base::Arena& arena, domain::Request& request) {
    Contents contents(arena, request);
    const Value system = field(root, "systemInstruction", "system_instruction");
    if (system.is_string()) {
        if (!system.string_empty()) request.system.emplace_back().text = system.escaped();
    } else if (is_set(system)) {
        TRY_VOID(contents.parts(system["parts"], Place("systemInstruction"), request.system));
    }
    return contents.run(root["contents"]);
}

}  // namespace tollgate::dialect::gemini_client
