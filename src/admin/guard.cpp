#include "admin/guard.hpp"

#include "admin/events.hpp"
#include "base/log.hpp"
#include "gateway/failure.hpp"
#include "store/audit_rows.hpp"
#include "store/changes.hpp"

namespace tollgate::admin {
namespace {

constexpr std::string_view json_type = "application/json";

struct Kind {
    std::string_view type, code;
};

Kind kind_of(int status) {
    switch (status) {
        case 400: return {"invalid_request_error", "invalid_request"};
        case 401: return {"authentication_error", "invalid_api_key"};
        case 402: return {"insufficient_credits", "payment_required"};
        case 403: return {"permission_error", "permission_denied"};
        case 404: return {"not_found_error", "not_found"};
        case 405: return {"invalid_request_error", "method_not_allowed"};
        case 408: return {"invalid_request_error", "request_timeout"};
        case 409: return {"conflict_error", "conflict"};
        case 412: return {"conflict_error", "precondition_failed"};
        case 413: return {"invalid_request_error", "request_too_large"};
        case 429: return {"rate_limit_error", "rate_limit_exceeded"};
        case 503: return {"server_error", "unavailable"};
        case 504: return {"server_error", "timeout"};
        default: return {"server_error", "internal"};
    }
}

// What the store says about itself is for the log, not for callers.
base::Error for_callers(base::Error error, const std::string& request_id) {
    if (error.code == base::ErrorCode::internal) {
        base::log().error("admin_request_failed",
                          {{"request_id", request_id}, {"what", error.message}});
        error.message = "a fault of the gateway: its log has request " + request_id;
    }
    return error;
}

net::Task<base::Result<void>> read_body(http::Exchange& exchange, Call& call) {
    const http::RequestHead& head = exchange.head();
    if (!head.has_body()) co_return base::Result<void>();
    const base::Error too_large{base::ErrorCode::too_large,
                                "the body is larger than the 1 MiB that administration takes"};
    if (head.content_length.value_or(0) > body_bytes_max) co_return too_large;
    CO_TRY(const std::string_view body, co_await exchange.read_body());
    if (body.size() > body_bytes_max) co_return too_large;
    call.take_body(body);
    exchange.release_body();
    co_return base::Result<void>();
}

// One run of the handler inside its transaction.
base::Result<void> transact(Call& call, store::Session& session) {
    call.begin();
    TRY_VOID(call.operation.handler(call, session));
    if (call.reply().status >= 400) return base::Error{base::ErrorCode::cancelled, "rolled back"};
    if (!call.recorded()) return {};
    TRY_VOID(call.write_records(session));
    return store::bump(session);
}

// Runs what the operation is. Fails as the handler does; an answer of 400 or above is no failure
// here, though its transaction was rolled back.
net::Task<base::Result<void>> run(http::Exchange& exchange, std::shared_ptr<Call> call) {
    if (call->operation.local != nullptr) {
        auto outcome = std::make_shared<base::Result<void>>();
        std::function<void()> work = [call, outcome] {
            call->begin();
            *outcome = call->operation.local(*call);
        };
        const net::Patience patience{net::Instant::max(), &exchange.scope()};
        const net::Wake wake = co_await net::on_pool(exchange.loop(), work, patience);
        if (wake != net::Wake::ready) {
            co_return base::Error{base::ErrorCode::cancelled, "the client has gone"};
        }
        co_return std::move(*outcome);
    }
    store::Db::Work work = [call](store::Session& session) { return transact(*call, session); };
    store::Access access = call->access;
    const bool writes = call->operation.writes;
    auto done = co_await call->services.db.run(exchange.loop(), std::move(access), writes,
                                               std::move(work));
    if (!done.ok() && done.error().code == base::ErrorCode::cancelled &&
        call->reply().status >= 400) {
        co_return base::Result<void>();
    }
    co_return done;
}

// An act that was refused, or happened outside the database, is audited by itself; that nobody can
// write it down now does not undo it.
net::Task<void> audit_alone(http::Exchange& exchange, std::shared_ptr<Call> call,
                            std::optional<domain::AuditRow> row) {
    store::Db::Work work = [call, row](store::Session& session) -> base::Result<void> {
        if (!row) return call->write_records(session);
        TRY(const domain::AuditRow written, store::append_audit(session, call->access, *row));
        (void)written;
        return {};
    };
    store::Access access = call->access;
    auto done = co_await call->services.db.run(exchange.loop(), std::move(access), true,
                                               std::move(work));
    if (!done.ok()) {
        base::log().warn("audit_not_written", {{"request_id", call->request_id()},
                                               {"why", done.error().message}});
    }
}

net::Task<void> send(http::Exchange& exchange, const Reply& reply) {
    for (const auto& [name, value] : reply.headers) exchange.add_header(name, value);
    exchange.add_header("cache-control", "no-store");
    auto sent = co_await exchange.respond(reply.status, reply.content_type, reply.body);
    (void)sent;  // a client that has left needs nothing
}

// A key that was made is usable, and one that was revoked is not, from the answer on. Who changes
// much and looks at nothing in between need not wait each time: RFC 7240, "respond-async".
net::Task<void> come_into_force(http::Exchange& exchange, Call& call) {
    if (!call.services.in_force) co_return;
    if (exchange.head().headers.get("prefer").find("respond-async") != std::string_view::npos) {
        co_return;
    }
    co_await call.services.in_force(exchange.loop());
}

net::Task<void> serve_allowed(http::Exchange& exchange, std::shared_ptr<Call> call) {
    const Face face = call->operation.face;
    auto body = co_await read_body(exchange, *call);
    if (!body.ok()) {
        co_await refuse(exchange, body.error(), face);
        co_return;
    }
    if (call->operation.stream != nullptr) {
        co_await call->operation.stream(exchange, call);
        co_return;
    }
    auto done = co_await run(exchange, call);
    if (call->operation.local != nullptr && call->recorded()) {
        co_await audit_alone(exchange, call, std::nullopt);
    }
    if (!done.ok()) {
        co_await refuse(exchange, done.error(), face);
        co_return;
    }
    const bool changed = call->operation.handler != nullptr && call->operation.writes &&
                         call->recorded() && call->reply().status < 400;
    if (changed) {
        co_await tell_events(exchange, call);
        co_await come_into_force(exchange, *call);
    }
    co_await send(exchange, call->reply());
}

}  // namespace

int status_of(const base::Error& error) {
    if (store::is_lost_update(error)) return 412;
    if (!is_of_request(error) && store::is_conflict(error)) return 409;
    return gateway::http_status(error.code);
}

std::string error_body(const base::Error& error, Face face) {
    const int status = status_of(error);
    const Kind kind = kind_of(status);
    std::string text;
    json::Writer writer(text);
    writer.begin_object().key("error").begin_object();
    writer.string("message", error.message).string("type", kind.type);
    if (face == Face::litellm) {
        writer.key("param");
        const std::string_view field = field_of(error);
        field.empty() ? writer.null() : writer.string(field);
        writer.string("code", std::to_string(status));
    } else {
        writer.string("code", kind.code);
    }
    writer.end_object().end_object();
    return text;
}

net::Task<void> refuse(http::Exchange& exchange, base::Error error, Face face) {
    error = for_callers(std::move(error), exchange.request_id());
    if (error.retry_after.count() > 0) {
        exchange.add_header("retry-after", std::to_string(error.retry_after.count()));
    }
    exchange.add_header("cache-control", "no-store");
    const std::string body = error_body(error, face);
    auto sent = co_await exchange.respond(status_of(error), json_type, body);
    (void)sent;
}

net::Task<void> serve(const Services& services, const Operation& operation,
                      http::Exchange& exchange) {
    const std::string path(exchange.head().path);
    auto who = services.authenticate(exchange.headers(), exchange.client_address(), path);
    if (!who.ok()) {
        co_await refuse(exchange, who.error(), operation.face);
        co_return;
    }
    auto call = std::make_shared<Call>(services, operation, *std::move(who));
    call->take_request(exchange);
    const auto allowed = policy::authorize(call->caller, operation.resource, operation.verb);
    if (!allowed.ok()) {
        if (operation.writes) {
            std::string action(policy::to_string(operation.resource));
            action += ".";
            action += policy::to_string(operation.verb);
            domain::AuditRow row = call->audit_row(
                std::move(action), operation.pattern, call->caller.tenant);
            row.outcome = "denied";
            co_await audit_alone(exchange, call, std::move(row));
        }
        co_await refuse(exchange, allowed.error(), operation.face);
        co_return;
    }
    co_await serve_allowed(exchange, call);
}

}  // namespace tollgate::admin
