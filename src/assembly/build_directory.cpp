#include "assembly/build_directory.hpp"

#include <map>
#include <unordered_map>

#include "assembly/bounds.hpp"
#include "assembly/caps.hpp"
#include "assembly/own_keys.hpp"
#include "base/clock.hpp"

namespace tollgate::assembly {
namespace {

using config::Problem;
using config::Severity;
using domain::SubjectKind;
using gateway::KeyPolicy;
using policy::LiveBudget;
using policy::LiveBudgetPointer;

constexpr std::int64_t micros_per_second = 1'000'000;

Problem complaint(Severity severity, std::string path, std::string message) {
    return {severity, "", 0, 0, std::move(path), std::move(message), ""};
}

template <typename T>
std::unordered_map<std::string, const T*> by_id(const std::vector<T>& rows) {
    std::unordered_map<std::string, const T*> found;
    for (const T& row : rows) found.emplace(row.id, &row);
    return found;
}

class Builder {
public:
    explicit Builder(const DirectoryInput& input)
        : in_(input), directory_(std::make_shared<gateway::Directory>()),
          tenants_(by_id(input.rows.tenants)), teams_(by_id(input.rows.teams)),
          users_(by_id(input.rows.users)), keys_(by_id(input.rows.keys)),
          own_keys_(input.rows, input.vault) {
        for (const domain::UserSettings& one : input.rows.settings) {
            settings_.emplace(one.user, std::make_shared<const domain::UserSettings>(one));
        }
        directory_->version = input.version;
        directory_->keys = policy::KeyIndex(input.installation);
    }

    DirectoryResult build() {
        collect_tiers();
        if (in_.state != nullptr) {
            collect_budgets();
            bound_candidates({*in_.state, in_.snapshot, in_.rows.limits, provider_budgets_},
                             *directory_);
        }
        add_master();
        for (const domain::Key& key : in_.rows.keys) add_key(key);
        DirectoryResult result;
        for (const Problem& found : problems_) {
            if (found.severity == Severity::error) directory_ = nullptr;
        }
        result.directory = std::move(directory_);
        result.problems = std::move(problems_);
        result.budgets = std::move(budgets_);
        return result;
    }

private:
    void collect_tiers();
    void collect_budgets();
    LiveBudgetPointer live(policy::LiveBudgetSpec spec);
    void seed(LiveBudget& budget, const domain::Budget& row);
    void add_wishes(const domain::Key& key, KeyPolicy& policy);
    void add_master();
    void add_key(const domain::Key& key);
    void add_limits(const domain::Limits& limits, const std::string& key,
                    const std::string& subject, policy::Governance& out) {
        assembly::add_limits(*in_.state, limits, {key, subject}, out);
    }
    void add_tier(const std::string& name, const std::string& subject_key,
                  const std::string& subject, const std::string& tenant, SubjectKind kind,
                  const std::string& id, KeyPolicy& policy);
    void add_money(const domain::Key& key, KeyPolicy& policy);
    void bound(const domain::Key& key, KeyPolicy& policy);
    void restrict_to(const std::vector<std::string>& patterns, KeyPolicy& policy) const {
        if (!patterns.empty()) policy.allowed.emplace_back(patterns);
    }
    const domain::Tenant* tenant(const std::string& id) const { return found(tenants_, id); }
    const domain::Team* team(const std::string& id) const { return found(teams_, id); }
    const domain::User* user(const std::string& id) const { return found(users_, id); }
    // "user Ada", "tenant acme": as people call it; its id where it has no name.
    std::string called(SubjectKind kind, const std::string& id) const {
        std::string name;
        if (kind == SubjectKind::tenant && tenant(id) != nullptr) name = tenant(id)->name;
        if (kind == SubjectKind::team && team(id) != nullptr) name = team(id)->name;
        if (kind == SubjectKind::user && user(id) != nullptr) name = user(id)->name;
        const domain::Key* key = found(keys_, id);
        if (kind == SubjectKind::key && key != nullptr) name = key->name;
        return std::string(domain::to_string(kind)) + " " + (name.empty() ? id : name);
    }
    template <typename T>
    static const T* found(const std::unordered_map<std::string, const T*>& map,
                          const std::string& id) {
        const auto it = map.find(id);
        return it == map.end() ? nullptr : it->second;
    }
    policy::KeyTerms terms_of(const domain::Key& key) const;
    // The key's own, else its user's.
    std::string team_id_of(const domain::Key& key) const {
        const domain::User* person = user(key.user);
        return key.team.empty() && person != nullptr ? person->team : key.team;
    }
    void add_aliases(const domain::Key& key, KeyPolicy& policy);
    std::shared_ptr<const policy::TimeZone> zone(const std::string& name);
    std::shared_ptr<const policy::TimeZone> zone_of(const std::string& tenant_id) {
        const domain::Tenant* owner = tenant(tenant_id);
        return zone(owner == nullptr ? "" : owner->time_zone);
    }

