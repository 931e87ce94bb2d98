// What a client asks of the embeddings interface, and the calls that ask a provider for it.
#include <algorithm>
#include <array>

#include "dialect/embeddings.hpp"
#include "dialect/relay_fields.hpp"

namespace tollgate::dialect::embeddings {
namespace {

using json::Value;

base::Error wrong(std::string_view field, std::string_view problem) {
    std::string message(field);
    message += ": ";
    message += problem;
    return base::invalid(std::move(message), std::string(field));
}

bool is_set(Value value) { return value.exists() && !value.is_null(); }

bool is_token_list(Value list) {
    if (!list.is_array() || list.size() == 0) return false;
    for (const Value each : list.elements()) {
        if (!each.integer()) return false;
    }
    return true;
}

base::Result<void> decode_list(Value input, Request& request) {
    if (input.size() == 0) return wrong("input", "at least one text is required");
    if (is_token_list(input)) {
        request.tokens.push_back(input.raw());
        return {};
    }
    if (input.size() > inputs_max) {
        return wrong("input", "at most " + std::to_string(inputs_max) +
                                  " texts are taken in one request, there are " +
                                  std::to_string(input.size()) + ": send them in several");
    }
    for (const Value each : input.elements()) {
        if (each.is_string() && request.tokens.empty()) {
            request.texts.push_back(each.escaped());
        } else if (is_token_list(each) && request.texts.empty()) {
            request.tokens.push_back(each.raw());
        } else {
            return wrong("input", "a text, a list of texts, a list of token ids or a list of such "
                                  "lists is required");
        }
    }
    return {};
}

json::Escaped first_string(Value root, std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
        if (root[name].is_string()) return root[name].escaped();
    }
    return {};
}

// The purpose of vectors in Cohere's and in Google's words, and what else is said for it.
struct Purpose {
    std::string_view cohere, google;
    std::array<std::string_view, 2> others;
};
constexpr std::array<Purpose, 4> purposes = {{
    {"search_document", "RETRIEVAL_DOCUMENT", {"document", "passage"}},
    {"search_query", "RETRIEVAL_QUERY", {"query", ""}},
    {"classification", "CLASSIFICATION", {"", ""}},
    {"clustering", "CLUSTERING", {"", ""}},
}};

// The words that are known, translated; those that only one side has stay as they are.
std::string purpose_word(json::Escaped said, std::string_view Purpose::* side) {
    for (const Purpose& each : purposes) {
        const bool known = said.raw == each.cohere || said.raw == each.google ||
                           std::find(each.others.begin(), each.others.end(), said.raw) !=
                               each.others.end();
        if (known && !said.empty()) return std::string(each.*side);
    }
    return std::string(said.raw);
}

void write_extra(json::Writer& writer, const Target& target) {
    for (const auto& [name, value] : target.extra_body) writer.foreign_key(name).raw(value);
}

void write_texts(json::Writer& writer, const Request& request, const Call& call) {
    writer.begin_array();
    for (std::size_t i = 0; i < call.count; ++i) writer.escaped(request.texts[call.first + i]);
    writer.end_array();
}

void write_dimensions(json::Writer& writer, const Request& request, const Target& target) {
    if (request.dimensions > 0 && !target.dimensions_field.empty()) {
        writer.integer(target.dimensions_field, request.dimensions);
    }
}

void write_gemini_content(json::Writer& writer, json::Escaped text) {
    writer.key("content").begin_object().key("parts").begin_array();
    writer.begin_object().escaped("text", text).end_object().end_array().end_object();
}

void write_gemini_one(json::Writer& writer, const Request& request, const Target& target,
                      json::Escaped text) {
    writer.begin_object().string("model", "models/" + target.model);
    write_gemini_content(writer, text);
    if (!request.purpose.empty()) {
        const std::string task = purpose_word(request.purpose, &Purpose::google);
        writer.escaped("taskType", {task});
    }
    if (!request.title.empty()) writer.escaped("title", request.title);
    write_dimensions(writer, request, target);
    write_extra(writer, target);
    writer.end_object();
}

void write_gemini(json::Writer& writer, const Request& request, const Target& target,
                  const Call& call) {
    if (call.count == 1) {
        write_gemini_one(writer, request, target, request.texts[call.first]);
        return;
    }
    writer.begin_object().key("requests").begin_array();
    for (std::size_t i = 0; i < call.count; ++i) {
        write_gemini_one(writer, request, target, request.texts[call.first + i]);
    }
    writer.end_array().end_object();
}

void write_vertex(json::Writer& writer, const Request& request, const Target& target,
                  const Call& call) {
    writer.begin_object().key("instances").begin_array();
    for (std::size_t i = 0; i < call.count; ++i) {
        writer.begin_object().escaped("content", request.texts[call.first + i]);
        if (!request.purpose.empty()) {
            const std::string task = purpose_word(request.purpose, &Purpose::google);
            writer.escaped("task_type", {task});
        }
        if (!request.title.empty()) writer.escaped("title", request.title);
        writer.end_object();
    }
    writer.end_array();
    if ((request.dimensions > 0 && !target.dimensions_field.empty()) ||
        !target.extra_body.empty()) {
        writer.key("parameters").begin_object();
        write_dimensions(writer, request, target);
        write_extra(writer, target);
        writer.end_object();
    }
    writer.end_object();
}

void write_titan(json::Writer& writer, const Request& request, const Target& target,
                 const Call& call) {
    writer.begin_object().escaped("inputText", request.texts[call.first]);
    if (request.dimensions > 0 && target.dimensions_field == "embeddingConfig") {
        writer.key("embeddingConfig").begin_object();
        writer.integer("outputEmbeddingLength", request.dimensions).end_object();
    } else {
        write_dimensions(writer, request, target);
    }
    write_extra(writer, target);
    writer.end_object();
}

void write_cohere(json::Writer& writer, const Request& request, const Target& target,
                  const Call& call) {
    // Required by Cohere; what a client that says nothing embeds is more often a document.
    const std::string purpose = request.purpose.empty()
                                    ? std::string("search_document")
                                    : purpose_word(request.purpose, &Purpose::cohere);
    writer.begin_object();
    if (!target.model.empty()) writer.string("model", target.model);
    writer.key("texts");
    write_texts(writer, request, call);
    writer.escaped("input_type", {purpose});
    if (target.embedding_types) {
        writer.key("embedding_types").begin_array().string("float").end_array();
    }
    write_dimensions(writer, request, target);
    if (!request.truncate.empty()) writer.escaped("truncate", request.truncate);
    write_extra(writer, target);
    writer.end_object();
}

void write_ollama(json::Writer& writer, const Request& request, const Target& target,
                  const Call& call) {
    writer.begin_object().string("model", target.model).key("input");
    write_texts(writer, request, call);
    write_dimensions(writer, request, target);
    write_extra(writer, target);
    writer.end_object();
}

std::string write_body(const Request& request, const Target& target, const Call& call) {
    std::string out;
    json::Writer writer(out);
    switch (target.shape) {
        case Shape::gemini: write_gemini(writer, request, target, call); break;
        case Shape::vertex_predict: write_vertex(writer, request, target, call); break;
        case Shape::titan: write_titan(writer, request, target, call); break;
        case Shape::cohere: write_cohere(writer, request, target, call); break;
        case Shape::ollama: write_ollama(writer, request, target, call); break;
        case Shape::openai: break;  // relayed
    }
    return out;
}

std::string quoted(std::string_view plain) {
    std::string out;
    json::append_string(out, plain);
    return out;
}

// The client's own bytes, with what this target names or wants otherwise.
std::string relay_body(std::string_view body, const Outline& outline, const Target& target,
                       Translation& translation) {
    std::vector<Splice> splices = {
        {outline.model_begin, outline.model_end, quoted(target.model)}};
    std::vector<Element> members;
    for (const json::TopField& field : outline.fields) {
        const auto key = static_cast<std::size_t>(field.key.data() - body.data());
        Element member{key - 1, field.offset + field.value.size()};
        if (json::key_equals(field.key, "user") && !target.user) {
            translation.drop("user");
            member.cut = true;
        } else if (json::key_equals(field.key, "power_level")) {
            member.cut = true;  // a word to us
        } else if (json::key_equals(field.key, "dimensions")) {
            member.cut = target.dimensions_field.empty();
            if (!member.cut && target.dimensions_field != "dimensions") {
                splices.push_back({key, key + field.key.size(), target.dimensions_field});
            }
        }
        members.push_back(member);
    }
    cut_elements(members, splices);
    std::string added;
    for (const auto& [name, value] : target.extra_body) {
        if (name == "model") continue;
        if (const json::TopField* field = find_field(outline.fields, name)) {
            splices.push_back({field->offset, field->offset + field->value.size(), value});
        } else {
            added += "," + quoted(name) + ":" + value;
        }
    }
    const std::size_t close = body.rfind('}');
    if (!added.empty()) splices.push_back({close, close, added});
    std::sort(splices.begin(), splices.end(),
              [](const Splice& a, const Splice& b) { return a.begin < b.begin; });
    std::string out;
    std::size_t at = 0;
    for (const Splice& splice : splices) {
        out += body.substr(at, splice.begin - at);
        out += splice.text;
        at = splice.end;
    }
    out += body.substr(at);
    return out;
}

}  // namespace

