#include "admin/call.hpp"

#include <algorithm>

#include "store/audit_rows.hpp"
#include "store/tenants.hpp"

namespace tollgate::admin {
namespace {

store::Access access_of(const domain::Principal& caller) {
    if (caller.access_role() == domain::AccessRole::platform_admin) {
        return store::Access::everything();
    }
    store::Access access = store::Access::of_tenant(caller.tenant);
    access.user = caller.user;
    access.users_keys = policy::reach(caller.access_role(), policy::Resource::byok,
                                      policy::Verb::read) >= policy::Reach::tenant;
    return access;
}

// Names of one comma separated list of entity tags.
bool holds_tag(std::string_view list, std::string_view wanted) {
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(','), list.size());
        std::string_view tag = list.substr(0, end);
        list.remove_prefix(std::min(end + 1, list.size()));
        while (tag.starts_with(' ')) tag.remove_prefix(1);
        while (tag.ends_with(' ')) tag.remove_suffix(1);
        if (tag == "*") return true;
        if (tag.size() >= 2 && tag.starts_with('"') && tag.ends_with('"')) {
            tag = tag.substr(1, tag.size() - 2);
        }
        if (tag == wanted) return true;
    }
    return false;
}

std::string joined(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) {
        if (!text.empty()) text += ", ";
        text += name;
    }
    return text;
}

}  // namespace

Call::Call(const Services& services_of_app, const Operation& wanted, domain::Principal who)
    : services(services_of_app), operation(wanted), caller(std::move(who)),
      reach(policy::reach(caller.access_role(), operation.resource, operation.verb)),
      access(access_of(caller)) {}

void Call::take_request(http::Exchange& exchange) {
    const http::RequestHead& head = exchange.head();
    path_values_ = http::path_values(operation.pattern, head.path).value_or(http::PathValues());
    query_text_ = head.query;
    if_match_ = head.headers.get("if-match");
    request_id_ = exchange.request_id();
    address_ = exchange.client_address();
    agent_ = head.headers.get("user-agent").substr(0, text_bytes_max);
    begin();
}

void Call::begin() {
    query_.emplace(query_text_);
    fields_.reset();
    reply_ = {};
    records_.clear();
}

const std::string& Call::path(std::string_view name) const {
    const auto found = std::find_if(path_values_.begin(), path_values_.end(),
                                    [&](const auto& value) { return value.first == name; });
    assert(found != path_values_.end());
    return found->second;
}

base::Result<Fields*> Call::body() {
    if (fields_) return &*fields_;
    const std::string_view text = body_.empty() ? std::string_view("{}") : body_;
    TRY(const json::Value root, document_.parse(text));
    if (!root.is_object()) {
        return invalid("the body must be a JSON object, like {\"name\": \"acme\"}");
    }
    std::vector<json::TopField> top;
    TRY_VOID(json::top_level_of(document_, top));
    fields_.emplace(root);
    return &*fields_;
}

base::Result<void> Call::checked() {
    if (operation.face == Face::ours) {
        TRY_VOID(query_->finish());
        // A body where none is read is a mistake worth telling.
        if (!fields_ && operation.writes && has_body()) TRY_VOID(body());
        if (fields_) TRY_VOID(fields_->finish());
        return {};
    }
    TRY_VOID(query_->finish_known());
    std::vector<std::string> ignored = query_->unknown();
    if (fields_) {
        TRY_VOID(fields_->finish_known());
        for (std::string& name : fields_->unknown()) ignored.push_back(std::move(name));
    }
    if (!ignored.empty()) header("x-tollgate-ignored-fields", joined(ignored));
    return {};
}

store::PageRequest Call::page() {
    store::PageRequest page;
    page.limit = query_->integer("limit", page_rows_default, 1, page_rows_max);
    page.cursor = query_->text("cursor");
    return page;
}

base::Result<void> Call::check_match(std::uint64_t etag, std::string_view what) const {
    if (if_match_.empty() || holds_tag(if_match_, std::to_string(etag))) return {};
    return store::lost_update(what);
}

