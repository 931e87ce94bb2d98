// Gemini's Schema message, which is OpenAPI's with types in capitals, as JSON schema.
#include <algorithm>
#include <array>

#include "dialect/gemini_client.hpp"

namespace tollgate::dialect::gemini_client {
namespace {

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    });
    return text;
}

void append_type(json::Writer& writer, json::Value type, bool nullable) {
    if (!type.is_string()) {
        writer.raw("type", type.raw());
        return;
    }
    const std::string name = lower(type.text());
    if (name == "type_unspecified") return;
    if (!nullable) {
        writer.string("type", name);
        return;
    }
    writer.key("type").begin_array().string(name).string("null").end_array();
}

// Members whose values are schemas by name, lists of schemas, one schema.
bool is_one_of(json::Value key, std::initializer_list<std::string_view> names) {
    return std::any_of(names.begin(), names.end(), [&](auto name) { return key.equals(name); });
}

void append(json::Writer& writer, json::Value schema) {
    if (!schema.is_object()) {
        writer.raw(schema.raw());
        return;
    }
    const bool nullable = schema["nullable"].boolean().value_or(false);
    writer.begin_object();
    const auto members = schema.members();
    for (auto at = members.begin(); at != members.end(); ++at) {
        const json::Value key = at.key(), value = *at;
        if (key.equals("nullable") || key.equals("propertyOrdering") ||
            key.equals("property_ordering")) {
            continue;
        }
        if (key.equals("type")) {
            append_type(writer, value, nullable);
            continue;
        }
        const std::string name = key.equals("any_of") ? "anyOf" : key.text();
        writer.foreign_key(name);
        if (is_one_of(key, {"properties", "$defs", "definitions"}) && value.is_object()) {
            writer.begin_object();
            const auto inner = value.members();
            for (auto each = inner.begin(); each != inner.end(); ++each) {
                writer.foreign_key(each.key().text());
                append(writer, *each);
            }
            writer.end_object();
        } else if (is_one_of(key, {"anyOf", "any_of", "oneOf", "allOf"}) && value.is_array()) {
            writer.begin_array();
            for (const json::Value each : value.elements()) append(writer, each);
            writer.end_array();
        } else if (is_one_of(key, {"items", "additionalProperties"})) {
            append(writer, value);
        } else if (is_one_of(key, {"minItems", "maxItems", "minLength", "maxLength",
                                   "minProperties", "maxProperties"}) &&
                   value.is_string()) {
            // 64 bit numbers travel as strings in this interface.
            writer.raw(value.escaped().raw);
        } else {
            writer.raw(value.raw());
        }
    }
    writer.end_object();
}

}  // namespace

void append_json_schema(std::string& out, json::Value schema) {
    json::Writer writer(out);
    append(writer, schema);
}

}  // namespace tollgate::dialect::gemini_client
