// What a directory of keys is built from: tenants, teams, users, keys, tiers, limits, budgets and
// credits, as the database and the files have them. Values; blocking functions for the store's
// threads or the start.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "config/load.hpp"
#include "domain/providers.hpp"
#include "domain/tenancy.hpp"
#include "policy/installation_key.hpp"
#include "store/credits.hpp"
#include "store/db.hpp"

namespace tollgate::assembly {

struct DirectoryRows {
    std::vector<domain::Tenant> tenants;
    std::vector<domain::Team> teams;
    std::vector<domain::User> users;
    std::vector<domain::Key> keys;
    std::vector<domain::Tier> tiers;
    std::vector<domain::LimitRow> limits;
    std::vector<domain::Budget> budgets;
    std::vector<store::CreditTotals> credits;
    std::vector<domain::UserSettings> settings;
    std::vector<domain::UserProviderKey> own_keys;  // that are enabled
};

// The tenants of the files with their keys and budgets. Keys are hashed under `installation`; null:
// by SHA-256 (no store). Warns of short keys.
DirectoryRows rows_of_files(const config::Config& config,
                            const policy::InstallationKey* installation,
                            std::vector<config::Problem>& problems);

// Brings the database in step with the files: their objects are written with origin file:PATH, what
// has left the files is disabled. Conflicts with objects of the API are reported, and the winner is
// config.precedence's. Platform access, in one transaction.
base::Result<void> sync_files(store::Session& session, const DirectoryRows& files,
                              const config::Config& config,
                              std::vector<config::Problem>& problems);

// Everything the directory needs. Platform access.
base::Result<DirectoryRows> load_rows(store::Session& session);

}  // namespace tollgate::assembly
