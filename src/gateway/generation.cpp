#include "gateway/generation.hpp"

#include <algorithm>

#include "accounting/token_count.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "gateway/conclude.hpp"
#include "gateway/failure.hpp"
#include "gateway/reach.hpp"
#include "policy/authenticate.hpp"

namespace tollgate::gateway {
namespace {

// All of them, each time beginning with the next one.
void append_in_turn(const std::vector<EndpointPointer>& endpoints, std::atomic<std::uint32_t>& turn,
                    std::vector<EndpointPointer>& out) {
    const std::size_t count = endpoints.size();
    if (count == 0) return;
    const std::size_t first = count == 1 ? 0 : turn.fetch_add(1, std::memory_order_relaxed);
    for (std::size_t i = 0; i < count; ++i) {
        const EndpointPointer& endpoint = endpoints[(first + i) % count];
        // Equal deployments are tried once.
        if (std::find(out.begin(), out.end(), endpoint) == out.end()) out.push_back(endpoint);
    }
}

base::Result<std::vector<EndpointPointer>> endpoints_of(
    const Snapshot& snapshot, const std::vector<routing::Candidate>& candidates) {
    std::vector<EndpointPointer> endpoints;
    std::string reasons;
    for (const routing::Candidate& candidate : candidates) {
        if (!candidate.is_direct() && candidate.captured.empty()) {
            const Group& group = *snapshot.groups[candidate.group];
            append_in_turn(group.endpoints, group.turn, endpoints);
            continue;
        }
        auto made = snapshot.make_endpoints(candidate);
        if (made.ok()) {
            std::atomic<std::uint32_t> no_turn{0};
            append_in_turn(*made,
                           candidate.is_direct() ? no_turn : snapshot.groups[candidate.group]->turn,
                           endpoints);
        } else {
            if (!reasons.empty()) reasons += "; ";
            reasons += made.error().message;
        }
    }
    if (endpoints.empty() && !candidates.empty()) {
        return base::Error{base::ErrorCode::not_found, reasons, "model"};
    }
    return endpoints;
}

// A chain for a special failure that nobody can serve is no reason to refuse the request.
std::vector<EndpointPointer> special_chain(const Snapshot& snapshot,
                                           const std::vector<routing::Candidate>& candidates) {
    auto endpoints = endpoints_of(snapshot, candidates);
    return endpoints.ok() ? std::move(endpoints).value() : std::vector<EndpointPointer>();
}

}  // namespace

base::Result<Plan> make_plan(const Snapshot& snapshot, const KeyPolicy& policy,
                             std::string_view alias, RequestRecord& record) {
    const std::string_view wanted = policy.alias_target(alias);
    const routing::Resolution resolution = snapshot.names.resolve(wanted);
    if (!policy.allows(alias, resolution.name)) {
        return base::Error{base::ErrorCode::permission,
                           "this key may not use the model '" + std::string(alias) +
                               "': ask your administrator, or GET /v1/models for what it may use",
                           "model"};
    }
    if (!resolution.found()) return snapshot.names.not_found(wanted, resolution);
    for (const std::string& notice : resolution.notices) {
        base::log().debug("name_notice", {{"request_id", record.request_id}, {"notice", notice}});
    }
    Plan plan;
    TRY(plan.candidates, endpoints_of(snapshot, resolution.candidates));
    plan.context_window = special_chain(snapshot, resolution.context_window);
    plan.content_policy = special_chain(snapshot, resolution.content_policy);
    TRY_VOID(keep_reached(policy, alias, plan));
    return plan;
}

base::Result<void> check_mode(const Plan& plan, domain::ModelMode wanted) {
    const domain::Deployment& first = plan.candidates.front()->deployment;
    const std::string name = "model: '" + domain::target_name(first) + "' ";
    if (wanted == domain::ModelMode::chat && first.model.mode == domain::ModelMode::embedding) {
        return base::invalid(name + "makes embeddings: POST /v1/embeddings", "model");
    }
    // A model that the catalog does not know may be anything.
    if (wanted == domain::ModelMode::embedding && first.model.in_catalog &&
        first.model.mode == domain::ModelMode::chat) {
        return base::invalid(name + "answers conversations and makes no embeddings: POST "
                                    "/v1/chat/completions, or name an embedding model",
                             "model");
    }
    return {};
}

base::Result<domain::Request*> Generation::request() {
    if (!decoded) {
        if (document == nullptr) {
            document = worker.documents.take();
            TRY([[maybe_unused]] const json::Value root, document->parse(body));
        }
        TRY(auto made, client.decode_request(*document, arena));
        decoded = std::move(made);
        // The request borrows the text, not the tree.
        release_document();
        if (decoded->session_id.empty()) decoded->session_id = arena.store(record.session_id);
    }
    return &*decoded;
}

dialect::EncoderOptions Generation::encoder_options() {
    dialect::EncoderOptions options;
    options.model = std::string(outline.model);
    options.request_id = exchange.request_id();
    options.created = base::unix_seconds();
    options.include_usage = outline.include_usage;
    return options;
}

base::Result<void> Generation::take_path() {
    PathRequest named = *by_path;
    // A cloud's spelling of a model that is known here by another one.
    for (const std::string& name : names_of_cloud_model(named.model)) {
        if (!snapshot->names.resolve(name).found()) continue;
        named.model = name;
        break;
    }
    TRY(unwrapped, unwrap(body, named));
    body = unwrapped.text;
    // Some SDKs send them in the header as well.
    const bool told = exchange.headers().find("anthropic-beta").has_value();
    if (!unwrapped.betas.empty() && !told) {
        completed_headers_ = exchange.headers();
        completed_headers_->add("anthropic-beta", unwrapped.betas);
    }
    return {};
}

base::Result<const domain::Principal*> Generation::authenticate() const {
    const http::Headers& sent = exchange.headers();
    if (by_path == nullptr || by_path->key.empty()) {
        return policy::authenticate(directory->keys, sent);
    }
    http::Headers completed = sent;
    completed.add("x-goog-api-key", by_path->key);
    return policy::authenticate(directory->keys, completed);
}

void Generation::frame(std::string& events) const {
    if (by_path != nullptr && by_path->cloud == PathCloud::bedrock) {
        frame_for_bedrock(events, protocol() == domain::Protocol::bedrock_converse);
    }
}

std::string_view Generation::stream_type() const {
    const bool bedrock = by_path != nullptr && by_path->cloud == PathCloud::bedrock;
    return bedrock ? "application/vnd.amazon.eventstream" : "text/event-stream; charset=utf-8";
}

std::string error_body(Generation& generation, int status, const base::Error& error) {
    const PathRequest* by_path = generation.by_path;
    if (by_path != nullptr && by_path->cloud == PathCloud::bedrock) {
        generation.exchange.add_header("x-amzn-errortype", bedrock_error_type(status));
        return bedrock_error_body(error.message);
    }
    return generation.client.encode_error(status, error, generation.exchange.request_id());
}

net::Task<void> answer_error(Generation& generation, const base::Error& error) {
    int status = http_status(error.code);
    // 529 is Anthropic's word; elsewhere overload is a 503.
    if (status == 529 && generation.protocol() != domain::Protocol::anthropic) status = 503;
    // A spent budget is not worth repeating before its period ends.
    const bool billing = error.code == base::ErrorCode::billing;
    if (billing) status = billing_status(generation);
    generation.record.status = status;
    generation.record.error = error.message;
    if (generation.exchange.scope().cancelled() || generation.exchange.answered()) co_return;
    if (error.retry_after.count() > 0) {
        generation.exchange.add_header("retry-after", std::to_string(error.retry_after.count()));
    }
    // Claude Code repeats a 401 for minutes unless it is told that nothing will change.
    if (status == 401 || status == 403 || status == 404 || billing) {
        generation.exchange.add_header("x-should-retry", "false");
    }
    const std::string body = error_body(generation, status, error);
    auto sent = co_await generation.exchange.respond(status, "application/json", body);
    if (!sent.ok()) generation.record.client_gone = true;
}

}  // namespace tollgate::gateway
