// The database that a configuration names, opened: for the gateway, and for verbs that work on it
// without one. Blocking; main thread.
#pragma once
#include <memory>
#include <string>

#include "base/result.hpp"
#include "config/config.hpp"
#include "policy/installation_key.hpp"
#include "policy/key_vault.hpp"
#include "store/db.hpp"
#include "store/store_metrics.hpp"

namespace tollgate::app {

// The path of "sqlite:PATH", the default one for "" and "sqlite"; "" when it is neither.
std::string sqlite_path(const std::string& database, const std::string& data_dir);

struct DatabaseUse {
    std::size_t connections = 2;             // to PostgreSQL, at most
    std::size_t readers = 1;                 // of SQLite
    store::StoreMetrics* metrics = nullptr;  // must outlive the Db
};

// Makes the data directory. Not migrated yet. Fails: invalid_request or unavailable in words for
// people, also when nothing is stored (stores.database: none).
base::Result<std::unique_ptr<store::Db>> open_database(const config::StoresConfig& stores,
                                                       const std::string& data_dir,
                                                       const DatabaseUse& use = {});

// Fails: invalid_request when the database was made with another installation key. One that has
// none yet takes `key`'s fingerprint. REQUIRES: migrated.
base::Result<void> check_installation(store::Db& db, const policy::InstallationKey& key);
// Fails: invalid_request when a stored credential is under an encryption key that `vault` has not:
// a key that is still needed was dropped, or another instance made one of its own.
base::Result<void> check_vault(store::Db& db, const policy::KeyVault& vault);

}  // namespace tollgate::app
