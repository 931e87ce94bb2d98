#include "admin/feedback.hpp"
#include "admin/handlers.hpp"
#include "admin/usage_scope.hpp"
#include "store/feedback.hpp"

namespace tollgate::admin {

Outcome list_requests(Call& call, Session& session) {
    TRY(const store::UsageFilter filter, usage_filter(call, session));
    const store::PageRequest page = call.page();
    TRY_VOID(call.checked());
    TRY(const auto found, store::list_usage(session, call.access, filter, page));
    return call.show_page(found);
}

namespace {

// The decision that sent the request where it went; null: there was nothing to decide.
void write_routing(json::Writer& writer, const std::string& trace) {
    json::Document document;
    const auto parsed = document.parse(trace);
    writer.key("routing");
    if (trace.empty() || !parsed.ok() || !parsed->is_object()) {
        writer.null();
    } else {
        writer.raw(parsed->raw());
    }
}

}  // namespace

// The request's row with its attempts in order: what was tried, and why it went on.
Outcome get_request(Call& call, Session& session) {
    TRY_VOID(call.checked());
    const std::string& id = call.path("id");
    TRY(const auto records, store::usage_of_request(session, call.access, id));
    if (records.empty()) return store::not_found("request " + id);
    const domain::UsageRecord& request = records.front();
    TRY_VOID(call.check_reach({request.tenant, request.user, request.key_id}, "request " + id));
    std::string text;
    json::Writer writer(text);
    writer.begin_object().key("request");
    write(writer, request);
    write_routing(writer, request.route_trace);
    TRY(const auto feedback, store::feedback_of(session, call.access, id));
    writer.key("feedback");
    feedback ? write(writer, *feedback) : void(writer.null());
    writer.key("attempts").begin_array();
    for (std::size_t i = 1; i < records.size(); ++i) write(writer, records[i]);
    writer.end_array().end_object();
    return call.answer(200, std::move(text));
}

}  // namespace tollgate::admin