    const DirectoryInput& in_;
    std::shared_ptr<gateway::Directory> directory_;
    std::vector<Problem> problems_;
    std::unordered_map<std::string, const domain::Tenant*> tenants_;
    std::unordered_map<std::string, const domain::Team*> teams_;
    std::unordered_map<std::string, const domain::User*> users_;
    std::unordered_map<std::string, const domain::Key*> keys_;
    const OwnKeysByUser own_keys_;
    std::unordered_map<std::string, std::shared_ptr<const domain::UserSettings>> settings_;
    std::map<std::string, domain::Tier> tiers_;
    std::vector<LiveBudgetPointer> budgets_;
    std::vector<LiveBudgetPointer> provider_budgets_;
    // "tenant:acme", "key:0193..": the budgets of that subject.
    std::unordered_map<std::string, std::vector<LiveBudgetPointer>> of_subject_;
    std::map<std::string, std::shared_ptr<const policy::TimeZone>> zones_;
    std::unordered_map<std::string, gateway::TenantMetrics> metrics_;
};

// The configuration's tiers win over the database's of the same name.
void Builder::collect_tiers() {
    for (const domain::Tier& tier : in_.rows.tiers) tiers_[tier.name] = tier;
    for (const config::LimitTier& from : in_.config.limit_tiers) {
        domain::Tier tier;
        tier.name = from.name;
        tier.limits = from.limits;
        if (from.monthly_cap) tier.monthly_cap = domain::from_dollars(*from.monthly_cap);
        tier.allowed_models = from.allowed_models;
        tiers_[tier.name] = std::move(tier);
    }
}

std::shared_ptr<const policy::TimeZone> Builder::zone(const std::string& name) {
    auto& zone = zones_[name];
    if (zone != nullptr) return zone;
    auto loaded = policy::TimeZone::load(name);
    if (loaded.ok()) return zone = *loaded;
    problems_.push_back(
        complaint(Severity::warning, "time_zone", loaded.error().message + "; UTC counts"));
    return zone = policy::TimeZone::utc();
}

// What was spent before this process looked is told at once: a budget that is spent already must
// stop the first request after a start.
void Builder::seed(LiveBudget& budget, const domain::Budget& row) {
    if (!in_.spent || budget.credits()) return;
    const LiveBudget::Period& period = budget.period(base::unix_seconds() * micros_per_second);
    const policy::PeriodBounds& bounds = period.bounds;
    // A period without an end (until: max) has not ended; in microseconds it would not fit.
    constexpr std::int64_t for_ever = std::int64_t{1} << 40;
    const std::int64_t until = std::min(bounds.until, for_ever);
    auto spent = in_.spent(row, bounds.from * micros_per_second, until * micros_per_second);
    base::Result<domain::NanoUsd> earlier = domain::NanoUsd{0};
    if (row.period == domain::BudgetPeriod::rolling) {
        earlier = in_.spent(row, bounds.earlier_from * micros_per_second,
                            bounds.from * micros_per_second);
    }
    if (!spent.ok() || !earlier.ok()) {
        const base::Error& why = spent.ok() ? earlier.error() : spent.error();
        problems_.push_back(complaint(Severity::warning, "budget " + row.name,
                                      "what was spent could not be read: " + why.message));
        return;
    }
    budget.spent_so_far(bounds, *spent, *earlier);
}

LiveBudgetPointer Builder::live(policy::LiveBudgetSpec spec) {
    if (spec.budget.thresholds.empty()) spec.budget.thresholds = in_.config.billing.thresholds;
    const domain::Budget row = spec.budget;
    auto budget = std::make_shared<LiveBudget>(std::move(spec), *in_.state, in_.opened);
    seed(*budget, row);
    budgets_.push_back(budget);
    return budget;
}

void Builder::collect_budgets() {
    for (const domain::Budget& row : in_.rows.budgets) {
        policy::LiveBudgetSpec spec;
        spec.budget = row;
        spec.subject = called(row.kind, row.subject);
        const domain::Tenant* owner = tenant(row.tenant);
        std::string name = row.time_zone;
        if (name.empty() && owner != nullptr) name = owner->time_zone;
        spec.zone = zone(name);
        LiveBudgetPointer budget = live(std::move(spec));
        if (row.kind == SubjectKind::provider) {
            provider_budgets_.push_back(std::move(budget));
        } else {
            of_subject_[subject_key(row.kind, row.subject)].push_back(std::move(budget));
        }
    }
    for (const domain::UserSettings& settings : in_.rows.settings) {
        if (!settings.monthly_cap) continue;
        of_subject_[subject_key(SubjectKind::user, settings.user)].push_back(
            live({cap_of(settings), called(SubjectKind::user, settings.user),
                  zone_of(settings.tenant), false}));
    }
    for (const store::CreditTotals& totals : in_.rows.credits) {
        const SubjectKind kind = totals.user.empty() ? SubjectKind::tenant : SubjectKind::user;
        const std::string& id = totals.user.empty() ? totals.tenant : totals.user;
        policy::LiveBudgetSpec spec = policy::credits_budget(totals.tenant, totals.user,
                                                             called(kind, id), totals.added);
        LiveBudgetPointer balance = live(std::move(spec));
        const auto& period = balance->period(base::unix_seconds() * micros_per_second);
        balance->spent_so_far(period.bounds, totals.taken, 0);
        of_subject_[subject_key(kind, id)].push_back(std::move(balance));
    }
    if (in_.config.max_budget) {
        of_subject_["all"].push_back(
            live({budget_of_gateway(in_.config), "the gateway", zone("UTC"), false}));
    }
}

void Builder::add_master() {
    KeyPolicy everything;
    if (const auto all = of_subject_.find("all"); all != of_subject_.end()) {
        everything.governance.budgets = all->second;
        everything.governance.counts_tokens = true;
    }
    directory_->policies.push_back(std::move(everything));
    if (in_.master_key.empty()) return;
    domain::Principal master;
    master.key_name = "master";
    master.platform_admin = true;
    master.role = domain::AccessRole::platform_admin;
    auto added = directory_->keys.add(in_.master_key, std::move(master));
    (void)added;  // the first key cannot collide
}

policy::KeyTerms Builder::terms_of(const domain::Key& key) const {
    policy::KeyTerms terms;
    terms.expires = key.expires;
    const domain::Tenant* owner = tenant(key.tenant);
    const domain::Team* group = team(team_id_of(key));
    const domain::User* person = user(key.user);
    if (key.revoked != 0) {
        terms.state = policy::KeyState::revoked;
    } else if (!key.enabled) {
        terms.state = policy::KeyState::blocked;
    } else if (owner == nullptr ? !key.tenant.empty() : !owner->enabled) {
        terms.state = policy::KeyState::tenant_disabled;
    } else if (group != nullptr && !group->enabled) {
        terms.state = policy::KeyState::team_disabled;
    } else if (person != nullptr && !person->enabled) {
        terms.state = policy::KeyState::user_disabled;
    }
    return terms;
}

void Builder::add_tier(const std::string& name, const std::string& key, const std::string& subject,
                       const std::string& tenant_id, SubjectKind kind, const std::string& id,
                       KeyPolicy& policy) {
    if (name.empty()) return;
    if (policy.tier.empty()) policy.tier = name;
    const auto found = tiers_.find(name);
    if (found == tiers_.end()) {
        problems_.push_back(complaint(Severity::warning, "tier",
                                      subject + " names the tier `" + name +
                                          "`, which does not exist: no limits of it count"));
        return;
    }
    const domain::Tier& tier = found->second;
    restrict_to(tier.allowed_models, policy);
    if (in_.state == nullptr) return;
    add_limits(tier.limits, "tier:" + name + ":" + key, subject + " (tier " + name + ")",
               policy.governance);
    if (!tier.monthly_cap) return;
    const std::string budget_key = "tier-cap:" + key;
    auto& known = of_subject_[budget_key];
    if (known.empty()) {
        known.push_back(live({cap_of_tier(tier, {budget_key, tenant_id, kind, id}), subject,
                              zone_of(tenant_id), false}));
    }
    policy.governance.budgets.push_back(known.front());
}

void Builder::add_money(const domain::Key& key, KeyPolicy& policy) {
    const auto add = [&](const std::string& subject) {
        const auto found = of_subject_.find(subject);
        if (found == of_subject_.end()) return;
        auto& budgets = policy.governance.budgets;
        budgets.insert(budgets.end(), found->second.begin(), found->second.end());
    };
    add(subject_key(SubjectKind::key, key.id));
    if (!key.user.empty()) add(subject_key(SubjectKind::user, key.user));
    if (!policy.team.empty()) add(subject_key(SubjectKind::team, policy.team));
    add(subject_key(SubjectKind::tenant, key.tenant));
    add("all");
}

// The limits and budgets of a key, from the nearest to the farthest.
void Builder::bound(const domain::Key& key, KeyPolicy& policy) {
    const std::string own = subject_key(SubjectKind::key, key.id);
    const std::string own_name = "key " + key.name;
    policy::Governance& governance = policy.governance;
    const domain::User* person = user(key.user);
    const domain::Team* group = team(policy.team);
    const domain::Tenant* owner = tenant(key.tenant);
    add_tier(key.tier, own, own_name, key.tenant, SubjectKind::key, key.id, policy);
    if (person != nullptr) {
        add_tier(person->tier, subject_key(SubjectKind::user, person->id), "user " + person->name,
                 key.tenant, SubjectKind::user, person->id, policy);
    }
    if (owner != nullptr && (person == nullptr || person->tier.empty()) && key.tier.empty()) {
        add_tier(owner->tier, subject_key(SubjectKind::tenant, owner->id),
                 "tenant " + owner->name, key.tenant, SubjectKind::tenant, owner->id, policy);
    }
    if (in_.state == nullptr) return;
    add_limits(key.limits.any() ? key.limits : in_.config.rate_limits, own, own_name, governance);
    if (person != nullptr) {
        add_limits(person->limits, subject_key(SubjectKind::user, person->id),
                   "user " + person->name, governance);
    }
    if (group != nullptr) {
        add_limits(group->limits, subject_key(SubjectKind::team, group->id),
                   "team " + group->name, governance);
    }
    if (owner != nullptr) {
        add_limits(owner->limits, subject_key(SubjectKind::tenant, owner->id),
                   "tenant " + owner->name, governance);
    }
    add_money(key, policy);
    governance.counts_tokens = governance.counts_tokens || !governance.budgets.empty();
}

// What a tenant's own people call a model must not lead past what the platform allows the tenant.
void Builder::add_aliases(const domain::Key& key, KeyPolicy& policy) {
    const domain::Tenant* owner = tenant(key.tenant);
    const domain::Team* group = team(policy.team);
    const routing::AllowedModels of_tenant(owner == nullptr ? std::vector<std::string>{}
                                                            : owner->allowed_models);
    const domain::User* person = user(key.user);
    const routing::AllowedModels of_user(person == nullptr ? std::vector<std::string>{}
                                                           : person->allowed_models);
    const routing::AllowedModels of_team(group == nullptr ? std::vector<std::string>{}
                                                          : group->allowed_models);
    const auto tier = tiers_.find(policy.tier);
    const routing::AllowedModels of_tier(tier == tiers_.end() ? std::vector<std::string>{}
                                                              : tier->second.allowed_models);
    // An alias opens nothing that those above whoever made it have not allowed.
    const auto granted = [&](const std::string& target) {
        return of_tenant.allows(target, target) && of_tier.allows(target, target);
    };
    for (const auto& [alias, target] : key.aliases) {
        if (granted(target) && of_user.allows(target, target) && of_team.allows(target, target)) {
            policy.aliases.emplace_back(alias, target);
        }
    }
    if (group != nullptr) {
        for (const auto& [alias, target] : group->aliases) {
            if (granted(target)) policy.aliases.emplace_back(alias, target);
        }
    }
    policy.own_aliases = policy.aliases.size();
    if (owner == nullptr) return;
    policy.aliases.insert(policy.aliases.end(), owner->aliases.begin(), owner->aliases.end());
}

// A member of a JSON object that names a level; nullopt: none, or no such level.
std::optional<domain::PowerLevel> level_in(const std::string& object) {
    json::Document document;
    auto root = document.parse(object);
    if (!root.ok()) return std::nullopt;
    return domain::power_level_of((*root)["power_level"].text());
}

// `features.response_cache` of a tenant's settings.
std::optional<bool> response_cache_of(const std::string& settings) {
    json::Document document;
    auto root = document.parse(settings);
    if (!root.ok()) return std::nullopt;
    return (*root)["features"]["response_cache"].boolean();
}

// What the key, its user and its tenant want of all their requests.
void Builder::add_wishes(const domain::Key& key, KeyPolicy& policy) {
    if (key.metadata.find("power_level") != std::string::npos) {
        policy.key_level = level_in(key.metadata);
    }
    const auto found = settings_.find(key.user);
    if (!key.user.empty() && found != settings_.end()) {
        policy.settings = found->second;
        policy.user_level = domain::power_level_of(found->second->power_level);
    }
    const domain::Tenant* owner = tenant(key.tenant);
    if (owner == nullptr) return;
    policy.tenant_name = owner->name;
    if (owner->settings.find("power_level") != std::string::npos) {
        policy.tenant_level = level_in(owner->settings);
    }
    if (owner->settings.find("response_cache") != std::string::npos) {
        policy.response_cache = response_cache_of(owner->settings);
    }
}

void Builder::add_key(const domain::Key& key) {
    const domain::User* person = user(key.user);
    const domain::Team* group = team(team_id_of(key));
    const domain::Tenant* owner = tenant(key.tenant);
    KeyPolicy policy;
    policy.key_id = key.id;
    policy.tenant = key.tenant;
    policy.own_keys = own_keys_.of(key.tenant, key.user);
    add_wishes(key, policy);
    if (group != nullptr) policy.team_name = group->name;
    if (person != nullptr) policy.user_name = person->name;
    policy.team = team_id_of(key);
    policy.user = key.user;
    policy.tags = key.tags;
    policy.allowed_providers = key.allowed_providers;
    policy.allowed_regions = key.allowed_regions;
    restrict_to(key.allowed_models, policy);
    if (person != nullptr) restrict_to(person->allowed_models, policy);
    if (group != nullptr) restrict_to(group->allowed_models, policy);
    const std::size_t own_lists = policy.allowed.size();
    if (owner != nullptr) restrict_to(owner->allowed_models, policy);
    if (owner != nullptr) policy.baseline_model = owner->baseline_model;
    policy::KeyTerms terms = terms_of(key);
    auto rules = policy::key_rules(key);
    if (rules.ok()) {
        policy.rules = std::move(rules).value();
    } else {
        // Nobody can tell whom it was meant to keep out.
        if (terms.state == policy::KeyState::active) terms.state = policy::KeyState::blocked;
        problems_.push_back(complaint(Severity::warning, "key " + key.name,
                                      rules.error().message + "; the key is blocked meanwhile"));
    }
    bound(key, policy);  // which adds the tier's list
    policy.platform_lists = policy.allowed.size() - own_lists;
    add_aliases(key, policy);
    if (in_.metrics != nullptr && owner != nullptr) {
        auto [metrics, is_new] = metrics_.try_emplace(owner->id);
        if (is_new) metrics->second = in_.metrics->of_tenant(owner->id);
        policy.metrics = metrics->second;
    }
    domain::Principal principal;
    principal.tenant = key.tenant;
    principal.key_name = key.name;
    principal.platform_admin = key.role == domain::AccessRole::platform_admin;
    principal.role = key.role;
    principal.key_id = key.id;
    principal.team = policy.team;
    principal.user = key.user;
    principal.tier = policy.tier;
    if (!key.tags.empty()) {
        principal.tags = std::make_shared<const std::vector<std::string>>(key.tags);
    }
    principal.policy = static_cast<std::uint32_t>(directory_->policies.size());
    directory_->policies.push_back(std::move(policy));
    auto added = directory_->keys.add_stored(key, std::move(principal), terms);
    if (!added.ok()) {
        // Of a file somebody can mend it before it counts.
        const bool of_file = key.origin.starts_with("file:");
        problems_.push_back(complaint(of_file ? Severity::error : Severity::warning,
                                      "key " + key.name, added.error().message));
    }
}

}  // namespace

DirectoryResult build_directory(const DirectoryInput& input) { return Builder(input).build(); }

}  // namespace tollgate::assembly
