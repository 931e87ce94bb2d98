#include "admin/steps.hpp"

#include "admin/events.hpp"
#include "admin/guard.hpp"
#include "store/changes.hpp"

namespace tollgate::admin {

net::Task<base::Result<void>> run_step(http::Exchange& exchange, std::shared_ptr<Call> call,
                                       bool writes, Step step) {
    store::Db::Work work = [call, step](store::Session& session) -> base::Result<void> {
        call->begin();
        TRY_VOID(step(*call, session));
        if (call->reply().status >= 400) {
            return base::Error{base::ErrorCode::cancelled, "rolled back"};
        }
        if (!call->recorded()) return {};
        TRY_VOID(call->write_records(session));
        return store::bump(session);
    };
    store::Access access = call->access;
    auto done = co_await call->services.db.run(exchange.loop(), std::move(access), writes,
                                               std::move(work));
    if (!done.ok() && done.error().code == base::ErrorCode::cancelled &&
        call->reply().status >= 400) {
        co_return base::Result<void>();
    }
    if (done.ok() && writes && call->recorded()) co_await tell_events(exchange, call);
    if (done.ok() && writes && call->recorded() && call->services.in_force) {
        co_await call->services.in_force(exchange.loop());
    }
    co_return done;
}

net::Task<void> send_outcome(http::Exchange& exchange, std::shared_ptr<Call> call,
                             base::Result<void> outcome) {
    if (!outcome.ok()) {
        base::Error error = std::move(outcome).error();
        co_await refuse(exchange, std::move(error), call->operation.face);
        co_return;
    }
    const Reply& reply = call->reply();
    for (const auto& [name, value] : reply.headers) exchange.add_header(name, value);
    exchange.add_header("cache-control", "no-store");
    auto sent = co_await exchange.respond(reply.status, reply.content_type, reply.body);
    (void)sent;  // a client that has left needs nothing
}

base::Result<void> answer_refusal(Call& call, int status, std::string_view type,
                                  std::string_view code, std::string_view message) {
    std::string text;
    json::Writer writer(text);
    writer.begin_object().key("error").begin_object();
    writer.string("message", message).string("type", type).string("code", code);
    writer.end_object().end_object();
    return call.answer(status, std::move(text));
}

}  // namespace tollgate::admin
