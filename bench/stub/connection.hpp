// One client's connection to the stub: bytes in and out, with or without TLS, never blocking.
// Threading: the stub's only thread. Owns the descriptor and the TLS session.
#pragma once

#include "common/net.hpp"
#include "stub/answers.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <openssl/ssl.h>
#include <string>
#include <string_view>

namespace bench {

// Bytes that have arrived and are not used up. Memory is not cleared when it grows.
class InputBuffer {
public:
    std::string_view view() const { return {data_.get(), size_}; }
    char* space() { return data_.get() + size_; }
    std::size_t room() const { return capacity_ - size_; }
    void add(std::size_t bytes) { size_ += bytes; }
    void reserve(std::size_t capacity);
    void consume(std::size_t bytes);
    // Gives memory back, for connections that stay open and quiet.
    void release_if_empty();

private:
    std::unique_ptr<char[]> data_;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

struct SslFree {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
};

enum class Phase { reading, delayed, streaming, stalled };
enum class Received { some, nothing, closed };
enum class Sent { all, waiting, closed };

class Connection {
public:
    Connection(Fd fd, std::size_t listener, SSL_CTX* tls);

    int descriptor() const { return fd_.get(); }
    // Reads what fits into `input`. With TLS it may have to be called until it says nothing.
    Received receive();
    bool more_may_wait() const { return ssl_ != nullptr || filled_; }
    // Sends all it can and keeps the rest, which flush() goes on with when writable.
    Sent send(std::string_view bytes);
    Sent flush();
    bool has_unsent() const { return unsent_at_ < unsent_.size(); }

    const std::size_t listener;
    InputBuffer input;
    Phase phase = Phase::reading;
    // Streaming only.
    const Answer* answer = nullptr;
    const AnswerOptions* options = nullptr;
    std::uint32_t events_sent = 0;
    bool half_sent = false;      // the first part of a split event has left
    bool queued = false;         // stands in the server's list of streams to go on with
    bool watching_writable = false;
    bool close_when_sent = false;
    std::uint64_t due_ns = 0;
    std::uint64_t generation = 0;  // tells timers of an earlier answer from the present one
    std::uint64_t body_hash = 0;

private:
    long write_some(std::string_view bytes);  // -1: would block, -2: gone

    Fd fd_;
    std::unique_ptr<SSL, SslFree> ssl_;
    std::string unsent_;
    std::size_t unsent_at_ = 0;
    bool filled_ = false;
};

}  // namespace bench
