#include "assembly/directory_rows.hpp"

#include <cmath>

#include "policy/key_format.hpp"
#include "store/budgets.hpp"
#include "store/changes.hpp"
#include "store/keys.hpp"
#include "store/limits.hpp"
#include "store/settings.hpp"
#include "store/teams.hpp"
#include "store/tenants.hpp"
#include "store/tiers.hpp"
#include "store/user_keys.hpp"
#include "store/users.hpp"

namespace tollgate::assembly {
namespace {

using config::Problem;
using config::Severity;

Problem problem(Severity severity, const config::Origin& origin, std::string path,
                std::string message) {
    return {severity, origin.file, origin.line, origin.column, std::move(path),
            std::move(message), ""};
}

std::string origin_of(const config::TenantConfig& tenant) { return "file:" + tenant.origin.file; }

std::string object_or_empty(const std::string& json) { return json.empty() ? "{}" : json; }

// `features` of a tenant's file stand in its settings, as they do in those made over HTTP.
std::string with_features(std::string settings, const std::string& features) {
    if (features.empty() || settings.size() < 2 || settings.find("\"features\"") != settings.npos) {
        return settings;
    }
    settings.pop_back();
    if (settings.size() > 1) settings += ',';
    return settings + "\"features\":" + features + "}";
}

domain::Tenant tenant_row(const config::TenantConfig& from) {
    domain::Tenant tenant;
    tenant.id = from.id;
    tenant.name = from.name;
    tenant.enabled = from.enabled;
    tenant.tier = from.tier;
    tenant.time_zone = from.time_zone.empty() ? "UTC" : from.time_zone;
    tenant.baseline_model = from.baseline_model;
    tenant.allowed_models = from.allowed_models;
    for (const config::TenantModel& model : from.models) {
        tenant.aliases.emplace_back(model.alias, model.provider);
    }
    tenant.limits = from.limits;
    tenant.retention_days = from.retention_days;
    tenant.metadata = object_or_empty(from.metadata.text);
    tenant.settings = with_features(object_or_empty(from.settings.text), from.features.text);
    tenant.origin = origin_of(from);
    return tenant;
}

void add_budgets(const config::TenantConfig& from, std::vector<domain::Budget>& out) {
    using domain::BudgetPeriod;
    const auto add = [&](const std::optional<double>& usd, BudgetPeriod period) {
        if (!usd) return;
        domain::Budget budget;
        budget.id = "file:" + from.id + ":" + domain::to_string(period);
        budget.tenant = from.id;
        budget.name = std::string(domain::to_string(period)) + " budget of " + from.name;
        budget.subject = from.id;
        budget.limit = domain::from_dollars(*usd);
        budget.period = period;
        budget.hard = from.budget.hard.value_or(true);
        if (from.budget.alert_threshold) {
            // 0.8 is how some files write 80 %.
            const double given = *from.budget.alert_threshold;
            const std::int64_t percent = std::llround(given <= 1 ? given * 100 : given);
            budget.thresholds = {{percent, domain::BudgetAction::notify},
                                 {100, domain::BudgetAction::notify}};
        }
        budget.origin = origin_of(from);
        out.push_back(std::move(budget));
    };
    add(from.budget.daily_limit, BudgetPeriod::daily);
    add(from.budget.weekly_limit, BudgetPeriod::weekly);
    add(from.budget.monthly_limit, BudgetPeriod::monthly);
    add(from.budget.total_limit, BudgetPeriod::total);
}

domain::Key key_row(const config::TenantConfig& from, const std::string& secret,
                    const policy::InstallationKey* installation) {
    domain::Key key;
    key.tenant = from.id;
    key.name = "of file";
    const policy::KeyDisplay display = policy::display_of(secret);
    key.prefix = display.prefix;
    key.last_four = display.last_four;
    if (installation != nullptr) {
        key.secret_hash = policy::hash_of(*installation, secret);
    } else {
        key.hash_kind = "sha256";
        key.secret_hash = crypto::hex(crypto::sha256(secret));
    }
    key.origin = origin_of(from);
    return key;
}

void report(const store::FileUpsert& upsert, const std::string& what, const std::string& path,
            std::vector<Problem>& problems) {
    if (upsert.outcome == store::FileOutcome::conflict) {
        problems.push_back({Severity::warning, path, 0, 0, what,
                            "the database has it too and wins (config.precedence: database)", ""});
    } else if (upsert.outcome == store::FileOutcome::taken_over) {
        problems.push_back({Severity::warning, path, 0, 0, what,
                            "the database had it too; the file wins now (config.precedence)", ""});
    }
}

std::string path_of(const std::string& origin) {
    constexpr std::string_view scheme = "file:";
    return origin.starts_with(scheme) ? origin.substr(scheme.size()) : origin;
}

}  // namespace

DirectoryRows rows_of_files(const config::Config& config,
                            const policy::InstallationKey* installation,
                            std::vector<Problem>& problems) {
    DirectoryRows rows;
    for (const config::TenantConfig& from : config.tenants) {
        rows.tenants.push_back(tenant_row(from));
        add_budgets(from, rows.budgets);
        for (std::size_t i = 0; i < from.api_keys.size(); ++i) {
            const std::string& secret = from.api_keys[i].value;
            if (secret.empty()) {
                problems.push_back(problem(Severity::error, from.origin, "tenant.api_key",
                                           "the key is empty"));
                continue;
            }
            domain::Key key = key_row(from, secret, installation);
            key.id = from.id + "/" + std::to_string(i + 1);
            key.name = key.id;
            if (const std::string weak = policy::weakness_of(secret); !weak.empty()) {
                problems.push_back(problem(Severity::warning, from.origin, "tenant.api_key",
                                           "the key of " + from.id + " " + weak));
            }
            rows.keys.push_back(std::move(key));
        }
    }
    for (const config::LimitTier& from : config.limit_tiers) {
        domain::Tier tier;
        tier.name = from.name;
        tier.limits = from.limits;
        if (from.monthly_cap) tier.monthly_cap = domain::from_dollars(*from.monthly_cap);
        tier.allowed_models = from.allowed_models;
        rows.tiers.push_back(std::move(tier));
    }
    return rows;
}

base::Result<void> sync_files(store::Session& session, const DirectoryRows& files,
                              const config::Config& config, std::vector<Problem>& problems) {
    const auto precedence = config.precedence == "database" ? store::Precedence::database
                                                            : store::Precedence::file;
    // Instances that start together would each find a tenant missing and make it twice. On SQLite
    // there is one writer at a time.
    if (session.dialect() == store::Dialect::postgres) {
        TRY_VOID(session.script("SELECT pg_advisory_xact_lock(hashtext('tollgate.files'))"));
    }
    bool changed = false;
    const auto note = [&changed](const store::FileUpsert& done) {
        changed = changed || (done.outcome != store::FileOutcome::unchanged &&
                              done.outcome != store::FileOutcome::conflict);
    };
    std::vector<std::string> tenants, keys, budgets;
    // A row that was found by name keeps its id: what belongs to it follows.
    std::vector<std::pair<std::string, std::string>> renamed;
    const auto id_of = [&](const std::string& id) {
        for (const auto& [from, to] : renamed) {
            if (from == id) return to;
        }
        return id;
    };
    for (const domain::Tenant& tenant : files.tenants) {
        TRY(const store::FileUpsert done,
            store::upsert_tenant_from_file(session, tenant, precedence));
        note(done);
        report(done, "tenant " + tenant.id, path_of(tenant.origin), problems);
        if (done.id != tenant.id) renamed.emplace_back(tenant.id, done.id);
        tenants.push_back(done.id);
    }
    for (domain::Key key : files.keys) {
        key.tenant = id_of(key.tenant);
        TRY(const store::FileUpsert done, store::upsert_key_from_file(session, key, precedence));
        note(done);
        report(done, "key " + key.name, path_of(key.origin), problems);
        keys.push_back(done.id);
    }
    for (domain::Budget budget : files.budgets) {
        budget.tenant = id_of(budget.tenant);
        budget.subject = id_of(budget.subject);
        TRY(const store::FileUpsert done, store::upsert_budget_from_file(session, budget));
        note(done);
        report(done, "budget " + budget.name, path_of(budget.origin), problems);
        budgets.push_back(done.id);
    }
    TRY(const auto no_tenants, store::mark_vanished_tenants(session, tenants));
    TRY(const auto no_keys, store::mark_vanished_keys(session, keys, store::now_micros()));
    TRY(const auto no_budgets, store::remove_vanished_budgets(session, budgets));
    changed = changed || !no_tenants.empty() || !no_keys.empty() || !no_budgets.empty();
    // The other instances read the same database, not these files.
    return changed ? store::bump(session) : base::Result<void>();
}

base::Result<DirectoryRows> load_rows(store::Session& session) {
    DirectoryRows rows;
    TRY(rows.tenants, store::load_tenants(session));
    TRY(rows.teams, store::load_teams(session));
    TRY(rows.users, store::load_users(session));
    TRY(rows.keys, store::load_keys(session, store::now_micros()));
    TRY(rows.tiers, store::load_tiers(session));
    TRY(rows.limits, store::load_limits(session));
    TRY(rows.budgets, store::load_budgets(session));
    TRY(rows.credits, store::load_credit_totals(session));
    TRY(rows.settings, store::load_settings(session));
    TRY(rows.own_keys, store::load_user_keys(session));
    return rows;
}

}  // namespace tollgate::assembly
