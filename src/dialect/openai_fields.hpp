// Fields and values that OpenAI's interfaces (Chat Completions, legacy completions, Responses)
// spell alike. Internal to dialect/openai_*.cpp. Views borrow the document's text and the arena.
// All fail with invalid_request naming the field; null counts as not given.
#pragma once
#include <string_view>

#include "base/arena.hpp"

#include "base/json.hpp"
#include "base/result.hpp"
#include "domain/conversation.hpp"

namespace tollgate::dialect::openai_chat {

inline bool is_set(json::Value value) { return value.exists() && !value.is_null(); }

// temperature, top_p, top_k, the penalties, seed.
base::Result<void> decode_sampling(json::Value root, domain::Request& request);
// The output limit under its name `field`.
base::Result<void> decode_max_tokens(json::Value root, std::string_view field,
                                     domain::Request& request);
// stop: one string or a list.
base::Result<void> decode_stop(json::Value root, domain::Request& request);
// stream, stream_options.include_usage.
base::Result<void> decode_streaming(json::Value root, domain::Request& request);
// Checks the word only: the level is routing's business, which reads it before a body is decoded.
base::Result<void> decode_power_level(json::Value root);

// A call's arguments, a string with JSON inside, as `call.input`: a JSON object. What holds none (a
// model's slip that the client replays) becomes the text in an object: the call has to stay.
void decode_arguments(json::Value value, base::Arena& arena, domain::Part& call);
// An image's or file's URL: data:TYPE;base64,DATA or http(s). `field` names it in errors.
base::Result<void> decode_url(json::Value url, std::string_view field, domain::Media& media,
                              base::Arena& arena);
// data:TYPE;base64,DATA
base::Result<void> decode_data_url(json::Escaped url, std::string_view field,
                                   domain::Media& media, base::Arena& arena);

}  // namespace tollgate::dialect::openai_chat
