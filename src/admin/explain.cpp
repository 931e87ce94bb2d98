// What routing would do with a request, without sending it.
#include <algorithm>

#include "admin/handlers.hpp"
#include "admin/lookup.hpp"

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

}  // namespace

// The body is a request of any protocol, or model and prompt; user_id says for whom.
Outcome explain_route(Call& call, Session& session) {
    TRY_VOID(call.checked());
    json::Document document;
    TRY(const json::Value root, document.parse(call.body_text()));
    if (!root.is_object()) return invalid("the body must be a JSON object");
    const std::shared_ptr<const gateway::Directory> directory = call.services.directory();
    if (!call.services.explain || directory == nullptr) {
        return base::Error{base::ErrorCode::unavailable, "nothing is routed by this process"};
    }
    const gateway::KeyPolicy* policy = nullptr;
    if (const std::string wanted = root["user_id"].text(); !wanted.empty()) {
        TRY(const domain::User user, find_user(call, session, wanted));
        TRY(policy, policy_of_user(*directory, user.id));
    } else if (call.caller.policy < directory->policies.size()) {
        policy = &directory->policy_of(call.caller);
    }
    static const gateway::KeyPolicy unbounded;
    TRY(std::string text,
        call.services.explain(policy != nullptr ? *policy : unbounded, call.body_text()));
    return call.answer(200, std::move(text));
}

}  // namespace tollgate::admin
