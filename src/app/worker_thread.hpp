// One event loop with its thread, server and client. Owned by the app; everything but the atomics
// and post() belongs to the loop's thread once start() has been called.
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "admin/services.hpp"
#include "gateway/gateway.hpp"
#include "http/client.hpp"
#include "http/router.hpp"
#include "http/server.hpp"
#include "net/loop.hpp"

namespace tollgate::app {

// What the metrics show of a worker; refreshed once a second by its loop.
struct WorkerGauges {
    std::atomic<std::int64_t> connections{0};
    std::atomic<std::int64_t> in_flight{0};
    std::atomic<std::int64_t> provider_idle{0};
    std::atomic<std::int64_t> provider_active{0};
    std::atomic<std::uint64_t> accepted{0};
    std::atomic<std::uint64_t> refused{0};
    std::atomic<std::uint64_t> bad_requests{0};
    std::atomic<std::uint64_t> provider_connects{0};
    std::atomic<std::uint64_t> stale_retries{0};
};

class WorkerThread {
public:
    // `administration`: null where nothing is stored. `siblings` are all workers, this one
    // included; it may still grow until start() and outlives them: their figures are refreshed
    // before metrics are written.
    WorkerThread(gateway::Gateway& gateway, base::Registry& metrics, http::ServerLimits limits,
                 bool metrics_on_main, const admin::Services* administration,
                 const std::vector<std::unique_ptr<WorkerThread>>& siblings);
    ~WorkerThread();
    WorkerThread(const WorkerThread&) = delete;
    WorkerThread& operator=(const WorkerThread&) = delete;

    // Before start(): where usage records go.
    void keep_usage(std::unique_ptr<accounting::UsageSink> sink) {
        worker_.usage = std::move(sink);
    }
    // Before start() or on the loop's thread: the descriptors are taken over.
    void serve(int listen_fd, std::shared_ptr<net::TlsServerContext> tls);
    void serve_metrics(int listen_fd);
    void start();
    // Runs `work` on the loop's thread and waits for it.
    void run_on_loop(const std::function<void()>& work);
    void stop_and_join();

    net::Loop& loop() { return loop_; }
    http::Client& client() { return client_; }
    http::Server& server() { return server_; }
    const WorkerGauges& gauges() const { return gauges_; }

private:
    net::Task<void> housekeeping();
    void refresh_gauges();
    net::Task<void> refresh_all();
    net::Task<void> write_metrics(http::Exchange& exchange);

    base::Registry& metrics_;
    const std::vector<std::unique_ptr<WorkerThread>>& siblings_;
    net::Loop loop_;
    http::Client client_;
    gateway::Worker worker_;
    http::Router router_;
    http::Router metrics_router_;
    http::Server server_;
    http::Server metrics_server_;
    WorkerGauges gauges_;
    net::CancelScope stopping_;
    std::thread thread_;
};

}  // namespace tollgate::app