base::Result<Request> decode_request(const json::Document& document) {
    const Value root = document.root();
    Request request;
    const Value input = root["input"];
    if (input.is_string()) {
        request.texts.push_back(input.escaped());
    } else if (input.is_array()) {
        TRY_VOID(decode_list(input, request));
    } else {
        return wrong("input", "a text or a list of texts is required");
    }
    const Value format = root["encoding_format"];
    if (format.equals("base64")) {
        request.encoding = Encoding::base64;
    } else if (is_set(format) && !format.equals("float")) {
        return wrong("encoding_format", "\"float\" or \"base64\" is required");
    }
    const Value dimensions = root["dimensions"];
    if (is_set(dimensions)) {
        const auto size = dimensions.integer();
        if (!size || *size < 1 || *size > dimensions_max) {
            return wrong("dimensions", "a whole number from 1 is required");
        }
        request.dimensions = *size;
    }
    request.has_user = is_set(root["user"]);
    request.purpose = first_string(root, {"input_type", "task_type", "taskType"});
    request.title = first_string(root, {"title"});
    request.truncate = first_string(root, {"truncate"});
    return request;
}

base::Result<std::vector<Call>> encode_calls(const Request& request, std::string_view body,
                                             const Outline& outline, const Target& target,
                                             Translation& translation) {
    if (request.dimensions > 0 && target.dimensions_field.empty()) {
        if (!target.drop_unsupported) {
            return wrong("dimensions", "this model has one size only: leave the field out, or set "
                                       "drop_params for it");
        }
        translation.drop("dimensions");
    }
    if (target.shape == Shape::openai) {
        std::vector<Call> relayed(1);
        relayed[0] = {relay_body(body, outline, target, translation), 0, request.count()};
        return relayed;
    }
    if (!request.tokens.empty()) {
        return wrong("input", "token ids are understood only by providers with OpenAI's "
                              "interface: send the text itself");
    }
    if (request.has_user) translation.drop("user");
    std::vector<Call> calls;
    for (std::size_t first = 0; first < request.count(); first += target.texts_max) {
        Call call;
        call.first = first;
        call.count = std::min(target.texts_max, request.count() - first);
        call.body = write_body(request, target, call);
        calls.push_back(std::move(call));
    }
    return calls;
}

}  // namespace tollgate::dialect::embeddings
