// JSON schemas as Gemini's `Schema` message takes them: a subset of OpenAPI 3.0 in which unknown
// keywords are refused. What has no counterpart there is written out another way ($ref inlined,
// oneOf as anyOf, const as enum, "null" as nullable), described in words (enums of numbers), or
// left out (additionalProperties, $schema). Answers to the narrower schema satisfy the original one
// wherever Gemini's has a counterpart. Pure functions, whose results are remembered
// (schema_memory.hpp).
#pragma once
#include <string>

#include "base/json.hpp"

namespace tollgate::dialect {

// Appends `schema` in that form. REQUIRES: `schema` is valid JSON or empty.
void append_gemini_schema(std::string& out, json::Raw schema);

// The same for the parameters of a function; nothing for the schema of an object without
// properties and for an empty one: Gemini wants such a function's parameters left out.
void append_gemini_parameters(std::string& out, json::Raw schema);

}  // namespace tollgate::dialect
