#include "gateway/handle_generation.hpp"

#include "gateway/cached_answer.hpp"
#include "gateway/call_provider.hpp"
#include "gateway/caller.hpp"
#include "gateway/conclude.hpp"
#include "gateway/route.hpp"
#include "gateway/settle.hpp"
#include "gateway/shared_affinity.hpp"

namespace tollgate::gateway {
namespace {

// The steps in their order; the first that fails is answered by the caller.
net::Task<base::Result<void>> run(Generation& generation) {
    http::Exchange& exchange = generation.exchange;
    CO_TRY(generation.who, generation.authenticate());
    generation.record.tenant = generation.who->tenant;
    generation.record.key_name = generation.who->key_name;
    generation.record.tenant_metrics = &generation.policy().metrics;
    CO_TRY_VOID(check_caller(*generation.directory, *generation.who, exchange.client_address(),
                             exchange.head().path));
    CO_TRY(const Admission admission, co_await generation.worker.gateway.admission.enter(
                                          generation.who->tenant, exchange.scope()));
    generation.record.queued = admission.waited();
    if (generation.by_path != nullptr) exchange.leave_room_in_front(path_in_front_room);
    CO_TRY(generation.body, co_await exchange.read_body());
    generation.record.request_bytes = generation.body.size();
    // Whole and valid before anything is done with it: a body that two parsers could read in two
    // ways must not be authorised by one and served by the other.
    CO_TRY_VOID(generation.read_json());
    CO_TRY(generation.outline,
           dialect::outline(generation.protocol(), *generation.document, generation.arena));
    generation.record.alias = generation.outline.model;
    generation.record.stream = generation.outline.stream;
    CO_TRY_VOID(route(generation));
    if (may_be_known_elsewhere(generation)) CO_TRY_VOID(co_await route_as_elsewhere(generation));
    CO_TRY_VOID(check_answers(generation.plan));
    CO_TRY(const bool bounded, accept(generation));
    if (bounded) CO_TRY_VOID(co_await enter(generation));
    if (caches_answers(generation)) {
        CO_TRY(const bool served, co_await serve_cached(generation));
        if (served) co_return base::Result<void>();
    }
    co_await call_provider(generation);
    co_return base::Result<void>();
}

void note_caller(Generation& generation) {
    http::Exchange& exchange = generation.exchange;
    RequestRecord& record = generation.record;
    record.request_id = exchange.request_id();
    record.path = exchange.head().path;
    record.protocol = domain::to_string(generation.protocol());
    record.client_address = exchange.client_address();
    record.arrived = exchange.arrived();
    record.session_id = exchange.headers().get("x-claude-code-session-id");
    record.agent_id = exchange.headers().get("x-claude-code-agent-id");
    record.parent_agent_id = exchange.headers().get("x-claude-code-parent-agent-id");
}

}  // namespace

net::Task<void> handle_generation(Worker& worker, http::Exchange& exchange,
                                  const dialect::ClientDialect& client,
                                  const PathRequest* by_path) {
    Generation generation(worker, exchange, client);
    generation.by_path = by_path;
    note_caller(generation);
    auto done = co_await run(generation);
    if (!done.ok()) {
        worker.gateway.metrics().refused.with({refusal_reason(done.error().code)}).add(1);
        co_await answer_error(generation, done.error());
    }
    generation.record.client_gone =
        generation.record.client_gone ||
        exchange.scope().reason() == net::CancelReason::client_gone;
    conclude(generation);
    settle(worker.gateway, *generation.snapshot, generation.record);
}

}  // namespace tollgate::gateway
