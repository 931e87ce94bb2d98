// Whether a JSON value is what a JSON Schema describes, for the checks of `bench models`: type,
// enum, const, properties, required, additionalProperties (true or false), items, and the bounds of
// numbers, lengths and counts. Pure.
#pragma once
#include <string>

#include "base/json.hpp"
#include "base/result.hpp"

namespace tollgate::commands {

// Fails: invalid_request naming the keyword that is not checked here, or is malformed.
base::Result<void> schema_is_known(json::Value schema);
// "" : it is. Else what is wrong and where: "$.items[2]: is a string, not an integer".
// REQUIRES: schema_is_known().
std::string schema_mismatch(json::Value schema, json::Value value);

}  // namespace tollgate::commands
