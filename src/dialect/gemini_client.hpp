// Gemini's generateContent as clients speak it (Gemini CLI, Google's SDKs). The path names the
// model and says whether to stream; the gateway has put both into the body as `model` and `stream`.
// Both of the interface's spellings are read: inlineData and inline_data.
// Internal to dialect/gemini_client*.cpp. Pure functions.
#pragma once
#include <string>
#include <string_view>

#include "dialect/dialect.hpp"

namespace tollgate::dialect::gemini_client {

// A field by its camelCase name or its snake_case one.
json::Value field(json::Value object, std::string_view camel, std::string_view snake);
bool is_set(json::Value value);
// invalid_request: "contents.0.parts: must be a list".
base::Error field_error(std::string_view field, std::string_view problem);

// Fails: invalid_request naming the field.
base::Result<domain::Request> decode_request(const json::Document& document, base::Arena& arena);

// contents and systemInstruction; `request` borrows the document and the arena.
base::Result<void> decode_contents(json::Value root, base::Arena& arena, domain::Request& request);

// A Schema message (types in capitals, nullable) as JSON schema; JSON schemas pass as they are.
void append_json_schema(std::string& out, json::Value schema);

// A thought's signature as this interface carries it: the field is base64 and SDKs decode it, so a
// signature of our own making, which is none, travels inside one.
std::string carried_signature(std::string_view signature);
// The signature that stands in a client's thoughtSignature; borrows the arena.
json::Escaped restored_signature(json::Value given, base::Arena& arena);

// Google's word for a status: INVALID_ARGUMENT, RESOURCE_EXHAUSTED, ...
std::string_view status_word(int status);

}  // namespace tollgate::dialect::gemini_client

namespace tollgate::dialect {
// The client side of make_gemini().
std::unique_ptr<ClientDialect> make_gemini_client();
}  // namespace tollgate::dialect
