#include "gateway/cached_answer.hpp"

#include <algorithm>

#include "gateway/cache_request.hpp"
#include "gateway/conclude.hpp"
#include "gateway/shared_answer.hpp"

namespace tollgate::gateway {
namespace {

CacheKey key_of(const Generation& generation) {
    const http::Headers& headers = generation.exchange.headers();
    const RequestRecord& record = generation.record;
    CacheKeyInput input;
    input.tenant = generation.who->tenant;
    input.protocol = generation.protocol();
    input.snapshot = generation.snapshot->version;
    input.name = generation.policy().alias_target(generation.outline.model);
    input.route = generation.plan.route;
    input.level = record.power_level;
    input.provider = headers.get("x-tollgate-provider");
    input.betas = generation.client_headers().get("anthropic-beta");
    input.fields = &generation.outline.fields;
    if (!shares_answers(generation)) return cache_key(input, generation.worker.gateway.cache_seed);
    input.configuration = generation.snapshot->fingerprint;
    return shared_cache_key(input);
}

// What answered then, if it could be chosen now; null: this request may not go there.
const Endpoint* candidate_of(const Plan& plan, const CachedAnswer& answer) {
    for (const auto* list : {&plan.candidates, &plan.context_window, &plan.content_policy}) {
        for (const EndpointPointer& endpoint : *list) {
            const bool same_key = endpoint->own_key == answer.own_key;
            if (same_key && endpoint->key == answer.endpoint) return endpoint.get();
        }
    }
    return nullptr;
}

// What the records tell of an answer that cost nothing: its tokens and what they would have cost.
void note_hit(Generation& generation, const CachedAnswer& answer, const Endpoint& endpoint) {
    const domain::Deployment& target = endpoint.deployment;
    RequestRecord& record = generation.record;
    record.cache = "hit";
    record.provider = record.provider_type = target.provider.type;
    record.model = target.model_name;
    record.metrics = &endpoint.metrics;
    record.usage = answer.usage;
    record.cost.billed = 0;
    record.cost.list = answer.list_cost;
    record.cost.priced = answer.priced;
    record.translated = answer.translated;
    record.status = 200;
    record.first_content = net::Clock::now();
    AttemptRecord told;
    told.provider = told.provider_type = target.provider.type;
    told.model = target.model_name;
    told.price_version = answer.price_version;
    told.zone = target.provider.local ? "local" : "";
    told.usage = answer.usage;
    told.cost = record.cost;
    told.translated = answer.translated;
    told.status = 200;
    told.endpoint = &endpoint;
    generation.attempts.push_back(std::move(told));
}

net::Task<void> replay(Generation& generation, const CachedAnswer& answer) {
    http::Exchange& exchange = generation.exchange;
    const RequestRecord& record = generation.record;
    conclude(generation);
    std::string model(record.provider);
    model.append("/").append(record.model);
    exchange.add_header("x-tollgate-model", model);
    exchange.add_header("x-tollgate-provider", record.provider);
    exchange.add_header("x-tollgate-attempts", "0");
    exchange.add_header("x-tollgate-cache", record.cache);
    if (!generation.plan.route.empty()) {
        exchange.add_header("x-tollgate-route", generation.plan.route);
    }
    add_governance_headers(generation);
    base::Result<void> sent;
    if (!generation.outline.stream) {
        sent = co_await exchange.respond(200, "application/json", answer.bytes);
    } else {
        sent = co_await exchange.start_stream(200, generation.stream_type());
        if (sent.ok() && generation.by_path == nullptr) {
            sent = co_await exchange.finish(answer.bytes);
        } else if (sent.ok()) {
            std::string framed = answer.bytes;
            generation.frame(framed);
            sent = co_await exchange.finish(framed);
        }
    }
    if (!sent.ok()) generation.record.client_gone = true;
}

}  // namespace

net::Task<base::Result<bool>> serve_cached(Generation& generation) {
    CO_TRY(const CacheWishes wishes,
           cache_wishes(generation.exchange.headers().get("x-tollgate-cache")));
    const bool nothing = wishes.no_cache && wishes.no_store;
    if (nothing || !can_be_repeated(generation.outline.fields)) co_return false;
    Gateway& gateway = generation.worker.gateway;
    const CacheKey key = key_of(generation);
    if (!wishes.no_cache) {
        CachedAnswerPointer answer =
            gateway.response_cache.find(key, generation.who->tenant, net::Clock::now());
        if (answer == nullptr && shares_answers(generation)) {
            answer = co_await shared_answer(generation, key);
        }
        const Endpoint* endpoint =
            answer == nullptr ? nullptr : candidate_of(generation.plan, *answer);
        if (endpoint != nullptr) {
            gateway.metrics().cache_hits.add(1);
            note_hit(generation, *answer, *endpoint);
            co_await replay(generation, *answer);
            co_return true;
        }
    }
    gateway.metrics().cache_misses.add(1);
    generation.record.cache = "miss";
    if (!wishes.no_store) {
        const CacheSettings& settings = generation.snapshot->cache;
        generation.noted = std::make_unique<NotedAnswer>();
        generation.noted->key = key;
        generation.noted->replaces = wishes.no_cache;
        generation.noted->bytes_max = settings.entry_bytes;
        generation.noted->ttl = wishes.ttl ? *wishes.ttl : settings.ttl;
    }
    co_return false;
}

void keep_answer(Generation& generation) {
    const std::unique_ptr<NotedAnswer> noted = std::move(generation.noted);
    const RequestRecord& record = generation.record;
    if (noted == nullptr || noted->too_long || record.status != 200 || !record.error.empty() ||
        generation.attempts.empty()) {
        return;
    }
    const AttemptRecord& attempt = generation.attempts[generation.attempt_at];
    auto answer = std::make_shared<CachedAnswer>();
    answer->tenant = generation.who->tenant;
    answer->bytes = std::move(noted->bytes);
    answer->bytes.shrink_to_fit();
    answer->endpoint = attempt.endpoint->key;
    answer->own_key = attempt.endpoint->own_key;
    answer->price_version = attempt.price_version;
    answer->usage = attempt.usage;
    answer->list_cost = attempt.cost.list;
    answer->priced = attempt.cost.priced;
    answer->translated = attempt.translated;
    answer->expires = net::Clock::now() + noted->ttl;
    Gateway& gateway = generation.worker.gateway;
    if (!gateway.response_cache.keep(noted->key, answer)) return;
    if (shares_answers(generation)) share_answer(generation, *noted, *answer);
    gateway.metrics().cache_kept.add(1);
}

}  // namespace tollgate::gateway
