#include "dialect/schema.hpp"

#include <algorithm>
#include <array>

#include "dialect/schema_memory.hpp"

namespace tollgate::dialect {
namespace {

bool dropped(const SchemaRules& rules, std::string_view key) {
    return rules.drop != nullptr &&
           std::find(rules.drop->begin(), rules.drop->end(), key) != rules.drop->end();
}

template <std::size_t N>
bool one_of(std::string_view key, const std::array<std::string_view, N>& keys) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
}

// Keywords whose value is a map of names to schemas, a schema (or a list of them), or plain data.
constexpr std::array<std::string_view, 5> maps = {"properties", "patternProperties", "$defs",
                                                  "definitions", "dependentSchemas"};
constexpr std::array<std::string_view, 5> data = {"enum", "const", "default", "examples",
                                                  "required"};

class Rewriter {
public:
    Rewriter(std::string& out, const SchemaRules& rules) : writer_(out), rules_(rules) {}

    void schema(json::Value value) {
        if (value.is_array()) {
            writer_.begin_array();
            for (json::Value element : value.elements()) schema(element);
            writer_.end_array();
            return;
        }
        if (!value.is_object()) {
            writer_.raw(value.raw());
            return;
        }
        json::Value properties = value["properties"];
        const bool object = properties.is_object() || value["type"].equals("object");
        const bool close = (rules_.strict || rules_.closed) && object;
        writer_.begin_object();
        json::Value::Range range = value.members();
        for (auto it = range.begin(); !(it == range.end()); ++it) member(it, close);
        if (close) {
            if (rules_.strict && !properties.exists()) writer_.raw("properties", "{}");
            if (rules_.strict) required(properties);
            writer_.boolean("additionalProperties", false);
        }
        writer_.end_object();
    }

private:
    void member(const json::Value::Iterator& it, bool close) {
        std::string key = it.key().text();
        if (dropped(rules_, key)) return;
        if (close && (key == "additionalProperties" || (rules_.strict && key == "required"))) {
            return;
        }
        writer_.key(it.key().escaped().raw);
        if (one_of(key, data)) {
            writer_.raw((*it).raw());
        } else if (one_of(key, maps) && (*it).is_object()) {
            writer_.begin_object();
            json::Value::Range range = (*it).members();
            for (auto inner = range.begin(); !(inner == range.end()); ++inner) {
                writer_.key(inner.key().escaped().raw);
                schema(*inner);
            }
            writer_.end_object();
        } else {
            schema(*it);
        }
    }

    void required(json::Value properties) {
        writer_.key("required").begin_array();
        json::Value::Range range = properties.members();
        for (auto it = range.begin(); !(it == range.end()); ++it) {
            writer_.escaped(it.key().escaped());
        }
        writer_.end_array();
    }

    json::Writer writer_;
    const SchemaRules& rules_;
};

}  // namespace

const std::vector<std::string>& refused_by_anthropic() {
    static const std::vector<std::string> keywords = {
        "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength",
        "maxLength", "maxItems", "uniqueItems", "minProperties", "maxProperties"};
    return keywords;
}

void append_schema(std::string& out, json::Raw schema, const SchemaRules& rules) {
    if (schema.empty()) {
        out += R"({"type":"object","properties":{}})";
        return;
    }
    if (rules.empty()) {
        out += schema;
        return;
    }
    const SchemaForm form{SchemaForm::Kind::rules, rules.strict, rules.closed, rules.drop};
    SchemaMemory::of_this_thread().append(out, schema, form, [&](std::string& into) {
        json::Document document;
        base::Result<json::Value> root = document.parse(schema);
        if (root.ok()) {
            Rewriter(into, rules).schema(*root);
        } else {  // not possible for a value the request's own parser accepted
            into += schema;
        }
    });
}

}  // namespace tollgate::dialect
