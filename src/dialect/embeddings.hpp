// Embeddings: OpenAI's interface towards clients, and how each kind of provider is asked for the
// same vectors. Texts in, one call or several out; their answers in, one list in the texts' order
// out. Pure functions, any thread. Views borrow the document's text and the arena.
//
// OpenAI-shaped targets get the client's own bytes but for `model`, and their answers go back the
// same way. The others are asked in their own words: the number of texts per call, the name of the
// size, the purpose of the vectors (Cohere's input_type, Google's task_type) differ.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "dialect/dialect.hpp"

namespace tollgate::dialect::embeddings {

constexpr std::size_t inputs_max = 2'048;        // per request, OpenAI's own limit
constexpr std::int64_t dimensions_max = 65'536;  // no model has so many

enum class Encoding : std::uint8_t { floats, base64 };  // base64: of little-endian 32-bit floats

struct Request {
    std::vector<json::Escaped> texts;  // one of the two is empty
    std::vector<json::Raw> tokens;     // each one list of token ids
    Encoding encoding = Encoding::floats;
    std::int64_t dimensions = 0;  // 0: the model's own
    bool has_user = false;
    json::Escaped purpose;   // input_type, task_type or taskType; in anyone's words
    json::Escaped title;     // Google's, of a RETRIEVAL_DOCUMENT
    json::Escaped truncate;  // Cohere's
    std::size_t count() const { return texts.size() + tokens.size(); }
};

// Fails: invalid_request naming the field: input, encoding_format, dimensions.
base::Result<Request> decode_request(const json::Document& document);

// The wire format of a target's embeddings.
enum class Shape : std::uint8_t {
    openai,          // POST /embeddings
    gemini,          // :embedContent for one text, :batchEmbedContents for several
    vertex_predict,  // Vertex AI's :predict
    titan,           // Amazon Titan by InvokeModel: one text per call
    cohere,          // /v2/embed, and Cohere's models by Bedrock's InvokeModel
    ollama,          // /api/embed
};

// How one model is asked; made by providers::embeddings_target().
struct Target {
    Shape shape = Shape::openai;
    std::string model;              // as the body names it; "" : the path does
    std::size_t texts_max = inputs_max;  // per call; more are cut into several calls
    std::string dimensions_field = "dimensions";  // "" : the size cannot be chosen
    bool user = true;               // OpenAI's shape: accepts `user`
    bool embedding_types = true;    // Cohere's shape: accepts the field
    std::vector<std::pair<std::string, std::string>> extra_body;  // name, JSON value: set always
    bool drop_unsupported = false;
};

struct Call {
    std::string body;
    std::size_t first = 0, count = 0;  // of the request's texts
};

// The calls that ask `target` for `request`, whose body with its outline is `body`. Never empty.
// Fails: invalid_request when the target cannot do what is asked: token ids anywhere but in
// OpenAI's shape, a size where none can be chosen (unless drop_unsupported).
base::Result<std::vector<Call>> encode_calls(const Request& request, std::string_view body,
                                             const Outline& outline, const Target& target,
                                             Translation& translation);

// What one call brought. `vectors` are JSON values as the client wants them.
struct Vectors {
    std::vector<std::string> values;
    std::int64_t prompt_tokens = -1;  // -1: not stated
};
// Fails: provider, when the answer is none or holds another number of vectors.
base::Result<Vectors> decode_answer(Shape shape, std::string_view body, std::size_t count,
                                    Encoding wanted);

// OpenAI's list of all vectors, in order.
std::string encode_answer(const std::vector<std::string>& vectors, std::string_view model,
                          std::int64_t prompt_tokens);

struct RelayedAnswer {
    std::string body;
    std::int64_t prompt_tokens = -1;
};
// An OpenAI-shaped answer as it stands, with the name the client asked for; made anew where its
// encoding is not the one that was wanted (some servers know floats only).
// `prompt_estimate`: what an answer made anew states where the provider says nothing.
// Fails: provider, when the body is no such answer.
base::Result<RelayedAnswer> relay_answer(std::string_view body, std::string_view model,
                                         std::size_t count, Encoding wanted,
                                         std::int64_t prompt_estimate);

// JSON array of numbers to base64 and back; "" when `array` (`text`) is none.
std::string floats_to_base64(json::Value array);
std::string base64_to_floats(std::string_view text);

}  // namespace tollgate::dialect::embeddings
