// The second half of an exchange: the body of the answer.
#include <algorithm>

#include "http/connection.hpp"

namespace tollgate::http {

base::Result<void> Connection::begin_body() {
    framing_done_ = complete_ = failed_ = more_output_ = false;
    raw_ = pending_ = {};
    received_ = 0;
    left_ = 0;
    chunks_ = ChunkedDecoder();
    decompressor_.reset();
    idle_deadline_ = net::Instant::max();
    release_if_empty();
    if (is_head_request_ || head_.status == 204 || head_.status == 304) {
        body_kind_ = BodyKind::none;
        framing_done_ = true;
        return {};
    }
    if (head_.chunked) {
        body_kind_ = BodyKind::chunked;
    } else if (head_.content_length) {
        body_kind_ = BodyKind::length;
        left_ = *head_.content_length;
        framing_done_ = left_ == 0;
    } else {
        body_kind_ = BodyKind::until_close;
    }
    const auto encoding = head_.headers.find("content-encoding");
    if (encoding && !encoding->empty()) {
        TRY(decompressor_, Decompressor::make(*encoding));
    }
    return {};
}

bool Connection::fail(base::Error error) {
    failed_ = true;
    failure_ = std::move(error);
    pending_ = raw_ = {};
    input_.release();
    output_.release();
    begin_ = end_ = 0;
    return true;
}

void Connection::release_if_empty() {
    if (begin_ != end_ || !raw_.empty()) return;
    input_.release();
    begin_ = end_ = 0;
}

// The next bytes of the body as they were sent, taken from input_; "" when it holds none.
std::string_view Connection::next_raw() {
    char* data = input_.data() + begin_;
    std::size_t size = end_ - begin_;
    if (framing_done_ || size == 0) return {};
    if (body_kind_ == BodyKind::chunked) {
        std::size_t consumed = 0;
        auto kept = chunks_.decode(data, size, consumed);
        if (!kept.ok()) {
            fail({base::ErrorCode::provider,
                  "the provider's chunked body is malformed: " + kept.error().message});
            return {};
        }
        begin_ += consumed;
        framing_done_ = chunks_.finished();
        received_ += *kept;
        return {data, *kept};
    }
    if (body_kind_ == BodyKind::length) {
        size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, size));
        left_ -= size;
        framing_done_ = left_ == 0;
    }
    begin_ += size;
    received_ += size;
    return {data, size};
}

// Decompresses some of raw_ into pending_. True when there is something to say.
bool Connection::decode_raw() {
    if (!output_) output_ = base::take_buffer();
    auto count = decompressor_->decode(raw_, output_.data(), base::Buffer::size());
    if (!count.ok()) return fail(std::move(count).error());
    more_output_ = *count > 0;
    if (*count == 0) {
        output_.release();
        return false;
    }
    pending_ = {output_.data(), *count};
    return true;
}

// Makes pending_ from what has been received. True when take() has something to give: bytes, the
// end or an error; false when more bytes are needed.
bool Connection::digest() {
    while (true) {
        if (failed_ || complete_ || !pending_.empty()) return true;
        if (decompressor_ && (more_output_ || !raw_.empty())) {
            if (decode_raw()) return true;
        }
        raw_ = next_raw();
        if (failed_) return true;
        if (!raw_.empty() && !decompressor_) {
            pending_ = raw_;
            raw_ = {};
            return true;
        }
        if (!raw_.empty()) continue;
        if (!framing_done_) {
            release_if_empty();
            return false;
        }
        if (decompressor_) {
            auto finished = decompressor_->finish();
            if (!finished.ok()) return fail(std::move(finished).error());
        }
        complete_ = true;
        release_if_empty();
        return true;
    }
}

// The provider has closed the connection, or broken it.
void Connection::received_end(bool orderly) {
    if (body_kind_ == BodyKind::until_close && orderly) {
        framing_done_ = true;
        digest();
        return;
    }
    std::string message = "the provider closed the connection in the middle of its answer, after " +
                          std::to_string(received_) + " bytes of the body";
    fail({base::ErrorCode::provider, std::move(message)});
}

net::Task<base::Result<bool>> Connection::wait(net::Instant until) {
    if (digest()) return net::Task<base::Result<bool>>::ready(true);
    return wait_for_more(until);
}

net::Task<base::Result<bool>> Connection::wait_for_more(net::Instant until) {
    net::Loop& loop = stream_->loop();
    while (!digest()) {
        if (cancelled()) co_return fail(wake_error(net::Wake::cancelled, "reading the answer"));
        // The idle clock runs only while we wait: a slow client is no fault of the provider.
        if (idle_deadline_ == net::Instant::max()) idle_deadline_ = loop.after(deadlines_.idle);
        const net::Instant deadline = std::min(idle_deadline_, deadlines_.total);
        const net::Patience patience{std::min(until, deadline), scope_};
        const net::Wake wake = co_await stream_->wait_readable(patience);
        if (wake == net::Wake::timeout || loop.now() >= deadlines_.total) {
            if (loop.now() < deadline) co_return false;
            co_return fail(wake_error(wake, "reading the answer"));
        }
        if (wake == net::Wake::cancelled) continue;
        const Received got = receive();
        if (got == Received::bytes) idle_deadline_ = net::Instant::max();
        if (got == Received::closed || got == Received::failed) {
            received_end(got == Received::closed);
        }
    }
    co_return true;
}

base::Result<std::string_view> Connection::take() {
    if (failed_) return failure_;
    return std::exchange(pending_, {});
}

bool Connection::end_exchange() {
    if (!answered_) return false;
    // Whoever stops at the last event has not seen the end of the framing behind it; it has often
    // arrived by now, and then the connection is as good as new.
    pending_ = {};
    if (!digest() && body_kind_ == BodyKind::chunked && sent_ && !cancelled()) {
        if (receive() == Received::bytes) digest();
    }
    const bool ended = complete_ && pending_.empty() && begin_ == end_;
    const bool fit = ended && sent_ && head_.keep_alive && body_kind_ != BodyKind::until_close;
    input_.release();
    output_.release();
    begin_ = end_ = 0;
    decompressor_.reset();
    scope_ = nullptr;
    return fit;
}

}  // namespace tollgate::http
