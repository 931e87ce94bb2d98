#include "dialect/gemini_schema.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "dialect/schema_memory.hpp"

namespace tollgate::dialect {
namespace {

using json::Kind;
using json::Value;

// Schemas refer to themselves; the subset cannot. Deeper than this, anything goes.
constexpr std::size_t depth_max = 24;
constexpr std::size_t references_max = 2;  // of one $ref inside itself
// Inlining can multiply: a schema that grows over this is cut to plain types.
constexpr std::size_t bytes_max = 256 * 1024;

constexpr std::array<std::string_view, 10> kept = {
    "title",     "default",   "minItems", "maxItems", "minLength",
    "maxLength", "minimum",   "maximum",  "minProperties", "maxProperties"};

template <std::size_t N>
bool one_of(std::string_view word, const std::array<std::string_view, N>& words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

bool format_known(std::string_view type, std::string_view format) {
    if (type == "string") return format == "enum" || format == "date-time";
    if (type == "integer") return format == "int32" || format == "int64";
    return type == "number" && (format == "float" || format == "double");
}

bool is_null_type(Value value) {
    return value["type"].equals("null") || (value["const"].exists() && value["const"].is_null());
}

class Reducer {
public:
    Reducer(std::string& out, Value root) : writer_(out), begin_(out.size()), root_(root) {}

    void run() { schema(root_, {}, false); }

private:
    // The members of a schema that count, gathered over $ref and allOf.
    struct Member {
        std::string_view key;  // escaped
        Value value;
    };
    struct Gathered {
        std::vector<Value> layers;     // first wins
        std::vector<Member> members;   // of the layers, in their order: asked for again and again
        std::vector<Value> variants;   // of anyOf or oneOf
        bool nullable = false;
        bool endless = false;          // it refers to itself once too often
        Value find(std::string_view name) const {
            return first_of(members, name);
        }
    };

    static Value first_of(std::span<const Member> members, std::string_view name) {
        for (const Member& member : members) {
            if (json::key_equals(member.key, name)) return member.value;
        }
        return {};
    }

    Value referred(std::string_view path) const {
        if (!path.starts_with('#')) return {};
        path.remove_prefix(1);
        Value at = root_;
        while (!path.empty()) {
            path.remove_prefix(1);  // '/'
            const std::size_t end = path.find('/');
            std::string step(path.substr(0, end));
            path.remove_prefix(end == path.npos ? path.size() : end);
            for (std::size_t i = 0; (i = step.find('~', i)) != step.npos; ++i) {
                const bool slash = step.compare(i, 2, "~1") == 0;
                step.replace(i, 2, slash ? "/" : "~");
            }
            at = at[step];
        }
        return at;
    }

    void gather(Value value, Gathered& all, std::size_t depth) {
        if (!value.is_object() || depth > depth_max) return;
        all.layers.push_back(value);
        const std::size_t first = all.members.size();
        const json::Value::Range range = value.members();
        for (auto it = range.begin(); !(it == range.end()); ++it) {
            all.members.push_back({it.key().escaped().raw, *it});
        }
        const std::size_t count = all.members.size() - first;
        const auto own = [&all, first, count](std::string_view name) {
            return first_of(std::span(all.members).subspan(first, count), name);
        };
        if (own("nullable").boolean() == true) all.nullable = true;
        if (const Value ref = own("$ref"); ref.is_string()) {
            const std::string path = ref.text();
            const auto seen = std::count(open_.begin(), open_.end(), path);
            if (static_cast<std::size_t>(seen) < references_max) {
                open_.push_back(path);
                gather(referred(path), all, depth + 1);
            } else {
                all.endless = true;
            }
        }
        for (Value each : own("allOf").elements()) gather(each, all, depth + 1);
        for (std::string_view name : {"anyOf", "oneOf"}) {
            if (!all.variants.empty()) break;
            for (Value each : own(name).elements()) {
                if (is_null_type(each)) all.nullable = true;
                else all.variants.push_back(each);
            }
        }
    }

    // `description` and `nullable`: of the schema around, where this is its only variant.
    void schema(Value value, json::Escaped description, bool nullable) {
        const std::size_t open_before = open_.size();
        ++depth_;
        Gathered all;
        gather(value, all, depth_);
        all.nullable = all.nullable || nullable;
        if (const Value own = all.find("description"); own.is_string()) {
            description = own.escaped();
        }
        const bool too_much = all.endless || depth_ > depth_max ||
                              writer_.out().size() - begin_ > bytes_max;
        std::vector<std::string> types = types_of(all);
        if (too_much) {
            plain(types.size() == 1 ? types.front() : "object", description);
        } else if (all.variants.size() == 1) {
            schema(all.variants.front(), description, all.nullable);
        } else if (all.variants.size() > 1 && !all.find("properties").exists()) {
            variants(all, description);
        } else if (types.size() > 1) {
            several_types(all, types, description);
        } else {
            writer_.begin_object();
            members(all, types.empty() ? "string" : types.front(), description);
            if (all.nullable) writer_.boolean("nullable", true);
            writer_.end_object();
        }
        --depth_;
        open_.resize(open_before);
    }

    void plain(std::string_view type, json::Escaped description) {
        writer_.begin_object().string("type", type);
        if (!description.empty()) writer_.escaped("description", description);
        if (type == "array") writer_.raw("items", R"({"type":"string"})");
        writer_.end_object();
    }

    // anyOf must stand alone, so what was said beside it goes into its variants.
    void variants(const Gathered& all, json::Escaped description) {
        writer_.begin_object().key("anyOf").begin_array();
        for (Value each : all.variants) schema(each, description, all.nullable);
        writer_.end_array().end_object();
    }

    void several_types(const Gathered& all, const std::vector<std::string>& types,
                       json::Escaped description) {
        writer_.begin_object().key("anyOf").begin_array();
        for (const std::string& type : types) {
            writer_.begin_object();
            members(all, type, description);
            if (all.nullable) writer_.boolean("nullable", true);
            writer_.end_object();
        }
        writer_.end_array().end_object();
    }

    // The types that are named, without "null", or the one that the other members speak of.
    static std::vector<std::string> types_of(Gathered& all) {
        std::vector<std::string> types;
        const Value type = all.find("type");
        auto add = [&](Value name) {
            if (!name.is_string()) return;
            std::string word = name.text();
            for (char& c : word) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 32) : c;
            if (word == "null") all.nullable = true;
            else if (std::find(types.begin(), types.end(), word) == types.end()) {
                types.push_back(std::move(word));
            }
        };
        add(type);
        for (Value each : type.elements()) add(each);
        if (!types.empty()) return types;
        const Value constant = all.find("const");
        const Value sample = constant.exists() ? constant : first_of(all.find("enum"));
        if (all.find("properties").is_object()) return {"object"};
        if (all.find("items").is_object()) return {"array"};
        if (sample.kind() == Kind::boolean) return {"boolean"};
        if (sample.kind() == Kind::number) {
            return {sample.integer() ? "integer" : "number"};
        }
        if (sample.exists() || all.nullable || all.find("pattern").exists()) return {"string"};
        if (all.find("minimum").exists() || all.find("maximum").exists()) return {"number"};
        if (!all.variants.empty()) return {};
        // Anything: a value without a type is refused.
        return {"string", "number", "boolean", "object"};
    }

    static Value first_of(Value list) {
        for (Value each : list.elements()) return each;
        return {};
    }

    void members(const Gathered& all, std::string_view type, json::Escaped description) {
        writer_.string("type", type);
        std::string words(description.raw);
        enumeration(all, type, words);
        if (!words.empty()) writer_.escaped("description", json::Escaped{words});
        if (const Value format = all.find("format");
            format.is_string() && format_known(type, format.escaped().raw)) {
            writer_.escaped("format", format.escaped());
        }
        for (std::string_view name : kept) {
            const Value found = all.find(name);
            if (fits(name, type, found)) writer_.raw(name, found.raw());
        }
        if (const Value pattern = all.find("pattern"); type == "string" && pattern.is_string()) {
            writer_.escaped("pattern", pattern.escaped());
        }
        if (type == "object") object(all);
        if (type == "array") items(all);
    }

    static bool fits(std::string_view name, std::string_view type, Value value) {
        if (!value.exists() || value.is_null()) return false;
        if (name == "title") return value.is_string();
        if (name == "default") {
            return (type == "string" && value.is_string()) ||
                   (type == "boolean" && value.kind() == Kind::boolean) ||
                   ((type == "number" || type == "integer") && value.kind() == Kind::number);
        }
        if (value.kind() != Kind::number) return false;
        if (name.ends_with("Items")) return type == "array";
        if (name.ends_with("Length")) return type == "string";
        if (name.ends_with("Properties")) return type == "object";
        return type == "number" || type == "integer";
    }

    // Enums are lists of strings there; other constants are told in words.
    void enumeration(const Gathered& all, std::string_view type, std::string& words) {
        std::vector<Value> choices;
        if (const Value constant = all.find("const"); constant.exists()) {
            choices.push_back(constant);
        } else {
            for (Value each : all.find("enum").elements()) choices.push_back(each);
        }
        std::erase_if(choices, [](Value each) {
            return each.is_null() || (each.is_string() && each.string_empty());
        });
        if (choices.empty()) return;
        const bool strings = std::all_of(choices.begin(), choices.end(),
                                         [](Value each) { return each.is_string(); });
        if (strings && type == "string") {
            writer_.key("enum").begin_array();
            for (Value each : choices) writer_.escaped(each.escaped());
            writer_.end_array();
            return;
        }
        words += words.empty() ? "One of: " : " One of: ";
        for (std::size_t i = 0; i < choices.size(); ++i) {
            if (i > 0) words += ", ";
            json::append_compact_escaped(words, choices[i].raw());
        }
    }

    void object(const Gathered& all) {
        std::vector<std::string_view> names;  // escaped
        bool open = false;
        for (Value layer : all.layers) {
            json::Value::Range range = layer["properties"].members();
            for (auto it = range.begin(); !(it == range.end()); ++it) {
                const std::string_view name = it.key().escaped().raw;
                if (std::find(names.begin(), names.end(), name) != names.end()) continue;
                if (!open) writer_.key("properties").begin_object();
                open = true;
                names.push_back(name);
                writer_.key(name);
                schema(*it, {}, false);
            }
        }
        if (!open) return;
        writer_.end_object();
        required(all, names);
    }

    void required(const Gathered& all, const std::vector<std::string_view>& names) {
        bool open = false;
        std::vector<std::string_view> written;
        for (Value layer : all.layers) {
            for (Value each : layer["required"].elements()) {
                const std::string_view name = each.escaped().raw;
                const bool known = std::find(names.begin(), names.end(), name) != names.end();
                const bool again =
                    std::find(written.begin(), written.end(), name) != written.end();
                if (!each.is_string() || !known || again) continue;
                if (!open) writer_.key("required").begin_array();
                open = true;
                written.push_back(name);
                writer_.escaped(each.escaped());
            }
        }
        if (open) writer_.end_array();
    }

    // An array must say what it holds; of a tuple, the first element's schema stands for all.
    void items(const Gathered& all) {
        Value items = all.find("items");
        if (!items.is_object()) items = first_of(items.exists() ? items : all.find("prefixItems"));
        writer_.key("items");
        if (items.is_object()) schema(items, {}, false);
        else writer_.raw(R"({"type":"string"})");
    }

    json::Writer writer_;
    const std::size_t begin_;
    const Value root_;
    std::vector<std::string> open_;  // $refs that are being written
    std::size_t depth_ = 0;
};

bool takes_no_arguments(Value schema) {
    if (!schema.is_object()) return true;
    for (std::string_view name : {"$ref", "allOf", "anyOf", "oneOf"}) {
        if (schema[name].exists()) return false;
    }
    return schema["properties"].size() == 0;
}

void reduce(std::string& out, json::Raw schema, bool of_parameters) {
    json::Document document;
    const auto parsed = document.parse(schema);
    const Value root = parsed.ok() ? *parsed : Value();
    if (of_parameters && takes_no_arguments(root)) return;
    if (root.is_object()) Reducer(out, root).run();
    else out += R"({"type":"object"})";
}

void append_reduced(std::string& out, json::Raw schema, SchemaForm::Kind kind) {
    SchemaMemory::of_this_thread().append(out, schema, {kind}, [&](std::string& into) {
        reduce(into, schema, kind == SchemaForm::Kind::gemini_parameters);
    });
}

}  // namespace

void append_gemini_schema(std::string& out, json::Raw schema) {
    append_reduced(out, schema, SchemaForm::Kind::gemini);
}

void append_gemini_parameters(std::string& out, json::Raw schema) {
    append_reduced(out, schema, SchemaForm::Kind::gemini_parameters);
}

}  // namespace tollgate::dialect
