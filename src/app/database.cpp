#include "app/database.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "app/stores.hpp"
#include "base/ids.hpp"
#include "store/postgres_db.hpp"
#include "store/sqlite_db.hpp"

namespace tollgate::app {
namespace {

constexpr std::size_t readers = 1;  // one verb, one question at a time

}  // namespace

base::Result<std::unique_ptr<store::Db>> open_database(const config::StoresConfig& stores,
                                                       const std::string& data_dir) {
    const std::string& database = stores.database.value;
    if (database == "none") {
        return base::invalid(
            "stores.database is none: nothing is stored; tenants and keys stand in the files");
    }
    // The installation's key is kept there, whatever the database.
    if (mkdir(data_dir.c_str(), 0700) != 0 && errno != EEXIST) {
        return base::Error{base::ErrorCode::unavailable,
                           "cannot make the data directory " + data_dir + ": " +
                               std::strerror(errno) + " (set --data-dir or server.data_dir)"};
    }
    if (database.starts_with("postgres://") || database.starts_with("postgresql://")) {
        store::PostgresOptions options;
        options.url = database;
        options.connections = readers + 1;
        return store::open_postgres(options);
    }
    store::SqliteOptions options;
    options.path = sqlite_path(database, data_dir);
    if (options.path.empty()) {
        return base::invalid(
            "stores.database: expected sqlite, sqlite:PATH, postgres://... or none",
            "stores.database");
    }
    options.readers = readers;
    return store::open_sqlite(options);
}

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
        "(installation_key in the data directory) or TOLLGATE_INSTALLATION_KEY");
}

}  // namespace tollgate::app
