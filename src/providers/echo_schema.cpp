#include <algorithm>

#include "providers/echo_plan.hpp"

namespace tollgate::providers {
namespace {

constexpr int depth_max = 16;          // of a schema that refers to itself by nesting
constexpr std::int64_t items_max = 64;  // of an array with minItems

// Follows a local reference ("#/$defs/name"); other references are not followed.
json::Value resolve(json::Value root, json::Value schema) {
    for (int hops = 0; hops < depth_max && schema["$ref"].is_string(); ++hops) {
        std::string path = schema["$ref"].text();
        if (!path.starts_with("#/")) return schema;
        json::Value at = root;
        std::size_t begin = 2;
        while (begin <= path.size()) {
            auto slash = std::min(path.find('/', begin), path.size());
            at = at[std::string_view(path).substr(begin, slash - begin)];
            begin = slash + 1;
        }
        if (!at.exists()) return schema;
        schema = at;
    }
    return schema;
}

std::string type_of(json::Value schema) {
    json::Value type = schema["type"];
    if (type.is_string()) return type.text();
    for (json::Value one : type.elements()) {
        if (!one.equals("null")) return one.text();
    }
    if (schema["properties"].is_object()) return "object";
    return type.is_array() ? "null" : "string";
}

void append_text(json::Value schema, std::string_view text, std::string& out) {
    auto least = std::clamp<std::int64_t>(schema["minLength"].integer().value_or(0), 0, 4'096);
    auto most = schema["maxLength"].integer().value_or(1'000'000);
    std::string value(text);
    while (static_cast<std::int64_t>(value.size()) < least) value += '.';
    auto end = static_cast<std::size_t>(
        std::clamp<std::int64_t>(most, 0, static_cast<std::int64_t>(value.size())));
    while (end > 0 && end < value.size() && (value[end] & 0xC0) == 0x80) --end;
    json::append_string(out, std::string_view(value).substr(0, end));
}

struct Filler {
    json::Value root;
    std::string_view text;

    void append(json::Value schema, int depth, std::string& out) const {
        schema = resolve(root, schema);
        if (schema["const"].exists()) return json::append_compact(out, schema["const"].raw());
        for (json::Value first : schema["enum"].elements()) {
            return json::append_compact(out, first.raw());
        }
        for (std::string_view key : {"anyOf", "oneOf", "allOf"}) {
            for (json::Value first : schema[key].elements()) return append(first, depth + 1, out);
        }
        auto type = type_of(schema);
        if (type == "object") return append_object(schema, depth, out);
        if (type == "array") return append_array(schema, depth, out);
        if (type == "boolean") out += "false";
        else if (type == "null") out += "null";
        else if (type == "integer" || type == "number") append_number(schema, out);
        else append_text(schema, text, out);
    }

    static void append_number(json::Value schema, std::string& out) {
        auto least = schema["minimum"].raw();
        auto above = schema["exclusiveMinimum"].integer();
        if (!least.empty()) out += least;
        else json::append_integer(out, above ? *above + 1 : 0);
    }

    void append_object(json::Value schema, int depth, std::string& out) const {
        out += '{';
        bool comma = false;
        for (json::Value name : schema["required"].elements()) {
            if (depth >= depth_max) break;
            if (comma) out += ',';
            comma = true;
            json::append_string(out, name.escaped());
            out += ':';
            append(schema["properties"][name.text()], depth + 1, out);
        }
        out += '}';
    }

    void append_array(json::Value schema, int depth, std::string& out) const {
        auto least = std::clamp<std::int64_t>(schema["minItems"].integer().value_or(0), 0,
                                              depth < depth_max ? items_max : 0);
        out += '[';
        for (std::int64_t i = 0; i < least; ++i) {
            if (i > 0) out += ',';
            append(schema["items"], depth + 1, out);
        }
        out += ']';
    }
};

}  // namespace

std::string smallest_value(json::Raw schema, std::string_view text) {
    json::Document document;
    auto root = document.parse(schema.empty() ? json::Raw("{\"type\":\"object\"}") : schema);
    std::string out;
    if (!root.ok()) return "{}";
    Filler{*root, text}.append(*root, 0, out);
    return out;
}

}  // namespace tollgate::providers
