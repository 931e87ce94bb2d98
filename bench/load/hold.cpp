#include "load/hold.hpp"

#include "load/process_sample.hpp"

#include <algorithm>
#include <sys/epoll.h>

namespace bench {
namespace {

constexpr int events_per_wait_max = 512;
constexpr std::uint32_t pending_max = 128;  // streams being opened at a time
constexpr std::uint32_t probe_tag = 0xffffffffU;
constexpr std::uint64_t probe_every_ns = 50'000'000;

std::uint64_t to_ns(double seconds) { return static_cast<std::uint64_t>(seconds * 1e9); }

}  // namespace

Hold::Hold(const LoadOptions& options, std::string request, std::string probe_request)
    : options_(options), request_(std::move(request)), probe_request_(std::move(probe_request)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)), streams_(options.connections),
      started_(options.connections, 0) {}

Findings Hold::run() {
    findings_.rss_start = resident_bytes(options_.pids);
    const auto give_up = now_ns() + to_ns(options_.timeout_s);
    while ((opened_ < streams_.size() || pending_ > 0) && now_ns() < give_up) {
        open_streams();
        turn(10);
    }
    for (std::uint32_t i = 0; i < pending_; ++i) {
        findings_.add_failure("not opened", "no first event within --timeout");
    }
    holding_ = true;
    findings_.held =
        static_cast<std::uint64_t>(std::count(started_.begin(), started_.end(), char{1}));
    findings_.rss_peak = resident_bytes(options_.pids);
    const double cpu = cpu_seconds(options_.pids);
    const auto begin = now_ns();
    const auto end = begin + to_ns(options_.seconds);
    probe_due_ns_ = begin;
    while (now_ns() < end) {
        if (!probe_request_.empty() && now_ns() >= probe_due_ns_ && !probe_.is_open()) {
            start_probe();
        }
        turn(1);
    }
    findings_.window_s = static_cast<double>(now_ns() - begin) / 1e9;
    findings_.cpu_s = cpu_seconds(options_.pids) - cpu;
    findings_.rss_end = resident_bytes(options_.pids);
    findings_.rss_peak = std::max(findings_.rss_peak, findings_.rss_end);
    if (probe_.is_open()) findings_.add_failure("probe unanswered", "at the end of the hold");
    return std::move(findings_);
}

void Hold::open_streams() {
    while (opened_ < streams_.size() && pending_ < pending_max) {
        const auto index = opened_++;
        if (streams_[index].open(epoll_.get(), options_.target, index)) {
            ++pending_;
        } else {
            findings_.add_failure(streams_[index].problem(), "");
        }
    }
}

void Hold::turn(int wait_ms) {
    epoll_event events[events_per_wait_max];
    const int count = epoll_wait(epoll_.get(), events, events_per_wait_max, wait_ms);
    for (int i = 0; i < count; ++i) {
        if (events[i].data.u32 == probe_tag) handle_probe(events[i].events);
        else handle_stream(events[i].data.u32, events[i].events);
    }
}

void Hold::lose(std::uint32_t index, const std::string& kind, const std::string& detail) {
    if (started_[index] == 0) --pending_;
    started_[index] = 0;
    findings_.add_failure(kind, detail);
    streams_[index].close();
}

void Hold::handle_stream(std::uint32_t index, std::uint32_t events) {
    auto& stream = streams_[index];
    if (!stream.is_open()) return;
    auto outcome = stream.on_ready(events);
    if (outcome == Outcome::connected) outcome = stream.send_request(request_, now_ns());
    if (outcome == Outcome::failed) {
        return lose(index, stream.problem(), stream.response().beginning());
    }
    if (outcome == Outcome::complete) {
        return lose(index, "ended early, status " + std::to_string(stream.response().status()),
                    stream.response().beginning());
    }
    auto& stamps = stream.response().stamps();
    if (started_[index] == 0 && !stamps.empty()) {
        started_[index] = 1;
        --pending_;
        findings_.first_event.add(stream.last_read_ns() - stream.due_ns());
    }
    if (holding_) {
        findings_.events += stamps.size();
        for (const auto stamp : stamps) {
            const auto now = stream.last_read_ns();
            findings_.event_delay.add(now > stamp ? now - stamp : 0);
        }
    }
    stamps.clear();
}

// Each probe is a new connection, as a new client would make it; its time includes the connect.
void Hold::start_probe() {
    probe_due_ns_ = now_ns();
    if (!probe_.open(epoll_.get(), options_.target, probe_tag)) {
        findings_.add_failure("probe " + probe_.problem(), "");
        probe_due_ns_ += probe_every_ns;
    }
}

void Hold::handle_probe(std::uint32_t events) {
    if (!probe_.is_open()) return;
    auto outcome = probe_.on_ready(events);
    if (outcome == Outcome::connected) {
        outcome = probe_.send_request(probe_request_, probe_due_ns_);
    }
    if (outcome != Outcome::complete && outcome != Outcome::failed) return;
    const auto& response = probe_.response();
    if (outcome == Outcome::complete && response.status() == 200) {
        ++findings_.requests;
        findings_.probe.add(probe_.last_read_ns() - probe_due_ns_);
    } else if (outcome == Outcome::complete) {
        findings_.add_failure("probe status " + std::to_string(response.status()),
                              response.beginning());
    } else {
        findings_.add_failure("probe " + probe_.problem(), response.beginning());
    }
    probe_.close();
    probe_due_ns_ += probe_every_ns;
}

}  // namespace bench
