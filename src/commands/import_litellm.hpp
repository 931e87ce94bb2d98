// `tollgate import litellm CONFIG_OR_DATABASE`: a LiteLLM configuration becomes one of ours, or the
// tenants, teams, users, keys, budgets and spend of its database become rows of ours. Blocking; one
// thread.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "commands/console.hpp"
#include "commands/render.hpp"
#include "config/load.hpp"
#include "store/db.hpp"

namespace tollgate::commands {

struct ImportLitellmArgs {
    std::string source;       // a file, postgres://..., or os.environ/NAME of such a URL
    std::string out;          // of a file: where the configuration goes; "" : standard output
    bool force = false;       // overwrite `out`
    std::string tenant;       // of a database: everything goes to this one; made when missing
    bool spend_logs = false;  // of a database: each request LiteLLM logged becomes a usage record
    bool dry_run = false;     // the report alone
    Output output = Output::table;
};

// The databases, opened by app. The source is only read. The target is migrated; null: a dry run
// has none to look at yet.
struct ImportStores {
    std::function<base::Result<std::unique_ptr<store::Db>>(const std::string& url)> source;
    std::function<base::Result<std::unique_ptr<store::Db>>(bool dry_run)> target;
};

// Exit 0: all of it is imported; 7: something is unsupported, as the report says; 1: the source
// cannot be read, or the result not be written (then nothing was). The report goes to standard
// output, or to standard error where that holds the configuration.
int run_import_litellm(const ImportLitellmArgs& args, const config::Environment& environment,
                       const ImportStores& stores, const Console& console);

// The URL as libpq takes it: parameters that only Prisma knows (schema, connection_limit,
// pool_timeout, pgbouncer, ...) are removed, and `schema` becomes the search path.
std::string libpq_url(const std::string& prisma_url);

}  // namespace tollgate::commands
