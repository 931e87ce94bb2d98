#include "accounting/export.hpp"
#include "accounting/reports.hpp"
#include "admin/guard.hpp"
#include "admin/handlers.hpp"
#include "admin/lookup.hpp"
#include "admin/times.hpp"
#include "admin/usage_scope.hpp"
#include "base/log.hpp"

namespace tollgate::admin {
namespace {

constexpr std::int64_t days_default = 30;
constexpr std::int64_t days_max = 3660;
// A page is held as records and as text: half a megabyte each.
constexpr std::int64_t export_page_rows = 250;

}  // namespace

Outcome get_usage(Call& call, Session& session) {
    Query& query = call.query();
    store::UsageFilter filter;
    const std::string user_id = query.text("user_id");
    const std::int64_t days = query.integer("days", days_default, 1, days_max);
    filter.provider = query.text("provider_id");
    const std::string group_by = query.word(
        "group_by", "day", {"day", "model", "provider", "tenant", "user", "key", "tag", "project"});
    const auto top = static_cast<std::size_t>(
        query.integer("top", 0, 1, static_cast<std::int64_t>(accounting::top_max)));
    TRY(filter.tenant, call.tenant_filter(session));
    TRY_VOID(call.checked());
    if (!user_id.empty()) {
        TRY(const domain::User user, find_user(call, session, user_id));
        filter.user = user.id;
        filter.tenant = user.tenant;
    }
    narrow(call, filter);
    if (group_by == "tag" && !accounting::only_time_and_tenant(filter)) {
        return invalid("group_by: tags are summed for whole tenants, not by user or provider",
                       "group_by");
    }
    // Whole days of UTC, today among them.
    filter.to = (store::now_micros() / micros_per_day + 1) * micros_per_day;
    filter.from = filter.to - days * micros_per_day;
    TRY(const accounting::UsageOverview overview,
        accounting::usage_overview(session, call.access, filter, group_by, top));
    std::string text;
    accounting::append_json(text, overview);
    return call.answer(200, std::move(text));
}

namespace {

// An export on its way. Every page is a transaction of its own, so that a slow client holds neither
// a connection nor a thread of the store, and memory holds one page.
struct Export {
    store::UsageFilter filter;
    accounting::ExportFormat format = accounting::ExportFormat::csv;
    store::PageRequest page;
    bool begun = false;  // the query was read
    std::string text, next;
};

base::Result<void> read_export(Call& call, Session& session, Export& wanted) {
    call.begin();
    const std::string format = call.query().word("format", "csv", {"csv", "jsonl"});
    wanted.format = accounting::export_format_of(format).value_or(wanted.format);
    TRY(wanted.filter, usage_filter(call, session));
    TRY_VOID(call.checked());
    wanted.page.limit = export_page_rows;
    wanted.begun = true;
    return {};
}

base::Result<void> next_page(Call& call, Session& session, Export& wanted) {
    wanted.text.clear();
    if (!wanted.begun) TRY_VOID(read_export(call, session, wanted));
    if (wanted.page.cursor.empty() && wanted.format == accounting::ExportFormat::csv) {
        wanted.text = accounting::csv_header();
    }
    TRY(const auto found, store::list_usage(session, call.access, wanted.filter, wanted.page));
    for (const domain::UsageRecord& record : found.items) {
        accounting::append_row(wanted.text, record, wanted.format);
    }
    wanted.next = found.next;
    return {};
}

net::Task<base::Result<void>> fetch(http::Exchange& exchange, std::shared_ptr<Call> call,
                                    std::shared_ptr<Export> wanted) {
    store::Db::Work work = [call, wanted](store::Session& session) {
        return next_page(*call, session, *wanted);
    };
    store::Access access = call->access;
    co_return co_await call->services.db.run(exchange.loop(), std::move(access), false,
                                             std::move(work));
}

}  // namespace

net::Task<void> export_usage(http::Exchange& exchange, std::shared_ptr<Call> call) {
    const auto wanted = std::make_shared<Export>();
    auto fetched = co_await fetch(exchange, call, wanted);
    if (!fetched.ok()) {
        co_await refuse(exchange, fetched.error(), call->operation.face);
        co_return;
    }
    const bool csv = wanted->format == accounting::ExportFormat::csv;
    exchange.add_header("content-disposition", csv ? "attachment; filename=\"usage.csv\""
                                                   : "attachment; filename=\"usage.jsonl\"");
    exchange.add_header("cache-control", "no-store");
    auto sent = co_await exchange.start_stream(200, accounting::content_type_of(wanted->format));
    while (sent.ok() && !wanted->next.empty()) {
        sent = co_await exchange.write(wanted->text);
        if (!sent.ok()) co_return;
        wanted->page.cursor = wanted->next;
        fetched = co_await fetch(exchange, call, wanted);
        if (!fetched.ok()) {
            // The head has left: a cut is the only way to tell that rows are missing.
            base::log().warn("usage_export_cut", {{"request_id", exchange.request_id()},
                                                  {"why", fetched.error().message}});
            exchange.abort();
            co_return;
        }
    }
    if (sent.ok()) sent = co_await exchange.finish(wanted->text);
}

}  // namespace tollgate::admin
