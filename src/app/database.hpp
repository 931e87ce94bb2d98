// The database that a configuration names, opened: for verbs that work on it without a gateway.
// Blocking; main thread.
#pragma once
#include <memory>
#include <string>

#include "base/result.hpp"
#include "config/config.hpp"
#include "policy/installation_key.hpp"
#include "store/db.hpp"

namespace tollgate::app {

// Not migrated yet. Fails: invalid_request or unavailable in words for people, also when nothing is
// stored (stores.database: none).
base::Result<std::unique_ptr<store::Db>> open_database(const config::StoresConfig& stores,
                                                       const std::string& data_dir);

// Fails: invalid_request when the database was made with another installation key. One that has
// none yet takes `key`'s fingerprint. REQUIRES: migrated.
base::Result<void> check_installation(store::Db& db, const policy::InstallationKey& key);

}  // namespace tollgate::app
