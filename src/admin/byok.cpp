// Provider keys that users bring: set and used by their user alone, listed masked, switched off and
// removed by admins too. A key is tried with a real call before it is kept.
#include "admin/byok.hpp"

#include <map>

#include "admin/handlers.hpp"
#include "admin/lookup.hpp"
#include "admin/providers.hpp"
#include "admin/steps.hpp"
#include "admin/times.hpp"
#include "policy/budget_period.hpp"
#include "store/credits.hpp"
#include "store/settings.hpp"
#include "store/tenants.hpp"
#include "store/user_keys.hpp"

namespace tollgate::admin {
namespace {

constexpr std::size_t key_bytes_max = 16 * 1024, key_bytes_min = 8;
constexpr std::int64_t micros_per_second_of_time = 1'000'000;

// What one request sets, gathered from its body and the database.
struct Wanted {
    domain::User user;
    domain::UserProviderKey key;
    std::optional<domain::UserProviderKey> stored;
    std::string secret;  // "" : the stored one stays
    bool validate = true;
};

policy::CredentialOwner owner_of(const domain::UserProviderKey& key) {
    return {key.tenant, key.user, key.provider};
}

std::string resource_of(const domain::UserProviderKey& key) {
    return "byok/" + key.user + "/" + key.provider;
}

// A provider of one's own address is no type: keys are for those that everybody knows.
base::Result<void> check_type(Call& call, const std::string& type) {
    if (call.services.providers == nullptr) return {};
    domain::ProviderRow row;
    row.name = row.slug = row.type = type;
    auto known = call.services.providers->check(row);
    if (known.ok()) return {};
    return invalid("provider_type: " + known.error().message, "provider_type");
}

base::Result<void> take_secret(Fields& fields, bool required, Wanted& wanted) {
    fields.text("api_key", wanted.secret, key_bytes_max);
    if (wanted.stored && wanted.secret == wanted.stored->masked) wanted.secret.clear();
    if (required && wanted.secret.empty()) fields.problem("api_key", "is required");
    if (!wanted.secret.empty() && wanted.secret.size() < key_bytes_min) {
        fields.problem("api_key", "is shorter than any provider's key");
    }
    return {};
}

// POST: a key for a provider, in the place of the one that was there.
base::Result<Wanted> read_new(Call& call, Session& session) {
    Wanted wanted;
    TRY(wanted.user, find_user(call, session, call.path("id")));
    wanted.validate = call.query().flag("validate", true);
    TRY(Fields * fields, call.body());
    fields->required_text("provider_type", wanted.key.provider);
    read(*fields, wanted.key);
    TRY_VOID(take_secret(*fields, true, wanted));
    TRY_VOID(call.checked());
    TRY_VOID(check_type(call, wanted.key.provider));
    wanted.key.tenant = wanted.user.tenant;
    wanted.key.user = wanted.user.id;
    auto stored = store::user_key(session, call.access, wanted.key.tenant, wanted.key.user,
                                  wanted.key.provider);
    if (stored.ok()) {
        TRY_VOID(call.check_match(stored->etag, "the provider key"));
        wanted.stored = *stored;
        wanted.key.id = stored->id;
        wanted.key.etag = stored->etag;
        wanted.key.created = stored->created;
    } else if (stored.error().code != base::ErrorCode::not_found) {
        return stored.error();
    }
    return wanted;
}

base::Result<domain::UserProviderKey> find_key_of(Call& call, Session& session,
                                                  const domain::User& user) {
    return store::user_key(session, call.access, user.tenant, user.id, call.path("provider"));
}

// PUT and PATCH. Switching off is the admins' too; whatever else is set is the user's alone.
base::Result<Wanted> read_change(Call& call, Session& session) {
    Wanted wanted;
    TRY(wanted.user, find_user(call, session, call.path("id")));
    TRY(const domain::UserProviderKey stored, find_key_of(call, session, wanted.user));
    wanted.stored = stored;
    wanted.validate = call.query().flag("validate", true);
    TRY_VOID(call.check_match(stored.etag, "the provider key"));
    TRY(Fields * fields, call.body());
    wanted.key = call.is_put() ? fresh(stored) : stored;
    if (call.is_put() && !fields->has("preferences")) wanted.key.metadata = stored.metadata;
    read(*fields, wanted.key);
    TRY_VOID(take_secret(*fields, false, wanted));
    const std::string before = shown(stored);
    json::Document document;
    TRY(const json::Value now, document.parse(before));
    fields->accept_unchanged(now);
    TRY_VOID(call.checked());
    const bool only_off = wanted.secret.empty() && !wanted.key.enabled &&
                          wanted.key.metadata == stored.metadata;
    if (!only_off) {
        TRY_VOID(policy::authorize(call.caller, policy::Resource::byok, policy::Verb::update,
                                   {wanted.user.tenant, wanted.user.id}));
    }
    return wanted;
}

// The key's own model if it prefers one by name, else the cheapest that the catalog has there.
ProviderTarget target_of(const Services& services, const Wanted& wanted) {
    ProviderTarget target;
    target.provider.name = target.provider.slug = target.provider.type = wanted.key.provider;
    target.api_key = wanted.secret;
    json::Document document;
    const auto root = document.parse(wanted.key.metadata);
    if (root.ok()) {
        for (const json::Value model : (*root)["preferred_models"].elements()) {
            const std::string name = model.text();
            const bool exact = name.find('*') == std::string::npos;
            if (target.model.empty() && exact) target.model = name;
        }
    }
    const std::string prefix = wanted.key.provider + "/";
    if (target.model.starts_with(prefix)) target.model.erase(0, prefix.size());
    if (target.model.empty()) {
        target.model = services.providers->cheapest_model(wanted.key.provider);
    }
    return target;
}

void write_account(json::Writer& writer, const domain::UserSettings& settings,
                   domain::NanoUsd balance) {
    writer.string("power_level",
                  settings.power_level.empty() ? "balanced" : settings.power_level);
    write_money(writer, "credit_balance", balance);
}

base::Result<void> show_kept(Call& call, Session& session, const domain::UserProviderKey& key,
                             int status, std::string_view message) {
    TRY(const domain::UserSettings settings,
        store::settings_of(session, call.access, key.tenant, key.user));
    TRY(const store::CreditTotals totals,
        store::credit_totals(session, call.access, key.tenant, key.user));
    call.header("etag", "\"" + std::to_string(key.etag) + "\"");
    std::string text;
    json::Writer writer(text);
    writer.begin_object()
        .string("user_id", key.user)
        .string("provider_type", key.provider)
        .boolean("enabled", key.enabled)
        .string("api_key", key.masked);
    write_account(writer, settings, totals.balance());
    writer.string("etag", std::to_string(key.etag)).string("message", message).end_object();
    return call.answer(status, std::move(text));
}

std::string action_of(const Wanted& wanted) {
    if (!wanted.stored) return "byok_key_added";
    const bool toggled = wanted.secret.empty() && wanted.key.enabled != wanted.stored->enabled &&
                         wanted.key.metadata == wanted.stored->metadata;
    return toggled ? "byok_key_toggled" : "byok_key_updated";
}

Outcome keep(Call& call, Session& session, Wanted wanted, std::string_view message) {
    if (!wanted.secret.empty()) {
        if (call.services.vault == nullptr) {
            return base::Error{base::ErrorCode::unavailable, "there are no encryption keys"};
        }
        const auto sealed = call.services.vault->seal(owner_of(wanted.key), wanted.secret);
        wanted.key.api_key_token = sealed.token;
        wanted.key.key_id = sealed.key_id;
        wanted.key.masked = policy::masked_key(wanted.secret);
    }
    const std::string action = action_of(wanted);
    const bool is_new = !wanted.stored.has_value();
    TRY(const domain::UserProviderKey kept,
        is_new ? store::insert_user_key(session, call.access, wanted.key)
               : store::update_user_key(session, call.access, wanted.key));
    call.record(action, resource_of(kept), kept.tenant,
                is_new ? std::string() : shown(*wanted.stored), shown(kept));
    return show_kept(call, session, kept, call.operation.method == http::Method::post ? 201 : 200,
                     message);
}

// What the trial of a key means for the one who brought it.
enum class Verdict : std::uint8_t { good, refused, unknown };

Verdict verdict_of(const domain::ProviderProbe& probe) {
    if (probe.works || probe.error_class == domain::ErrorClass::rate_limited) return Verdict::good;
    const bool about_us = probe.status == 0 || probe.status >= 500 ||
                          probe.error_class == domain::ErrorClass::timeout ||
                          probe.error_class == domain::ErrorClass::overloaded;
    return about_us ? Verdict::unknown : Verdict::refused;
}

// Tries the key and keeps it, or says in the provider's words why not.
net::Task<base::Result<void>> try_and_keep(http::Exchange& exchange, std::shared_ptr<Call> call,
                                           std::shared_ptr<Wanted> wanted) {
    std::string message = "the key is kept";
    ProviderService* service = call->services.providers;
    if (!wanted->secret.empty() && wanted->validate && service != nullptr) {
        ProviderTarget target = target_of(call->services, *wanted);
        if (target.model.empty()) {
            // Nothing to complete with: that the list is given to the key says the same.
            auto offered = co_await service->offered(exchange.loop(), std::move(target),
                                                     &exchange.scope());
            if (!offered.ok()) {
                const std::string words = offered.error().message;
                co_return answer_refusal(*call, 422, "invalid_request_error", "key_refused",
                                         "the provider does not take the key: " + words);
            }
            message = "the key works: the provider listed its models";
        } else {
            const domain::ProviderProbe probe = co_await service->probe(
                exchange.loop(), std::move(target), &exchange.scope());
            const Verdict verdict = verdict_of(probe);
            if (verdict == Verdict::refused) {
                co_return answer_refusal(*call, 422, "invalid_request_error", "key_refused",
                                         "the provider does not take the key: " + probe.message);
            }
            if (verdict == Verdict::unknown) {
                co_return base::Error{base::ErrorCode::unavailable,
                                      "the key could not be tried: " + probe.message +
                                          " (try again, or add ?validate=false)"};
            }
            message = probe.works ? "the key works" : "the key is kept; the provider limits its "
                                                      "rate at the moment";
        }
    }
    Step store_it = [wanted, message](Call& asked, Session& session) {
        return keep(asked, session, *wanted, message);
    };
    co_return co_await run_step(exchange, call, true, std::move(store_it));
}

}  // namespace

net::Task<void> create_byok(http::Exchange& exchange, std::shared_ptr<Call> call) {
    const auto wanted = std::make_shared<Wanted>();
    Step find = [wanted](Call& asked, Session& session) -> Outcome {
        TRY(*wanted, read_new(asked, session));
        return {};
    };
    auto done = co_await run_step(exchange, call, false, std::move(find));
    if (done.ok()) done = co_await try_and_keep(exchange, call, wanted);
    co_await send_outcome(exchange, call, std::move(done));
}

net::Task<void> update_byok(http::Exchange& exchange, std::shared_ptr<Call> call) {
    const auto wanted = std::make_shared<Wanted>();
    Step find = [wanted](Call& asked, Session& session) -> Outcome {
        TRY(*wanted, read_change(asked, session));
        return {};
    };
    auto done = co_await run_step(exchange, call, false, std::move(find));
    if (done.ok()) done = co_await try_and_keep(exchange, call, wanted);
    co_await send_outcome(exchange, call, std::move(done));
}

Outcome list_byok(Call& call, Session& session) {
    TRY(const domain::User user, find_user(call, session, call.path("id")));
    TRY_VOID(call.checked());
    TRY(const auto keys, store::user_keys_of(session, call.access, user.tenant, user.id));
    TRY(const domain::UserSettings settings,
        store::settings_of(session, call.access, user.tenant, user.id));
    TRY(const store::CreditTotals totals,
        store::credit_totals(session, call.access, user.tenant, user.id));
    TRY(const domain::Tenant tenant, store::tenant_by_id(session, call.access, user.tenant));
    const auto zone = policy::TimeZone::load(tenant.time_zone);
    const policy::PeriodBounds month = policy::period_at(
        domain::BudgetPeriod::monthly, 1, zone.ok() ? *zone.value() : *policy::TimeZone::utc(),
        store::now_micros() / micros_per_second_of_time);
    TRY(const auto uses, store::own_key_use(session, call.access, user.tenant, user.id,
                                            month.from * micros_per_second_of_time));
    std::map<std::string, store::OwnKeyUse> by_provider;
    for (const store::OwnKeyUse& use : uses) by_provider[use.provider] = use;
    std::string text;
    json::Writer writer(text);
    writer.begin_object().string("user_id", user.id).key("byok_providers").begin_object();
    for (const domain::UserProviderKey& key : keys) {
        const store::OwnKeyUse& use = by_provider[key.provider];
        writer.foreign_key(key.provider).begin_object();
        writer.boolean("enabled", key.enabled).string("api_key", key.masked);
        write_preferences(writer, key);
        write_time(writer, "created_at", key.created);
        write_time(writer, "updated_at", key.updated);
        write_time(writer, "last_used_at", std::max(key.last_used, use.last_used));
        writer.integer("requests_this_month", use.requests);
        write_money(writer, "cost_this_month", use.cost);
        writer.string("etag", std::to_string(key.etag)).end_object();
    }
    writer.end_object();
    write_account(writer, settings, totals.balance());
    writer.key("preferences").begin_object();
    write_money(writer, "monthly_cap", settings.monthly_cap);
    writer.end_object().end_object();
    return call.answer(200, std::move(text));
}

Outcome delete_byok(Call& call, Session& session) {
    TRY(const domain::User user, find_user(call, session, call.path("id")));
    TRY(const domain::UserProviderKey stored, find_key_of(call, session, user));
    TRY_VOID(call.checked());
    TRY_VOID(call.check_match(stored.etag, "the provider key"));
    TRY_VOID(store::remove_user_key(session, call.access, stored));
    call.record("byok_key_deleted", resource_of(stored), stored.tenant, shown(stored));
    std::string text;
    json::Writer writer(text);
    writer.begin_object()
        .string("message", "the key is deleted")
        .string("provider", stored.provider)
        .end_object();
    return call.answer(200, std::move(text));
}

void write_preferences(json::Writer& writer, const domain::UserProviderKey& key) {
    std::vector<std::string> models;
    std::optional<domain::NanoUsd> most;
    json::Document document;
    const auto root = document.parse(key.metadata);
    if (root.ok()) {
        for (const json::Value model : (*root)["preferred_models"].elements()) {
            models.push_back(model.text());
        }
        most = (*root)["max_cost_per_request_nano"].integer();
    }
    writer.key("preferences").begin_object();
    write_names(writer, "preferred_models", models);
    write_money(writer, "max_cost_per_request", most);
    writer.end_object();
}

}  // namespace tollgate::admin
