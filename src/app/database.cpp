#include "app/database.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/ids.hpp"
#include "store/page.hpp"
#include "store/postgres_db.hpp"
#include "store/sqlite_db.hpp"

namespace tollgate::app {

std::string sqlite_path(const std::string& database, const std::string& data_dir) {
    constexpr std::string_view scheme = "sqlite:";
    if (database.empty() || database == "sqlite") return data_dir + "/tollgate.db";
    if (!database.starts_with(scheme)) return "";
    std::string path = database.substr(scheme.size());
    if (path.starts_with("//")) path.erase(0, 2);
    return path;
}

base::Result<std::unique_ptr<store::Db>> open_database(const config::StoresConfig& stores,
                                                       const std::string& data_dir,
                                                       const DatabaseUse& use) {
    const std::string& database = stores.database.value;
    if (database == "none") {
        return base::invalid(
            "stores.database is none: nothing is stored; tenants and keys stand in the files");
    }
    // The installation's key and the journal are kept there, wherever the database is.
    if (mkdir(data_dir.c_str(), 0700) != 0 && errno != EEXIST) {
        return base::Error{base::ErrorCode::unavailable,
                           "cannot make the data directory " + data_dir + ": " +
                               std::strerror(errno) + " (set --data-dir or server.data_dir)"};
    }
    if (database.starts_with("postgres://") || database.starts_with("postgresql://")) {
        store::PostgresOptions options;
        options.url = database;
        options.connections = use.connections;
        options.metrics = use.metrics;
        return store::open_postgres(options);
    }
    store::SqliteOptions options;
    options.path = sqlite_path(database, data_dir);
    if (options.path.empty()) {
        return base::invalid(
            "stores.database: expected sqlite, sqlite:PATH, postgres://... or none",
            "stores.database");
    }
    options.readers = use.readers;
    options.metrics = use.metrics;
    return store::open_sqlite(options);
}

// Keys are hashed under the installation's key: with another one nobody could sign in, and new keys
// would be unknown to the other instances.
base::Result<void> check_installation(store::Db& db, const policy::InstallationKey& key) {
    const std::string mine = key.fingerprint();
    const std::string id = base::uuid7();
    std::string stored;
    const auto find_or_make = [&](store::Session& session) -> base::Result<void> {
        const store::Parameter values[] = {std::string_view(id), std::string_view(mine),
                                           store::now_micros()};
        TRY_VOID(session.execute("INSERT INTO installation (id, installation_id, key_check, "
                                 "created) VALUES (1, $1, $2, $3) ON CONFLICT (id) DO NOTHING",
                                 values));
        return session.each("SELECT key_check FROM installation WHERE id = 1", {},
                            [&](const store::Row& row) -> base::Result<void> {
                                stored = row.string(0);
                                return {};
                            });
    };
    TRY_VOID(db.write(store::Access::everything(), find_or_make));
    if (stored == mine) return {};
    return base::invalid(
        "the database was made with another installation key: use that one's file "
        "(installation_key in the data directory) or TOLLGATE_INSTALLATION_KEY on every instance");
}

base::Result<void> check_vault(store::Db& db, const policy::KeyVault& vault) {
    std::vector<std::string> needed;
    const auto read = [&](store::Session& session) -> base::Result<void> {
        needed.clear();
        return session.each(
            "SELECT key_id FROM llm_providers WHERE key_id <> '' "
            "UNION SELECT key_id FROM user_provider_keys WHERE key_id <> ''",
            {}, [&](const store::Row& row) -> base::Result<void> {
                needed.push_back(row.string(0));
                return {};
            });
    };
    TRY_VOID(db.read(store::Access::everything(), read));
    const std::vector<std::string> there = vault.ids();
    for (const std::string& id : needed) {
        if (std::find(there.begin(), there.end(), id) != there.end()) continue;
        return base::invalid(
            "stored provider keys are encrypted under the key " + id +
                ", which is not among the encryption keys: put it back into " +
                (vault.file().empty() ? std::string("BYOK_ENCRYPTION_KEY")
                                      : vault.file() + " (or set BYOK_ENCRYPTION_KEY to the keys "
                                                       "of the other instances)") +
                ", behind the newest one, and run `tollgate secrets rotate` before it is dropped",
            "BYOK_ENCRYPTION_KEY");
    }
    return {};
}

}  // namespace tollgate::app
