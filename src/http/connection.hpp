// One connection to a provider and the exchange that is under way on it. Internal to the client:
// everybody else sees http::Call.
// Loop thread only. Holds a read buffer only while there are bytes in it.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/buffer_pool.hpp"
#include "base/result.hpp"
#include "http/body_buffer.hpp"
#include "http/client.hpp"
#include "http/codec.hpp"
#include "http/decompress.hpp"
#include "http/message.hpp"
#include "net/loop.hpp"
#include "net/stream.hpp"
#include "net/task.hpp"

namespace tollgate::http {

// The pieces of a request that have not been sent yet.
class SendCursor {
public:
    SendCursor(std::string_view head, std::span<const std::string_view> body)
        : head_(head), body_(body) {}
    // Fills `window` with the next pieces; returns how many, 0 when all is sent.
    std::size_t fill(std::span<iovec> window) const;
    void advance(std::size_t bytes);

private:
    std::string_view piece(std::size_t index) const {
        return index == 0 ? head_ : body_[index - 1];
    }
    std::string_view head_;
    std::span<const std::string_view> body_;
    std::size_t next_ = 0;
    std::size_t offset_ = 0;  // sent bytes of piece(next_)
};

class Connection {
public:
    explicit Connection(std::unique_ptr<net::Stream> stream) : stream_(std::move(stream)) {}
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    // Sends the request and waits for the head of a final answer. `failure` is set on errors.
    net::Task<base::Result<void>> exchange(const Origin& origin, OutgoingRequest request,
                                           const Deadlines& deadlines, net::CancelScope* scope,
                                           CallFailure& failure);
    const ResponseHead& head() const { return head_; }

    // True when take() has something to give.
    bool ready() { return digest(); }
    // Waits until it has, or until `until`: true or false.
    net::Task<base::Result<bool>> wait(net::Instant until);
    // The next piece of the body, "" at its end. REQUIRES: ready(), or wait() gave true.
    base::Result<std::string_view> take();

    // Ends the exchange. True when the body had been read to its end and the connection can carry
    // another request.
    bool end_exchange();
    bool looks_idle() { return stream_->looks_idle(); }

    bool reused = false;  // had carried an exchange before this one
    net::Instant idle_since{};

private:
    enum class BodyKind : std::uint8_t { none, length, chunked, until_close };
    enum class Received : std::uint8_t { bytes, nothing, closed, failed };

    net::Task<base::Result<bool>> wait_for_more(net::Instant until);
    net::Task<base::Result<void>> send(const OutgoingRequest& request, CallFailure& failure);
    net::Task<base::Result<void>> send_rest(SendCursor cursor, CallFailure& failure);
    bool send_at_once(SendCursor& cursor);
    base::Result<void> hear_head(net::Wake wake, CallFailure& failure);
    void write_head(const Origin& origin, const OutgoingRequest& request);
    Received receive();
    base::Result<bool> parse_head();
    base::Result<void> begin_body();
    base::Error no_head(CallFailure& failure) const;
    base::Error wake_error(net::Wake wake, const char* doing) const;
    net::Patience patience(net::Instant deadline) const;
    bool cancelled() const { return scope_ != nullptr && scope_->cancelled(); }

    bool digest();
    bool decode_raw();
    std::string_view next_raw();
    bool fail(base::Error error);
    void received_end(bool orderly);
    void release_if_empty();

    std::unique_ptr<net::Stream> stream_;

    // The exchange.
    Deadlines deadlines_;
    net::CancelScope* scope_ = nullptr;
    BodyBuffer request_head_;  // while it is being sent
    std::string head_text_;  // what the views of head_ borrow
    ResponseHead head_;
    bool is_head_request_ = false;
    bool sent_ = false;      // all of the request
    bool heard_ = false;     // any byte has come back
    bool answered_ = false;  // a final head has been parsed

    // Bytes received: [begin_, end_) of input_ have not been looked at.
    base::Buffer input_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::size_t searched_ = 0;  // for the end of the head

    // The body.
    BodyKind body_kind_ = BodyKind::none;
    bool framing_done_ = false;  // every byte of the body has been received
    bool complete_ = false;      // and has been given out
    bool failed_ = false;
    base::Error failure_;
    std::uint64_t left_ = 0;  // of a body with Content-Length
    std::uint64_t received_ = 0;
    ChunkedDecoder chunks_;
    std::unique_ptr<Decompressor> decompressor_;
    bool more_output_ = false;  // the decompressor may hold output without more input
    base::Buffer output_;
    std::string_view raw_;      // compressed bytes, a view of input_
    std::string_view pending_;  // what take() gives next
    net::Instant idle_deadline_ = net::Instant::max();
};

}  // namespace tollgate::http
