// The parts of the OpenAI Chat Completions codec, joined by make_openai_chat() in openai_chat.cpp.
// Internal to dialect/openai_chat*.cpp. Contracts: those of the same names in dialect.hpp.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/dialect.hpp"

namespace tollgate::dialect::openai_chat {

base::Result<domain::Request> decode_request(const json::Document& document, base::Arena& arena);
std::unique_ptr<StreamEncoder> make_stream_encoder(EncoderOptions options);
std::string encode_answer(const std::vector<domain::Event>& events, const EncoderOptions& options);
std::string encode_error(int status, const base::Error& error);

base::Result<EncodedRequest> encode_request(const domain::Request& request,
                                            const domain::Deployment& target);
std::unique_ptr<StreamDecoder> make_stream_decoder(const domain::Deployment& target,
                                                   const Translation& translation);
base::Result<std::vector<domain::Event>> decode_answer(std::string_view body,
                                                       const domain::Deployment& target,
                                                       const Translation& translation,
                                                       base::Arena& arena);
ProviderFailure decode_error(int status, std::string_view body);

// Usage as OpenAI and its relatives spell it; -1 where nothing is said.
domain::Usage read_usage(json::Value usage);
void write_usage(json::Writer& writer, const domain::Usage& usage);
// The frame of an error inside a stream. It ends the stream without [DONE]: nothing may look like a
// normal end.
void append_error_frame(const domain::Event& event, std::string& out);
// The finish_reason of a stop.
std::string_view finish_reason(domain::StopReason reason);
// An answer's id: made of the request's id, or the provider's where there is none.
std::string answer_id(std::string_view provider_id, std::string_view request_id);
// Writes the member `extra_content` in which Google's own interface of this protocol hands out the
// signature of a call or a text; `signature` is that, unpacked.
// The value of "annotations": pages that a text refers to.
void write_annotations(json::Writer& writer, const std::vector<domain::Source>& pages);
void write_extra_content(json::Writer& writer, std::string_view signature);
// A failure inside a 200: the value of `error`, or a body that is an error itself.
ProviderFailure read_failure(int status, json::Value body);
// True for MiniMax's way of refusing: base_resp.status_code is not 0, whatever the status says.
bool base_resp_failed(json::Value body);

}  // namespace tollgate::dialect::openai_chat
