#include "commands/schema_check.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace tollgate::commands {
namespace {

using json::Kind;
using json::Value;

constexpr std::array<std::string_view, 7> types = {"object", "array",   "string", "integer",
                                                   "number", "boolean", "null"};
constexpr std::array<std::string_view, 7> bounds = {"minimum",  "maximum",  "minLength",
                                                    "maxLength", "minItems", "maxItems",
                                                    "maxProperties"};
constexpr std::array<std::string_view, 6> remarks = {"title",   "description", "$schema",
                                                     "default", "examples",    "format"};

template <std::size_t N>
bool among(const std::array<std::string_view, N>& list, std::string_view name) {
    return std::find(list.begin(), list.end(), name) != list.end();
}

bool is_whole(Value value) {
    const auto number = value.number();
    return number && std::floor(*number) == *number;
}

bool has_type(Value value, std::string_view type) {
    switch (value.kind()) {
        case Kind::object: return type == "object";
        case Kind::array: return type == "array";
        case Kind::string: return type == "string";
        case Kind::boolean: return type == "boolean";
        case Kind::null: return type == "null";
        case Kind::number: return type == "number" || (type == "integer" && is_whole(value));
        default: return false;
    }
}

std::string_view type_of(Value value) {
    for (const std::string_view type : types) {
        if (has_type(value, type)) return type;
    }
    return "nothing";
}

// Numbers by their value, texts by what they mean, the rest as it is spelled without white space.
bool same(Value a, Value b) {
    if (a.is_string() && b.is_string()) return a.text() == b.text();
    if (a.kind() == Kind::number && b.kind() == Kind::number) return a.number() == b.number();
    std::string left, right;
    json::append_compact(left, a.raw());
    json::append_compact(right, b.raw());
    return left == right;
}

std::size_t characters(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
    }));
}

base::Error malformed(const std::string& name, const std::string& wanted) {
    return base::invalid("json_schema: " + name + " must be " + wanted, "json_schema");
}

base::Result<void> type_is_known(Value type) {
    const auto known = [](Value one) { return one.is_string() && among(types, one.text()); };
    bool good = known(type);
    if (type.is_array()) {
        good = type.size() > 0;
        for (const Value one : type.elements()) good = good && known(one);
    }
    if (good) return {};
    return malformed("type", "object, array, string, number, integer, boolean, null, or several");
}

std::string type_mismatch(Value schema, Value value, const std::string& at) {
    const Value type = schema["type"];
    if (!type.exists()) return "";
    if (type.is_string()) {
        if (has_type(value, type.text())) return "";
        return at + ": is " + std::string(type_of(value)) + ", not " + type.text();
    }
    for (const Value one : type.elements()) {
        if (has_type(value, one.text())) return "";
    }
    return at + ": is " + std::string(type_of(value)) + ", not one of " + std::string(type.raw());
}

std::string bounds_mismatch(Value schema, Value value, const std::string& at) {
    const auto outside = [&](const char* low, const char* high, double measured,
                             const char* what) -> std::string {
        const auto least = schema[low].number(), most = schema[high].number();
        if (least && measured < *least) {
            return at + ": " + what + " below " + std::string(schema[low].raw());
        }
        if (most && measured > *most) {
            return at + ": " + what + " above " + std::string(schema[high].raw());
        }
        return "";
    };
    if (value.kind() == Kind::number) {
        return outside("minimum", "maximum", value.number().value_or(0), "is");
    }
    if (value.is_string()) {
        const auto length = static_cast<double>(characters(value.text()));
        return outside("minLength", "maxLength", length, "its length is");
    }
    if (value.is_array()) {
        return outside("minItems", "maxItems", static_cast<double>(value.size()),
                       "the number of items is");
    }
    if (value.is_object()) {
        return outside("minProperties", "maxProperties", static_cast<double>(value.size()),
                       "the number of members is");
    }
    return "";
}

std::string choice_mismatch(Value schema, Value value, const std::string& at) {
    const Value wanted = schema["const"], choices = schema["enum"];
    if (wanted.exists() && !same(wanted, value)) {
        return at + ": is not " + std::string(wanted.raw());
    }
    if (!choices.exists()) return "";
    for (const Value one : choices.elements()) {
        if (same(one, value)) return "";
    }
    return at + ": is not one of " + std::string(choices.raw());
}

std::string mismatch(Value schema, Value value, const std::string& at);

std::string members_mismatch(Value schema, Value value, const std::string& at) {
    if (!value.is_object()) return "";
    for (const Value name : schema["required"].elements()) {
        if (!value[name.text()].exists()) return at + ": has no " + name.text();
    }
    const Value properties = schema["properties"];
    const bool closed = schema["additionalProperties"].boolean() == false;
    const Value::Range members = value.members();
    for (auto it = members.begin(); it != members.end(); ++it) {
        const std::string name = it.key().text();
        const Value of_it = properties[name];
        if (!of_it.exists()) {
            if (closed) return at + ": has a member " + name;
            continue;
        }
        std::string wrong = mismatch(of_it, *it, at + "." + name);
        if (!wrong.empty()) return wrong;
    }
    return "";
}

std::string mismatch(Value schema, Value value, const std::string& at) {
    if (schema.kind() == Kind::boolean) {
        return schema.boolean() == true ? "" : at + ": nothing is allowed here";
    }
    for (const auto check : {type_mismatch, choice_mismatch, bounds_mismatch, members_mismatch}) {
        std::string wrong = check(schema, value, at);
        if (!wrong.empty()) return wrong;
    }
    const Value items = schema["items"];
    std::size_t place = 0;
    if (!items.exists()) return "";
    for (const Value item : value.elements()) {
        std::string wrong = mismatch(items, item, at + "[" + std::to_string(place++) + "]");
        if (!wrong.empty()) return wrong;
    }
    return "";
}

base::Result<void> keyword_is_known(const std::string& name, Value value) {
    if (among(remarks, name) || name == "const") return {};
    if (name == "type") return type_is_known(value);
    if (among(bounds, name) || name == "minProperties") {
        if (value.kind() == Kind::number) return {};
        return malformed(name, "a number");
    }
    if (name == "enum" || name == "required") {
        if (value.is_array()) return {};
        return malformed(name, "a list");
    }
    if (name == "additionalProperties") {
        if (value.kind() == Kind::boolean) return {};
        return malformed(name, "true or false");
    }
    if (name == "items") return schema_is_known(value);
    if (name == "properties") {
        if (!value.is_object()) return malformed(name, "an object");
        for (const Value member : value.members()) TRY_VOID(schema_is_known(member));
        return {};
    }
    return base::invalid("json_schema: '" + name + "' is not checked here", "json_schema");
}

}  // namespace

base::Result<void> schema_is_known(Value schema) {
    if (schema.kind() == Kind::boolean) return {};
    if (!schema.is_object()) return malformed("it", "an object");
    const Value::Range members = schema.members();
    for (auto it = members.begin(); it != members.end(); ++it) {
        TRY_VOID(keyword_is_known(it.key().text(), *it));
    }
    return {};
}

std::string schema_mismatch(Value schema, Value value) { return mismatch(schema, value, "$"); }

}  // namespace tollgate::commands
