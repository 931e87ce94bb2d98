#include "app/worker_thread.hpp"

#include <future>

#include "admin/routes.hpp"
#include "api/models.hpp"
#include "api/routes.hpp"
#include "telemetry/prometheus.hpp"

namespace tollgate::app {
namespace {

constexpr std::chrono::milliseconds housekeeping_step{1'000};
constexpr std::chrono::milliseconds sessions_grace{1'000};

// How long metrics wait for a busy worker before its figures of a second ago will do.
constexpr std::chrono::milliseconds refresh_time{200};

net::Task<void> only_metrics(http::Exchange& exchange) {
    auto sent = co_await exchange.respond(404, "text/plain; charset=utf-8",
                                          "only GET /metrics is served here\n");
    (void)sent;
}

}  // namespace

WorkerThread::WorkerThread(gateway::Gateway& gateway, base::Registry& metrics,
                           http::ServerLimits limits, bool metrics_on_main,
                           const admin::Services* administration,
                           const std::vector<std::unique_ptr<WorkerThread>>& siblings)
    : metrics_(metrics), siblings_(siblings), client_(loop_), worker_{gateway, loop_, client_},
      server_(loop_, router_, limits), metrics_server_(loop_, metrics_router_, limits) {
    if (administration != nullptr) {
        const http::RouteHandler plain = [this](http::Exchange& exchange) {
            return api::list_models(worker_, exchange);
        };
        admin::add_models_route(router_, *administration, plain);
    }
    worker_.life = &stopping_;
    api::add_routes(router_, worker_);
    if (administration != nullptr) admin::add_routes(router_, *administration);
    const http::RouteHandler handler = [this](http::Exchange& exchange) {
        return write_metrics(exchange);
    };
    if (metrics_on_main) router_.add(http::Method::get, "/metrics", handler);
    metrics_router_.add(http::Method::get, "/metrics", handler);
    metrics_router_.set_fallback(only_metrics);
}

WorkerThread::~WorkerThread() { stop_and_join(); }

void WorkerThread::serve(int listen_fd, std::shared_ptr<net::TlsServerContext> tls) {
    server_.serve(listen_fd, std::move(tls));
}

void WorkerThread::serve_metrics(int listen_fd) { metrics_server_.serve(listen_fd, nullptr); }

void WorkerThread::start() {
    loop_.post([this] { net::spawn(housekeeping(), "housekeeping"); });
    thread_ = std::thread([this] { loop_.run(); });
}

void WorkerThread::run_on_loop(const std::function<void()>& work) {
    std::promise<void> done;
    loop_.post([&] {
        work();
        done.set_value();
    });
    done.get_future().wait();
}

void WorkerThread::stop_and_join() {
    if (!thread_.joinable()) return;
    loop_.post([this] {
        stopping_.cancel(loop_, net::CancelReason::shutdown);
        server_.cancel_all();
        metrics_server_.cancel_all();
    });
    thread_.join();
}

void WorkerThread::refresh_gauges() {
    gauges_.connections = static_cast<std::int64_t>(server_.connections());
    gauges_.in_flight = static_cast<std::int64_t>(server_.in_flight());
    gauges_.provider_idle = static_cast<std::int64_t>(client_.idle_connections());
    gauges_.provider_active = static_cast<std::int64_t>(client_.active_connections());
    gauges_.accepted = server_.stats().accepted;
    gauges_.refused = server_.stats().refused;
    gauges_.bad_requests = server_.stats().bad_requests;
    gauges_.provider_connects = client_.connects();
    gauges_.stale_retries = client_.stale_retries();
}

net::Task<void> WorkerThread::refresh_all() {
    struct Count {
        net::Signal done;
        std::size_t left;
    };
    auto count = std::make_shared<Count>();
    count->left = siblings_.size();
    for (const auto& sibling : siblings_) {
        WorkerThread* other = sibling.get();
        other->loop_.post([other, count, mine = &loop_] {
            other->refresh_gauges();
            mine->post([count] {
                if (--count->left == 0) count->done.notify();
            });
        });
    }
    const net::Patience patience{net::Clock::now() + refresh_time, nullptr};
    co_await count->done.wait(patience);
}

net::Task<void> WorkerThread::write_metrics(http::Exchange& exchange) {
    co_await refresh_all();
    const std::string text = telemetry::write_text(metrics_);
    auto sent = co_await exchange.respond(200, "text/plain; version=0.0.4; charset=utf-8", text);
    (void)sent;  // a scraper that has left needs nothing
}

net::Task<void> WorkerThread::housekeeping() {
    while (!stopping_.cancelled()) {
        client_.sweep();
        refresh_gauges();
        co_await net::sleep_for(housekeeping_step, &stopping_);
    }
    // Sessions hold memory and sockets: they end first, but a stuck one does not keep the process.
    const net::Instant by = net::Clock::now() + sessions_grace;
    while (server_.connections() + metrics_server_.connections() + worker_.shadows_open > 0 &&
           net::Clock::now() < by) {
        server_.cancel_all();
        metrics_server_.cancel_all();
        co_await net::sleep_for(std::chrono::milliseconds(5));
    }
    loop_.stop();
}

}  // namespace tollgate::app
