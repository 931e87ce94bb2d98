// One request of model traffic while it is being answered. Lives on handle_generation's frame, one
// thread; its parts borrow the exchange's body and the pinned snapshot.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.hpp"
#include "base/json.hpp"
#include "dialect/dialect.hpp"
#include "domain/conversation.hpp"
#include "domain/principal.hpp"
#include "gateway/answer_judge.hpp"
#include "gateway/gateway.hpp"
#include "gateway/path_request.hpp"
#include "gateway/record.hpp"
#include "gateway/response_cache.hpp"
#include "http/exchange.hpp"
#include "routing/session_key.hpp"

namespace tollgate::gateway {

// The candidates in the order of trying, and the chains for special failures.
struct Plan {
    std::vector<EndpointPointer> candidates;
    std::vector<EndpointPointer> context_window;
    std::vector<EndpointPointer> content_policy;
    // Instead, after a failure of a class that the rule names.
    std::vector<std::pair<domain::ErrorClass, std::vector<EndpointPointer>>> fallback_on;
    // Behind the first so many, circuits are open.
    std::size_t usable = static_cast<std::size_t>(-1);
    // Deadlines and counts where the rule has its own.
    std::optional<AttemptSettings> attempts;
    // Whose cached prompt is worth staying for; nullopt: nobody asked.
    std::optional<routing::SessionKey> conversation;
    // The answer holds state that only the deployment which gives it can read.
    bool binds = false;
    EndpointPointer shadow;  // that gets a copy; null: none does
    bool all_open = false;  // of all of them: the first is asked all the same
    const domain::RoutingRule* rule = nullptr;  // that applied; of the pinned snapshot
    std::string route;                          // x-tollgate-route, "" : nothing was decided
};

// What chance and the turns of round robin gave a request: once, however often it is decided.
struct Draws {
    std::uint64_t random = 0;  // of strategies
    std::uint64_t shadow = 0;
    std::optional<std::uint64_t> turn;  // nullopt: none was taken yet
};

// An answer's bytes on their way to the client, for the response cache.
struct NotedAnswer {
    CacheKey key;
    bool replaces = false;  // one that was not to be used
    std::chrono::milliseconds ttl{0};
    std::size_t bytes_max = 0;
    std::string bytes;
    bool too_long = false;
    void take(std::string_view more) {
        too_long = too_long || bytes.size() + more.size() > bytes_max;
        if (too_long) return void(bytes = std::string());
        bytes += more;
    }
};

struct Generation {
    Generation(Worker& on, http::Exchange& of, const dialect::ClientDialect& spoken)
        : worker(on), exchange(of), client(spoken), snapshot(on.gateway.current()),
          directory(on.gateway.directory()), document(on.documents.take()) {}
    ~Generation() { release_document(); }
    Generation(const Generation&) = delete;
    Generation& operator=(const Generation&) = delete;

    Worker& worker;
    http::Exchange& exchange;
    const dialect::ClientDialect& client;
    std::shared_ptr<const Snapshot> snapshot;
    std::shared_ptr<const Directory> directory;
    const domain::Principal* who = nullptr;
    policy::Ticket ticket;                // what is held of limits and budgets
    std::vector<AttemptRecord> attempts;  // that reached a provider
    std::size_t attempt_at = 0;           // the one under way, or the last that was
    bool attempt_open = false;            // it is under way
    bool concluded = false;
    // What the answer's head tells of the caller's bounds, taken before they were given back.
    struct Bounds {
        std::optional<policy::Remaining> requests, tokens;
        std::optional<policy::CapState> cap;
    };
    Bounds bounds;
    std::unique_ptr<AnswerJudge> judge;  // null: no experiment wants to know what the answer did
    std::unique_ptr<NotedAnswer> noted;  // null: the answer is not to be kept
    std::string_view body;
    // What is asked of the model.
    domain::ModelMode mode = domain::ModelMode::chat;
    // Set where the path named the model: the body was rewritten, the answer will be framed.
    const PathRequest* by_path = nullptr;
    UnwrappedBody unwrapped;
    dialect::Outline outline;
    base::Arena arena;
    std::unique_ptr<json::Document> document;  // of the body, while somebody reads it; else null
    std::string_view first_message;   // see first_message_of(); set when `document` has gone
    std::optional<domain::Request> decoded;  // made when a candidate speaks another protocol
    std::optional<Draws> draws;  // nullopt: it was not routed yet
    Plan plan;
    RequestRecord record;

    domain::Protocol protocol() const { return client.protocol(); }
    const AttemptSettings& attempt_settings() const {
        return plan.attempts ? *plan.attempts : snapshot->attempts;
    }
    // REQUIRES: who.
    const KeyPolicy& policy() const { return directory->policy_of(*who); }
    // Parses the body into `document`, with what the path says moved into it where there is
    // `by_path`. Fails: invalid_request for a body that is no JSON, and as unwrap().
    base::Result<void> read_json();
    // Who asks, by the headers or the key in a Google client's query. Fails: authentication.
    base::Result<const domain::Principal*> authenticate() const;
    // The client's headers, with the betas that stood in its body.
    const http::Headers& client_headers() const {
        return completed_headers_ ? *completed_headers_ : exchange.headers();
    }
    // Whole events on their way to the client, in the framing that it reads.
    void frame(std::string& events) const;
    std::string_view stream_type() const;
    // Tokens of the body by the quick count; counted on first use.
    std::int64_t input_estimate();
    // The parsed tree has several times the body's size: it goes as soon as nobody reads it.
    void release_document();
    // Content has reached the client, so no other attempt can follow: the request's text, which may
    // be large, need not stay for as long as the stream. Later calls do nothing.
    // REQUIRES: input_estimate() was asked for if it still will be.
    void release_request();
    // The decoded request; decodes on first use. Fails: invalid_request naming the field.
    base::Result<domain::Request*> request();
    // An attempt has encoded the request: it goes while it is at hand, not when the answer is there
    // and its memory has been forgotten. Another attempt decodes it again.
    void release_decoded();
    // What a translated answer needs of the request.
    std::shared_ptr<const dialect::AnswerDescription> describe_answer();
    dialect::EncoderOptions encoder_options();

private:
    base::Result<void> take_path();
    bool put_path_in_front(const PathRequest& named);

    std::optional<http::Headers> completed_headers_;
    std::int64_t estimate_ = -1;
    bool described_ = false;
    std::shared_ptr<const dialect::AnswerDescription> description_;
    bool released_ = false;
};

// The body of an error as the client reads it; adds the headers that belong to it.
std::string error_body(Generation& generation, int status, const base::Error& error);

// Fails: invalid_request naming the path to use, when the first candidate is an embedding model,
// which answers no conversations.
base::Result<void> check_answers(const Plan& plan);

// Answers with an error in the client's envelope.
net::Task<void> answer_error(Generation& generation, const base::Error& error);

}  // namespace tollgate::gateway
