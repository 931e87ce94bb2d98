// The client side of OpenAI Responses, in parts: joined by make_openai_responses().
// Internal to dialect/openai_responses*.cpp and to the Chat decoder, which takes such bodies too.
// Contracts: those of the same names in dialect.hpp. Stateless: nothing is stored between requests,
// so fields that refer to stored answers are refused.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/dialect.hpp"
#include "dialect/place.hpp"

namespace tollgate::dialect::openai_responses {

std::unique_ptr<ClientDialect> make_client();

base::Result<domain::Request> decode_request(const json::Document& document, base::Arena& arena);
std::shared_ptr<const AnswerDescription> describe_answer(const domain::Request& request,
                                                         const Outline& outline);
std::unique_ptr<StreamEncoder> make_stream_encoder(EncoderOptions options);
std::string encode_answer(const std::vector<domain::Event>& events, const EncoderOptions& options);
// The frames that end a stream of which nothing else is known.
std::string encode_stream_error(int status, const base::Error& error, std::string_view request_id);

// --- input ---------------------------------------------------------------------------------
// Appends a tool (or the tools of a namespace) to the request; a name that is there already is not
// repeated. `field` names it in errors.
base::Result<void> decode_tool(json::Value tool, const Place& field, std::string_view name_space,
                               base::Arena& arena, domain::Request& request);
base::Result<void> decode_tools(json::Value list, const Place& field, base::Arena& arena,
                                domain::Request& request);
// REQUIRES: the tools are decoded.
base::Result<void> decode_tool_choice(json::Value root, base::Arena& arena,
                                      domain::Request& request);
// A tool's name in the neutral model.
std::string_view joined_name(std::string_view name_space, std::string_view name,
                             base::Arena& arena);
constexpr std::string_view tool_search_name = "tool_search";

// --- reasoning -----------------------------------------------------------------------------
// A thinking block as a reasoning item's encrypted_content: its text and signature as they are, so
// that the next turn restores the very block. Plain text, no escaping needed.
std::string pack_thinking(json::Escaped thinking, json::Escaped signature);
std::string pack_redacted(json::Escaped data);
// Appends what a reasoning item of a client's input stands for; nothing when it says nothing.
void decode_reasoning(json::Value item, base::Arena& arena, std::vector<domain::Part>& parts);

}  // namespace tollgate::dialect::openai_responses
