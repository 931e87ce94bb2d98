#include "gateway/path_request.hpp"

#include <algorithm>

#include "base/base64.hpp"
#include "base/json.hpp"
#include "http/event_stream.hpp"
#include "http/sse.hpp"

namespace tollgate::gateway {
namespace {

void append_event(std::string& out, std::string_view type, std::string_view payload) {
    http::append_event_stream_message(out,
                                      {{":event-type", type},
                                       {":content-type", "application/json"},
                                       {":message-type", "event"}},
                                      payload);
}

void append_chunk(std::string& out, std::string_view event_json) {
    std::string payload = R"({"bytes":")";
    base::append_base64(payload, event_json);
    payload += "\"}";
    append_event(out, "chunk", payload);
}

void append_exception(std::string& out, std::string_view type, std::string_view payload) {
    http::append_event_stream_message(out,
                                      {{":exception-type", type},
                                       {":content-type", "application/json"},
                                       {":message-type", "exception"}},
                                      payload);
}

// The provider's own exception goes on as it is; an error of its framing has words alone.
void append_own_exception(std::string& out, std::string_view type, std::string_view payload) {
    if (type.empty()) type = "internalServerException";
    if (payload.starts_with('{')) append_exception(out, type, payload);
    else append_exception(out, type, bedrock_error_body(payload.empty() ? type : payload));
}

// An Anthropic error event as one of the exceptions that the stream's model has.
void append_exception(std::string& out, std::string_view event_json) {
    json::Document document;
    const auto root = document.parse(event_json);
    std::string message = "the stream broke";
    std::string_view type = "internalServerException";
    if (root.ok()) {
        const json::Value inside = (*root)["error"];
        const json::Value error = inside.is_object() ? inside : *root;
        if (error["message"].is_string()) message = error["message"].text();
        if (error["type"].equals("rate_limit_error")) type = "throttlingException";
        if (error["type"].equals("overloaded_error")) type = "serviceUnavailableException";
        if (error["type"].equals("timeout_error")) type = "modelTimeoutException";
        if (error["type"].equals("invalid_request_error")) type = "validationException";
    }
    append_exception(out, type, bedrock_error_body(message));
}

// `key` as the body spells it.
bool belongs_to_envelope(std::string_view key, const PathRequest& request) {
    if (json::key_equals(key, "model")) return !request.model.empty();
    if (json::key_equals(key, "stream")) return request.stream_known;
    return json::key_equals(key, "anthropic_version") || json::key_equals(key, "anthropic_beta");
}

// Opens the object; gives how many members it wrote.
std::size_t begin_with_path(std::string& out, const PathRequest& request) {
    std::size_t members = 0;
    out += '{';
    if (!request.model.empty()) {
        json::append_string(out += R"("model":)", request.model);
        out += ',';
        ++members;
    }
    if (request.stream_known && request.stream) {
        out += R"("stream":true,)";
        ++members;
    }
    return members;
}

base::Result<std::string> joined_betas(json::Raw value) {
    json::Document document;
    TRY(const json::Value list, document.parse(value));
    if (!list.is_array() && !list.is_null()) {
        return base::invalid("anthropic_beta: a list of strings is required", "anthropic_beta");
    }
    std::string joined;
    for (const json::Value beta : list.elements()) {
        if (!beta.is_string()) {
            return base::invalid("anthropic_beta: a list of strings is required", "anthropic_beta");
        }
        const std::string name = beta.text();
        // They become a header.
        if (std::ranges::any_of(name, [](char c) { return c < ' ' || c > '~'; })) {
            return base::invalid("anthropic_beta: a name holds a byte that headers may not hold",
                                 "anthropic_beta");
        }
        joined.append(joined.empty() ? "" : ",").append(name);
    }
    return joined;
}

}  // namespace

base::Result<UnwrappedBody> unwrap(std::string_view body, const PathRequest& request) {
    std::vector<json::TopField> fields;
    TRY_VOID(json::scan_top_level(body, fields));
    UnwrappedBody made;
    made.text.reserve(body.size() + request.model.size() + 64);
    begin_with_path(made.text, request);
    for (const json::TopField& field : fields) {
        if (json::key_equals(field.key, "anthropic_beta")) {
            TRY(made.betas, joined_betas(field.value));
        }
        if (belongs_to_envelope(field.key, request)) continue;
        made.text.append(1, '"').append(field.key).append("\":").append(field.value) += ',';
    }
    if (made.text.back() == ',') made.text.pop_back();
    made.text += '}';
    return made;
}

