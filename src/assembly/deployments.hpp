// From a model string and its account to a deployment that can be called. Pure but for the
// environment it is given.
#pragma once
#include <memory>
#include <string>

#include "assembly/build_snapshot.hpp"
#include "base/result.hpp"
#include "domain/target.hpp"

namespace tollgate::assembly {

// Makes endpoints; holds copies of what it needs, so that a snapshot may keep it. Thread-safe.
class EndpointMaker {
public:
    EndpointMaker(const BuildInput& input);

    // The endpoint of one model_list entry. `model` replaces the entry's (a wildcard filled in).
    // Fails: not_found for a provider that nobody knows, permission when its credential is missing,
    // invalid_request for a bad URL.
    base::Result<gateway::EndpointPointer> of_entry(const config::ModelEntry& entry,
                                                    const std::string& model) const;
    // The endpoint of `account_or_type/model` asked for by name.
    base::Result<gateway::EndpointPointer> of_name(const std::string& account_or_type,
                                                   const std::string& model) const;
    // True when that account or type could be called: it is known and has its credential.
    bool usable(const std::string& account_or_type) const;

private:
    base::Result<domain::Deployment> deployment(const config::ModelEntry& entry,
                                                const std::string& model) const;
    base::Result<gateway::EndpointPointer> finish(domain::Deployment deployment, bool verify_tls,
                                                  const std::string& ca_file) const;
    const config::ProviderAccount* account(std::string_view name) const;
    std::string credential(const domain::ProviderTraits& row, const config::ModelEntry& entry,
                           const config::ProviderAccount* account) const;

    std::vector<config::ProviderAccount> accounts_;
    config::RoutingConfig routing_;
    std::shared_ptr<const config::Catalog> catalog_;
    config::Environment environment_;
    std::shared_ptr<const providers::Registry> registry_;
    Shared* shared_;
    gateway::RequestMetrics* metrics_;
    std::string identity_key_;
};

}  // namespace tollgate::assembly
