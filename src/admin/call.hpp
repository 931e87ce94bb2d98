// One administrative request as its handler sees it: who asks, for what, and the answer that is
// being made. It owns everything, so that a handler can run on a store's thread whatever becomes of
// the connection. One thread at a time.
//
// A handler is a blocking function over a store's session. It may run more than once (the store
// tries again after a lost connection), so it keeps nothing but what it puts into the Call. An
// error rolls everything back; so does an answer of 400 or above.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/fields.hpp"
#include "admin/objects.hpp"
#include "admin/services.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "domain/principal.hpp"
#include "http/exchange.hpp"
#include "http/router.hpp"
#include "policy/authorize.hpp"
#include "store/db.hpp"
#include "store/page.hpp"

namespace tollgate::admin {

constexpr std::size_t body_bytes_max = 1024 * 1024;
constexpr std::int64_t page_rows_default = 50;
constexpr std::int64_t page_rows_max = 500;

class Call;
using Handler = base::Result<void> (*)(Call& call, store::Session& session);
using LocalHandler = base::Result<void> (*)(Call& call);
using StreamHandler = net::Task<void> (*)(http::Exchange& exchange, std::shared_ptr<Call> call);

// Whose field names, errors and manners.
enum class Face : std::uint8_t { ours, litellm };

// One row of the table in routes.cpp. Exactly one handler is set.
struct Operation {
    http::Method method = http::Method::get;
    std::string pattern;
    policy::Resource resource{};
    policy::Verb verb{};
    Face face = Face::ours;
    bool writes = false;             // the handler changes the database
    Handler handler = nullptr;       // over the database
    LocalHandler local = nullptr;    // blocking, without the database
    StreamHandler stream = nullptr;  // answers by itself
};

struct Reply {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
};

class Call {
public:
    Call(const Services& services, const Operation& operation, domain::Principal caller);

    const Services& services;
    const Operation& operation;
    const domain::Principal caller;
    const policy::Reach reach;  // of the operation, for the caller's role
    // What the caller may see of the store: a tenant's rows, or all.
    store::Access access;

    // --- what was asked ---------------------------------------------------------------------
    void take_request(http::Exchange& exchange);
    void take_body(std::string_view body) { body_ = body; }
    // A named segment of the path, decoded. REQUIRES: the pattern has it.
    const std::string& path(std::string_view name) const;
    Query& query() { return *query_; }
    // The body's fields. Fails: invalid_request when it is no JSON object, or names a field twice.
    base::Result<Fields*> body();
    bool has_body() const { return !body_.empty(); }
    const std::string& body_text() const { return body_; }
    bool is_put() const { return operation.method == http::Method::put; }
    const std::string& request_id() const { return request_id_; }
    // Collected problems of body and query. Unknown names are refused, except on LiteLLM's face,
    // where a header of the answer names them.
    base::Result<void> checked();
    // limit and cursor of the query.
    store::PageRequest page();
    // Fails: store::lost_update when an If-Match does not hold `etag`.
    base::Result<void> check_match(std::uint64_t etag, std::string_view what) const;

    // --- who asks ---------------------------------------------------------------------------
    bool platform() const { return access.platform; }
    bool own_only() const { return reach == policy::Reach::own; }
    // Whether the operation may have that object. Fails: not_found when the caller may not even
    // read it, permission when that is all the caller may.
    base::Result<void> check_reach(const policy::Owner& owner, std::string_view what) const;
    // The tenant that something new is for: `asked` (id or name, of platform admins), else the
    // caller's. Fails: not_found; invalid_request when nobody says which; permission.
    base::Result<domain::Tenant> tenant_for(store::Session& session, const std::string& asked);
    // A filter of lists: the query's `tenant` as an id, "" for every one that access shows.
    base::Result<std::string> tenant_filter(store::Session& session);
    // What the platform alone sets (tiers, a tenant's bounds). Fails: permission naming the field.
    base::Result<void> check_platform_sets(bool changed, const std::string& field) const;
    // Fails: store::conflict when a file defines it and files win.
    base::Result<void> check_writable(std::string_view origin, std::string_view what) const;

    // --- the answer -------------------------------------------------------------------------
    base::Result<void> answer(int status, std::string body);
    void header(std::string name, std::string value);
    // An object with its etag as header.
    template <typename Object>
    base::Result<void> show(const Object& object, int status = 200) {
        header("etag", "\"" + std::to_string(object.etag) + "\"");
        return answer(status, shown(object));
    }
    template <typename Object>
    base::Result<void> show_page(const store::Page<Object>& page) {
        std::string text;
        json::Writer writer(text);
        writer.begin_object().key("data").begin_array();
        for (const Object& item : page.items) write(writer, item);
        writer.end_array();
        end_page(writer, page.next);
        return answer(200, std::move(text));
    }
    // Writes next_cursor and the closing brace.
    static void end_page(json::Writer& writer, const std::string& next);
    // {"message": ..., "id": ...}
    base::Result<void> done(std::string_view message, std::string_view id);
    // What was done, for the audit: written with the change itself. `before` and `after` are JSON
    // objects or "".
    void record(std::string action, std::string resource, std::string tenant,
                std::string_view before = {}, std::string_view after = {});
    // The last recorded act did not succeed.
    void outcome_failed(std::string_view why);
    template <typename Object>
    void record_change(const std::string& action, const std::string& resource,
                       const std::string& tenant, const Object& before, const Object& after) {
        record(action, resource, tenant, shown(before), shown(after));
    }

    // --- for the guard ----------------------------------------------------------------------
    // Forgets answer, records and what was read: before each run of the handler.
    void begin();
    base::Result<void> write_records(store::Session& session);
    domain::AuditRow audit_row(std::string action, std::string resource, std::string tenant) const;
    bool recorded() const { return !records_.empty(); }
    const std::vector<domain::AuditRow>& records() const { return records_; }
    Reply& reply() { return reply_; }

private:
    http::PathValues path_values_;
    std::string query_text_, body_, if_match_, request_id_, address_, agent_;
    std::optional<Query> query_;
    json::Document document_;
    std::optional<Fields> fields_;
    Reply reply_;
    std::vector<domain::AuditRow> records_;
};

// PUT and PATCH of anything: reads the body over the stored object (PUT: over a fresh one), refuses
// a lost update and what a body may not set, gives the changed object.
template <typename Object>
base::Result<Object> changed_by(Call& call, const Object& stored, std::string_view what) {
    TRY_VOID(call.check_match(stored.etag, what));
    TRY(Fields * fields, call.body());
    Object changed = call.is_put() ? fresh(stored) : stored;
    read(*fields, changed);
    const std::string before = shown(stored);
    json::Document document;
    TRY(const json::Value now, document.parse(before));
    fields->accept_unchanged(now);
    TRY_VOID(call.checked());
    return changed;
}

}  // namespace tollgate::admin
