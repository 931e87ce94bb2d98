#include "accounting/reports_litellm.hpp"
#include "admin/litellm.hpp"
#include "admin/lookup.hpp"
#include "admin/times.hpp"
#include "admin/usage_scope.hpp"

namespace tollgate::admin {
namespace {

using store::Session;

// start_date and end_date, both days counted whole.
void read_dates(Query& query, store::UsageFilter& filter) {
    filter.from = query.time("start_date", 0);
    filter.to = query.time("end_date", 0);
    if (filter.to != 0 && filter.to % micros_per_day == 0) filter.to += micros_per_day;
}

}  // namespace

base::Result<void> lite_spend_logs(Call& call, Session& session) {
    Query& query = call.query();
    const std::string request_id = query.text("request_id");
    const std::string key = query.text("api_key");
    const std::string user_id = query.text("user_id");
    const bool summarize = query.flag("summarize", true);
    store::UsageFilter filter;
    read_dates(query, filter);
    TRY_VOID(call.checked());
    std::string text;
    if (!request_id.empty()) {
        TRY(const auto records, store::usage_of_request(session, call.access, request_id));
        if (records.empty()) return store::not_found("request " + request_id);
        const domain::UsageRecord& request = records.front();
        TRY_VOID(call.check_reach({request.tenant, request.user, request.key_id},
                                  "request " + request_id));
        TRY_VOID(accounting::append_spend_log(text, session, call.access, request_id));
        return call.answer(200, std::move(text));
    }
    if (!key.empty()) {
        TRY(const domain::Key found, lite_key(call, session, key));
        filter.key = found.id;
        filter.tenant = found.tenant;
    }
    if (!user_id.empty()) {
        TRY(const domain::User found, find_user(call, session, user_id));
        filter.user = found.id;
        filter.tenant = found.tenant;
    }
    narrow(call, filter);
    if (filter.from != 0 && filter.to != 0 && summarize) {
        TRY_VOID(accounting::append_spend_by_day(text, session, call.access, filter));
    } else {
        TRY_VOID(accounting::append_spend_logs(text, session, call.access, filter));
    }
    return call.answer(200, std::move(text));
}

base::Result<void> lite_spend_tags(Call& call, Session& session) {
    store::UsageFilter filter;
    read_dates(call.query(), filter);
    TRY_VOID(call.checked());
    narrow(call, filter);
    std::string text;
    TRY_VOID(accounting::append_spend_tags(text, session, call.access, filter));
    return call.answer(200, std::move(text));
}

base::Result<void> lite_global_spend(Call& call, Session& session) {
    TRY_VOID(call.checked());
    store::UsageFilter filter;
    narrow(call, filter);
    std::string text;
    TRY_VOID(accounting::append_global_spend(text, session, call.access, filter, std::nullopt));
    return call.answer(200, std::move(text));
}

base::Result<void> lite_global_spend_report(Call& call, Session& session) {
    Query& query = call.query();
    store::UsageFilter filter;
    read_dates(query, filter);
    const std::string group = query.word("group_by", "team", {"team", "customer", "api_key"});
    TRY_VOID(call.checked());
    if (filter.from == 0 || filter.to == 0) {
        return invalid("start_date and end_date are required, like 2026-11-01", "start_date");
    }
    narrow(call, filter);
    std::string text;
    TRY_VOID(accounting::append_spend_report(
        text, session, call.access, filter,
        accounting::spend_group_of(group).value_or(accounting::SpendGroup::team)));
    return call.answer(200, std::move(text));
}

}  // namespace tollgate::admin
