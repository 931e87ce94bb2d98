#include "http/exchange.hpp"

#include <algorithm>
#include <array>
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
      arrived_(net::Clock::now()), request_id_(base::uuid7()) {}

net::Task<base::Result<std::string_view>> Exchange::read_body() {
    if (body_read_) co_return body_.view();
    if (head_.content_length.value_or(0) > limits_.body_bytes_max) {
        co_return too_large(limits_.body_bytes_max);
    }
    if (head_.expect_continue && early_body_.empty() && head_.has_body()) {
        const iovec go_on[] = {piece("HTTP/1.1 100 Continue\r\n\r\n")};
        CO_TRY_VOID(co_await send(go_on));
    }
    if (head_.chunked) co_return co_await read_chunked_body();
    co_return co_await read_sized_body(static_cast<std::size_t>(head_.content_length.value_or(0)));
}

net::Task<base::Result<std::string_view>> Exchange::read_sized_body(std::size_t size) {
    body_.reserve(size);
    early_used_ = std::min(size, early_body_.size());
    std::memcpy(body_.data(), early_body_.data(), early_used_);
    std::size_t have = early_used_;
    while (have < size) {
        const net::IoResult got = stream_.try_read(body_.data() + have, size - have);
        if (got.status == net::IoStatus::ok) {
            have += got.bytes;
            continue;
        }
        if (got.status != net::IoStatus::would_block) co_return client_closed();
        const net::Patience patience{loop().after(limits_.body_timeout), &scope_};
        const net::Wake wake = co_await stream_.wait_readable(patience);
        if (wake == net::Wake::timeout) {
            must_close_ = true;
            co_return base::Error{base::ErrorCode::request_timeout,
                                  "the request body did not arrive in time: " +
                                      std::to_string(have) + " of " + std::to_string(size) +
                                      " bytes"};
        }
        if (wake == net::Wake::cancelled && !stream_.peer_closed()) co_return client_closed();
        if (wake == net::Wake::cancelled) {
            // The last bytes may lie before the close.
            const net::IoResult last = stream_.try_read(body_.data() + have, size - have);
            if (last.status != net::IoStatus::ok) co_return client_closed();
            have += last.bytes;
        }
    }
    body_.set_size(size);
    body_read_ = true;
    co_return body_.view();
}

net::Task<base::Result<std::string_view>> Exchange::read_chunked_body() {
    constexpr std::size_t read_bytes = 16 * 1024;
    ChunkedDecoder decoder;
    std::size_t have = 0;
    body_.reserve(std::max(read_bytes, early_body_.size()));
    std::memcpy(body_.data(), early_body_.data(), early_body_.size());
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
            if (have > limits_.body_bytes_max) co_return too_large(limits_.body_bytes_max);
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
    co_return body_.view();
}

void Exchange::add_header(std::string_view name, std::string_view value) {
    // An answer with limits and a cap has a kilobyte of them: room is made once.
    constexpr std::size_t usual_bytes = 1'024;
    if (extra_headers_.empty()) extra_headers_.reserve(usual_bytes);
    if (all_value(value)) {
        append_header(extra_headers_, name, value);
        return;
    }
    // A line end in a value would begin a header, or an answer, of somebody else's making.
    std::string plain(value);
    for (char& c : plain) {
        if ((byte_kinds[static_cast<unsigned char>(c)] & kind_value) == 0) c = ' ';
    }
    append_header(extra_headers_, name, plain);
}

bool Exchange::keeps_alive() const {
    return head_.keep_alive && !must_close_ && !draining_ && (body_read_ || !head_.has_body());
}

