// Providers, models, routing rules and experiments of the database beside those of the file: what
// administration made becomes accounts and entries of the configuration that a snapshot is built
// from. Blocking where a session is asked; pure otherwise.
#pragma once
#include <string>
#include <vector>

#include "assembly/build_snapshot.hpp"
#include "config/config.hpp"
#include "config/load.hpp"
#include "domain/experiment.hpp"
#include "domain/providers.hpp"
#include "policy/key_vault.hpp"
#include "store/db.hpp"

namespace tollgate::assembly {

struct ModelRows {
    std::vector<domain::ProviderRow> providers;
    std::vector<domain::ModelRow> models;
    std::vector<domain::RoutingSettings> routing;
    std::vector<domain::ExperimentRow> experiments;
    // Differs when anything does that a snapshot is built from.
    std::string fingerprint() const;
    bool empty() const {
        return providers.empty() && models.empty() && routing.empty() && experiments.empty();
    }
};

// Platform access.
base::Result<ModelRows> load_model_rows(store::Session& session);

// Whose the provider's stored credential is.
policy::CredentialOwner owner_of(const domain::ProviderRow& provider);

// What the settings of a provider mean: unknown names and wrong values fail, naming them. `config`
// is a JSON object: timeout (seconds until the headers), headers{}, api_version, organization,
// verify_tls, drop_params, region, project, health_check (off, models, completion), max_retries.
base::Result<config::ProviderAccount> account_of(const domain::ProviderRow& provider,
                                                 std::string api_key);
config::ModelEntry entry_of(const domain::ProviderRow& provider, const domain::ModelRow& model);

// `config` with the enabled rows added. Where both name an account, the file's counts, or the
// database's with config.precedence: database; either is reported as a notice. What cannot be used
// is left out with a warning. Rows of tenants become entries for that tenant alone.
config::Config with_rows(const config::Config& config, const ModelRows& rows,
                         const policy::KeyVault& vault, std::vector<config::Problem>& problems);

// The deployment that a test calls. Fails as EndpointMaker does.
base::Result<gateway::EndpointPointer> endpoint_of(const BuildInput& input,
                                                   const domain::ProviderRow& provider,
                                                   const std::string& api_key,
                                                   const std::string& model);

}  // namespace tollgate::assembly
