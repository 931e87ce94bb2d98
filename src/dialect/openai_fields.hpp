// Fields that OpenAI's Chat Completions and its legacy completions spell alike.
// Internal to dialect/openai_chat*.cpp and dialect/openai_completions*.cpp. Views borrow the
// document's text. All fail with invalid_request naming the field; null counts as not given.
#pragma once
#include <string_view>

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

}  // namespace tollgate::dialect::openai_chat
