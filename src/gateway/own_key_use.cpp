#include "gateway/own_key_use.hpp"

#include <algorithm>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "policy/own_key_audit.hpp"

namespace tollgate::gateway {

void note_own_key_use(Generation& generation, const Endpoint& endpoint, std::string_view purpose) {
    policy::OwnKeyAudit* audit = generation.worker.gateway.own_key_audit;
    if (endpoint.own_key.empty() || audit == nullptr) return;
    const double share = generation.snapshot->audited_own_key_uses;
    if (!audit->samples(endpoint.own_key, share, base::unix_seconds(), base::random_u64())) return;
    const KeyPolicy& policy = generation.policy();
    policy::OwnKeyUse use;
    use.tenant = policy.tenant;
    use.user = policy.user;
    use.provider = endpoint.deployment.provider.type;
    use.key_id = endpoint.own_key;
    if (policy.own_keys != nullptr) {
        const auto& keys = policy.own_keys->all();
        const auto key = std::find_if(keys.begin(), keys.end(), [&](const policy::OwnKey& each) {
            return each.id == endpoint.own_key;
        });
        if (key != keys.end()) use.masked = key->masked;
    }
    use.caller_id = policy.key_id;
    use.caller = generation.who->key_name;
    use.request_id = generation.record.request_id;
    use.model = domain::target_name(endpoint.deployment);
    use.purpose = purpose;
    use.address = generation.exchange.client_address();
    use.agent = generation.exchange.headers().get("user-agent").substr(0, 200);
    audit->add(use);
}

}  // namespace tollgate::gateway