void Exchange::compose_head(int status, std::string_view content_type,
                            std::optional<std::size_t> length) {
    status_ = status;
    head_out_.reserve(384 + extra_headers_.size());
    head_out_ += "HTTP/1.1 ";
    head_out_ += std::to_string(status);
    head_out_ += ' ';
    head_out_ += reason_phrase(status);
    head_out_ += "\r\ndate: ";
    head_out_ += date_text();
    head_out_ += "\r\n";
    if (!content_type.empty()) append_header(head_out_, "content-type", content_type);
    append_header(head_out_, "x-request-id", request_id_);
    if (anthropic_request_id_) append_header(head_out_, "request-id", request_id_);
    head_out_ += extra_headers_;
    const bool bodiless = status == 204 || status == 304;
    if (length && !bodiless) {
        append_header(head_out_, "content-length", std::to_string(*length));
    } else if (!length && head_.minor_version >= 1) {
        chunked_out_ = true;
        head_out_ += "transfer-encoding: chunked\r\n";
    } else if (!length) {
        must_close_ = true;
    }
    if (!keeps_alive()) {
        head_out_ += "connection: close\r\n";
    } else if (head_.minor_version == 0) {
        head_out_ += "connection: keep-alive\r\n";
    }
    head_out_ += "\r\n";
}

net::Task<base::Result<void>> Exchange::send(std::span<const iovec> pieces) {
    // The deadline renews with every byte the client takes: slow is allowed, stuck is not.
    constexpr std::size_t pieces_max = 4;
    std::array<iovec, pieces_max> left;
    std::size_t count = 0;
    for (const iovec& item : pieces) {
        if (item.iov_len > 0) left[count++] = item;
    }
    std::size_t first = 0;
    while (first < count) {
        const std::span<const iovec> rest(left.data() + first, count - first);
        const net::IoResult sent = stream_.try_write(rest);
        if (sent.status == net::IoStatus::ok) {
            bytes_sent_ += sent.bytes;
            std::size_t bytes = sent.bytes;
            while (first < count && bytes >= left[first].iov_len) bytes -= left[first++].iov_len;
            if (bytes > 0) {
                left[first].iov_base = static_cast<char*>(left[first].iov_base) + bytes;
                left[first].iov_len -= bytes;
            }
            continue;
        }
        if (sent.status != net::IoStatus::would_block) {
            must_close_ = true;
            scope_.cancel(loop(), net::CancelReason::client_gone);
            co_return client_closed();
        }
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
    }
    co_return base::Result<void>();
}

net::Task<base::Result<void>> Exchange::respond(int status, std::string_view content_type,
                                                std::string_view body) {
    assert(status_ == 0);
    compose_head(status, content_type, body.size());
    finished_ = true;
    const bool headless = head_.method == Method::head || status == 204 || status == 304;
    const iovec pieces[] = {piece(head_out_), piece(headless ? std::string_view() : body)};
    co_return co_await send(pieces);
}

net::Task<base::Result<void>> Exchange::start_stream(int status, std::string_view content_type) {
    assert(status_ == 0);
    compose_head(status, content_type, std::nullopt);
    streaming_ = true;
    // Held back until the first write, so that head and first event share a packet.
    co_return base::Result<void>();
}

net::Task<base::Result<void>> Exchange::send_chunk(std::string_view bytes,
                                                   std::string_view after) {
    char size_line[20];
    std::size_t size_length = 0;
    if (chunked_out_ && !bytes.empty()) {
        size_length = static_cast<std::size_t>(
            std::snprintf(size_line, sizeof size_line, "%zx\r\n", bytes.size()));
    }
    std::string head = std::move(head_out_);
    head_out_.clear();
    const iovec pieces[] = {piece(head), {size_line, size_length}, piece(bytes), piece(after)};
    co_return co_await send(pieces);
}

net::Task<base::Result<void>> Exchange::write(std::string_view bytes) {
    if (bytes.empty() && head_out_.empty()) co_return base::Result<void>();
    const std::string_view after = chunked_out_ && !bytes.empty() ? "\r\n" : "";
    co_return co_await send_chunk(bytes, after);
}

net::Task<base::Result<void>> Exchange::finish(std::string_view last_bytes) {
    if (finished_) co_return base::Result<void>();
    finished_ = true;
    std::string_view after;
    if (chunked_out_) after = last_bytes.empty() ? "0\r\n\r\n" : "\r\n0\r\n\r\n";
    co_return co_await send_chunk(last_bytes, after);
}

}  // namespace tollgate::http
