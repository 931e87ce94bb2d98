// What would become of a request, without sending it: the decision of routing with everything that
// it was made of.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "gateway/directory.hpp"
#include "gateway/gateway.hpp"

namespace tollgate::gateway {

struct ExplainQuestion {
    const Snapshot& snapshot;
    const Codecs& codecs;
    const KeyPolicy& policy;   // whose request it would be
    // A request body of any protocol that clients speak, or `model` with an optional `prompt`.
    std::string_view body;
    std::string_view path_model;  // where the protocol names the model in its path; "" : the body
    // Where conversations are; null: nowhere.
    routing::AffinityTable* conversations = nullptr;
};

// A JSON object: docs/routing.md. Any thread; nothing is counted or changed. `conversation`, when
// not null, becomes the request's, where it mattered.
// Fails: invalid_request for a body that is none; otherwise as the request itself would.
base::Result<std::string> explain(const ExplainQuestion& question,
                                  std::optional<routing::SessionKey>* conversation = nullptr);

// The same by the gateway's present snapshot, with what it knows of the conversation, or other
// instances do. Loop thread. `policy` and `body` outlive the call.
net::Task<base::Result<std::string>> explain_as_served(Gateway& gateway, const KeyPolicy& policy,
                                                       std::string_view body);

}  // namespace tollgate::gateway
