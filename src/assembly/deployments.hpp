// From a model string and its account to a deployment that can be called. Pure but for the
// environment it is given.
#pragma once
#include <memory>
#include <string>

#include "assembly/build_snapshot.hpp"
#include "base/result.hpp"
#include "credentials/source.hpp"
#include "domain/target.hpp"

namespace tollgate::assembly {

// Makes endpoints; holds copies of what it needs, so that a snapshot may keep it. Thread-safe but
// for end_of_build().
class EndpointMaker {
public:
    EndpointMaker(const BuildInput& input);

    // From now on it works for requests: what only the machine's metadata server knows, and is not
    // known yet, is asked aside, and missing until then. Before that it may block for seconds.
    void end_of_build() { waiting_ = Shared::Waiting::aside; }

    // The endpoint of one model_list entry. `model` replaces the entry's (a wildcard filled in).
    // Fails: not_found for a provider that nobody knows, permission when its credential is missing,
    // invalid_request for a bad URL.
    base::Result<gateway::EndpointPointer> of_entry(const config::ModelEntry& entry,
                                                    const std::string& model) const;
    // The endpoint of `account_or_type/model` asked for by name.
    base::Result<gateway::EndpointPointer> of_name(const std::string& account_or_type,
                                                   const std::string& model) const;
    // The same for users' own keys, which it lacks yet.
    base::Result<gateway::EndpointPointer> for_own_key(const std::string& type,
                                                       const std::string& model) const;
    // True when that account or type could be called: it is known and has its credential.
    bool usable(const std::string& account_or_type) const;

    // What of_entry() would say of an entry whose model is a pattern, without making anything.
    base::Result<void> check(const config::ModelEntry& entry) const;
    // Equal for deployments that are one and the same: routing::GroupInput::deployments.
    std::string identity(const config::ModelEntry& entry, const gateway::Endpoint& endpoint) const;

private:
    // Where a model string leads. Borrows the accounts and the catalog.
    struct Located {
        const config::ProviderAccount* account = nullptr;  // null: the type's default account
        const domain::ProviderTraits* row = nullptr;       // never null
        const domain::ModelTraits* known = nullptr;        // null: not in the catalog
        std::string model_name;                            // as the provider knows it
    };
    base::Result<Located> locate(const config::ModelEntry& entry, const std::string& model) const;
    const domain::ModelTraits* known_otherwise(const domain::ProviderTraits& row,
                                               std::string_view model) const;
    struct Made {
        domain::Deployment deployment;
        credentials::SourcePointer credential;  // null: deployment.api_key, if anything
    };
    base::Result<Made> deployment(const Located& at, const config::ModelEntry& entry) const;
    // The address, and what proves who we are there.
    base::Result<void> reach(const Located& at, const config::ModelEntry& entry, Made& made) const;
    void describe(const Located& at, const config::ModelEntry& entry,
                  domain::Deployment& made) const;
    // Whether the model's name stands in the configuration or came with a request.
    enum class NameOrigin : std::uint8_t { configured, requested };
    base::Result<gateway::EndpointPointer> finish(Made made, bool verify_tls,
                                                  const std::string& ca_file,
                                                  NameOrigin origin) const;
    const config::ProviderAccount* account(std::string_view name) const;
    std::string credential(const Located& at, const config::ModelEntry& entry) const;
    // The address that the provider's variables mean, or the provider's public one.
    std::string own_url(const domain::ProviderTraits& row) const;

    std::vector<config::ProviderAccount> accounts_;
    config::RoutingConfig routing_;
    std::shared_ptr<const config::Catalog> catalog_;
    config::Environment environment_;
    std::shared_ptr<const providers::Registry> registry_;
    Shared* shared_;
    Shared::Waiting waiting_ = Shared::Waiting::here;
    gateway::RequestMetrics* metrics_;
    std::string identity_key_;
};

}  // namespace tollgate::assembly
