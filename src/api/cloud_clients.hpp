// Clients that are configured for a cloud and pointed at us: Claude Code and the SDKs of Bedrock
// and Vertex, OpenAI's Azure classes. Their paths name the model.
#pragma once
#include <optional>
#include <string_view>

#include "gateway/handle_generation.hpp"
#include "gateway/path_request.hpp"

namespace tollgate::api {

// Nothing for a path of another form. `path` is still percent-encoded.
std::optional<gateway::PathRequest> bedrock_path(std::string_view path);  // /model/{id}/invoke...
std::optional<gateway::PathRequest> converse_path(std::string_view path);  // /model/{id}/converse
std::optional<gateway::PathRequest> vertex_path(std::string_view path);   // ...:streamRawPredict
std::optional<gateway::PathRequest> azure_path(std::string_view path);    // /openai/deployments/...

// /v1beta/models/{m}:generateContent and what Vertex has in its place; `method` gets what stands
// behind the colon.
std::optional<gateway::PathRequest> gemini_path(std::string_view path, std::string_view query,
                                                std::string& method);

// Answers Gemini's methods: generateContent, streamGenerateContent, countTokens.
net::Task<void> gemini_client(gateway::Worker& worker, http::Exchange& exchange);
// GET /v1beta/models and /v1beta/models/{m}
net::Task<void> list_gemini_models(gateway::Worker& worker, http::Exchange& exchange);
net::Task<void> get_gemini_model(gateway::Worker& worker, http::Exchange& exchange);

// Answer what stands below /model/, below /v1/projects/ or /projects/ and below
// /openai/deployments/; other paths there are a 404.
net::Task<void> bedrock_client(gateway::Worker& worker, http::Exchange& exchange);
net::Task<void> vertex_client(gateway::Worker& worker, http::Exchange& exchange);
net::Task<void> azure_client(gateway::Worker& worker, http::Exchange& exchange);

// GET /inference-profiles: the models this key may use, as Bedrock lists them.
net::Task<void> list_inference_profiles(gateway::Worker& worker, http::Exchange& exchange);

}  // namespace tollgate::api
