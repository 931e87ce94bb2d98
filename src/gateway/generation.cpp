#include "gateway/generation.hpp"

#include "base/clock.hpp"
#include "gateway/affinity.hpp"
#include "gateway/conclude.hpp"
#include "gateway/failure.hpp"
#include "policy/authenticate.hpp"

namespace tollgate::gateway {

base::Result<void> check_answers(const Plan& plan) {
    const domain::Deployment& first = plan.candidates.front()->deployment;
    if (first.model.mode != domain::ModelMode::embedding) return {};
    return base::invalid("model: '" + domain::target_name(first) +
                             "' makes embeddings: POST /v1/embeddings",
                         "model");
}

base::Result<domain::Request*> Generation::request() {
    if (!decoded) {
        if (document == nullptr) {
            document = worker.documents.take();
            TRY([[maybe_unused]] const json::Value root, document->parse(body));
        }
        TRY(auto made, client.decode_request(*document, arena));
        decoded = std::move(made);
        first_message = first_message_of(document->root());
        // The request borrows the text, not the tree.
        release_document();
        if (decoded->session_id.empty()) decoded->session_id = arena.store(record.session_id);
    }
    return &*decoded;
}

std::shared_ptr<const dialect::AnswerDescription> Generation::describe_answer() {
    if (!described_) {
        // Decoded already, but for an answer that is no plain one of its client's own protocol.
        auto asked = request();
        if (asked.ok()) description_ = client.describe_answer(**asked, outline);
        described_ = true;
    }
    return description_;
}

dialect::EncoderOptions Generation::encoder_options() {
    dialect::EncoderOptions options;
    options.model = std::string(outline.model);
    options.request_id = exchange.request_id();
    options.created = base::unix_seconds();
    options.include_usage = outline.include_usage;
    return options;
}

base::Result<void> Generation::read_json() {
    if (by_path != nullptr) return take_path();
    TRY([[maybe_unused]] const json::Value root, document->parse(body));
    return {};
}

// Gemini's clients leave to the path what the path says. False for those that do not, and for a
// body that does not parse, which gets its error elsewhere: then the body is as it was.
bool Generation::put_path_in_front(const PathRequest& named) {
    if (body.data() != exchange.body().data()) return false;
    const auto front = path_in_front(body, named);
    if (!front) return false;
    const std::string before(body.substr(0, front->instead_of));
    const auto made = exchange.put_in_front(front->text, front->instead_of);
    if (!made) return false;
    body = *made;
    if (document->parse(body).ok() && !says_itself(*document, named)) return true;
    body = *exchange.put_in_front(before, front->text.size());
    return false;
}

base::Result<void> Generation::take_path() {
    PathRequest named = *by_path;
    // A cloud's spelling of a model that is known here by another one.
    for (const std::string& name : names_of_cloud_model(named.model)) {
        if (!snapshot->names.resolve(name).found()) continue;
        named.model = name;
        break;
    }
    if (named.cloud == PathCloud::gemini && put_path_in_front(named)) return {};
    TRY(unwrapped, unwrap(body, named));
    body = unwrapped.text;
    TRY([[maybe_unused]] const json::Value root, document->parse(body));
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
