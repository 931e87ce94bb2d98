// One client connection: reads heads, runs handlers, keeps alive. Internal to the server.
// Owns its stream; deletes itself through the task that runs it.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/buffer_pool.hpp"
#include "http/server.hpp"

namespace tollgate::http {

class Session {
public:
    Session(Server& server, std::unique_ptr<net::Stream> stream,
            std::shared_ptr<net::TlsServerContext> tls);
    ~Session();
    // Runs until the connection ends.
    net::Task<void> run();
    void close_if_idle();
    void cancel();
    // Just accepted, and its first request may be on its way: a drain waits for it a little.
    bool expecting() const;
    // A streamed answer is on its way.
    bool streaming() const { return current_ != nullptr && current_->streaming(); }

private:
    enum class Next : std::uint8_t { keep, close };
    // Reads until a whole head is in the buffer. False: the connection is over.
    net::Task<bool> read_head();
    net::Task<Next> handle_request();
    net::Task<void> refuse(int status, std::string_view why);
    // The handler ended without an answer: a bug, or the server stops.
    net::Task<bool> answer_instead(Exchange& exchange, bool failed);
    net::Task<void> linger();
    // The bytes being read: the pooled buffer, or a larger one while a head does not fit it.
    char* bytes() { return large_.empty() ? buffer_.data() : large_.data(); }
    std::size_t room() const { return large_.empty() ? base::Buffer::size() : large_.size(); }
    // Doubles the room, up to server.limits.head. False: that is reached.
    bool grow();
    void pack();

    Server& server_;
    std::unique_ptr<net::Stream> stream_;
    std::shared_ptr<net::TlsServerContext> tls_;
    net::CancelScope scope_;       // of the request that runs
    net::CancelScope idle_scope_;  // of the wait between requests
    base::Buffer buffer_;
    std::vector<char> large_;      // empty unless a head is longer than buffer_
    std::size_t begin_ = 0, end_ = 0;  // unread bytes in the buffer
    std::size_t head_size_ = 0;
    bool idle_ = true;
    bool asked_ = false;               // a request has come
    net::Instant opened_;
    Exchange* current_ = nullptr;  // while a handler runs
};

}  // namespace tollgate::http
