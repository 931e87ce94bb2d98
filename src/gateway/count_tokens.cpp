#include "accounting/byte_pairs.hpp"
#include "accounting/token_count.hpp"
#include "base/log.hpp"
#include "gateway/authorize.hpp"
#include "gateway/caller.hpp"
#include "gateway/handle_generation.hpp"
#include "gateway/own_key_use.hpp"
#include "gateway/prepared.hpp"
#include "gateway/route.hpp"
#include "net/blocking_pool.hpp"
#include "policy/governor.hpp"

namespace tollgate::gateway {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds provider_time{2'000};  // after that the local count is given
constexpr std::size_t answer_bytes_max = 64 * 1024;
constexpr std::size_t exact_bytes_max = 2 * 1024 * 1024;  // merging more would take too long

// The provider's own count, asked for by a task of its own: none of its waits, not even the one for
// a credential, may take the client's time. Lives on the frame of the one that waits for it.
struct Question {
    Generation& generation;
    const Endpoint& endpoint;
    const net::Instant deadline;
    net::CancelScope scope = {};
    net::Signal done = {};
    std::optional<std::string> answer = {};
};

// Sends the question; nothing when the provider does not answer well in time.
net::Task<std::optional<std::string>> send(Question& question, Prepared& prepared) {
    Generation& generation = question.generation;
    const Endpoint& endpoint = question.endpoint;
    auto authorized =
        co_await authorize(generation.worker.client, endpoint, prepared, &question.scope);
    if (!authorized.ok()) co_return std::nullopt;
    note_own_key_use(generation, endpoint, "count_tokens");
    http::OutgoingRequest request;
    request.target = prepared.target;
    request.headers = prepared.headers.all();
    request.body = prepared.pieces;
    http::Deadlines deadlines;
    deadlines.connect = deadlines.headers = deadlines.idle = provider_time;
    deadlines.total = question.deadline;
    http::CallFailure how = http::CallFailure::none;
    auto call = co_await generation.worker.client.send(endpoint.origin, request, deadlines,
                                                       &question.scope, &how);
    if (!call.ok()) co_return std::nullopt;
    const int status = call->head().status;
    auto body = co_await call->read_all(answer_bytes_max);
    if (!body.ok() || status != 200) {
        base::log().debug(
            "count_tokens_counted_here",
            {{"request_id", generation.record.request_id}, {"provider_status", status}});
        co_return std::nullopt;
    }
    co_return std::move(body).value();
}

// Asks the provider in its own words; nothing when it does not count.
net::Task<std::optional<std::string>> ask_provider(Question& question) {
    Generation& generation = question.generation;
    const Endpoint& endpoint = question.endpoint;
    if (endpoint.deployment.provider.echo) co_return std::nullopt;
    Prepared prepared;
    auto ready = prepare(generation, endpoint, 0, nullptr, prepared);
    // A question that is relayed is the provider's to judge; one that cannot be told in its words
    // is counted here.
    if (!ready.ok()) co_return std::nullopt;
    std::string whole;
    for (const std::string_view piece : prepared.pieces) whole += piece;
    const bool own_query = prepared.verbatim && generation.by_path == nullptr;
    const std::string_view query =
        own_query ? generation.exchange.head().query : std::string_view();
    auto call = endpoint.provider->count_tokens(endpoint.deployment, prepared.protocol, query,
                                                whole);
    if (!call) co_return std::nullopt;
    prepared.target = endpoint.origin.base_path + call->path;
    const bool relayed =
        call->body.empty() && prepared.verbatim && generation.by_path == nullptr;
    if (!call->body.empty()) prepared.pieces.assign({std::string_view(call->body)});
    auto answer = co_await send(question, prepared);
    if (!answer || relayed) co_return answer;
    const auto tokens = endpoint.provider->read_token_count(*answer);
    if (!tokens) co_return std::nullopt;
    co_return count_answer(generation.by_path, *tokens);
}

// Tells the one who waits that the question is over, however it ends.
class Done {
public:
    explicit Done(Question& question) : question_(question) {}
    Done(const Done&) = delete;
    Done& operator=(const Done&) = delete;
    ~Done() { question_.done.notify(); }

private:
    Question& question_;
};

net::Task<void> ask(Question& question) {
    const Done done(question);
    question.answer = co_await ask_provider(question);
}

net::Task<std::optional<std::string>> ask_in_time(Generation& generation,
                                                  const Endpoint& endpoint) {
    Question question{generation, endpoint, net::Clock::now() + provider_time};
    net::spawn(ask(question), "count_tokens");
    const net::Patience patience{question.deadline, &generation.exchange.scope()};
    const net::Wake wake = co_await question.done.wait(patience);
    if (wake != net::Wake::ready) {
        question.scope.cancel(generation.worker.loop, net::CancelReason::deadline);
        co_await question.done.wait();
    }
    co_return std::move(question.answer);
}

// By the catalog's name where it knows the model: an Azure deployment may be called anything.
accounting::Vocabulary vocabulary_of(const domain::Deployment& target) {
    const std::string_view id = target.model.id;
    const std::size_t slash = id.find('/');
    const bool known = target.model.in_catalog && slash != std::string_view::npos;
    return accounting::vocabulary_of(known ? id.substr(slash + 1) : target.model_name);
}

// With the family's vocabulary where it is installed, else estimated.
net::Task<std::int64_t> count_here(Generation& generation, const domain::Deployment& target) {
    const accounting::Vocabulary family = vocabulary_of(target);
    const auto& folder = generation.worker.gateway.vocabularies;
    const accounting::BytePairs* pairs = folder != nullptr ? folder->find(family) : nullptr;
    const domain::Request& request = *generation.decoded;
    if (pairs == nullptr || generation.body.size() > exact_bytes_max) {
        co_return accounting::estimate_request(request, family);
    }
    // Waited for to its end, so that it may borrow the request.
    std::int64_t tokens = 0;
    const std::function<void()> work = [&] {
        tokens = accounting::count_request(request, *pairs);
    };
    co_await net::on_pool(generation.worker.loop, work);
    co_return tokens;
}

// The body as the decoder wants it: counting needs no max_tokens, generating does.
std::string with_max_tokens(std::string_view body, const dialect::Outline& outline) {
    for (const json::TopField& field : outline.fields) {
        if (json::key_equals(field.key, "max_tokens")) return std::string(body);
    }
    const std::size_t open = body.find('{');
    std::string completed(body.substr(0, open + 1));
    completed += "\"max_tokens\":1";
    if (!outline.fields.empty()) completed += ',';
    completed += body.substr(open + 1);
    return completed;
}

// Decodes the question; `whole` holds the text that the request borrows, and must outlive it.
base::Result<void> decode(Generation& generation, std::string& whole) {
    whole = with_max_tokens(generation.body, generation.outline);
    json::Document document;
    TRY([[maybe_unused]] const json::Value root, document.parse(whole));
    TRY(generation.decoded, generation.client.decode_request(document, generation.arena));
    return {};
}

// The caller's limits of requests; counting uses no tokens and costs nothing.
net::Task<base::Result<void>> enter_counting(Generation& generation) {
    policy::Governor* governor = generation.worker.gateway.governor;
    const policy::Governance& governance = generation.policy().governance;
    if (governor != nullptr && !governance.empty()) {
        policy::Entry entry;
        entry.request_id = generation.record.request_id;
        entry.spends = false;
        CO_TRY(generation.ticket, co_await governor->enter(governance, entry));
    }
    co_return base::Result<void>();
}

// The provider's count, else ours. Fails: invalid_request when the question cannot be read.
net::Task<base::Result<void>> count(Generation& generation) {
    http::Exchange& exchange = generation.exchange;
    const Endpoint& endpoint = *generation.plan.candidates.front();
    std::string whole;  // what the decoded request borrows
    const bool translated = endpoint.provider->protocol_for(endpoint.deployment,
                                                            generation.outline,
                                                            generation.protocol()) !=
                            generation.protocol();
    if (translated) CO_TRY_VOID(decode(generation, whole));
    auto stated = co_await ask_in_time(generation, endpoint);
    if (exchange.scope().cancelled()) co_return base::Result<void>();
    if (stated) {
        generation.record.status = 200;
        auto sent = co_await exchange.respond(200, "application/json", *stated);
        co_return base::Result<void>();
    }
    if (!generation.decoded) CO_TRY_VOID(decode(generation, whole));
    const std::int64_t tokens = co_await count_here(generation, endpoint.deployment);
    const std::string body = count_answer(generation.by_path, tokens);
    exchange.add_header("x-tollgate-estimated", "true");
    generation.record.status = 200;
    auto sent = co_await exchange.respond(200, "application/json", body);
    co_return base::Result<void>();
}

// `admission`: held already, or taken here.
net::Task<base::Result<void>> run(Generation& generation, std::optional<Admission> admission) {
    http::Exchange& exchange = generation.exchange;
    CO_TRY(generation.who, generation.authenticate());
    CO_TRY_VOID(check_caller(*generation.directory, *generation.who, exchange.client_address(),
                             exchange.head().path));
    if (!admission) {
        AdmissionQueue& queue = generation.worker.gateway.admission;
        CO_TRY(admission, co_await queue.enter(generation.who->tenant, exchange.scope()));
    }
    CO_TRY(generation.body, co_await exchange.read_body());
    const PathRequest* by_path = generation.by_path;
    std::string question;
    if (by_path != nullptr) {
        CO_TRY(question, counted_body(*by_path, generation.body));
        generation.body = question;
    }
    CO_TRY_VOID(generation.read_json());
    CO_TRY(generation.outline,
           dialect::outline(generation.protocol(), *generation.document, generation.arena));
    // As the request itself would go; who only asks takes no turn.
    CO_TRY_VOID(route(generation, false));
    CO_TRY_VOID(co_await enter_counting(generation));
    auto counted = co_await count(generation);
    generation.ticket.finish(counted.ok());
    co_return counted;
}

// Whether the question at Bedrock's path is about a Converse request, for those who have a key and
// get a place, which is kept; false for others.
net::Task<base::Result<bool>> question_is_converse(Worker& worker, http::Exchange& exchange,
                                                   std::optional<Admission>& admission) {
    const auto directory = worker.gateway.directory();
    const auto who = authenticate_caller(*directory, exchange.headers());
    if (!who.ok()) co_return false;
    CO_TRY(admission, co_await worker.gateway.admission.enter((*who)->tenant, exchange.scope()));
    CO_TRY(const std::string_view question, co_await exchange.read_body());
    co_return asks_about_converse(question);
}

}  // namespace

net::Task<void> handle_count_tokens(Worker& worker, http::Exchange& exchange,
                                    const PathRequest* by_path) {
    domain::Protocol protocol = domain::Protocol::anthropic;
    std::optional<base::Error> unread;  // why the question could not be read
    std::optional<Admission> admission;
    if (by_path != nullptr && by_path->cloud == PathCloud::gemini) {
        protocol = domain::Protocol::gemini;
    } else if (by_path != nullptr && by_path->cloud == PathCloud::bedrock) {
        // The question itself says which of Bedrock's two interfaces it is about; it is read for
        // those who have a key and a place. Who has not, run() says.
        auto converse = co_await question_is_converse(worker, exchange, admission);
        if (!converse.ok()) unread = converse.error();
        else if (*converse) protocol = domain::Protocol::bedrock_converse;
    } else {
        exchange.send_request_id_as_anthropic();
    }
    const auto& client = worker.gateway.codecs().client(protocol);
    Generation generation(worker, exchange, client);
    generation.by_path = by_path;
    generation.record.request_id = exchange.request_id();
    if (unread) {
        co_await answer_error(generation, *unread);
        co_return;
    }
    auto done = co_await run(generation, std::move(admission));
    if (!done.ok()) co_await answer_error(generation, done.error());
}

}  // namespace tollgate::gateway
