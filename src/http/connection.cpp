// The first half of an exchange: sending the request, reading the answer's head. The body is in
// connection_body.cpp.
#include "http/connection.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace tollgate::http {
namespace {

// How often a stalled send looks whether the provider has answered already.
constexpr std::chrono::milliseconds early_answer_poll{100};
constexpr std::size_t pieces_per_write = 64;
// A connection keeps its strings from request to request, but not those of a huge head.
constexpr std::size_t kept_head_bytes_max = 4096;

void empty_out(std::string& text) {
    text.clear();
    if (text.capacity() > kept_head_bytes_max) text.shrink_to_fit();
}

}  // namespace

std::size_t SendCursor::fill(std::span<iovec> window) const {
    std::size_t count = 0;
    for (std::size_t i = next_; i <= body_.size() && count < window.size(); ++i) {
        std::string_view rest = piece(i).substr(i == next_ ? offset_ : 0);
        if (rest.empty()) continue;
        window[count++] = {const_cast<char*>(rest.data()), rest.size()};
    }
    return count;
}

void SendCursor::advance(std::size_t bytes) {
    while (next_ <= body_.size() && bytes >= piece(next_).size() - offset_) {
        bytes -= piece(next_).size() - offset_;
        offset_ = 0;
        ++next_;
    }
    offset_ += bytes;
}

net::Patience Connection::patience(net::Instant deadline) const {
    return net::Patience{std::min(deadline, deadlines_.total), scope_};
}

base::Error Connection::wake_error(net::Wake wake, const char* doing) const {
    if (wake == net::Wake::cancelled) {
        return {base::ErrorCode::cancelled, std::string("cancelled while ") + doing};
    }
    const bool total = stream_->loop().now() >= deadlines_.total;
    return {base::ErrorCode::timeout, std::string("timed out while ") + doing +
                                          (total ? " (the request's total deadline)" : "")};
}

void Connection::write_head(const Origin& origin, const OutgoingRequest& request) {
    std::uint64_t length = 0;
    for (std::string_view piece : request.body) length += piece.size();
    constexpr std::size_t fixed_text = 64;
    std::size_t size = request.method.size() + request.target.size() + origin.authority.size() +
                       fixed_text + number_bytes_max;
    for (const Header& header : request.headers) size += HeadWriter::bytes_of(header);
    request_head_.set_size(0);
    HeadWriter head(request_head_, size);
    head.put_text(request.method);
    head.put(" ");
    head.put_text(request.target);
    head.put(" HTTP/1.1\r\nHost: ");
    head.put_text(origin.authority);
    head.put("\r\n");
    for (const Header& header : request.headers) head.put_header(header.name, header.value);
    // RFC 9110, section 8.6: methods that expect a body say that it is empty.
    const bool no_body_expected =
        request.method == "GET" || request.method == "HEAD" || request.method == "DELETE";
    if (length > 0 || !no_body_expected) {
        head.put("Content-Length: ");
        head.put_number(length);
        head.put("\r\n");
    }
    head.put("\r\n");
}

net::Task<base::Result<void>> Connection::exchange(const Origin& origin, OutgoingRequest request,
                                                   const Deadlines& deadlines,
                                                   net::CancelScope* scope, CallFailure& failure) {
    deadlines_ = deadlines;
    scope_ = scope;
    is_head_request_ = request.method == "HEAD";
    sent_ = heard_ = answered_ = false;
    searched_ = 0;
    write_head(origin, request);
    CO_TRY_VOID(co_await send(request, failure));
    request_head_.release();
    const net::Patience until = patience(stream_->loop().after(deadlines_.headers));
    while (!answered_) {
        net::Wake wake = net::Wake::cancelled;
        if (!cancelled()) wake = co_await stream_->wait_readable(until);
        CO_TRY_VOID(hear_head(wake, failure));
    }
    auto begun = begin_body();
    if (!begun.ok()) failure = CallFailure::bad_head;
    co_return begun;
}

// Gives the kernel what it takes; true when that is all.
bool Connection::send_at_once(SendCursor& cursor) {
    std::array<iovec, pieces_per_write> window;
    while (const std::size_t pieces = cursor.fill(window)) {
        const net::IoResult written =
            stream_->try_write(std::span<const iovec>(window.data(), pieces));
        if (written.status != net::IoStatus::ok) return false;
        cursor.advance(written.bytes);
    }
    return true;
}

// No coroutine for what the kernel takes at once.
net::Task<base::Result<void>> Connection::send(const OutgoingRequest& request,
                                               CallFailure& failure) {
    SendCursor cursor(request_head_.view(), request.body);
    sent_ = !cancelled() && send_at_once(cursor);
    if (!sent_) return send_rest(cursor, failure);
    return net::Task<base::Result<void>>::ready();
}

