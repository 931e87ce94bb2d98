#include "commands/import_litellm.hpp"

#include <optional>
#include <ostream>

#include "commands/import_litellm_file.hpp"
#include "commands/import_litellm_plan.hpp"
#include "commands/import_litellm_report.hpp"
#include "commands/import_litellm_spend.hpp"
#include "commands/import_litellm_write.hpp"
#include "store/page.hpp"

namespace tollgate::commands {
namespace {

using litellm::Database;
using litellm::Plan;

constexpr std::string_view reference = "os.environ/";

bool is_database(std::string_view source) {
    return source.starts_with("postgres://") || source.starts_with("postgresql://");
}

int failed(const Console& console, const std::string& message) {
    complain(console, message);
    return exit_failed;
}

void show(const ImportLitellmArgs& args, const ImportReport& report, const Console& console) {
    console.out << report.text(args.output, console.colour);
    console.err << report.summary() << (args.dry_run ? " (nothing was written)" : "") << "\n";
}

// One run of the import of a database.
class DatabaseImport {
public:
    DatabaseImport(const ImportLitellmArgs& args, store::Db& source, store::Db* target)
        : args_(args), source_(source), target_(target), now_(store::now_micros()) {}

    base::Result<void> run() {
        TRY(from_, litellm::read_database(source_));
        const litellm::PlanOptions options{args_.tenant, now_};
        plan_ = litellm::make_plan(from_, options, report_);
        if (target_ == nullptr) {
            litellm::report_plan(plan_, report_);
            tell_of_logs();
            return {};
        }
        TRY_VOID(fit());
        if (args_.spend_logs && !args_.dry_run) {
            TRY_VOID(litellm::import_spend_logs(source_, *target_, plan_, from_, report_));
        } else {
            tell_of_logs();
        }
        return write();
    }
    const ImportReport& report() const { return report_; }

private:
    // A transaction may run more than once: each run begins with what there was.
    base::Result<void> fit() {
        const Plan plan = plan_;
        const ImportReport report = report_;
        return target_->read(store::Access::everything(), [&](store::Session& session) {
            plan_ = plan;
            report_ = report;
            return litellm::fit_plan(session, plan_, now_, report_);
        });
    }
    base::Result<void> write() {
        const ImportReport report = report_;
        bool undone = false;
        const auto written = target_->write(
            store::Access::everything(), [&](store::Session& session) -> base::Result<void> {
                report_ = report;
                TRY_VOID(litellm::write_plan(session, plan_, now_, report_));
                undone = args_.dry_run;
                // Its error rolls everything back.
                if (undone) return base::Error{base::ErrorCode::cancelled, "a dry run"};
                return {};
            });
        return undone ? base::Result<void>() : written;
    }
    void tell_of_logs() {
        if (from_.logged_requests == 0) return;
        const std::string subject = "table LiteLLM_SpendLogs: " +
                                    std::to_string(from_.logged_requests) + " rows";
        if (args_.spend_logs) {
            report_.add(subject, Fate::imported, "each as a usage record");
        } else {
            report_.add(subject, Fate::approximated,
                        "what was spent is carried over as a sum; --spend-logs imports each "
                        "request");
        }
    }

    const ImportLitellmArgs& args_;
    store::Db& source_;
    store::Db* target_;
    const litellm::UnixMicros now_;
    Database from_;
    Plan plan_;
    ImportReport report_;
};

int import_database(const ImportLitellmArgs& args, const std::string& url,
                    const ImportStores& stores, const Console& console) {
    if (!args.out.empty()) {
        return failed(console, "--out is of a configuration file: a database is imported into the "
                               "store of the configuration");
    }
    auto source = stores.source(libpq_url(url));
    if (!source.ok()) return failed(console, "LiteLLM's database: " + source.error().message);
    auto target = stores.target(args.dry_run);
    if (!target.ok()) return failed(console, target.error().message);
    DatabaseImport import(args, **source, target->get());
    const auto done = import.run();
    if (!done.ok()) return failed(console, done.error().message);
    show(args, import.report(), console);
    return import.report().exit_code();
}

}  // namespace

std::string libpq_url(const std::string& prisma_url) {
    const std::size_t question = prisma_url.find('?');
    if (question == std::string::npos) return prisma_url;
    constexpr std::string_view prismas_own =
        " connection_limit pool_timeout pgbouncer statement_cache_size socket_timeout "
        "sslaccept sslidentity sslpassword ";
    std::string kept;
    const auto keep = [&](std::string_view pair) {
        kept += (kept.empty() ? "?" : "&") + std::string(pair);
    };
    std::string_view rest = std::string_view(prisma_url).substr(question + 1);
    while (!rest.empty()) {
        const std::size_t end = rest.find('&');
        const std::string_view pair = rest.substr(0, end);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        const std::size_t equal = std::min(pair.find('='), pair.size());
        const std::string name(pair.substr(0, equal));
        if (name == "schema" && equal < pair.size()) {
            keep("options=-csearch_path%3D" + std::string(pair.substr(equal + 1)));
        } else if (prismas_own.find(" " + name + " ") == std::string_view::npos) {
            keep(pair);
        }
    }
    return prisma_url.substr(0, question) + kept;
}

int run_import_litellm(const ImportLitellmArgs& args, const config::Environment& environment,
                       const ImportStores& stores, const Console& console) {
    std::string source = args.source;
    if (source.starts_with(reference)) {
        const std::string name = source.substr(reference.size());
        const auto value = environment.lookup(name);
        if (!value) return failed(console, "the environment variable " + name + " is not set");
        source = *value;
        if (!is_database(source)) {
            return failed(console, name + " is no postgres:// URL of LiteLLM's database");
        }
    }
    if (is_database(source)) return import_database(args, source, stores, console);
    if (args.spend_logs || !args.tenant.empty()) {
        return failed(console, "--spend-logs and --tenant are of a database: " + source +
                                   " is read as a configuration file");
    }
    return litellm::import_file(args, environment, console);
}

}  // namespace tollgate::commands
