// A real call to a provider, as small as it can be: does the address answer, does the credential
// work, is the model there; and the list of models that a provider offers. Loop threads.
#pragma once
#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "domain/providers.hpp"
#include "gateway/snapshot.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"

namespace tollgate::assembly {

constexpr std::int64_t probe_output_tokens = 5;
constexpr std::chrono::seconds probe_time{30};

// One completion of at most probe_output_tokens. Never fails: what went wrong is the answer.
net::Task<domain::ProviderProbe> probe(net::Loop& loop, gateway::EndpointPointer endpoint,
                                       net::CancelScope* scope = nullptr,
                                       std::chrono::milliseconds patience = probe_time);
// The same by asking for the list of models, which costs nothing; what it holds does not matter.
// Where there is none: error class bad_request, and no status.
net::Task<domain::ProviderProbe> probe_list(net::Loop& loop, gateway::EndpointPointer endpoint,
                                            net::CancelScope* scope = nullptr,
                                            std::chrono::milliseconds patience = probe_time);
// Whether there is one to ask for.
bool has_list_of_models(const gateway::Endpoint& endpoint);

// GET base_url/models (whatever the provider's row says): OpenAI's, Anthropic's, OpenRouter's,
// Ollama's and Gemini's shapes. Fails: provider (its words, or no such list), unavailable, timeout.
net::Task<base::Result<std::vector<domain::OfferedModel>>> offered_models(
    net::Loop& loop, gateway::EndpointPointer endpoint, net::CancelScope* scope = nullptr);

// The same from an answer's text; for tests. Fails: provider.
base::Result<std::vector<domain::OfferedModel>> read_offered_models(std::string_view body);

}  // namespace tollgate::assembly
