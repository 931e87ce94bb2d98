#include "config/litellm_format.hpp"

#include <algorithm>

#include "base/json.hpp"

namespace tollgate::config {
namespace {

// Parameters of litellm_params that are body fields with a name every client knows: a default for
// clients that do not send them.
constexpr std::string_view body_parameters =
    "top_p top_k presence_penalty frequency_penalty seed stop reasoning_effort thinking user "
    "response_format tool_choice parallel_tool_calls logit_bias n logprobs top_logprobs "
    "service_tier verbosity keep_alive options safety_settings";

bool is_body_parameter(std::string_view key) {
    bool found = false;
    each_word(body_parameters, ' ', [&](std::string_view word) { found = found || word == key; });
    return found;
}

// Unknown keys of litellm_params go to the provider as body fields, as LiteLLM does it.
void read_parameters(Session& session, Reader& reader, ModelEntry& entry) {
    if (const Node* force = reader.take("force")) {
        if (!force->is_mapping()) {
            complain(session.problems, Severity::error, *force, reader.path_of("force"),
                     "expected a mapping of body fields, got " + shown(*force));
        }
        if (session.origins && !force->members.empty()) {
            session.origins->emplace(reader.path_of("extra_body"), force->origin());
        }
        for (const Member& member : force->members) {
            entry.extra_body.emplace_back(member.key, to_json(member.value));
        }
    }
    for (const Member* member : reader.take_rest()) {
        if (!is_body_parameter(member->key)) {
            Node place = member->value;
            place.line = member->line;
            place.column = member->column;
            complain(session.problems, Severity::warning, place, reader.path_of(member->key),
                     "unknown key, sent to the provider as a parameter",
                     reader.suggestion(member->key));
        }
        if (!member->value.is_null()) {
            entry.default_body.emplace_back(member->key, to_json(member->value));
        }
    }
}

ModelEntry read_entry(Session& session, const Node& node, const std::string& path) {
    ModelEntry entry;
    entry.origin = node.origin();
    Reader reader(session, node, path, Strictness::litellm);
    reader.value({"model_name", "the public name"}, entry.model_name);
    if (const Node* params = reader.take("litellm_params")) {
        Reader inner(session, *params, reader.path_of("litellm_params"), Strictness::litellm);
        describe_params(entry, inner);
        read_parameters(session, inner, entry);
        if (const Node* temperature = params->find("temperature"); temperature && entry.temperature)
            entry.default_body.emplace_back("temperature", to_json(*temperature));
        if (entry.model.empty() && params->is_mapping()) {
            complain(session.problems, Severity::error, *params, inner.path_of("model"),
                     "missing; write `model: provider/model`");
        }
    } else if (node.is_mapping()) {
        complain(session.problems, Severity::error, node, reader.path_of("litellm_params"),
                 "missing; write `litellm_params: {model: provider/model}`");
    }
    if (const Node* info = reader.take("model_info")) {
        Reader inner(session, *info, reader.path_of("model_info"), Strictness::litellm);
        describe(entry.info, inner);
        for (const Member* member : inner.take_rest()) {
            complain(session.problems, Severity::warning, member->value, inner.path_of(member->key),
                     "accepted and not used: " + member->key, inner.suggestion(member->key));
        }
    }
    reader.later("tpm rpm");
    reader.finish();
    entry.prices.inherit(entry.info.prices);
    if (entry.model_name.empty() && node.is_mapping()) {
        complain(session.problems, Severity::error, node, reader.path_of("model_name"),
                 "missing; it is the name that clients ask for");
    }
    return entry;
}

std::string element(const std::string& path, std::size_t index) {
    return path + "[" + std::to_string(index) + "]";
}

void read_rule_members(Session& session, const Node& node, const std::string& path,
                       std::vector<FallbackRule>& out) {
    for (const Member& member : node.members) {
        FallbackRule rule;
        rule.model = member.key;
        rule.origin = member.value.origin();
        read_strings(session, member.value, join_path(path, member.key), rule.to);
        if (!rule.to.empty()) out.push_back(std::move(rule));
    }
}

void read_fallback_keys(Session& session, Reader& reader, RouterSettings& router) {
    const auto list = [&](std::string_view key, std::vector<FallbackRule>& rules) {
        const Node* node = reader.take(key);
        if (!node) return;
        std::vector<FallbackRule> read;
        read_fallbacks(session, *node, reader.path_of(key), read);
        if (rules.empty()) rules = std::move(read);
    };
    list("fallbacks", router.fallbacks);
    list("context_window_fallbacks", router.context_window_fallbacks);
    list("content_policy_fallbacks", router.content_policy_fallbacks);
}

}  // namespace

void read_model_list(Session& session, const Node& node, std::vector<ModelEntry>& out) {
    if (node.is_null()) return;
    if (!node.is_sequence()) {
        complain(session.problems, Severity::error, node, "model_list",
                 "expected a list of entries (`- model_name: ...`), got " + shown(node));
        return;
    }
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        out.push_back(read_entry(session, node.items[i], element("model_list", i)));
    }
}

