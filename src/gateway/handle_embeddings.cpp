#include "gateway/handle_embeddings.hpp"

#include <algorithm>
#include <charconv>

#include "accounting/token_count.hpp"
#include "base/log.hpp"
#include "dialect/embeddings.hpp"
#include "gateway/call_provider.hpp"
#include "gateway/caller.hpp"
#include "gateway/conclude.hpp"
#include "gateway/route.hpp"
#include "gateway/scene.hpp"
#include "gateway/settle.hpp"
#include "policy/authenticate.hpp"
#include "providers/embeddings.hpp"

namespace tollgate::gateway {
namespace {

namespace embeddings = dialect::embeddings;
using domain::ErrorClass;

constexpr std::size_t answer_bytes_max = 128 * 1024 * 1024;  // 2,048 vectors of 3,072 numbers
constexpr std::size_t calls_at_once = 4;                     // of one request, where it takes many
constexpr std::string_view bedrock_tokens = "x-amzn-bedrock-input-token-count";

// A generation whose attempts find the decoded texts.
struct EmbeddingsRequest : Generation {
    EmbeddingsRequest(Worker& on, http::Exchange& of, const dialect::ClientDialect& spoken)
        : Generation(on, of, spoken) {
        mode = domain::ModelMode::embedding;
    }
    embeddings::Request asked;

