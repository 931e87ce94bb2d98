#include "gateway/answer_source.hpp"

namespace tollgate::gateway {
namespace {

constexpr std::chrono::milliseconds drain_time{1'000};

}  // namespace

net::Task<void> HttpSource::drain() {
    const net::Instant until = net::Clock::now() + drain_time;
    while (true) {
        auto ready = co_await call_.wait(until);
        if (!ready.ok() || !*ready) co_return;
        auto bytes = co_await call_.read();
        if (!bytes.ok() || bytes->empty()) co_return;
    }
}

net::Task<base::Result<bool>> EchoSource::wait(net::Instant until) {
    if (next_ >= answer_.steps.size()) co_return true;
    if (due_ == net::Instant{}) due_ = net::Clock::now() + answer_.steps[next_].delay;
    if (due_ <= net::Clock::now()) co_return true;
    const net::Wake wake = co_await net::sleep_until(std::min(until, due_), scope_);
    if (wake == net::Wake::cancelled) {
        co_return base::Error{base::ErrorCode::cancelled, "the client has left"};
    }
    co_return due_ <= net::Clock::now();
}

net::Task<base::Result<std::string_view>> EchoSource::read() {
    if (next_ >= answer_.steps.size()) {
        if (answer_.cut) {
            co_return base::Error{base::ErrorCode::provider,
                                  "the connection broke in the middle of the answer"};
        }
        co_return std::string_view();
    }
    while (true) {
        CO_TRY(const bool due, co_await wait(net::Instant::max()));
        if (due) break;
    }
    due_ = {};
    co_return std::string_view(answer_.steps[next_++].bytes);
}

net::Task<base::Result<std::string>> EchoSource::read_all(std::size_t bytes_max) {
    std::string whole;
    while (true) {
        CO_TRY(const std::string_view bytes, co_await read());
        if (bytes.empty()) co_return whole;
        whole += bytes;
        if (whole.size() > bytes_max) {
            co_return base::Error{base::ErrorCode::provider, "the answer is too long"};
        }
    }
}

}  // namespace tollgate::gateway
