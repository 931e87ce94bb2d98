// The parts of LiteLLM's format whose shape needs code: model_list, fallbacks, aliases, chains.
// One load, one thread.
#pragma once
#include "config/reader.hpp"

namespace tollgate::config {

void read_model_list(Session& session, const Node& node, std::vector<ModelEntry>& out);

// `[{model: [a, b]}, ...]`, a plain list of names (for every model), or one mapping.
void read_fallbacks(Session& session, const Node& node, const std::string& path,
                    std::vector<FallbackRule>& out);

// `{alias: group}` or `{alias: {model: group, hidden: true}}`.
void read_aliases(Session& session, const Node& node, const std::string& path,
                  std::vector<Alias>& out);

// `{chain: [member, ...]}`.
void read_chains(Session& session, const Node& node, const std::string& path,
                 std::vector<NamedChain>& out);

void read_router_settings(Session& session, const Node& node, RouterSettings& router);

// litellm_settings; its fallbacks and limits give way to router_settings, which is read first.
void read_litellm_settings(Session& session, const Node& node, LitellmSettings& settings,
                           RouterSettings& router);

// Carries what the LiteLLM sections say about retries and deadlines over to `routing`, except
// where our own `routing` section says it.
void merge_into_routing(const Origins& origins, const LitellmSettings& settings,
                        Duration general_request_timeout, Config& config);

}  // namespace tollgate::config