    // Tokens of all texts, counted here.
    std::int64_t prompt_estimate(const domain::Deployment& target) const {
        const auto vocabulary = accounting::vocabulary_of(target.model_name);
        std::int64_t total = 0;
        for (const json::Escaped text : asked.texts) {
            total += accounting::estimate_text(text, vocabulary);
        }
        for (const json::Raw list : asked.tokens) {
            total += 1 + std::count(list.begin(), list.end(), ',');
        }
        return total;
    }
};

// The calls of one attempt, taken by several tasks on one thread. Lives on the frame of the one
// that waits for them all.
struct Batch {
    EmbeddingsRequest& request;
    const Endpoint& endpoint;
    Delivery& delivery;
    const AttemptOptions& options;
    embeddings::Target target;
    std::vector<embeddings::Call> calls = {};
    dialect::Translation translation = {};
    providers::HeaderList headers = {};
    std::vector<std::string> bodies = {};           // of the answers, by call
    std::vector<embeddings::Vectors> vectors = {};  // read from them, but for OpenAI's shape
    std::vector<std::pair<std::string, std::string>> limits = {};
    std::optional<AttemptFailure> failure = {};     // the first one
    std::size_t next = 0;
    std::size_t running = 0;
    net::Signal done = {};
};

AttemptFailure our_refusal(const base::Error& error) {
    AttemptFailure failure;
    failure.ours = true;
    failure.own_error = error;
    failure.message = error.message;
    failure.error_class = ErrorClass::bad_request;
    return failure;
}

AttemptFailure broken_answer(const base::Error& error) {
    AttemptFailure failure = from_error(error);
    failure.answered = true;
    return failure;
}

void prepare_call(const Batch& batch, const embeddings::Call& call, Prepared& prepared) {
    const Endpoint& endpoint = batch.endpoint;
    const domain::Deployment& target = endpoint.deployment;
    prepared.verbatim = batch.target.shape == embeddings::Shape::openai;
    prepared.protocol = prepared.verbatim ? domain::Protocol::openai_chat
                                          : target.provider.protocol;
    prepared.target = endpoint.origin.base_path +
                      providers::embeddings_path(*endpoint.provider, target, batch.target.shape,
                                                 call.count);
    prepared.headers = batch.headers;
    prepared.pieces.assign({std::string_view(call.body)});
    prepared.translation = batch.translation;
}

// Sends one call and reads its answer.
net::Task<std::optional<AttemptFailure>> run_call(Batch& batch, std::size_t index) {
    const embeddings::Call& call = batch.calls[index];
    Prepared prepared;
    prepare_call(batch, call, prepared);
    Scene scene{batch.request, batch.endpoint, batch.delivery, batch.options, prepared};
    std::optional<HttpSource> source;
    auto failure = co_await send_prepared(scene, source);
    batch.limits = std::move(scene.provider_limits);
    batch.request.record.provider_request_id = scene.provider_request_id;
    if (failure) co_return failure;
    std::int64_t stated = -1;
    if (const auto count = source->call().head().headers.find(bedrock_tokens)) {
        std::from_chars(count->data(), count->data() + count->size(), stated);
    }
    auto body = co_await source->read_all(answer_bytes_max);
    if (!body.ok()) {
        failure = broken_answer(body.error());
        mark_failure(scene, *failure);
        co_return failure;
    }
    mark_health(scene, true, "");
    if (prepared.verbatim) {
        batch.bodies[index] = std::move(body).value();
        co_return std::nullopt;
    }
    auto vectors = embeddings::decode_answer(batch.target.shape, *body, call.count,
                                             batch.request.asked.encoding);
    if (!vectors.ok()) {
        failure = broken_answer(vectors.error());
        mark_failure(scene, *failure);
        co_return failure;
    }
    batch.vectors[index] = std::move(vectors).value();
    if (batch.vectors[index].prompt_tokens < 0) batch.vectors[index].prompt_tokens = stated;
    co_return std::nullopt;
}

// Counts a task out, however it ends; the last one wakes who waits.
class Leave {
public:
    explicit Leave(Batch& batch) : batch_(batch) {}
    Leave(const Leave&) = delete;
    Leave& operator=(const Leave&) = delete;
    ~Leave() {
        if (--batch_.running == 0) batch_.done.notify();
    }

private:
    Batch& batch_;
};

// Takes calls until none is left or one has failed.
net::Task<void> take_calls(Batch& batch) {
    const Leave leave(batch);
    while (batch.next < batch.calls.size() && !batch.failure) {
        const std::size_t index = batch.next++;
        auto failure = co_await run_call(batch, index);
        if (failure && !batch.failure) batch.failure = std::move(failure);
    }
}

net::Task<void> run_all(Batch& batch) {
    batch.running = std::min(calls_at_once, batch.calls.size());
    if (batch.running == 1) {
        co_await take_calls(batch);
        co_return;
    }
    // Every task ends: its waits have deadlines and belong to the exchange's scope.
    for (std::size_t i = batch.running; i > 0; --i) {
        net::spawn(take_calls(batch), "embeddings_calls");
    }
    co_await batch.done.wait();
}

// The vectors of several calls in one list; -1 tokens where one of them stated none.
base::Result<embeddings::Vectors> joined(Batch& batch) {
    embeddings::Vectors all;
    all.values.reserve(batch.request.asked.count());
    all.prompt_tokens = 0;
    for (embeddings::Vectors& part : batch.vectors) {
        const bool known = part.prompt_tokens >= 0 && all.prompt_tokens >= 0;
        all.prompt_tokens = known ? all.prompt_tokens + part.prompt_tokens : -1;
        std::move(part.values.begin(), part.values.end(), std::back_inserter(all.values));
    }
    if (all.values.size() != batch.request.asked.count()) {
        return base::Error{base::ErrorCode::internal, "a call of several was not finished"};
    }
    return all;
}

// The client's body from what the calls brought, and the usage into the record.
base::Result<std::string> compose(Batch& batch) {
    EmbeddingsRequest& request = batch.request;
    const domain::Deployment& target = batch.endpoint.deployment;
    domain::Usage& usage = request.record.usage;
    usage = {};
    usage.output = 0;
    if (batch.target.shape == embeddings::Shape::openai) {
        const std::string& given = batch.bodies.front();
        const bool counted = given.rfind("\"prompt_tokens\"") != std::string::npos;
        const std::int64_t estimate = counted ? 0 : request.prompt_estimate(target);
        TRY(embeddings::RelayedAnswer answer,
            embeddings::relay_answer(given, request.outline.model, request.asked.count(),
                                     request.asked.encoding, estimate));
        usage.input = answer.prompt_tokens;
        usage.estimated = usage.input < 0;
        if (usage.estimated) usage.input = request.prompt_estimate(target);
        return std::move(answer.body);
    }
    TRY(const embeddings::Vectors all, joined(batch));
    usage.estimated = all.prompt_tokens < 0;
    usage.input = usage.estimated ? request.prompt_estimate(target) : all.prompt_tokens;
    return embeddings::encode_answer(all.values, request.outline.model, usage.input);
}

net::Task<std::optional<AttemptFailure>> answer(Batch& batch) {
    EmbeddingsRequest& request = batch.request;
    http::Exchange& exchange = request.exchange;
    auto body = compose(batch);
    Prepared prepared;
    prepared.translation = std::move(batch.translation);
    Scene scene{request, batch.endpoint, batch.delivery, batch.options, prepared};
    if (!body.ok()) {
        AttemptFailure failure = broken_answer(body.error());
        mark_failure(scene, failure);
        co_return failure;
    }
    scene.provider_limits = std::move(batch.limits);
    request.record.status = 200;
    conclude(request);
    add_answer_headers(scene);
    if (request.record.usage.estimated) exchange.add_header("x-tollgate-estimated", "true");
    auto sent = co_await exchange.respond(200, "application/json", *body);
    if (!sent.ok()) request.record.client_gone = true;
    co_return std::nullopt;
}

// REQUIRES: `generation` is an EmbeddingsRequest.
net::Task<std::optional<AttemptFailure>> attempt_embeddings(Generation& generation,
                                                            const Endpoint& endpoint,
                                                            Delivery& delivery,
                                                            AttemptOptions options) {
    auto& request = static_cast<EmbeddingsRequest&>(generation);
    RequestRecord& record = request.record;
    const domain::Deployment& target = endpoint.deployment;
    record.provider = target.provider.type;
    record.model = target.model_name;
    record.metrics = &endpoint.metrics;
    if (record.first_provider.empty()) record.first_provider = record.provider;
    auto how = providers::embeddings_target(target);
    if (!how.ok()) co_return our_refusal(how.error());
    Batch batch{request, endpoint, delivery, options, std::move(how).value()};
    record.translated = batch.target.shape != embeddings::Shape::openai;
    auto calls = embeddings::encode_calls(request.asked, request.body, request.outline,
                                          batch.target, batch.translation);
    if (!calls.ok()) co_return our_refusal(calls.error());
    batch.calls = std::move(calls).value();
    batch.bodies.resize(batch.calls.size());
    batch.vectors.resize(batch.calls.size());
    batch.headers = endpoint.provider->headers(target, domain::Protocol::openai_chat,
                                               request.exchange.headers());
    batch.headers.erase("accept-encoding");
    batch.headers.append("accept-encoding", "identity");
    co_await run_all(batch);
    if (batch.failure) co_return std::move(batch.failure);
    co_return co_await answer(batch);
}

net::Task<base::Result<void>> run(EmbeddingsRequest& request) {
    http::Exchange& exchange = request.exchange;
    CO_TRY(request.who, policy::authenticate(request.directory->keys, exchange.headers()));
    request.record.tenant = request.who->tenant;
    request.record.key_name = request.who->key_name;
    request.record.tenant_metrics = &request.policy().metrics;
    CO_TRY_VOID(check_caller(*request.directory, *request.who, exchange.client_address(),
                             exchange.head().path));
    CO_TRY(const Admission admission, co_await request.worker.gateway.admission.enter(
                                          request.who->tenant, exchange.scope()));
    request.record.queued = admission.waited();
    CO_TRY(request.body, co_await exchange.read_body());
    request.record.request_bytes = request.body.size();
    CO_TRY_VOID(request.read_json());
    CO_TRY(request.outline, dialect::outline(request.protocol(), *request.document, request.arena));
    request.record.alias = request.outline.model;
    CO_TRY(request.asked, embeddings::decode_request(*request.document));
    request.release_document();  // the texts are views of the body
    CO_TRY_VOID(route(request));
    CO_TRY(const bool bounded, accept(request));
    if (bounded) CO_TRY_VOID(co_await enter(request));
    co_await call_provider(request, &attempt_embeddings);
    co_return base::Result<void>();
}

}  // namespace

net::Task<void> handle_embeddings(Worker& worker, http::Exchange& exchange,
                                  const PathRequest* by_path) {
    const auto& client = worker.gateway.codecs().client(domain::Protocol::openai_chat);
    EmbeddingsRequest request(worker, exchange, client);
    request.by_path = by_path;
    RequestRecord& record = request.record;
    record.request_id = exchange.request_id();
    record.path = exchange.head().path;
    record.protocol = "openai_embeddings";
    record.client_address = exchange.client_address();
    record.arrived = exchange.arrived();
    auto done = co_await run(request);
    if (!done.ok()) {
        worker.gateway.metrics().refused.with({refusal_reason(done.error().code)}).add(1);
        co_await answer_error(request, done.error());
    }
    record.client_gone =
        record.client_gone || exchange.scope().reason() == net::CancelReason::client_gone;
    conclude(request);
    settle(worker.gateway, *request.snapshot, record);
}

}  // namespace tollgate::gateway