void read_fallbacks(Session& session, const Node& node, const std::string& path,
                    std::vector<FallbackRule>& out) {
    if (node.is_mapping()) return read_rule_members(session, node, path, out);
    FallbackRule every;  // a bare list is one chain for every model
    every.model = "*";
    every.origin = node.origin();
    if (node.is_scalar()) every.to.push_back(node.text);
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        const Node& item = node.items[i];
        if (item.is_scalar()) {
            every.to.push_back(item.text);
        } else if (item.is_mapping()) {
            read_rule_members(session, item, element(path, i), out);
        } else if (!item.is_null()) {
            complain(session.problems, Severity::error, item, element(path, i),
                     "expected `model: [fallback, ...]` or a name, got " + shown(item));
        }
    }
    if (!every.to.empty()) out.push_back(std::move(every));
}

void read_aliases(Session& session, const Node& node, const std::string& path,
                  std::vector<Alias>& out) {
    if (!node.is_mapping()) {
        complain(session.problems, Severity::error, node, path,
                 "expected a mapping of aliases to names, got " + shown(node));
        return;
    }
    for (const Member& member : node.members) {
        Alias alias;
        alias.name = member.key;
        alias.origin = member.value.origin();
        const std::string here = join_path(path, member.key);
        if (member.value.is_scalar()) {
            alias.target = member.value.text;
        } else {
            Reader reader(session, member.value, here, Strictness::litellm);
            reader.value({"model", "the name it stands for"}, alias.target);
            reader.value({"hidden", "not listed by /v1/models"}, alias.hidden);
            reader.finish();
        }
        if (alias.target.empty()) {
            complain(session.problems, Severity::error, member.value, here,
                     "names no model; write `" + alias.name + ": NAME`");
            continue;
        }
        out.push_back(std::move(alias));
    }
}

void read_chains(Session& session, const Node& node, const std::string& path,
                 std::vector<NamedChain>& out) {
    if (!node.is_mapping()) {
        complain(session.problems, Severity::error, node, path,
                 "expected a mapping of chain names to lists of models, got " + shown(node));
        return;
    }
    for (const Member& member : node.members) {
        NamedChain chain;
        chain.name = member.key;
        chain.origin = member.value.origin();
        read_strings(session, member.value, join_path(path, member.key), chain.members);
        if (chain.members.empty()) {
            complain(session.problems, Severity::warning, member.value, join_path(path, member.key),
                     "the chain has no members");
            continue;
        }
        out.push_back(std::move(chain));
    }
}

void read_router_settings(Session& session, const Node& node, RouterSettings& router) {
    Reader reader(session, node, "router_settings", Strictness::litellm);
    describe(router, reader);
    read_fallback_keys(session, reader, router);
    if (const Node* aliases = reader.take("model_group_alias")) {
        read_aliases(session, *aliases, reader.path_of("model_group_alias"),
                     router.model_group_alias);
    }
    reader.finish();
}

