#include <algorithm>

#include "gateway/embeds.hpp"
#include "gateway/router.hpp"

// What is different where a request is for embeddings: not every candidate makes them, and rules
// that are about conversations do not apply.
namespace tollgate::gateway {

// One that cannot do what is asked is kept for the trace.
bool Router::is_able(const EndpointPointer& endpoint, std::int64_t stage) {
    if (!embeds()) return true;
    std::string why = cannot_embed(endpoint->deployment);
    if (why.empty()) return true;
    const bool known = std::any_of(unable_.begin(), unable_.end(), [&](const Unable& one) {
        return one.staged.endpoint == endpoint;
    });
    if (!known) unable_.push_back({{endpoint, stage}, std::move(why)});
    return false;
}

// A rule for everything, written for conversations, would send embeddings where nobody makes them:
// they go on as if it were not there.
std::string Router::pass_over(const domain::RoutingRule& rule) const {
    const std::vector<std::string>& models = rule.use.models;
    if (models.empty() || any_embeds(snapshot_, models)) return "";
    return "use: none of its models is known to make embeddings";
}

base::Error Router::nobody_embeds() const {
    const Unable& first = unable_.front();
    return base::invalid("model: '" + domain::target_name(first.staged.endpoint->deployment) +
                             "' cannot be used here: " + first.why,
                         "model");
}

void Router::trace_unable() {
    for (const Unable& one : unable_) {
        const domain::Deployment& target = one.staged.endpoint->deployment;
        TracedCandidate candidate;
        candidate.name = domain::target_name(target);
        candidate.group = target.group;
        candidate.stage = one.staged.stage;
        candidate.excluded = one.why;
        candidate.circuit = routing::to_string(routing::CircuitState::closed);
        trace_->excluded.push_back(std::move(candidate));
    }
}

}  // namespace tollgate::gateway
