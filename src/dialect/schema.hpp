// JSON schemas of tools and answers, rewritten for targets that refuse some keywords.
// Pure functions, whose results are remembered (schema_memory.hpp).
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace tollgate::dialect {

struct SchemaRules {
    // Keywords removed wherever a schema stands; properties of that name are kept.
    const std::vector<std::string>* drop = nullptr;
    // OpenAI's strict mode: every object closed (additionalProperties false), all of its properties
    // required. Answers to the narrower schema satisfy the original one.
    bool strict = false;
    // Every object closed, and nothing more: what Anthropic wants of an answer's schema.
    bool closed = false;
    bool empty() const { return !strict && !closed && (drop == nullptr || drop->empty()); }
};

// The keywords that Claude refuses in the schema of an answer, at Anthropic and on Bedrock.
const std::vector<std::string>& refused_by_anthropic();

// Appends `schema` to `out` as the rules want it; verbatim when they change nothing, the schema of
// an object without properties when it is empty. REQUIRES: `schema` is valid JSON or empty.
void append_schema(std::string& out, json::Raw schema, const SchemaRules& rules);

}  // namespace tollgate::dialect