std::optional<PathInFront> path_in_front(std::string_view body, const PathRequest& request) {
    constexpr std::string_view space = " \t\r\n";
    const std::size_t open = body.find_first_not_of(space);
    if (open == body.npos || body[open] != '{') return std::nullopt;
    const std::size_t first = body.find_first_not_of(space, open + 1);
    if (first == body.npos || body[first] != '"') return std::nullopt;
    PathInFront made{{}, first};
    begin_with_path(made.text, request);
    return made;
}

bool says_itself(const json::Document& with_path, const PathRequest& request) {
    std::string ignored;
    const std::size_t ours = begin_with_path(ignored, request);
    const json::Value::Range members = with_path.root().members();
    std::size_t number = 0;
    for (auto at = members.begin(); at != members.end(); ++at) {
        const bool told = number++ >= ours;
        if (told && belongs_to_envelope(at.key().escaped().raw, request)) return true;
    }
    return false;
}

base::Result<std::string> counted_body(const PathRequest& by_path, std::string_view question) {
    json::Document document;
    TRY(const json::Value root, document.parse(question));
    if (by_path.cloud == PathCloud::gemini) {
        const json::Value inside = root["generateContentRequest"];
        return std::string(inside.is_object() ? inside.raw() : question);
    }
    if (by_path.cloud != PathCloud::bedrock) return std::string(question);
    if (const json::Value converse = root["input"]["converse"]; converse.is_object()) {
        return std::string(converse.raw());
    }
    const json::Value encoded = root["input"]["invokeModel"]["body"];
    if (!encoded.is_string()) {
        return base::invalid("input.invokeModel.body: the request to count is required, in base64",
                             "input.invokeModel.body");
    }
    std::string body;
    if (!base::base64_decode(encoded.text(), body, base::Base64::either)) {
        return base::invalid("input.invokeModel.body: this is no base64", "input.invokeModel.body");
    }
    return body;
}

bool asks_about_converse(std::string_view question) {
    json::Document document;
    const auto root = document.parse(question);
    return root.ok() && (*root)["input"]["converse"].is_object();
}

std::vector<std::string> names_of_cloud_model(std::string_view model) {
    std::vector<std::string> names = {std::string(model)};
    std::string_view name = model;
    // An ARN ends in the profile's or the model's id.
    if (name.starts_with("arn:")) name.remove_prefix(name.rfind('/') + 1);
    const std::size_t vendor = name.find("anthropic.");
    if (vendor != std::string_view::npos) name.remove_prefix(vendor + 10);
    std::string plain(name);
    if (const std::size_t version = plain.rfind("-v"); version != std::string::npos) {
        const std::string_view tail = std::string_view(plain).substr(version + 2);
        const bool number = !tail.empty() && tail.find_first_not_of("0123456789:") == tail.npos;
        if (number) plain.resize(version);
    }
    if (plain != names.front()) names.push_back(plain);
    if (const std::size_t at = plain.find('@'); at != std::string::npos) {
        std::string dated = plain;
        dated[at] = '-';
        names.push_back(dated);
        names.push_back(plain.substr(0, at));
    }
    return names;
}

void frame_for_bedrock(std::string& bytes, bool converse) {
    std::string framed;
    http::SseParser parser;
    http::SseFrame frame;
    parser.feed(bytes);
    while (true) {
        const auto more = parser.next(frame);
        // The provider's last event may lack the blank line that ends it.
        const bool any = more.ok() && (*more || parser.finish(frame));
        if (!any) break;
        if (converse && frame.event.starts_with(':')) {
            append_own_exception(framed, frame.event.substr(1), frame.data);
            continue;
        }
        if (frame.comment_only || frame.data.empty()) continue;
        if (frame.event == "error") append_exception(framed, frame.data);
        else if (converse) append_event(framed, frame.event, frame.data);
        else append_chunk(framed, frame.data);
    }
    bytes = std::move(framed);
}

std::string count_answer(const PathRequest* by_path, std::int64_t tokens) {
    std::string_view name = "input_tokens";
    if (by_path != nullptr && by_path->cloud == PathCloud::bedrock) name = "inputTokens";
    if (by_path != nullptr && by_path->cloud == PathCloud::gemini) name = "totalTokens";
    std::string body;
    json::Writer(body).begin_object().integer(name, tokens).end_object();
    return body;
}

std::string bedrock_error_body(std::string_view message) {
    std::string body;
    json::Writer(body).begin_object().string("message", message).end_object();
    return body;
}

std::string_view bedrock_error_type(int status) {
    switch (status) {
        case 401: case 403: return "AccessDeniedException";
        case 404: return "ResourceNotFoundException";
        case 408: case 504: return "ModelTimeoutException";
        case 429: return "ThrottlingException";
        case 502: return "ModelErrorException";
        case 503: case 529: return "ServiceUnavailableException";
        default: return status >= 500 ? "InternalServerException" : "ValidationException";
    }
}

}  // namespace tollgate::gateway
