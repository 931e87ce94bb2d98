// Bedrock's Converse as clients speak it (the AWS SDKs). The path names the model and says whether
// to stream; the gateway has put both into the body as `model` and `stream`.
// Streams are written as server-sent events named like Bedrock's events; the gateway turns them
// into messages of an AWS event stream on their way to the client.
// Internal to dialect/converse_client*.cpp. Pure functions.
#pragma once
#include <memory>

#include "dialect/dialect.hpp"

namespace tollgate::dialect {

// The client side of make_bedrock_converse().
std::unique_ptr<ClientDialect> make_converse_client();

namespace converse_client {

// Fails: invalid_request naming the field.
base::Result<domain::Request> decode_request(const json::Document& document, base::Arena& arena);

}  // namespace converse_client
}  // namespace tollgate::dialect
