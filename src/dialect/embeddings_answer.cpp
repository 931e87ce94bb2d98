// The vectors in a provider's answer, and the list that a client gets.
#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>

#include "base/base64.hpp"
#include "dialect/embeddings.hpp"
#include "dialect/relay_fields.hpp"

namespace tollgate::dialect::embeddings {
namespace {

using json::Value;

static_assert(std::endian::native == std::endian::little, "floats are sent as they lie in memory");

base::Error nonsense(std::string what) {
    return {base::ErrorCode::provider, "the provider's embeddings answer " + std::move(what)};
}

// The plain text of a base64 string; JSON may spell its slashes as \/.
std::string plain(Value string) { return string.text(); }

// One vector as the client wants it; "" when `value` is none.
std::string vector_value(Value value, Encoding wanted) {
    if (value.is_string()) {
        if (wanted == Encoding::base64) return std::string(value.raw());
        return base64_to_floats(plain(value));
    }
    if (!value.is_array() || value.size() == 0) return {};
    if (wanted == Encoding::base64) {
        const std::string text = floats_to_base64(value);
        return text.empty() ? text : '"' + text + '"';
    }
    std::string out;
    json::append_compact(out, value.raw());
    return out;
}

class Collector {
public:
    explicit Collector(Encoding wanted) : wanted_(wanted) {}
    void add(Value vector) {
        std::string value = vector_value(vector, wanted_);
        if (value.empty()) broken_ = true;
        out.values.push_back(std::move(value));
    }
    void add_tokens(Value stated) {
        if (const auto tokens = stated.integer(); tokens && *tokens >= 0) {
            out.prompt_tokens = std::max<std::int64_t>(out.prompt_tokens, 0) + *tokens;
        }
    }
    base::Result<Vectors> finish(std::size_t count) {
        if (broken_) return nonsense("holds a vector that is no list of numbers");
        if (out.values.size() != count) {
            return nonsense("holds " + std::to_string(out.values.size()) + " vectors for " +
                            std::to_string(count) + " texts");
        }
        return std::move(out);
    }
    Vectors out;

private:
    Encoding wanted_;
    bool broken_ = false;
};

// OpenAI's data, put in order by index where it says one.
void collect_openai(Value root, std::size_t count, Collector& into) {
    const Value data = root["data"];
    std::vector<Value> in_order(data.size() == count ? count : 0);
    std::size_t position = 0;
    bool ordered = !in_order.empty();
    for (const Value each : data.elements()) {
        if (!ordered) break;
        const auto index = each["index"].integer().value_or(static_cast<std::int64_t>(position++));
        ordered = index >= 0 && static_cast<std::size_t>(index) < count &&
                  !in_order[static_cast<std::size_t>(index)].exists();
        if (ordered) in_order[static_cast<std::size_t>(index)] = each["embedding"];
    }
    if (ordered) {
        for (const Value each : in_order) into.add(each);
    } else {
        for (const Value each : data.elements()) into.add(each["embedding"]);
    }
    into.add_tokens(root["usage"]["prompt_tokens"]);
}

void collect_gemini(Value root, Collector& into) {
    if (root["embedding"].is_object()) into.add(root["embedding"]["values"]);
    for (const Value each : root["embeddings"].elements()) into.add(each["values"]);
    into.add_tokens(root["usageMetadata"]["promptTokenCount"]);
}

void collect_vertex(Value root, Collector& into) {
    for (const Value each : root["predictions"].elements()) {
        into.add(each["embeddings"]["values"]);
        into.add_tokens(each["embeddings"]["statistics"]["token_count"]);
    }
}

// Lists by type where types were asked for, else one list.
void collect_cohere(Value root, Collector& into) {
    const Value embeddings = root["embeddings"];
    const Value list = embeddings.is_object() ? embeddings["float"] : embeddings;
    for (const Value each : list.elements()) into.add(each);
    into.add_tokens(root["meta"]["billed_units"]["input_tokens"]);
}

}  // namespace

std::string floats_to_base64(Value array) {
    if (!array.is_array()) return {};
    std::string bytes;
    bytes.reserve(array.size() * sizeof(float));
    for (const Value each : array.elements()) {
        const json::Raw text = each.raw();
        float value = 0;
        const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
        const bool whole = end == text.data() + text.size();
        // Too small for a float is zero; too large is no vector of any model.
        if (problem == std::errc::result_out_of_range && whole) {
            value = static_cast<float>(each.number().value_or(0));
        } else if (problem != std::errc() || !whole) {
            return {};
        }
        char four[sizeof(float)];
        std::memcpy(four, &value, sizeof(float));
        bytes.append(four, sizeof(float));
    }
    return base::base64_encode(bytes);
}

std::string base64_to_floats(std::string_view text) {
    std::string bytes;
    if (!base::base64_decode(text, bytes)) return {};
    if (bytes.empty() || bytes.size() % sizeof(float) != 0) return {};
    std::string out = "[";
    for (std::size_t at = 0; at < bytes.size(); at += sizeof(float)) {
        float value = 0;
        std::memcpy(&value, bytes.data() + at, sizeof(float));
        if (value != value || value - value != 0) return {};  // not a number, or infinite
        std::array<char, 32> spelled{};
        const auto end = std::to_chars(spelled.data(), spelled.data() + spelled.size(), value);
        if (out.size() > 1) out += ',';
        out.append(spelled.data(), end.ptr);
    }
    return out + ']';
}

base::Result<Vectors> decode_answer(Shape shape, std::string_view body, std::size_t count,
                                    Encoding wanted) {
    json::Document document;
    const auto parsed = document.parse(body);
    if (!parsed.ok() || !parsed->is_object()) return nonsense("is no JSON object");
    const Value root = *parsed;
    Collector into(wanted);
    switch (shape) {
        case Shape::openai: collect_openai(root, count, into); break;
        case Shape::gemini: collect_gemini(root, into); break;
        case Shape::vertex_predict: collect_vertex(root, into); break;
        case Shape::titan:
            into.add(root["embedding"]);
            into.add_tokens(root["inputTextTokenCount"]);
            break;
        case Shape::cohere: collect_cohere(root, into); break;
        case Shape::ollama:
            for (const Value each : root["embeddings"].elements()) into.add(each);
            into.add_tokens(root["prompt_eval_count"]);
            break;
    }
    return into.finish(count);
}

std::string encode_answer(const std::vector<std::string>& vectors, std::string_view model,
                          std::int64_t prompt_tokens) {
    std::string out;
    std::size_t bytes = 200;
    for (const std::string& vector : vectors) bytes += vector.size() + 60;
    out.reserve(bytes);
    json::Writer writer(out);
    writer.begin_object().string("object", "list").key("data").begin_array();
    std::int64_t index = 0;
    for (const std::string& vector : vectors) {
        writer.begin_object().string("object", "embedding").integer("index", index++);
        writer.raw("embedding", vector).end_object();
    }
    writer.end_array().string("model", model).key("usage").begin_object();
    writer.integer("prompt_tokens", prompt_tokens).integer("total_tokens", prompt_tokens);
    writer.end_object().end_object();
    return out;
}

namespace {

// Whether the first vector is spelled as `wanted` says; the others are as it is.
bool is_encoded_as(Encoding wanted, json::Raw data) {
    constexpr std::string_view key = "\"embedding\"";
    // The value of "object" is the same word: a colon follows the key alone.
    for (std::size_t at = data.find(key); at != json::Raw::npos; at = data.find(key, at + 1)) {
        std::size_t next = data.find_first_not_of(" \t\r\n", at + key.size());
        if (next == json::Raw::npos || data[next] != ':') continue;
        next = data.find_first_not_of(" \t\r\n", next + 1);
        if (next == json::Raw::npos) return false;
        return data[next] == (wanted == Encoding::base64 ? '"' : '[');
    }
    return false;
}

}  // namespace

base::Result<RelayedAnswer> relay_answer(std::string_view body, std::string_view model,
                                         std::size_t count, Encoding wanted,
                                         std::int64_t prompt_estimate) {
    std::vector<json::TopField> fields;
    if (!json::scan_top_level(body, fields).ok()) return nonsense("is no JSON object");
    const json::TopField* data = find_field(fields, "data");
    if (data == nullptr || !data->value.starts_with('[')) return nonsense("holds no data");
    RelayedAnswer answer;
    if (const json::TopField* usage = find_field(fields, "usage")) {
        json::Document document;
        const auto parsed = document.parse(usage->value);
        if (parsed.ok()) {
            answer.prompt_tokens = (*parsed)["prompt_tokens"].integer().value_or(-1);
        }
    }
    if (!is_encoded_as(wanted, data->value)) {
        TRY(const Vectors vectors, decode_answer(Shape::openai, body, count, wanted));
        answer.body = encode_answer(vectors.values, model,
                                    answer.prompt_tokens < 0 ? prompt_estimate
                                                             : answer.prompt_tokens);
        return answer;
    }
    const json::TopField* named = find_field(fields, "model");
    answer.body.reserve(body.size() + model.size() + 16);
    if (named == nullptr) {
        answer.body = body;
        return answer;
    }
    answer.body = body.substr(0, named->offset);
    json::append_string(answer.body, model);
    answer.body += body.substr(named->offset + named->value.size());
    return answer;
}

}  // namespace tollgate::dialect::embeddings
