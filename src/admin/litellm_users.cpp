#include "admin/key_making.hpp"
#include "admin/litellm.hpp"
#include "admin/lookup.hpp"
#include "store/teams.hpp"

namespace tollgate::admin {
namespace {

using store::Session;

constexpr std::int64_t users_counted_max = 10'000;  // what /user/list counts over
constexpr std::int64_t page_size_default = 25;
constexpr std::int64_t page_size_max = 100;

struct UserRequest {
    domain::User user;
    LiteTerms terms;
    std::string user_id, role, organization;
    std::vector<std::string> teams;
};

// LiteLLM's roles, and what they may here.
domain::AccessRole role_of(const std::string& role) {
    if (role == "proxy_admin") return domain::AccessRole::platform_admin;
    if (role == "proxy_admin_viewer") return domain::AccessRole::tenant_auditor;
    if (role == "org_admin") return domain::AccessRole::tenant_admin;
    return domain::AccessRole::member;
}

const char* word_of(domain::AccessRole role) {
    switch (role) {
        case domain::AccessRole::platform_admin: return "proxy_admin";
        case domain::AccessRole::tenant_admin: return "org_admin";
        case domain::AccessRole::tenant_auditor: return "proxy_admin_viewer";
        default: return "internal_user";
    }
}

void read_user(Fields& fields, UserRequest& wanted) {
    fields.text("user_email", wanted.user.email);
    fields.text("user_alias", wanted.user.name);
    fields.text("organization_id", wanted.organization);
    wanted.role = word_of(wanted.user.role);
    if (!fields.is_null("user_role")) {
        fields.word("user_role", wanted.role, {"proxy_admin", "proxy_admin_viewer", "org_admin",
                                               "internal_user", "internal_user_viewer"});
    }
    wanted.user.role = role_of(wanted.role);
    fields.names("teams", wanted.teams);
    read_lite_models(fields, wanted.user.allowed_models);
    fields.object_text("metadata", wanted.user.metadata);
    read_lite_limits(fields, wanted.user.limits);
    read_terms(fields, wanted.terms);
}

// A user belongs to one team here: the first that is named.
base::Result<void> set_team(Call& call, Session& session, const UserRequest& wanted,
                            domain::User& user) {
    if (wanted.teams.empty()) return {};
    TRY(const domain::Team team, store::team_by_id(session, call.access, wanted.teams.front()));
    if (!user.tenant.empty() && user.tenant != team.tenant) {
        return store::not_found("team " + wanted.teams.front());
    }
    user.team = team.id;
    user.tenant = team.tenant;
    return {};
}

base::Result<void> write_user(json::Writer& writer, Call& call, Session& session,
                              const domain::User& user) {
    writer.string("user_id", lite_user_id(user))
        .string("user_email", user.email)
        .string("user_alias", user.name)
        .string("user_role", word_of(user.role))
        .string("organization_id", user.tenant);
    writer.key("teams").begin_array();
    if (!user.team.empty()) writer.string(user.team);
    writer.end_array();
    write_names(writer, "models", user.allowed_models);
    writer.raw("metadata", user.metadata.empty() ? std::string_view("{}")
                                                 : std::string_view(user.metadata));
    write_lite_limits(writer, user.limits);
    TRY_VOID(write_lite_money(writer, call, session, domain::SubjectKind::user, user.tenant,
                              user.id));
    write_time(writer, "created_at", user.created);
    write_time(writer, "updated_at", user.updated);
    return {};
}

// The user that a query or a body names, as the caller may have it.
base::Result<domain::User> named_user(Call& call, Session& session, const std::string& user_id) {
    if (user_id.empty() && call.caller.user.empty()) {
        return invalid("user_id is required", "user_id");
    }
    return find_user(call, session, user_id.empty() ? "me" : user_id);
}

}  // namespace

base::Result<void> lite_user_new(Call& call, Session& session) {
    TRY(Fields * fields, call.body());
    UserRequest wanted;
    std::string alias;
    bool with_key = true;
    fields->text("user_id", wanted.user_id);
    if (!fields->is_null("auto_create_key")) fields->flag("auto_create_key", with_key);
    fields->text("key_alias", alias);
    read_user(*fields, wanted);
    TRY_VOID(call.checked());
    domain::User user = wanted.user;
    TRY_VOID(set_team(call, session, wanted, user));
    if (user.tenant.empty()) {
        TRY(const domain::Tenant tenant, lite_tenant(call, session, wanted.organization));
        user.tenant = tenant.id;
    }
    user.external_id = wanted.user_id;
    TRY_VOID(policy::authorize_grant(call.caller, user.role));
    TRY(const domain::User made, store::insert_user(session, call.access, std::move(user)));
    call.record("user.created", "user/" + made.id, made.tenant, {}, shown(made));
    TRY_VOID(put_lite_budget(call, session, domain::SubjectKind::user, made.tenant, made.id,
                             wanted.terms));
    std::string text;
    json::Writer writer(text);
    writer.begin_object();
    TRY_VOID(write_user(writer, call, session, made));
    if (with_key) {
        domain::Key key;
        key.tenant = made.tenant;
        key.team = made.team;
        key.user = made.id;
        key.name = alias;
        key.role = made.role;
        TRY(const MadeKey with, make_key(call, session, std::move(key), ""));
        writer.string("key", with.secret).string("token", with.key.id);
        writer.key("expires").null();
    }
    writer.end_object();
    return call.answer(200, std::move(text));
}

base::Result<void> lite_user_info(Call& call, Session& session) {
    const std::string user_id = call.query().text("user_id");
    TRY_VOID(call.checked());
    TRY(const domain::User user, named_user(call, session, user_id));
    std::string text;
    json::Writer writer(text);
    writer.begin_object().string("user_id", lite_user_id(user)).key("user_info").begin_object();
    TRY_VOID(write_user(writer, call, session, user));
    writer.end_object();
    TRY_VOID(write_lite_keys_of(writer, call, session, user.tenant, "", user.id));
    writer.key("teams").begin_array();
    if (!user.team.empty()) {
        TRY(const domain::Team team, store::team_by_id(session, call.access, user.team));
        writer.begin_object()
            .string("team_id", team.id)
            .string("team_alias", team.name)
            .end_object();
    }
    writer.end_array().end_object();
    return call.answer(200, std::move(text));
}

base::Result<void> lite_user_update(Call& call, Session& session) {
    TRY(Fields * fields, call.body());
    UserRequest wanted;
    fields->text("user_id", wanted.user_id);
    if (wanted.user_id.empty()) return invalid("user_id is required", "user_id");
    TRY(const domain::User stored, named_user(call, session, wanted.user_id));
    TRY_VOID(policy::authorize_grant(call.caller, stored.role));
    wanted.user = stored;
    read_user(*fields, wanted);
    TRY_VOID(call.checked());
    domain::User user = wanted.user;
    TRY_VOID(set_team(call, session, wanted, user));
    TRY_VOID(policy::authorize_grant(call.caller, user.role));
    TRY(const domain::User written, store::update_user(session, call.access, std::move(user)));
    call.record_change("user.updated", "user/" + stored.id, stored.tenant, stored, written);
    TRY_VOID(put_lite_budget(call, session, domain::SubjectKind::user, written.tenant, written.id,
                             wanted.terms));
    std::string text;
    json::Writer writer(text);
    writer.begin_object().string("user_id", lite_user_id(written)).key("data").begin_object();
    TRY_VOID(write_user(writer, call, session, written));
    writer.end_object().end_object();
    return call.answer(200, std::move(text));
}

base::Result<void> lite_user_list(Call& call, Session& session) {
    Query& query = call.query();
    store::UserFilter filter;
    if (query.has("role")) filter.role = role_of(query.text("role"));
    filter.team = query.text("team");
    filter.text = query.text("user_email");
    const std::int64_t page = query.integer("page", 1, 1, 1'000'000);
    const std::int64_t size = query.integer("page_size", page_size_default, 1, page_size_max);
    TRY_VOID(call.checked());
    if (!call.platform()) filter.tenant = call.caller.tenant;
    std::vector<domain::User> users;
    if (call.own_only()) {
        TRY(domain::User own, named_user(call, session, ""));
        users.push_back(std::move(own));
    }
    for (store::PageRequest rows{page_rows_max, ""}; !call.own_only();) {
        TRY(auto found, store::list_users(session, call.access, filter, rows));
        for (domain::User& user : found.items) users.push_back(std::move(user));
        rows.cursor = found.next;
        if (found.next.empty() || std::ssize(users) >= users_counted_max) break;
    }
    const std::int64_t total = std::ssize(users);
    const std::int64_t first = std::min(total, (page - 1) * size);
    std::string text;
    json::Writer writer(text);
    writer.begin_object().key("users").begin_array();
    for (std::int64_t i = first; i < std::min(total, first + size); ++i) {
        writer.begin_object();
        TRY_VOID(write_user(writer, call, session, users[static_cast<std::size_t>(i)]));
        writer.end_object();
    }
    writer.end_array()
        .integer("total", total)
        .integer("page", page)
        .integer("page_size", size)
        .integer("total_pages", (total + size - 1) / size)
        .end_object();
    return call.answer(200, std::move(text));
}

}  // namespace tollgate::admin
