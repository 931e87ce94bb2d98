// One request and its answer, as a handler sees them. Loop thread only; lives on the session's
// frame for as long as the handler runs. Request views stay valid until the handler returns.
//
// A handler answers either with respond(), or with start_stream(), write()..., finish().
// Writing returns when the kernel has taken the bytes: a slow client therefore slows the handler,
// and with it the provider. An error from any of these means that nobody reads any more.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/buffer_pool.hpp"
#include "base/result.hpp"
#include "http/body_buffer.hpp"
#include "http/codec.hpp"
#include "http/message.hpp"
#include "net/loop.hpp"
#include "net/stream.hpp"
#include "net/task.hpp"

namespace tollgate::http {

struct ServerLimits {
    std::size_t body_bytes_max = 32 * 1024 * 1024;
    std::size_t head_bytes_max = 64 * 1024;
    std::size_t connections_max = 60'000;            // per server (thread)
    std::chrono::milliseconds idle_timeout{75'000};  // between requests
    std::chrono::milliseconds head_timeout{30'000};  // from a head's first byte to its last
    std::chrono::milliseconds body_timeout{30'000};  // without a byte of the body
    std::chrono::milliseconds send_timeout{60'000};  // without the client taking a byte
};

class Exchange {
public:
    Exchange(net::Stream& stream, const RequestHead& head, std::string_view early_body,
             const ServerLimits& limits, net::CancelScope& scope);

    const RequestHead& head() const { return head_; }
    const Headers& headers() const { return head_.headers; }
    // Cancelled when the client leaves or the server stops. Pass it to every wait.
    net::CancelScope& scope() { return scope_; }
    net::Loop& loop() { return stream_.loop(); }
    const std::string& request_id() const { return request_id_; }
    const std::string& client_address() { return stream_.peer_address(); }
    net::Instant arrived() const { return arrived_; }  // the loop's turn that brought it
    std::int64_t arrived_unix_micros() const { return arrived_unix_micros_; }

    // The whole body in one piece, with BodyBuffer::padding readable bytes behind it.
    // Fails: too_large, timeout, invalid_request (bad chunks), unavailable (client closed).
    net::Task<base::Result<std::string_view>> read_body();
    std::string_view body() const {
        return body_read_ ? body_.view().substr(body_begin_) : std::string_view();
    }
    // Gives the body's memory back early, when nothing refers to it any more.
    void release_body() {
        body_.release();
        body_begin_ = 0;
    }
    // The first `instead_of` bytes of the body that was read become `text`, without moving the
    // others; gives the body anew. nullopt: there is no room, so many bytes as were asked for
    // before the body was read and those that are replaced.
    std::optional<std::string_view> put_in_front(std::string_view text, std::size_t instead_of);
    void leave_room_in_front(std::size_t bytes) {
        if (!body_read_) body_begin_ = bytes;
    }

    // A header of the answer; names are sent as given, control bytes in values as spaces. Before
    // respond() or start_stream().
    void add_header(std::string_view name, std::string_view value);
    // The same of a value in parts.
    void add_header(std::string_view name, std::span<const std::string_view> parts);
    // Writes whole lines of at most so many bytes behind those headers; add none while it is there.
    // REQUIRES: values of our own making, without control bytes.
    HeadWriter own_headers(std::size_t bytes);
    // x-request-id is always sent; on Anthropic paths request-id as well.
    void send_request_id_as_anthropic() { anthropic_request_id_ = true; }

    net::Task<base::Result<void>> respond(int status, std::string_view content_type,
                                          std::string_view body);
    net::Task<base::Result<void>> start_stream(int status, std::string_view content_type);
    net::Task<base::Result<void>> write(std::string_view bytes);
    // The end of a stream, with its last bytes if there are any: one packet for both.
    net::Task<base::Result<void>> finish(std::string_view last_bytes = {});
    // The path has routes, but none for this method.
    bool path_known() const { return path_known_; }
    // Ends the connection without a normal end of the answer.
    void abort() { must_close_ = true; }

    bool answered() const { return status_ != 0; }     // a head has left
    bool finished() const { return finished_; }
    bool streaming() const { return streaming_; }
    int status() const { return status_; }
    std::uint64_t bytes_sent() const { return bytes_sent_; }

private:
    friend class Session;
    void compose_head(int status, std::string_view content_type,
                      std::optional<std::size_t> length);
    // What the kernel has not taken yet.
    struct Unsent {
        std::array<iovec, 4> pieces;
        std::size_t first = 0, count = 0;
    };
    enum class Sent : std::uint8_t { all, some, failed };
    Sent send_some(Unsent& left);
    net::Task<base::Result<void>> send(std::span<const iovec> pieces);
    net::Task<base::Result<void>> send_with_others(iovec head, iovec body);  // net::WithOthers
    net::Task<base::Result<void>> send_rest(Unsent left);
    net::Task<base::Result<void>> send_chunk(std::string_view bytes, std::string_view after);
    net::Task<base::Result<std::string_view>> invite_body();
    net::Task<base::Result<std::string_view>> receive_body();
    net::Task<base::Result<std::string_view>> receive_rest(std::size_t have, std::size_t size);
    net::Task<base::Result<std::string_view>> read_chunked_body();
    bool keeps_alive() const;

    net::Stream& stream_;
    const RequestHead& head_;
    std::string_view early_body_;      // bytes behind the head that were read with it
    std::size_t early_used_ = 0;       // of those, how many were this request's
    std::string late_bytes_;           // a chunked body's reads may hold the next request's start
    const ServerLimits& limits_;
    net::CancelScope& scope_;
    net::Instant arrived_;
    std::int64_t arrived_unix_micros_;
    std::string request_id_;
    BodyBuffer body_;
    std::size_t body_begin_ = 0;  // before it: room for put_in_front()
    BodyBuffer extra_headers_;
    BodyBuffer head_out_;
    BodyBuffer sending_;     // the head, once it is on its way
    char size_line_[20] = {};  // of the chunk that is on its way
    std::uint64_t bytes_sent_ = 0;
    int status_ = 0;
    bool path_known_ = false;
    bool body_read_ = false;
    bool streaming_ = false;
    bool chunked_out_ = false;
    bool finished_ = false;
    bool must_close_ = false;
    bool draining_ = false;
    bool anthropic_request_id_ = false;
};

}  // namespace tollgate::http