// Sends the rest of the request. Stops without an error when a final answer comes before all is
// sent, be it that the provider refuses the body early, be it that it closes after its answer.
net::Task<base::Result<void>> Connection::send_rest(SendCursor cursor, CallFailure& failure) {
    std::array<iovec, pieces_per_write> window;
    net::Instant stalled_until = stream_->loop().after(deadlines_.idle);
    while (true) {
        if (cancelled()) {
            failure = CallFailure::cancelled;
            co_return wake_error(net::Wake::cancelled, "sending the request");
        }
        const std::size_t pieces = cursor.fill(window);
        if (pieces == 0) break;
        const net::IoResult written =
            stream_->try_write(std::span<const iovec>(window.data(), pieces));
        if (written.status == net::IoStatus::ok) {
            cursor.advance(written.bytes);
            stalled_until = stream_->loop().after(deadlines_.idle);
            continue;
        }
        const bool broken = written.status != net::IoStatus::would_block;
        if (!broken) {
            const net::Patience until =
                patience(std::min(stalled_until, stream_->loop().after(early_answer_poll)));
            const net::Wake wake = co_await stream_->wait_writable(until);
            if (wake == net::Wake::cancelled) continue;
            const net::Instant now = stream_->loop().now();
            if (wake == net::Wake::timeout && now >= std::min(stalled_until, deadlines_.total)) {
                failure = CallFailure::send;
                co_return wake_error(wake, "sending the request");
            }
        }
        while (!answered_ && receive() == Received::bytes) {
            auto parsed = parse_head();
            if (!parsed.ok()) {
                failure = CallFailure::bad_head;
                co_return std::move(parsed).error();
            }
        }
        if (answered_) co_return base::Result<void>();
        if (broken) {
            auto error = no_head(failure);
            if (!heard_) failure = CallFailure::send;
            co_return error;
        }
    }
    sent_ = true;
    co_return base::Result<void>();
}

// Reads of the head what has come.
base::Result<void> Connection::hear_head(net::Wake wake, CallFailure& failure) {
    if (wake != net::Wake::ready) {
        const bool late = wake == net::Wake::timeout;
        failure = late ? CallFailure::head_timeout : CallFailure::cancelled;
        return wake_error(wake, "waiting for the provider's answer");
    }
    const Received got = receive();
    if (got == Received::nothing) return {};
    if (got != Received::bytes) return no_head(failure);
    auto parsed = parse_head();
    if (!parsed.ok()) {
        failure = CallFailure::bad_head;
        return std::move(parsed).error();
    }
    return {};
}

// One read into the free part of input_, without waiting.
Connection::Received Connection::receive() {
    if (!input_) {
        input_ = base::take_buffer();
        begin_ = end_ = 0;
    }
    const net::IoResult got = stream_->try_read(input_.data() + end_, base::Buffer::size() - end_);
    if (got.status == net::IoStatus::ok) {
        end_ += got.bytes;
        heard_ = true;
        return Received::bytes;
    }
    if (begin_ == end_) {
        input_.release();
        begin_ = end_ = 0;
    }
    if (got.status == net::IoStatus::would_block) return Received::nothing;
    return got.status == net::IoStatus::end ? Received::closed : Received::failed;
}

base::Error Connection::no_head(CallFailure& failure) const {
    if (!heard_) {
        failure = CallFailure::closed_before_head;
        return {base::ErrorCode::unavailable,
                "the provider closed the connection without an answer"};
    }
    failure = CallFailure::bad_head;
    return {base::ErrorCode::provider,
            "the provider closed the connection in the middle of its answer's head"};
}

// True when input_ held the whole head of a final answer, now in head_.
base::Result<bool> Connection::parse_head() {
    const auto bad = [](const std::string& why) {
        return base::Error{base::ErrorCode::provider, "the provider's answer is no HTTP: " + why};
    };
    while (true) {
        const std::string_view bytes(input_.data() + begin_, end_ - begin_);
        const std::size_t length = head_length(bytes, searched_);
        if (length == 0) {
            if (bytes.size() < head_bytes_max) {
                if (end_ == base::Buffer::size()) {
                    std::memmove(input_.data(), bytes.data(), bytes.size());
                    begin_ = 0;
                    end_ = bytes.size();
                }
                return false;
            }
            return bad("the head is longer than " + std::to_string(head_bytes_max) + " bytes");
        }
        empty_out(head_text_);
        head_text_.assign(bytes.substr(0, length));
        auto parsed = parse_response_head(head_text_, head_);
        if (!parsed.ok()) return bad(parsed.error().message);
        begin_ += length;
        searched_ = 0;
        if (head_.status == 101) return bad("101 Switching Protocols was not asked for");
        if (head_.status < 200) continue;
        answered_ = true;
        return true;
    }
}

}  // namespace tollgate::http
