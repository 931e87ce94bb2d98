// What the routing benchmark decides over: models with live health, rules, and requests. Made from
// fixed figures, so that every run decides the same.
#pragma once
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "domain/routing.hpp"
#include "routing/decide.hpp"
#include "routing/health.hpp"
#include "routing/rules.hpp"

namespace tollgate::bench {

struct Model {
    std::string name, provider;
    double price_per_1k = 0;  // USD
    routing::CatalogFigures catalog;
    routing::DeploymentHealth health;
};

// `count` models of ten providers; two of three were used in the last minute, one in 25 has an
// open circuit.
std::deque<Model> make_models(std::size_t count, routing::Instant now);

// `count` rules: models, tokens, headers, hours, prompts (globs and expressions) and tasks, of
// which the last one alone fits make_features().
std::vector<domain::RoutingRule> make_rules(std::size_t count);

// A request of a coding agent with tools, 20,000 tokens and four lines of the user's own words.
routing::BodyFeatures make_body();
routing::RequestFeatures make_features(const routing::BodySource& source);

// As the gateway fills them: live figures, expected cost, zone.
void fill(const std::deque<Model>& models, routing::Instant now,
          std::vector<routing::CandidateFacts>& facts);

}  // namespace tollgate::bench
