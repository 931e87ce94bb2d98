// What routing would do with a request, without sending it.
#include <algorithm>

#include "admin/handlers.hpp"
#include "admin/lookup.hpp"
#include "admin/steps.hpp"

namespace tollgate::admin {
namespace {

// Any key of that user tells what holds for him.
base::Result<const gateway::KeyPolicy*> policy_of_user(const gateway::Directory& directory,
                                                       const std::string& user) {
    const auto found = std::find_if(directory.policies.begin(), directory.policies.end(),
                                    [&](const auto& policy) { return policy.user == user; });
    if (found == directory.policies.end()) {
        return base::Error{base::ErrorCode::not_found,
                           "the user " + user + " has no key that could ask", "user_id"};
    }
    return &*found;
}

struct Asker {
    std::shared_ptr<const gateway::Directory> directory;  // keeps the policy
    const gateway::KeyPolicy* policy = nullptr;           // null: nothing bounds
};

// Whose request it would be.
base::Result<Asker> find_asker(Call& call, Session& session) {
    TRY_VOID(call.checked());
    json::Document document;
    TRY(const json::Value root, document.parse(call.body_text()));
    if (!root.is_object()) return invalid("the body must be a JSON object");
    Asker asker{call.services.directory()};
    if (!call.services.explain || asker.directory == nullptr) {
        return base::Error{base::ErrorCode::unavailable, "nothing is routed by this process"};
    }
    const gateway::Directory& directory = *asker.directory;
    if (const std::string wanted = root["user_id"].text(); !wanted.empty()) {
        TRY(const domain::User user, find_user(call, session, wanted));
        TRY(asker.policy, policy_of_user(directory, user.id));
    } else if (call.caller.policy < directory.policies.size()) {
        asker.policy = &directory.policy_of(call.caller);
    }
    return asker;
}

}  // namespace

// The body is a request of any protocol, or model and prompt; user_id says for whom. Conversations
// are looked for at other instances, so no transaction may wait for the answer.
net::Task<void> explain_route(http::Exchange& exchange, std::shared_ptr<Call> call) {
    const auto asker = std::make_shared<Asker>();
    Step find = [asker](Call& asked, Session& session) -> Outcome {
        TRY(*asker, find_asker(asked, session));
        return {};
    };
    auto done = co_await run_step(exchange, call, false, std::move(find));
    if (done.ok()) {
        static const gateway::KeyPolicy unbounded;
        const gateway::KeyPolicy& policy = asker->policy != nullptr ? *asker->policy : unbounded;
        auto told = co_await call->services.explain(policy, call->body_text());
        done = told.ok() ? call->answer(200, std::move(told).value()) : told.error();
    }
    co_await send_outcome(exchange, call, std::move(done));
}

}  // namespace tollgate::admin
