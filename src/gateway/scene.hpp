// What the parts of one attempt share; internal to attempt.cpp and deliver.cpp. One thread.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/answer_source.hpp"
#include "gateway/attempt.hpp"
#include "gateway/prepared.hpp"
#include "gateway/relay.hpp"

namespace tollgate::gateway {

// Everything that the parts of one attempt share.
struct Scene {
    Generation& generation;
    const Endpoint& endpoint;
    Delivery& delivery;
    const AttemptOptions& options;
    Prepared& prepared;
    credentials::CredentialPointer credential = nullptr;  // obtained for this attempt, if any
    // What its waits belong to: the exchange's scope, or a part of it while two attempts race.
    net::CancelScope* scope = &generation.exchange.scope();
    std::string provider_request_id = {};  // once a head has come
    // The provider's own rate-limit headers, when configuration lets clients see them.
    std::vector<std::pair<std::string, std::string>> provider_limits = {};
};

// By the content type of an answer.
bool is_stream(const http::Headers& headers);
// Makes scene.prepared ready to send. Nothing on success; else a failure of our own.
std::optional<AttemptFailure> prepare_attempt(Scene& scene);
// Obtains the credential and sends scene.prepared. Nothing on a 2xx, whose answer is then `source`,
// its body unread; else why this attempt failed, its refusal read.
net::Task<std::optional<AttemptFailure>> send_prepared(Scene& scene,
                                                       std::optional<HttpSource>& source);
// x-tollgate-model and its fellows; before the answer begins.
void add_answer_headers(Scene& scene);
AttemptFailure from_error(const base::Error& error);
// Keeps what /health and llm_provider_health show.
void mark_health(Scene& scene, bool healthy, const std::string& why);
void mark_failure(Scene& scene, const AttemptFailure& failure);

// Delivers the answer of a 2xx: a stream or one JSON body, to a streaming client or a plain one.
// Nothing when the client was served or has left; a failure when the client has seen no content.
net::Task<std::optional<AttemptFailure>> deliver(Scene& scene, HttpSource& source, bool streamed);
net::Task<std::optional<AttemptFailure>> deliver(Scene& scene, EchoSource& source, bool streamed);

// An answer that has come as far as its first content, of which the client has seen nothing.
struct HeldAnswer {
    std::optional<Relay> relay;  // none: it is no stream and has not been read
    std::string out;             // for the client
    std::optional<AttemptFailure> broken;  // behind that, if it was
};
// Reads a stream to its first content. Nothing on success, else why there is none.
net::Task<std::optional<AttemptFailure>> hold_answer(Scene& scene, HttpSource& source,
                                                     HeldAnswer& held);
// deliver() of an answer that was held. REQUIRES: the attempt is the present one.
net::Task<std::optional<AttemptFailure>> deliver_held(Scene& scene, HttpSource& source,
                                                      HeldAnswer& held);

}  // namespace tollgate::gateway
