#include "admin/handlers.hpp"
#include "admin/usage_scope.hpp"

namespace tollgate::admin {

Outcome list_requests(Call& call, Session& session) {
    TRY(const store::UsageFilter filter, usage_filter(call, session));
    const store::PageRequest page = call.page();
    TRY_VOID(call.checked());
    TRY(const auto found, store::list_usage(session, call.access, filter, page));
    return call.show_page(found);
}

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
    writer.key("attempts").begin_array();
    for (std::size_t i = 1; i < records.size(); ++i) write(writer, records[i]);
    writer.end_array().end_object();
    return call.answer(200, std::move(text));
}

}  // namespace tollgate::admin
