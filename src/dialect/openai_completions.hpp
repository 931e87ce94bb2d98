// The parts of the legacy text completions codec, joined by make_openai_completions().
// Internal to dialect/openai_completions*.cpp. Contracts: those of the same names in dialect.hpp.
//
// Clients speak it, no provider is asked in it: a prompt becomes one user message of a chat, the
// answer's text becomes choices[0].text. Thinking has no spelling here and is left out.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "dialect/dialect.hpp"

namespace tollgate::dialect::openai_completions {

constexpr std::int64_t default_max_tokens = 16;  // what this interface means by no max_tokens

base::Result<domain::Request> decode_request(const json::Document& document, base::Arena& arena);
std::unique_ptr<StreamEncoder> make_stream_encoder(EncoderOptions options);
// An answer's id: made of the request's id, or the provider's where there is none.
std::string answer_id(std::string_view provider_id, std::string_view request_id);
// stop, length or content_filter: this interface knows no other.
std::string_view finish_reason(domain::StopReason reason);

}  // namespace tollgate::dialect::openai_completions
