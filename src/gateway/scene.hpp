// What the parts of one attempt share; internal to attempt.cpp and deliver.cpp. One thread.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "gateway/answer_source.hpp"
#include "gateway/attempt.hpp"
#include "gateway/prepared.hpp"

namespace tollgate::gateway {

// Everything that the parts of one attempt share.
struct Scene {
    Generation& generation;
    const Endpoint& endpoint;
    Delivery& delivery;
    const AttemptOptions& options;
    Prepared& prepared;
    credentials::CredentialPointer credential = nullptr;  // obtained for this attempt, if any
    // The provider's own rate-limit headers, when configuration lets clients see them.
    std::vector<std::pair<std::string, std::string>> provider_limits = {};
};

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

}  // namespace tollgate::gateway
