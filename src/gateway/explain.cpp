#include "gateway/explain.hpp"

#include <optional>

#include "accounting/token_count.hpp"
#include "base/arena.hpp"
#include "base/clock.hpp"
#include "base/ids.hpp"
#include "gateway/affinity.hpp"
#include "gateway/request_body.hpp"
#include "gateway/route.hpp"
#include "gateway/shared_affinity.hpp"

namespace tollgate::gateway {
namespace {

using domain::Protocol;

// Whether it is a request for embeddings: these have texts where Responses have items. One text
// alone could be either: nullopt.
std::optional<bool> asks_for_embeddings(json::Value root) {
    const json::Value input = root["input"];
    if (!input.exists() || root["messages"].exists()) return false;
    for (const json::Value element : input.elements()) return !element.is_object();
    for (const std::string_view field : {"encoding_format", "dimensions", "input_type"}) {
        if (root[field].exists()) return true;
    }
    return std::nullopt;
}

bool makes_embeddings(const Plan& plan) {
    const domain::Deployment& first = plan.candidates.front()->deployment;
    return first.model.mode == domain::ModelMode::embedding;
}

// The first protocol whose shape the body has, by the field that holds the conversation.
std::optional<Protocol> protocol_of(json::Value root) {
    if (root["contents"].exists()) return Protocol::gemini;
    if (root["input"].exists()) return Protocol::openai_responses;
    if (!root["messages"].exists()) return std::nullopt;
    if (root["inferenceConfig"].exists()) return Protocol::bedrock_converse;
    const bool anthropic = root["system"].exists() || root["thinking"].exists() ||
                           root["anthropic_version"].exists();
    if (anthropic) return Protocol::anthropic;
    for (const json::Value tool : root["tools"].elements()) {
        if (tool["input_schema"].exists()) return Protocol::anthropic;
    }
    return Protocol::openai_chat;
}

// The request decoded, with what its views borrow. Does not move.
struct Asked {
    json::Document document;
    base::Arena arena;
    std::string made;      // of `model` and `prompt`
    std::string model, level;
    std::optional<domain::Request> request;
    std::int64_t tokens = 0, output_max = 0;
    std::optional<bool> embeddings;  // nullopt: the model says it
    BodyTexts texts;
    routing::BodyFeatures features;
};

base::Result<void> decode(const ExplainQuestion& question, Asked& asked) {
    TRY(const json::Value root, asked.document.parse(question.body));
    if (!root.is_object()) return base::invalid("the body must be a JSON object");
    const json::Value model = root["model"];
    asked.model = question.path_model.empty() ? model.text() : std::string(question.path_model);
    if (asked.model.empty()) {
        return base::invalid("is required: the name a client would ask for", "model");
    }
    asked.level = root["power_level"].text();
    asked.tokens = accounting::quick_estimate(question.body);
    asked.embeddings = asks_for_embeddings(root);
    if (asked.embeddings.value_or(false)) return {};
    std::optional<Protocol> protocol = protocol_of(root);
    std::string_view body = question.body;
    if (!protocol) {
        const json::Value prompt = root["prompt"];
        if (prompt.exists() && !prompt.is_string()) {
            return base::invalid("must be a text", "prompt");
        }
        asked.made = "{\"model\":";
        json::append_string(asked.made, asked.model);
        asked.made += ",\"messages\":[{\"role\":\"user\",\"content\":";
        json::append_string(asked.made, prompt.exists() ? prompt.text() : std::string("-"));
        asked.made += "}]}";
        body = asked.made;
        protocol = Protocol::openai_chat;
        TRY([[maybe_unused]] const json::Value again, asked.document.parse(body));
    }
    asked.tokens = accounting::quick_estimate(body);
    const dialect::ClientDialect& client = question.codecs.client(*protocol);
    TRY(asked.request, client.decode_request(asked.document, asked.arena));
    asked.output_max = asked.request->max_output_tokens.value_or(0);
    asked.features = features_of(*asked.request, asked.tokens, asked.texts);
    return {};
}

}  // namespace

base::Result<std::string> explain(const ExplainQuestion& question,
                                  std::optional<routing::SessionKey>* conversation) {
    Asked asked;
    TRY_VOID(decode(question, asked));
    const routing::KnownBody body(asked.features);
    routing::BodyFeatures size;
    size.input_tokens = asked.tokens;
    const routing::KnownBody texts(size);
    RouteInput input{.snapshot = question.snapshot, .policy = question.policy,
                     .model = asked.model};
    input.header = [](std::string_view) { return std::optional<std::string_view>(); };
    input.body_level = asked.level;
    input.body = &body;
    input.input_tokens = [&asked] { return asked.tokens; };
    input.output_tokens_max = asked.output_max;
    input.now = net::Clock::now();
    input.unix_now = base::unix_seconds();
    input.random = base::random_u64();
    input.counts = false;
    input.conversations = question.conversations;
    const json::Value root = asked.document.root();
    input.conversation = [&](std::string_view name) {
        const auto key = conversation_of(root, question.policy.tenant, name);
        if (conversation != nullptr) *conversation = key;
        return key;
    };
    RouteTrace trace;
    const auto route_embeddings = [&] {
        input.mode = domain::ModelMode::embedding;
        input.body = &texts;
        input.conversations = nullptr;
        trace = {};
        return route(input, &trace);
    };
    const bool embeds = asked.embeddings.value_or(false);
    auto plan = embeds ? route_embeddings() : route(input, &trace);
    if (!asked.embeddings && plan.ok() && makes_embeddings(*plan)) plan = route_embeddings();
    if (!plan.ok()) {
        // Why nobody is left is the very thing that is asked for.
        if (trace.excluded.empty()) return std::move(plan).error();
        trace.notices.push_back(plan.error().message);
    }
    return to_json(trace, true);
}

net::Task<base::Result<std::string>> explain_as_served(Gateway& gateway, const KeyPolicy& policy,
                                                       std::string_view body) {
    const auto snapshot = gateway.current();
    std::optional<routing::SessionKey> conversation;
    routing::AffinityTable* const here = gateway.conversations.get();
    const ExplainQuestion question{*snapshot, gateway.codecs(), policy, body, "", here};
    auto told = explain(question, &conversation);
    if (here == nullptr || !conversation) co_return told;
    if (here->find(*conversation, base::unix_seconds())) co_return told;
    std::string tenant = policy.tenant;
    auto known = co_await known_elsewhere(gateway, std::move(tenant), *conversation);
    if (!known) co_return told;
    // Only asked: this instance goes on not to know it.
    const std::int64_t idle = snapshot->routing.affinity.idle.count();
    routing::AffinityTable elsewhere(1, std::max<std::int64_t>(idle, 1));
    const std::int64_t last_used = known->last_used;
    elsewhere.put(*conversation, std::move(*known), last_used);
    const ExplainQuestion again{*snapshot, gateway.codecs(), policy, body, "", &elsewhere};
    co_return explain(again);
}

}  // namespace tollgate::gateway
