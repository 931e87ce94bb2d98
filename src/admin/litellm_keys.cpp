#include "admin/key_making.hpp"
#include "admin/litellm.hpp"
#include "admin/lookup.hpp"
#include "admin/times.hpp"
#include "policy/key_format.hpp"
#include "store/budgets.hpp"
#include "store/keys.hpp"
#include "store/teams.hpp"

namespace tollgate::admin {
namespace {

using store::Session;

constexpr std::int64_t list_pages_max = 20;  // of page_rows_max keys: what /key/list counts over
constexpr std::int64_t page_size_default = 10;
constexpr std::int64_t page_size_max = 100;

void write_user(json::Writer& writer, Call& call, Session& session, const domain::Key& key) {
    writer.key("user_id");
    if (key.user.empty()) {
        writer.null();
        return;
    }
    const auto user = store::user_by_id(session, call.access, key.user);
    writer.string(user.ok() ? lite_user_id(user.value()) : key.user);
}

// expires in `duration` from now; null or "" : never.
base::Result<void> set_expiry(const std::string& duration, domain::Key& key) {
    if (duration.empty()) return {};
    const auto length = parse_duration(duration);
    if (!length) {
        return invalid("duration must be a time like 30s, 15m, 12h, 7d or 1mo", "duration");
    }
    key.expires = store::now_micros() + length->seconds() * micros_per_second;
    return {};
}

// Fills in whom the key is for: a team's tenant, else the organization's.
base::Result<void> set_owner(Call& call, Session& session, const LiteKeyRequest& wanted,
                             domain::Key& key) {
    if (!wanted.team_id.empty()) {
        TRY(const domain::Team team, store::team_by_id(session, call.access, wanted.team_id));
        if (!key.tenant.empty() && key.tenant != team.tenant) {
            return store::not_found("team " + wanted.team_id);
        }
        key.team = team.id;
        key.tenant = team.tenant;
    }
    if (key.tenant.empty()) {
        TRY(const domain::Tenant tenant, lite_tenant(call, session, wanted.organization));
        key.tenant = tenant.id;
    }
    if (!wanted.user_id.empty()) {
        TRY(const domain::User user, lite_user(call, session, key.tenant, wanted.user_id));
        key.user = user.id;
    }
    return {};
}

base::Result<LiteTerms> terms_with_template(Call& call, Session& session,
                                            const LiteKeyRequest& wanted) {
    LiteTerms terms = wanted.terms;
    if (wanted.budget_id.empty()) return terms;
    TRY(const domain::Budget budget,
        store::budget_by_id(session, call.access, wanted.budget_id));
    if (!terms.has_max) {
        terms.has_max = true;
        terms.max_budget = budget.limit;
    }
    if (!terms.has_duration && budget.name.find(' ') != std::string::npos) {
        terms.has_duration = true;
        terms.duration = budget.name.substr(budget.name.find(' ') + 1);
    }
    return terms;
}

base::Result<void> answer_key(Call& call, Session& session, const domain::Key& key,
                              const std::string& secret) {
    std::string text;
    json::Writer writer(text);
    writer.begin_object();
    TRY_VOID(write_lite_key(writer, call, session, key, secret));
    writer.end_object();
    return call.answer(200, std::move(text));
}

// The key that a body or a query names.
base::Result<domain::Key> named_key(Call& call, Session& session) {
    TRY(Fields * fields, call.body());
    std::string given;
    fields->required_text("key", given);
    if (given.empty()) return invalid("key is required", "key");
    return lite_key(call, session, given);
}

}  // namespace

void read_lite_key(Fields& fields, LiteKeyRequest& wanted) {
    fields.text("key_alias", wanted.key.name);
    fields.text("duration", wanted.duration);
    fields.text("team_id", wanted.team_id);
    fields.text("user_id", wanted.user_id);
    fields.text("organization_id", wanted.organization);
    fields.text("budget_id", wanted.budget_id);
    read_lite_models(fields, wanted.key.allowed_models);
    fields.pairs("aliases", wanted.key.aliases);
    fields.object_text("metadata", wanted.key.metadata);
    fields.names("tags", wanted.key.tags);
    read_lite_limits(fields, wanted.key.limits);
    read_terms(fields, wanted.terms);
    bool blocked = !wanted.key.enabled;
    if (!fields.is_null("blocked")) fields.flag("blocked", blocked);
    wanted.key.enabled = !blocked;
}

base::Result<void> write_lite_key(json::Writer& writer, Call& call, Session& session,
                                  const domain::Key& key, const std::string& secret) {
    if (!secret.empty()) writer.string("key", secret);
    writer.string("token", key.id)
        .string("token_id", key.id)
        .string("key_name", "sk-..." + key.last_four);
    writer.key("key_alias");
    key.name.empty() ? writer.null() : writer.string(key.name);
    write_time(writer, "expires", key.expires);
    write_names(writer, "models", key.allowed_models);
    write_pairs(writer, "aliases", key.aliases);
    write_user(writer, call, session, key);
    writer.key("team_id");
    key.team.empty() ? writer.null() : writer.string(key.team);
    writer.string("organization_id", key.tenant);
    writer.raw("metadata", key.metadata.empty() ? std::string_view("{}")
                                                : std::string_view(key.metadata));
    write_names(writer, "tags", key.tags);
    write_lite_limits(writer, key.limits);
    TRY_VOID(write_lite_money(writer, call, session, domain::SubjectKind::key, key.tenant,
                              key.id));
    writer.boolean("blocked", !key.enabled || key.revoked != 0);
    write_time(writer, "created_at", key.created);
    write_time(writer, "updated_at", key.updated);
    return {};
}

base::Result<void> write_lite_keys_of(json::Writer& writer, Call& call, Session& session,
                                      const std::string& tenant, const std::string& team,
                                      const std::string& user) {
    store::KeyFilter filter;
    filter.tenant = tenant;
    filter.team = team;
    filter.user = user;
    const store::PageRequest page{page_rows_max, ""};
    TRY(const auto found, store::list_keys(session, call.access, filter, page));
    writer.key("keys").begin_array();
    for (const domain::Key& key : found.items) {
        writer.begin_object();
        TRY_VOID(write_lite_key(writer, call, session, key, ""));
        writer.end_object();
    }
    writer.end_array();
    return {};
}

base::Result<void> lite_key_generate(Call& call, Session& session) {
    TRY(Fields * fields, call.body());
    LiteKeyRequest wanted;
    fields->text("key", wanted.chosen);
    read_lite_key(*fields, wanted);
    TRY_VOID(call.checked());
    domain::Key key = wanted.key;
    TRY_VOID(set_owner(call, session, wanted, key));
    TRY_VOID(set_expiry(wanted.duration, key));
    TRY(const LiteTerms terms, terms_with_template(call, session, wanted));
    TRY(const MadeKey made, make_key(call, session, std::move(key), wanted.chosen));
    TRY_VOID(put_lite_budget(call, session, domain::SubjectKind::key, made.key.tenant,
                             made.key.id, terms));
    return answer_key(call, session, made.key, made.secret);
}

base::Result<void> lite_key_info(Call& call, Session& session) {
    const std::string given = call.query().text("key");
    TRY_VOID(call.checked());
    const std::string& wanted = given.empty() ? call.caller.key_id : given;
    if (wanted.empty()) return invalid("key is required: ?key=sk-...", "key");
    TRY(const domain::Key key, lite_key(call, session, wanted));
    std::string text;
    json::Writer writer(text);
    writer.begin_object().string("key", wanted).key("info").begin_object();
    TRY_VOID(write_lite_key(writer, call, session, key, ""));
    writer.end_object().end_object();
    return call.answer(200, std::move(text));
}

base::Result<void> lite_key_update(Call& call, Session& session) {
    TRY(const domain::Key stored, named_key(call, session));
    TRY(Fields * fields, call.body());
    LiteKeyRequest wanted;
    wanted.key = stored;
    read_lite_key(*fields, wanted);
    TRY_VOID(call.checked());
    domain::Key changed = wanted.key;
    TRY_VOID(set_owner(call, session, wanted, changed));
    if (fields->is_null("duration")) changed.expires = 0;
    TRY_VOID(set_expiry(wanted.duration, changed));
    TRY(const domain::Key written, change_key(call, session, stored, std::move(changed)));
    TRY(const LiteTerms terms, terms_with_template(call, session, wanted));
    TRY_VOID(put_lite_budget(call, session, domain::SubjectKind::key, written.tenant, written.id,
                             terms));
    return answer_key(call, session, written, fields->value("key").text());
}

base::Result<void> lite_key_delete(Call& call, Session& session) {
    TRY(Fields * fields, call.body());
    std::vector<std::string> keys, aliases;
    fields->names("keys", keys);
    fields->names("key_aliases", aliases);
    TRY_VOID(call.checked());
    if (keys.empty() && aliases.empty()) return invalid("keys or key_aliases is required", "keys");
    std::vector<domain::Key> found;
    for (const std::string& given : keys) {
        TRY(domain::Key key, lite_key(call, session, given));
        found.push_back(std::move(key));
    }
    for (const std::string& alias : aliases) {
        TRY(const std::string tenant, call.tenant_filter(session));
        store::KeyFilter filter;
        filter.tenant = tenant;
        filter.name = alias;
        const store::PageRequest page{page_rows_max, ""};
        TRY(const auto named, store::list_keys(session, call.access, filter, page));
        if (named.items.empty()) return store::not_found("a key with alias " + alias);
        for (const domain::Key& key : named.items) {
            TRY_VOID(call.check_reach({key.tenant, key.user, key.id}, "key " + alias));
            found.push_back(key);
        }
    }
    for (const domain::Key& key : found) {
        TRY(const domain::Key ended, end_key(call, session, key));
        (void)ended;
    }
    keys.insert(keys.end(), aliases.begin(), aliases.end());
    std::string text;
    json::Writer writer(text);
    writer.begin_object();
    write_names(writer, "deleted_keys", keys);
    writer.end_object();
    return call.answer(200, std::move(text));
}

namespace {

// All keys of the filter, for LiteLLM's numbered pages.
base::Result<std::vector<domain::Key>> all_keys(Call& call, Session& session,
                                                const store::KeyFilter& filter) {
    std::vector<domain::Key> keys;
    store::PageRequest page{page_rows_max, ""};
    for (std::int64_t i = 0; i < list_pages_max; ++i) {
        TRY(auto found, store::list_keys(session, call.access, filter, page));
        for (domain::Key& key : found.items) keys.push_back(std::move(key));
        if (found.next.empty()) break;
        page.cursor = found.next;
    }
    return keys;
}

}  // namespace

base::Result<void> lite_key_list(Call& call, Session& session) {
    Query& query = call.query();
    store::KeyFilter filter;
    const std::string user = query.text("user_id");
    filter.team = query.text("team_id");
    filter.name = query.text("key_alias");
    const std::int64_t page = query.integer("page", 1, 1, 1'000'000);
    const std::int64_t size = query.integer("size", page_size_default, 1, page_size_max);
    const bool whole = query.flag("return_full_object", false);
    TRY_VOID(call.checked());
    if (!call.platform()) filter.tenant = call.caller.tenant;
    if (!user.empty()) {
        TRY(const domain::User found, find_user(call, session, user));
        filter.user = found.id;
    }
    std::vector<domain::Key> keys;
    if (call.own_only() && call.caller.user.empty()) {
        TRY(domain::Key own, store::key_by_id(session, call.access, call.caller.key_id));
        keys.push_back(std::move(own));
    } else {
        if (call.own_only()) filter.user = call.caller.user;
        TRY(keys, all_keys(call, session, filter));
    }
    const auto total = static_cast<std::int64_t>(keys.size());
    const std::int64_t first = std::min(total, (page - 1) * size);
    const std::int64_t last = std::min(total, first + size);
    std::string text;
    json::Writer writer(text);
    writer.begin_object().key("keys").begin_array();
    for (std::int64_t i = first; i < last; ++i) {
        const domain::Key& key = keys[static_cast<std::size_t>(i)];
        if (!whole) {
            writer.string(key.id);
            continue;
        }
        writer.begin_object();
        TRY_VOID(write_lite_key(writer, call, session, key, ""));
        writer.end_object();
    }
    writer.end_array()
        .integer("total_count", total)
        .integer("current_page", page)
        .integer("total_pages", (total + size - 1) / size)
        .end_object();
    return call.answer(200, std::move(text));
}

namespace {

base::Result<void> switch_to(Call& call, Session& session, bool enabled) {
    TRY(const domain::Key stored, named_key(call, session));
    TRY_VOID(call.checked());
    TRY(const domain::Key written, switch_key(call, session, stored, enabled));
    return answer_key(call, session, written, "");
}

}  // namespace

base::Result<void> lite_key_block(Call& call, Session& session) {
    return switch_to(call, session, false);
}

base::Result<void> lite_key_unblock(Call& call, Session& session) {
    return switch_to(call, session, true);
}

base::Result<void> lite_key_regenerate(Call& call, Session& session) {
    TRY(domain::Key stored, lite_key(call, session, call.path("key")));
    TRY(Fields * fields, call.body());
    LiteKeyRequest wanted;
    wanted.key = stored;
    std::string grace;
    fields->text("new_key", wanted.chosen);
    fields->text("grace_period", grace);
    fields->skip("key");
    read_lite_key(*fields, wanted);
    // As LiteLLM does: without a grace period the old key ends at once.
    const auto length = parse_duration(grace);
    if (!grace.empty() && (!length || length->seconds() > grace_seconds_max)) {
        fields->problem("grace_period", "must be a time like 24h, at most 30d");
    }
    TRY_VOID(call.checked());
    TRY(MadeKey made, renew_key(call, session, stored, wanted.chosen,
                                length ? length->seconds() : 0));
    domain::Key changed = wanted.key;
    changed.etag = made.key.etag;
    TRY_VOID(set_expiry(wanted.duration, changed));
    if (shown(changed) != shown(stored)) {
        TRY(made.key, change_key(call, session, made.key, std::move(changed)));
    }
    TRY_VOID(put_lite_budget(call, session, domain::SubjectKind::key, made.key.tenant,
                             made.key.id, wanted.terms));
    return answer_key(call, session, made.key, made.secret);
}

}  // namespace tollgate::admin
