// A tool in the shape that OpenAI's Chat gave it and that Cohere and Ollama took over:
// {"type":"function","function":{name, description, parameters}}. Pure.
#pragma once
#include "base/json.hpp"
#include "dialect/dialect.hpp"

namespace tollgate::dialect {

// `strict`: the schema is written as strict mode wants it, and strict mode is asked for. Names that
// the target cannot carry are noted in `notes`.
void write_function_tool(json::Writer& list, const domain::Tool& tool, bool strict,
                         const domain::Deployment& target, Translation& notes);

}  // namespace tollgate::dialect
