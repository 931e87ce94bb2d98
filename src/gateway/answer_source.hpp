// Where an answer's bytes come from: a provider's connection, or the echo provider's script.
// Both have the same members; the pump is a template over them. Loop thread only.
#pragma once
#include <string>
#include <string_view>
#include <utility>

#include "http/client.hpp"
#include "net/loop.hpp"
#include "providers/echo.hpp"

namespace tollgate::gateway {

class HttpSource {
public:
    explicit HttpSource(http::Call call) : call_(std::move(call)) {}
    http::Call& call() { return call_; }

    // True when read() has something to say, false when `until` has come.
    net::Task<base::Result<bool>> wait(net::Instant until) { return call_.wait(until); }
    net::Task<base::Result<std::string_view>> read() { return call_.read(); }
    net::Task<base::Result<std::string>> read_all(std::size_t bytes_max) {
        return call_.read_all(bytes_max);
    }
    // After the answer's last event: reads to the end of the body, so that the connection can be
    // used again. A provider that does not end it soon loses the connection.
    net::Task<void> drain();

private:
    http::Call call_;
};

class EchoSource {
public:
    EchoSource(providers::EchoAnswer answer, net::CancelScope* scope)
        : answer_(std::move(answer)), scope_(scope) {}

    net::Task<base::Result<bool>> wait(net::Instant until);
    net::Task<base::Result<std::string_view>> read();
    net::Task<base::Result<std::string>> read_all(std::size_t bytes_max);
    net::Task<void> drain() { co_return; }

private:
    providers::EchoAnswer answer_;
    net::CancelScope* scope_;
    std::size_t next_ = 0;
    net::Instant due_{};  // of the next step; epoch: not begun
};

}  // namespace tollgate::gateway
