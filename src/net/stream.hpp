// A connected byte stream: TCP or Unix socket, with or without TLS.
// Loop thread only. Owns its descriptor; the destructor closes it. Not movable while somebody
// waits on it; hold it by unique_ptr.
//
// Reading and writing never block: try first, and await readiness only on would_block, so that an
// idle stream holds no buffer. Edge-triggered: read or write until would_block before waiting.
#pragma once
#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"

typedef struct ssl_st SSL;

namespace tollgate::net {

enum class IoStatus : std::uint8_t { ok, would_block, end, failed };
struct IoResult {
    IoStatus status = IoStatus::ok;
    std::size_t bytes = 0;
    int error_number = 0;  // failed: errno, or 0 for a TLS failure (see Stream::tls_error)
};

class Stream final {
public:
    // Takes ownership of a connected non-blocking descriptor and registers it with `loop`.
    Stream(Loop& loop, int fd);
    ~Stream();
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    IoResult try_read(char* data, std::size_t size);
    IoResult try_write(std::span<const iovec> pieces);

    // co_await stream->wait_readable(patience): until try_read may get further.
    struct Awaiter {
        Stream& stream;
        bool read;
        Patience patience;
        Waiter waiter{};
        bool await_ready() noexcept;
        bool await_suspend(std::coroutine_handle<> coroutine);
        Wake await_resume() noexcept { return waiter.wake; }
    };
    Awaiter wait_readable(Patience patience) { return Awaiter{*this, true, patience}; }
    Awaiter wait_writable(Patience patience) { return Awaiter{*this, false, patience}; }

    // Writes all pieces, waiting as needed. Fails: unavailable (peer closed or reset), timeout,
    // cancelled. The pieces must stay valid until it returns.
    Task<base::Result<void>> write_all(std::span<const iovec> pieces, Patience patience);
    // Reads at least one byte into data; 0 at end of stream.
    Task<base::Result<std::size_t>> read_some(char* data, std::size_t size, Patience patience);

    // While set, the peer's closing (or a reset) cancels `scope`; nullptr ends the watch. Seeing
    // the close needs no pending read.
    void watch_hangup(CancelScope* scope);
    bool peer_closed() const { return hangup_; }
    // True when nothing has arrived and the peer has not closed: fit for reuse from a pool.
    bool looks_idle();

    // The descriptor's connect is under way: writable only when epoll says so.
    void expect_connect() { writable_ = readable_ = false; }
    // Ends our side (TLS: close_notify; then FIN); the peer may still send.
    void shutdown_write();
    int fd() const { return fd_; }
    Loop& loop() { return loop_; }
    const std::string& peer_address();  // "127.0.0.1:5123", "unix"; asked of the kernel once

    // --- TLS (net/tls.hpp fills these) ---
    void attach_tls(SSL* ssl) { ssl_ = ssl; }
    SSL* tls() const { return ssl_; }
    const std::string& tls_error() const { return tls_error_; }
    // Drives the handshake. Fails: provider with the verification or protocol error, timeout.
    Task<base::Result<void>> handshake(Patience patience);

private:
    // Outlives the Stream until the loop's turn is over: an event for a descriptor closed in this
    // turn may still be queued.
    struct Registration;
    void on_events(std::uint32_t events);
    void release_tls();
    void end_tls();
    bool tls_looks_idle();
    IoResult tls_read(char* data, std::size_t size);
    IoResult tls_write(std::span<const iovec> pieces);
    IoResult tls_outcome(int result);

    Loop& loop_;
    int fd_;
    Registration* registration_;
    bool readable_ = true;   // believed so until a try says would_block
    bool writable_ = true;
    bool hangup_ = false;
    bool read_wants_write_ = false;   // TLS renegotiation directions
    bool write_wants_read_ = false;
    Waiter* reader_ = nullptr;
    Waiter* writer_ = nullptr;
    CancelScope* hangup_scope_ = nullptr;
    SSL* ssl_ = nullptr;
    std::string tls_error_;
    std::string peer_;
};

}  // namespace tollgate::net
