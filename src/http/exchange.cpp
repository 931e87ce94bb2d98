#include "http/exchange.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <ctime>

#include "base/ids.hpp"
#include "http/scan.hpp"

namespace tollgate::http {
namespace {

// The Date header's value, made once a second per thread. Format: RFC 9110 section 5.6.7.
std::string_view date_text() {
    thread_local std::time_t made_for = 0;
    thread_local char text[40];
    thread_local std::size_t length = 0;
    const std::time_t now = std::time(nullptr);
    if (now != made_for) {
        std::tm parts{};
        gmtime_r(&now, &parts);
        length = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
        made_for = now;
    }
    return {text, length};
}

std::int64_t unix_micros() {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

iovec piece(std::string_view text) { return {const_cast<char*>(text.data()), text.size()}; }

base::Error client_closed() {
    return {base::ErrorCode::cancelled, "the client closed the connection"};
}

base::Error too_large(std::size_t limit) {
    return {base::ErrorCode::too_large,
            "the request body is larger than " + std::to_string(limit) +
                " bytes (server.limits.body_bytes)"};
}

}  // namespace

Exchange::Exchange(net::Stream& stream, const RequestHead& head, std::string_view early_body,
                   const ServerLimits& limits, net::CancelScope& scope)
    : stream_(stream), head_(head), early_body_(early_body), limits_(limits), scope_(scope),
      arrived_(stream.loop().now()), arrived_unix_micros_(unix_micros()),
      request_id_(base::uuid7(std::chrono::milliseconds(arrived_unix_micros_ / 1'000))) {}

net::Task<base::Result<std::string_view>> Exchange::read_body() {
    using Body = net::Task<base::Result<std::string_view>>;
    if (body_read_) return Body::ready(body());
    if (head_.content_length.value_or(0) > limits_.body_bytes_max) {
        return Body::ready(too_large(limits_.body_bytes_max));
    }
    if (head_.expect_continue && early_body_.empty() && head_.has_body()) return invite_body();
    return receive_body();
}

net::Task<base::Result<std::string_view>> Exchange::invite_body() {
    const iovec go_on[] = {piece("HTTP/1.1 100 Continue\r\n\r\n")};
    CO_TRY_VOID(co_await send(go_on));
    co_return co_await receive_body();
}

// No coroutine: most bodies have come as a whole by the time somebody asks for them.
net::Task<base::Result<std::string_view>> Exchange::receive_body() {
    using Body = net::Task<base::Result<std::string_view>>;
    if (head_.chunked) return read_chunked_body();
    const auto size = static_cast<std::size_t>(head_.content_length.value_or(0));
    body_.reserve(body_begin_ + size);
    char* const into = body_.data() + body_begin_;
    early_used_ = std::min(size, early_body_.size());
    std::memcpy(into, early_body_.data(), early_used_);
    std::size_t have = early_used_;
    while (have < size) {
        const net::IoResult got = stream_.try_read(into + have, size - have);
        if (got.status == net::IoStatus::would_block) return receive_rest(have, size);
        if (got.status != net::IoStatus::ok) return Body::ready(client_closed());
        have += got.bytes;
    }
    body_.set_size(body_begin_ + size);
    body_read_ = true;
    return Body::ready(body());
}

net::Task<base::Result<std::string_view>> Exchange::receive_rest(std::size_t have,
                                                                 std::size_t size) {
    char* const into = body_.data() + body_begin_;
    while (have < size) {
        const net::Patience patience{loop().after(limits_.body_timeout), &scope_};
        const net::Wake wake = co_await stream_.wait_readable(patience);
        if (wake == net::Wake::timeout) {
            must_close_ = true;
            co_return base::Error{base::ErrorCode::request_timeout,
                                  "the request body did not arrive in time: " +
                                      std::to_string(have) + " of " + std::to_string(size) +
                                      " bytes"};
        }
        const bool cancelled = wake == net::Wake::cancelled;
        if (cancelled && !stream_.peer_closed()) co_return client_closed();
        // Of a client that has closed, the last bytes may lie before the close.
        const net::IoResult got = stream_.try_read(into + have, size - have);
        if (got.status == net::IoStatus::ok) {
            have += got.bytes;
            continue;
        }
        if (got.status != net::IoStatus::would_block || cancelled) co_return client_closed();
    }
    body_.set_size(body_begin_ + size);
    body_read_ = true;
    co_return body();
}

net::Task<base::Result<std::string_view>> Exchange::read_chunked_body() {
    constexpr std::size_t read_bytes = 16 * 1024;
    ChunkedDecoder decoder;
    std::size_t have = body_begin_;
    body_.reserve(have + std::max(read_bytes, early_body_.size()));
    std::memcpy(body_.data() + have, early_body_.data(), early_body_.size());
    std::size_t fresh = early_body_.size();
    bool early = true;
    while (true) {
        if (fresh > 0) {
            std::size_t consumed = 0;
            CO_TRY(const std::size_t data, decoder.decode(body_.data() + have, fresh, consumed));
            if (early) {
                early_used_ = consumed;
            } else if (consumed < fresh) {
                late_bytes_.assign(body_.data() + have + consumed, fresh - consumed);
            }
            have += data;
            body_.set_size(have);
            if (have - body_begin_ > limits_.body_bytes_max) {
                co_return too_large(limits_.body_bytes_max);
            }
            if (decoder.finished()) break;
        }
        early = false;
        body_.reserve(have + read_bytes);
        // What is read behind the body's end has to fit the session's buffer.
        const std::size_t room = std::min(body_.capacity() - have, base::Buffer::size());
        const net::IoResult got = stream_.try_read(body_.data() + have, room);
        fresh = got.status == net::IoStatus::ok ? got.bytes : 0;
        if (fresh > 0) continue;
        if (got.status != net::IoStatus::would_block) co_return client_closed();
        const net::Patience patience{loop().after(limits_.body_timeout), &scope_};
        const net::Wake wake = co_await stream_.wait_readable(patience);
        if (wake == net::Wake::cancelled) co_return client_closed();
        if (wake == net::Wake::timeout) {
            must_close_ = true;
            co_return base::Error{base::ErrorCode::request_timeout,
                                  "the request body did not arrive in time"};
        }
    }
    body_read_ = true;
    co_return body();
}

std::optional<std::string_view> Exchange::put_in_front(std::string_view text,
                                                       std::size_t instead_of) {
    const std::size_t rest = body_begin_ + instead_of;
    if (!body_read_ || rest > body_.size() || text.size() > rest) return std::nullopt;
    body_begin_ = rest - text.size();
    std::memcpy(body_.data() + body_begin_, text.data(), text.size());
    return body();
}

void Exchange::add_header(std::string_view name, std::string_view value) {
    const std::string_view parts[] = {value};
    add_header(name, parts);
}

void Exchange::add_header(std::string_view name, std::span<const std::string_view> parts) {
    std::size_t size = 0;
    for (const std::string_view part : parts) size += part.size();
    const std::size_t begin = extra_headers_.size() + name.size() + 2;
    constexpr std::size_t usual_bytes = 1900;  // of all headers of a governed answer
    extra_headers_.reserve(usual_bytes);
    {
        HeadWriter writer(extra_headers_, begin + size + 2 - extra_headers_.size());
        writer.put_text(name);
        writer.put(": ");
        for (const std::string_view part : parts) writer.put_text(part);
        writer.put("\r\n");
    }
    const std::span<char> value(extra_headers_.data() + begin, size);
    if (all_value({value.data(), value.size()})) return;
    // A line end in a value would begin a header, or an answer, of somebody else's making.
    for (char& c : value) {
        if ((byte_kinds[static_cast<unsigned char>(c)] & kind_value) == 0) c = ' ';
    }
}

HeadWriter Exchange::own_headers(std::size_t bytes) { return {extra_headers_, bytes}; }

bool Exchange::keeps_alive() const {
    return head_.keep_alive && !must_close_ && !draining_ && (body_read_ || !head_.has_body());
}

void Exchange::compose_head(int status, std::string_view content_type,
                            std::optional<std::size_t> length) {
    status_ = status;
    const bool bodiless = status == 204 || status == 304;
    const bool stated = length && !bodiless;
    chunked_out_ = !length && head_.minor_version >= 1;
    if (!length && !chunked_out_) must_close_ = true;
    constexpr std::size_t fixed_lines = 384;
    HeadWriter head(head_out_, fixed_lines + content_type.size() + extra_headers_.size());
    if (status == 200) {
        head.put("HTTP/1.1 200 OK\r\ndate: ");
    } else {
        head.put("HTTP/1.1 ");
        head.put_number(static_cast<std::uint64_t>(status));
        head.put(" ");
        head.put_text(reason_phrase(status));
        head.put("\r\ndate: ");
    }
    head.put_text(date_text());
    head.put("\r\n");
    if (!content_type.empty()) head.put_header("content-type", content_type);
    head.put_header("x-request-id", request_id_);
    if (anthropic_request_id_) head.put_header("request-id", request_id_);
    head.put_text(extra_headers_.view());
    if (stated) {
        head.put("content-length: ");
        head.put_number(*length);
        head.put("\r\n");
    } else if (chunked_out_) {
        head.put("transfer-encoding: chunked\r\n");
    }
    if (!keeps_alive()) {
        head.put("connection: close\r\n");
    } else if (head_.minor_version == 0) {
        head.put("connection: keep-alive\r\n");
    }
    head.put("\r\n");
    extra_headers_.release();
}

// Gives the kernel what it takes.
Exchange::Sent Exchange::send_some(Unsent& left) {
    while (left.first < left.count) {
        const net::IoResult sent =
            stream_.try_write({left.pieces.data() + left.first, left.count - left.first});
        if (sent.status == net::IoStatus::would_block) return Sent::some;
        if (sent.status != net::IoStatus::ok) {
            must_close_ = true;
            scope_.cancel(loop(), net::CancelReason::client_gone);
            return Sent::failed;
        }
        bytes_sent_ += sent.bytes;
        std::size_t bytes = sent.bytes;
        while (left.first < left.count && bytes >= left.pieces[left.first].iov_len) {
            bytes -= left.pieces[left.first++].iov_len;
        }
        if (bytes > 0) {
            iovec& next = left.pieces[left.first];
            next.iov_base = static_cast<char*>(next.iov_base) + bytes;
            next.iov_len -= bytes;
        }
    }
    return Sent::all;
}

// No coroutine: the kernel nearly always takes an answer at once.
net::Task<base::Result<void>> Exchange::send(std::span<const iovec> pieces) {
    Unsent left;
    for (const iovec& item : pieces) {
        if (item.iov_len > 0) left.pieces[left.count++] = item;
    }
    switch (send_some(left)) {
        case Sent::all: return net::Task<base::Result<void>>::ready();
        case Sent::failed: return net::Task<base::Result<void>>::ready(client_closed());
        case Sent::some: break;
    }
    return send_rest(left);
}

net::Task<base::Result<void>> Exchange::send_rest(Unsent left) {
    while (true) {
        // The deadline renews with every byte the client takes: slow is allowed, stuck is not.
        const net::Patience patience{loop().after(limits_.send_timeout), &scope_};
        const net::Wake wake = co_await stream_.wait_writable(patience);
        if (wake != net::Wake::ready) {
            must_close_ = true;
            if (wake == net::Wake::timeout) {
                scope_.cancel(loop(), net::CancelReason::client_gone);
                co_return base::Error{base::ErrorCode::timeout, "the client stopped reading"};
            }
            co_return client_closed();
        }
        const Sent sent = send_some(left);
        if (sent == Sent::failed) co_return client_closed();
        if (sent == Sent::all) co_return base::Result<void>();
    }
}

net::Task<base::Result<void>> Exchange::respond(int status, std::string_view content_type,
                                                std::string_view body) {
    assert(status_ == 0);
    compose_head(status, content_type, body.size());
    finished_ = true;
    const bool headless = head_.method == Method::head || status == 204 || status == 304;
    const iovec pieces[] = {piece(head_out_.view()), piece(headless ? std::string_view() : body)};
    if (!loop().has_more_events()) return send(pieces);
    return send_with_others(pieces[0], pieces[1]);
}

net::Task<base::Result<void>> Exchange::send_with_others(iovec head, iovec body) {
    co_await net::WithOthers{loop(), head.iov_len + body.iov_len};
    const iovec pieces[] = {head, body};
    co_return co_await send(pieces);
}

net::Task<base::Result<void>> Exchange::start_stream(int status, std::string_view content_type) {
    assert(status_ == 0);
    compose_head(status, content_type, std::nullopt);
    streaming_ = true;
    // Held back until the first write, so that head and first event share a packet.
    return net::Task<base::Result<void>>::ready();
}

net::Task<base::Result<void>> Exchange::send_chunk(std::string_view bytes,
                                                   std::string_view after) {
    std::size_t size_length = 0;
    if (chunked_out_ && !bytes.empty()) {
        char* const end = std::to_chars(size_line_, std::end(size_line_) - 2, bytes.size(), 16).ptr;
        std::memcpy(end, "\r\n", 2);
        size_length = static_cast<std::size_t>(end + 2 - size_line_);
    }
    sending_ = std::move(head_out_);
    head_out_.release();
    const iovec pieces[] = {
        piece(sending_.view()), {size_line_, size_length}, piece(bytes), piece(after)};
    auto sent = send(pieces);
    if (sent.await_ready()) sending_.release();
    return sent;
}

net::Task<base::Result<void>> Exchange::write(std::string_view bytes) {
    if (bytes.empty() && head_out_.size() == 0) return net::Task<base::Result<void>>::ready();
    const std::string_view after = chunked_out_ && !bytes.empty() ? "\r\n" : "";
    return send_chunk(bytes, after);
}

net::Task<base::Result<void>> Exchange::finish(std::string_view last_bytes) {
    if (finished_) return net::Task<base::Result<void>>::ready();
    finished_ = true;
    std::string_view after;
    if (chunked_out_) after = last_bytes.empty() ? "0\r\n\r\n" : "\r\n0\r\n\r\n";
    return send_chunk(last_bytes, after);
}

}  // namespace tollgate::http
