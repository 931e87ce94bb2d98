#include "routing/scene.hpp"

#include <array>

namespace tollgate::bench {

using namespace std::chrono_literals;

std::deque<Model> make_models(std::size_t count, routing::Instant now) {
    constexpr std::array<const char*, 10> providers{"openai",   "anthropic",   "openrouter",
                                                    "together", "fireworks",   "groq",
                                                    "bedrock",  "huggingface", "azure_openai",
                                                    "ollama"};
    const domain::CircuitSettings settings;
    std::deque<Model> models;
    for (std::size_t at = 0; at < count; ++at) {
        auto& model = models.emplace_back();
        model.provider = providers[at % providers.size()];
        model.name = model.provider + "/model-" + std::to_string(at);
        model.price_per_1k = 0.0001 * static_cast<double>(at * 37 % 113);
        model.catalog.first_token_ms = 200 + static_cast<double>(at * 53 % 1900);
        model.catalog.token_ms = 8 + static_cast<double>(at % 30);
        model.catalog.quality = 0.4 + 0.006 * static_cast<double>(at * 29 % 97);
        for (std::size_t request = 0; at % 3 != 0 && request < 25; ++request) {
            model.health.finished(model.health.started(now),
                                  {.error_class = request % 12 == 11
                                                      ? domain::ErrorClass::overloaded
                                                      : domain::ErrorClass::none,
                                   .first_token = 1ms * (150 + at * 7 % 900),
                                   .duration = 4s,
                                   .input_tokens = 2'000,
                                   .output_tokens = 200},
                                  settings, now);
        }
        if (at % 25 == 24) {
            model.health.finished(model.health.started(now),
                                  {.error_class = domain::ErrorClass::rate_limited,
                                   .retry_after = 30s},
                                  settings, now);
        }
    }
    return models;
}

std::vector<domain::RoutingRule> make_rules(std::size_t count) {
    std::vector<domain::RoutingRule> rules;
    for (std::size_t at = 0; at < count; ++at) {
        domain::RoutingRule rule;
        rule.id = rule.name = "rule-" + std::to_string(at);
        const bool last = at + 1 == count;
        switch (last ? 7 : at % 7) {
            case 0: rule.match.models = {"team-" + std::to_string(at) + "-*", "gpt-?"}; break;
            case 1: rule.match.tokens = {{.at_least = 150'000, .at_most = std::nullopt}}; break;
            case 2: rule.match.headers = {{"x-purpose", "batch-" + std::to_string(at)}}; break;
            case 3: rule.match.times = {{.days = 0x60, .from_minute = 0, .to_minute = 0}}; break;
            case 4:
                rule.match.prompts = {{domain::TextPattern::Kind::glob,
                                       "*translate*" + std::to_string(at) + "*"}};
                break;
            case 5:
                rule.match.prompts = {{domain::TextPattern::Kind::expression,
                                       "(summari[sz]e|digest).{0,40}ticket " + std::to_string(at)}};
                break;
            case 6: rule.match.tasks = {at % 2 == 0 ? "security_analysis" : "documentation"}; break;
            default: rule.match.models = {"claude-*"}; break;
        }
        rule.use.strategy = domain::Strategy::balanced;
        rules.push_back(std::move(rule));
    }
    return rules;
}

routing::BodyFeatures make_body() {
    routing::BodyFeatures body;
    body.input_tokens = 20'000;
    body.output_tokens_max = 8'000;
    body.has_tools = true;
    body.last_user_text =
        "The import of invoices fails since yesterday's change. Find out where the date is\n"
        "parsed, add a test that shows the fault with the file from the issue, then repair the\n"
        "parser so that both spellings of the month are read. Keep the public functions as they\n"
        "are, and rename the helper if its name no longer says what it does.";
    return body;
}

routing::RequestFeatures make_features(const routing::BodySource& source) {
    routing::RequestFeatures features;
    features.requested = features.name = "claude-sonnet-4-5";
    features.user = "user-1";
    features.now = 1'795'600'000;  // a Wednesday
    features.source = &source;
    return features;
}

void fill(const std::deque<Model>& models, routing::Instant now,
          std::vector<routing::CandidateFacts>& facts) {
    constexpr double output_tokens = 400, request_tokens_k = 20.4;
    facts.clear();
    for (const auto& model : models) {
        auto& one = facts.emplace_back();
        one.name = model.name;
        one.provider_type = model.provider;
        one.local = model.provider == "ollama";
        one.free = model.price_per_1k == 0;
        one.premium = model.catalog.quality >= routing::premium_quality;
        one.cost_per_1k = model.price_per_1k;
        one.cost = model.price_per_1k * request_tokens_k;
        one.worst_cost = one.cost * 2;
        routing::set_live_facts(model.health.view(now), model.catalog, output_tokens, 0, 0, one);
    }
}

}  // namespace tollgate::bench
