#include "load/traffic.hpp"

#include "load/process_sample.hpp"

#include <algorithm>
#include <sys/epoll.h>
#include <unistd.h>

namespace bench {
namespace {

constexpr int events_per_wait_max = 512;
constexpr std::uint64_t check_every_ns = 100'000'000;
constexpr double drain_s_max = 10;

std::uint64_t to_ns(double seconds) { return static_cast<std::uint64_t>(seconds * 1e9); }

}  // namespace

Traffic::Traffic(const LoadOptions& options, std::string request)
    : options_(options), request_(std::move(request)), epoll_(epoll_create1(EPOLL_CLOEXEC)),
      connections_(options.connections) {}

Findings Traffic::run() {
    findings_.rss_start = resident_bytes(options_.pids);
    start_ns_ = next_due_ns_ = now_ns();
    for (std::uint32_t i = 0; i < connections_.size(); ++i) reopen(i);
    const bool counted = options_.requests > 0;
    const auto window_at = start_ns_ + to_ns(counted ? 0 : options_.warmup_s);
    const auto end_at = window_at + to_ns(options_.seconds);
    while (true) {
        const auto now = now_ns();
        if (window_start_ns_ == 0 && now >= window_at) start_window();
        if (counted ? finished_ >= options_.requests : now >= end_at) break;
        if (options_.mode == Mode::open) release_due();
        const bool precise = options_.mode == Mode::open;
        turn(precise ? 0 : 50);
        watch_memory_and_timeouts();
    }
    end_window();
    // Requests that were due inside the window are waited for, late or not.
    draining_ = true;
    const auto give_up = now_ns() + to_ns(drain_s_max);
    const auto busy = [](const LoadConnection& c) { return c.is_busy(); };
    while (options_.mode == Mode::open && now_ns() < give_up &&
           (!overdue_.empty() || std::ranges::any_of(connections_, busy))) {
        release_due();
        turn(1);
    }
    if (options_.mode == Mode::open) {
        const auto left = std::ranges::count_if(connections_, busy);
        const auto unanswered = overdue_.size() + static_cast<std::size_t>(left);
        for (std::size_t i = 0; i < unanswered; ++i) {
            findings_.add_failure("unanswered", "still waiting after the drain time");
        }
    }
    return std::move(findings_);
}

void Traffic::start_window() {
    window_start_ns_ = now_ns();
    cpu_at_start_ = cpu_seconds(options_.pids);
    own_cpu_at_start_ = cpu_seconds({getpid()});
}

void Traffic::end_window() {
    findings_.cpu_s = cpu_seconds(options_.pids) - cpu_at_start_;
    findings_.own_cpu_s = cpu_seconds({getpid()}) - own_cpu_at_start_;
    window_end_ns_ = now_ns();
    findings_.window_s = static_cast<double>(window_end_ns_ - window_start_ns_) / 1e9;
    findings_.rss_end = resident_bytes(options_.pids);
    findings_.rss_peak = std::max(findings_.rss_peak, findings_.rss_end);
}

void Traffic::turn(int wait_ms) {
    epoll_event events[events_per_wait_max];
    const int count = epoll_wait(epoll_.get(), events, events_per_wait_max, wait_ms);
    for (int i = 0; i < count; ++i) handle(events[i].data.u32, events[i].events);
}

void Traffic::handle(std::uint32_t index, std::uint32_t events) {
    auto& connection = connections_[index];
    if (!connection.is_open()) return;
    switch (connection.on_ready(events)) {
        case Outcome::nothing: break;
        case Outcome::connected: next(index); break;
        case Outcome::progress: on_progress(connection); break;
        case Outcome::complete:
            on_progress(connection);
            on_complete(connection);
            if (connection.response().closes()) reopen(index);
            else next(index);
            break;
        case Outcome::failed: on_failed(index); break;
    }
}

bool Traffic::wants_more() const {
    return !draining_ && (options_.requests == 0 || begun_ < options_.requests);
}

void Traffic::next(std::uint32_t index) {
    if (options_.mode == Mode::open) {
        idle_.push_back(index);
        return;
    }
    if (wants_more()) begin(index, now_ns());
}

void Traffic::begin(std::uint32_t index, std::uint64_t due_ns) {
    ++begun_;
    if (connections_[index].send_request(request_, due_ns) == Outcome::failed) on_failed(index);
}

void Traffic::release_due() {
    const auto now = now_ns();
    const auto interval = to_ns(1.0 / options_.rate_per_s);
    for (; !draining_ && next_due_ns_ <= now; next_due_ns_ += interval) {
        overdue_.push_back(next_due_ns_);
    }
    while (!overdue_.empty() && !idle_.empty()) {
        const auto index = idle_.back();
        idle_.pop_back();
        if (!connections_[index].is_idle()) continue;
        const auto due = overdue_.front();
        overdue_.pop_front();
        begin(index, due);
    }
}

void Traffic::on_progress(LoadConnection& connection) {
    auto& stamps = connection.response().stamps();
    if (in_window()) {
        findings_.events += stamps.size();
        const auto now = connection.last_read_ns();
        for (const auto stamp : stamps) findings_.event_delay.add(now > stamp ? now - stamp : 0);
    }
    stamps.clear();
}

void Traffic::on_complete(LoadConnection& connection) {
    ++finished_;
    const auto& response = connection.response();
    if (response.status() != 200) {
        findings_.add_failure("status " + std::to_string(response.status()), response.beginning());
        return;
    }
    if (options_.stream) {
        if (!response.ended_properly() || response.events() < options_.expect_events) {
            findings_.add_failure("incomplete stream",
                                  std::to_string(response.events()) + " events, begins " +
                                      response.beginning());
            return;
        }
    } else if (!response.beginning().starts_with('{')) {
        findings_.add_failure("not JSON", response.beginning());
        return;
    }
    const auto due = connection.due_ns();
    // Closed loop counts what ends in the window, open loop what was due in it.
    const bool open = options_.mode == Mode::open;
    const bool counts = open ? due >= window_start_ns_ && window_start_ns_ != 0 : in_window();
    if (!counts) return;
    if (in_window()) ++findings_.requests;
    findings_.latency.add(connection.last_read_ns() - due);
    const auto first = response.first_event_ns() != 0 ? response.first_event_ns()
                                                      : response.first_body_ns();
    findings_.first_event.add(first > due ? first - due : 0);
}

void Traffic::on_failed(std::uint32_t index) {
    auto& connection = connections_[index];
    const bool idle = !connection.is_busy();
    // A server may close an idle keep-alive connection at any time: no failure, a new connection.
    if (!idle || !connection.is_connected()) {
        findings_.add_failure(connection.problem(), connection.response().beginning());
        ++finished_;
    }
    connection.close();
    to_reopen_.push_back(index);
}

void Traffic::reopen(std::uint32_t index) {
    auto& connection = connections_[index];
    connection.close();
    if (!connection.open(epoll_.get(), options_.target, index)) {
        findings_.add_failure(connection.problem(), "");
        to_reopen_.push_back(index);
    }
}

void Traffic::watch_memory_and_timeouts() {
    const auto now = now_ns();
    if (now < next_check_ns_) return;
    next_check_ns_ = now + check_every_ns;
    findings_.rss_peak = std::max(findings_.rss_peak, resident_bytes(options_.pids));
    const auto timeout = to_ns(options_.timeout_s);
    for (std::uint32_t i = 0; i < connections_.size(); ++i) {
        auto& connection = connections_[i];
        if (!connection.is_busy() || now < connection.due_ns() + timeout) continue;
        findings_.add_failure("timeout", connection.response().beginning());
        ++finished_;
        reopen(i);
    }
    // Reopened here and not at once, so that a refusing server is not hammered.
    const auto waiting = std::move(to_reopen_);
    to_reopen_.clear();
    for (const auto index : waiting) reopen(index);
}

}  // namespace bench