void read_litellm_settings(Session& session, const Node& node, LitellmSettings& settings,
                           RouterSettings& router) {
    Reader reader(session, node, "litellm_settings", Strictness::litellm);
    describe(settings, reader);
    read_fallback_keys(session, reader, router);
    std::vector<std::string> defaults;
    reader.value({"default_fallbacks", "models tried after any other"}, defaults);
    if (router.default_fallbacks.empty() && !defaults.empty()) {
        router.default_fallbacks = std::move(defaults);
        (*session.origins)["router_settings.default_fallbacks"] =
            node.find("default_fallbacks")->origin();
    }
    if (const Node* aliases = reader.take("model_alias_map")) {
        read_aliases(session, *aliases, reader.path_of("model_alias_map"),
                     router.model_group_alias);
    }
    reader.finish();
}

void merge_into_routing(const Origins& origins, const LitellmSettings& settings,
                        Duration general_request_timeout, Config& config) {
    RoutingConfig& routing = config.routing;
    RouterSettings& router = config.router_settings;
    const auto ours = [&](std::string_view key) {
        return origins.contains("routing." + std::string(key));
    };
    const auto inherit = [&](std::string_view key, std::string_view from) {
        const auto origin = config.origins.find(from);
        if (origin == config.origins.end()) return;
        const Origin copy = origin->second;
        config.origins["routing." + std::string(key)] = copy;
    };
    if (settings.drop_params && !ours("drop_params")) {
        routing.drop_params = *settings.drop_params;
        inherit("drop_params", "litellm_settings.drop_params");
    }
    if (!router.num_retries) router.num_retries = settings.num_retries;
    if (settings.max_fallbacks && !origins.contains("router_settings.max_fallbacks")) {
        router.max_fallbacks = *settings.max_fallbacks;
    }
    if (router.num_retries && !ours("max_attempts")) {
        // Fewer retries must not cut off the fallbacks that the same file asks for.
        std::size_t longest = router.default_fallbacks.size();
        for (const FallbackRule& rule : router.fallbacks)
            longest = std::max(longest, rule.to.size());
        for (const NamedChain& chain : config.fallback_models) {
            longest = std::max(longest, chain.members.size() - 1);
        }
        const std::int64_t fallbacks =
            std::min(static_cast<std::int64_t>(longest), router.max_fallbacks);
        routing.max_attempts = std::max(*router.num_retries, fallbacks) + 1;
        inherit("max_attempts", "router_settings.num_retries");
        inherit("max_attempts", "litellm_settings.num_retries");
    }
    if (router.retry_after.count() > 0 && !ours("backoff_first")) {
        routing.backoff_first = router.retry_after;
        routing.backoff_max = std::max(routing.backoff_max, router.retry_after);
        inherit("backoff_first", "router_settings.retry_after");
    }
    std::string from = "router_settings.request_timeout";
    Duration request = router.request_timeout;
    if (request.count() == 0) {
        request = settings.request_timeout;
        from = "litellm_settings.request_timeout";
    }
    if (request.count() == 0) {
        request = general_request_timeout;
        from = "general_settings.request_timeout";
    }
    if (request.count() > 0 && !ours("idle_timeout")) {
        routing.idle_timeout = request;
        inherit("idle_timeout", from);
    }
    if (router.timeout.count() > 0) {
        request = router.timeout;
        from = "router_settings.timeout";
    }
    if (request.count() == 0) return;
    const auto bound = [&](std::string_view key, Duration& value) {
        if (ours(key)) return;
        value = request;
        inherit(key, from);
    };
    bound("headers_timeout", routing.headers_timeout);
    bound("headers_timeout_last", routing.headers_timeout_last);
    bound("headers_timeout_local", routing.headers_timeout_local);
}

}  // namespace tollgate::config
