#include "admin/litellm.hpp"

#include "admin/budget_making.hpp"
#include "admin/times.hpp"
#include "crypto/digest.hpp"
#include "policy/key_format.hpp"
#include "store/budgets.hpp"
#include "store/keys.hpp"
#include "store/tenants.hpp"
#include "store/usage.hpp"

namespace tollgate::admin {
namespace {

constexpr std::string_view default_tenant = "default";
constexpr std::string_view budget_name = "litellm";
constexpr std::int64_t full_percent = 100;

bool absent(const base::Error& error) { return error.code == base::ErrorCode::not_found; }

bool is_lite(const domain::Budget& budget) { return budget.name.starts_with(budget_name); }

// "30d" of "litellm 30d".
std::string duration_of(const domain::Budget& budget) {
    if (is_lite(budget) && budget.name.size() > budget_name.size() + 1) {
        return budget.name.substr(budget_name.size() + 1);
    }
    switch (budget.period) {
        case domain::BudgetPeriod::daily: return "1d";
        case domain::BudgetPeriod::weekly: return "7d";
        case domain::BudgetPeriod::monthly: return "30d";
        case domain::BudgetPeriod::rolling: return std::to_string(budget.rolling_days) + "d";
        case domain::BudgetPeriod::total: break;
    }
    return {};
}

// LiteLLM resets 1d at midnight and 1mo on the first; so do days, weeks and months here, and other
// lengths are rolling days.
base::Result<void> set_period(const std::string& text, domain::Budget& budget) {
    budget.period = domain::BudgetPeriod::total;
    if (text.empty()) return {};
    const auto duration = parse_duration(text);
    constexpr std::int64_t day = 86'400;
    if (!duration || duration->seconds() < day) {
        return invalid("budget_duration must be a day or more, like 1d, 7d, 30d or 1mo",
                       "budget_duration");
    }
    const std::int64_t days = duration->seconds() / day;
    if (days == 1) {
        budget.period = domain::BudgetPeriod::daily;
    } else if (days == 7) {
        budget.period = domain::BudgetPeriod::weekly;
    } else if (days == 30) {
        budget.period = domain::BudgetPeriod::monthly;
    } else {
        budget.period = domain::BudgetPeriod::rolling;
        budget.rolling_days = days;
    }
    return {};
}

std::optional<domain::NanoUsd> soft_of(const domain::Budget& budget) {
    if (!budget.hard) return budget.limit;
    for (const domain::BudgetThreshold& threshold : budget.thresholds) {
        if (is_lite(budget) && threshold.percent < full_percent) {
            return budget.limit / full_percent * threshold.percent;
        }
    }
    return std::nullopt;
}

}  // namespace

void read_terms(Fields& fields, LiteTerms& terms) {
    terms.has_max = fields.has("max_budget");
    terms.has_soft = fields.has("soft_budget");
    terms.has_duration = fields.has("budget_duration");
    fields.optional_money("max_budget", terms.max_budget);
    fields.optional_money("soft_budget", terms.soft_budget);
    fields.text("budget_duration", terms.duration);
}

void read_lite_limits(Fields& fields, domain::Limits& limits) {
    fields.optional_integer("tpm_limit", limits.tokens_per_minute);
    fields.optional_integer("rpm_limit", limits.requests_per_minute);
    fields.optional_integer("max_parallel_requests", limits.concurrent_requests);
}

void read_lite_models(Fields& fields, std::vector<std::string>& allowed) {
    fields.names("models", allowed);
    std::erase_if(allowed, [](const std::string& name) {
        return name == "all-proxy-models" || name == "all-team-models";
    });
}

base::Result<domain::Tenant> lite_tenant(Call& call, store::Session& session,
                                         const std::string& organization) {
    if (!organization.empty() || !call.caller.tenant.empty()) {
        return call.tenant_for(session, organization);
    }
    auto found = store::find_tenant(session, call.access, default_tenant);
    if (found.ok() || !absent(found.error())) return found;
    domain::Tenant tenant;
    tenant.id = tenant.name = default_tenant;
    TRY(const domain::Tenant made, store::insert_tenant(session, call.access, std::move(tenant)));
    call.record("tenant.created", "tenant/" + made.id, made.id, {}, shown(made));
    return made;
}

std::string lite_user_id(const domain::User& user) {
    return user.external_id.empty() ? user.id : user.external_id;
}

base::Result<domain::User> lite_user(Call& call, store::Session& session,
                                     const std::string& tenant, const std::string& user_id) {
    auto found = store::user_by_external_id(session, call.access, tenant, user_id);
    if (found.ok() || !absent(found.error())) return found;
    found = store::user_by_id(session, call.access, user_id);
    if (found.ok() && found->tenant == tenant) return found;
    if (!found.ok() && !absent(found.error())) return found;
    domain::User user;
    user.tenant = tenant;
    user.external_id = user_id;
    TRY(const domain::User made, store::insert_user(session, call.access, std::move(user)));
    call.record("user.created", "user/" + made.id, made.tenant, {}, shown(made));
    return made;
}

base::Result<domain::Key> lite_key(Call& call, store::Session& session,
                                   const std::string& given) {
    const domain::UnixMicros now = store::now_micros();
    const std::string ours = policy::hash_of(call.services.installation, given);
    auto key = store::key_by_hash(session, call.access, ours, now);
    if (!key.ok() && absent(key.error())) {
        const std::string plain = crypto::hex(crypto::sha256(given));
        key = store::key_by_hash(session, call.access, plain, now);
    }
    if (!key.ok() && absent(key.error())) key = store::key_by_id(session, call.access, given);
    if (!key.ok() && absent(key.error())) {
        // A token of LiteLLM is the SHA-256 of its key; ours are never looked up by their hash.
        key = store::key_by_hash(session, call.access, given, now);
        if (key.ok() && key->hash_kind != "sha256") return store::not_found("that key");
    }
    if (!key.ok()) {
        if (absent(key.error())) return store::not_found("that key");
        return key;
    }
    TRY_VOID(call.check_reach({key->tenant, key->user, key->id}, "that key"));
    return key;
}

base::Result<std::optional<domain::Budget>> lite_budget(Call& call, store::Session& session,
                                                        domain::SubjectKind kind,
                                                        const std::string& subject) {
    store::BudgetFilter filter;
    filter.kind = kind;
    filter.subject = subject;
    const store::PageRequest page{page_rows_max, ""};
    TRY(const auto found, store::list_budgets(session, call.access, filter, page));
    for (const domain::Budget& budget : found.items) {
        if (is_lite(budget)) return std::optional(budget);
    }
    // One that was made through our own interface stands for max_budget as well.
    if (found.items.empty()) return std::optional<domain::Budget>();
    return std::optional(found.items.front());
}

base::Result<void> apply_terms(const LiteTerms& terms, domain::Budget& budget) {
    const auto limit = terms.max_budget ? terms.max_budget : terms.soft_budget;
    budget.limit = limit.value_or(0);
    budget.hard = terms.max_budget.has_value();
    budget.thresholds.clear();
    if (terms.max_budget && terms.soft_budget && *terms.max_budget > 0) {
        const std::int64_t percent = std::max<std::int64_t>(
            1, *terms.soft_budget / std::max<std::int64_t>(1, *terms.max_budget / full_percent));
        if (percent < full_percent) {
            budget.thresholds.push_back({percent, domain::BudgetAction::notify});
        }
        budget.thresholds.push_back({full_percent, domain::BudgetAction::notify});
    }
    budget.name = budget_name;
    if (!terms.duration.empty()) budget.name += " " + terms.duration;
    return set_period(terms.duration, budget);
}

base::Result<void> put_lite_budget(Call& call, store::Session& session, domain::SubjectKind kind,
                                   const std::string& tenant, const std::string& subject,
                                   const LiteTerms& terms) {
    if (!terms.any()) return {};
    TRY(const std::optional<domain::Budget> stored, lite_budget(call, session, kind, subject));
    LiteTerms whole = terms;
    if (stored) {
        // What the request does not name stays as it was.
        if (!whole.has_max && stored->hard) whole.max_budget = stored->limit;
        if (!whole.has_soft) whole.soft_budget = soft_of(*stored);
        if (!whole.has_duration) whole.duration = duration_of(*stored);
    }
    if (!whole.max_budget && !whole.soft_budget) {
        if (!stored) return {};
        TRY_VOID(call.check_writable(stored->origin, "budget " + stored->id));
        TRY_VOID(store::remove_budget(session, call.access, stored->id));
        call.record("budget.deleted", "budget/" + stored->id, tenant, shown(*stored));
        return {};
    }
    domain::Budget budget = stored.value_or(domain::Budget());
    TRY_VOID(apply_terms(whole, budget));
    if (stored) {
        TRY(const domain::Budget written,
            change_budget(call, session, *stored, std::move(budget)));
        (void)written;
        return {};
    }
    budget.tenant = tenant;
    budget.kind = kind;
    budget.subject = subject;
    TRY(const domain::Budget made, make_budget(call, session, std::move(budget)));
    (void)made;
    return {};
}

void write_lite_terms(json::Writer& writer, const std::optional<domain::Budget>& budget) {
    std::optional<domain::NanoUsd> most;
    if (budget && budget->hard) most = budget->limit;
    write_money(writer, "max_budget", most);
    write_money(writer, "soft_budget", budget ? soft_of(*budget) : std::nullopt);
    const std::string duration = budget ? duration_of(*budget) : std::string();
    writer.key("budget_duration");
    duration.empty() ? writer.null() : writer.string(duration);
}

base::Result<void> write_lite_money(json::Writer& writer, Call& call, store::Session& session,
                                    domain::SubjectKind kind, const std::string& tenant,
                                    const std::string& subject) {
    TRY(const std::optional<domain::Budget> budget, lite_budget(call, session, kind, subject));
    write_lite_terms(writer, budget);
    std::optional<BudgetState> state;
    if (budget) {
        TRY(state, state_of(call, session, *budget));
    }
    write_time(writer, "budget_reset_at", state ? state->reset : 0);
    if (state) {
        write_money(writer, "spend", state->spent);
        return {};
    }
    TRY(const store::Spent spent,
        store::spent_between(session, call.access, kind, tenant, subject, 0, 0));
    write_money(writer, "spend", spent.total());
    return {};
}

void write_lite_limits(json::Writer& writer, const domain::Limits& limits) {
    const auto optional = [&](std::string_view name, const std::optional<std::int64_t>& value) {
        writer.key(name);
        value ? writer.integer(*value) : writer.null();
    };
    optional("tpm_limit", limits.tokens_per_minute);
    optional("rpm_limit", limits.requests_per_minute);
    optional("max_parallel_requests", limits.concurrent_requests);
}

}  // namespace tollgate::admin