base::Result<void> Call::check_reach(const policy::Owner& owner, std::string_view what) const {
    const auto readable =
        policy::authorize(caller, operation.resource, policy::Verb::read, owner);
    if (!readable.ok()) return store::not_found(what);
    return policy::authorize(caller, operation.resource, operation.verb, owner);
}

base::Result<void> Call::check_platform_sets(bool changed, const std::string& field) const {
    if (!changed || platform()) return {};
    return base::Error{base::ErrorCode::permission,
                       field + " is the platform's to set: ask a platform_admin", field};
}

base::Result<domain::Tenant> Call::tenant_for(store::Session& session, const std::string& asked) {
    const std::string& wanted = asked.empty() ? caller.tenant : asked;
    if (wanted.empty()) {
        return invalid("tenant is required: the caller belongs to none", "tenant");
    }
    return store::find_tenant(session, access, wanted);
}

base::Result<std::string> Call::tenant_filter(store::Session& session) {
    const std::string asked = query_->text("tenant");
    if (asked.empty()) return platform() ? std::string() : caller.tenant;
    TRY(const domain::Tenant tenant, store::find_tenant(session, access, asked));
    return tenant.id;
}

base::Result<void> Call::check_writable(std::string_view origin, std::string_view what) const {
    constexpr std::string_view of_file = "file:";
    if (!services.files_are_read_only || !origin.starts_with(of_file)) return {};
    return store::conflict(std::string(what) + " is defined by the file " +
                               std::string(origin.substr(of_file.size())) +
                               ": change it there, or set config.precedence: database",
                           "origin");
}

base::Result<void> Call::answer(int status, std::string body) {
    reply_.status = status;
    reply_.body = std::move(body);
    return {};
}

void Call::header(std::string name, std::string value) {
    reply_.headers.emplace_back(std::move(name), std::move(value));
}

void Call::end_page(json::Writer& writer, const std::string& next) {
    writer.key("next_cursor");
    next.empty() ? writer.null() : writer.string(next);
    writer.end_object();
}

base::Result<void> Call::done(std::string_view message, std::string_view id) {
    std::string text;
    json::Writer writer(text);
    writer.begin_object().string("message", message).string("id", id).end_object();
    return answer(200, std::move(text));
}

domain::AuditRow Call::audit_row(std::string action, std::string resource,
                                 std::string tenant) const {
    domain::AuditRow row;
    row.tenant = std::move(tenant);
    row.actor_type = caller.key_id.empty() && caller.platform_admin ? "master" : "key";
    row.actor = caller.key_id.empty() ? caller.key_name : caller.key_id;
    row.address = address_;
    row.agent = agent_;
    row.action = std::move(action);
    row.resource = std::move(resource);
    row.outcome = "success";
    return row;
}

void Call::record(std::string action, std::string resource, std::string tenant,
                  std::string_view before, std::string_view after) {
    domain::AuditRow row = audit_row(std::move(action), std::move(resource), std::move(tenant));
    row.details.clear();
    json::Writer writer(row.details);
    writer.begin_object().string("request_id", request_id_);
    if (!caller.key_name.empty()) writer.string("key_name", caller.key_name);
    if (!before.empty()) writer.raw("before", before);
    if (!after.empty()) writer.raw("after", after);
    writer.end_object();
    records_.push_back(std::move(row));
}

void Call::outcome_failed(std::string_view why) {
    assert(recorded());
    domain::AuditRow& row = records_.back();
    row.outcome = "failed";
    row.details.pop_back();  // the object goes on; record() wrote its first member
    row.details += ",\"why\":";
    json::append_string(row.details, why);
    row.details += '}';
}

base::Result<void> Call::write_records(store::Session& session) {
    for (const domain::AuditRow& row : records_) {
        TRY(const domain::AuditRow written, store::append_audit(session, access, row));
        (void)written;
    }
    return {};
}

}  // namespace tollgate::admin
