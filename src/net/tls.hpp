// TLS by OpenSSL 3: one shared context per policy, sessions resumed, sockets driven by readiness.
// Contexts are made once and shared by all threads; per-stream objects belong to their thread.
#pragma once
#include <memory>
#include <string>

#include "base/result.hpp"
#include "net/loop.hpp"
#include "net/stream.hpp"
#include "net/task.hpp"

typedef struct ssl_ctx_st SSL_CTX;

namespace tollgate::net {

struct TlsClientPolicy {
    bool verify = true;
    std::string ca_file;  // "" : the system's bundle (loaded once per process)
};

// Immutable after make(); thread-safe.
class TlsClientContext {
public:
    static base::Result<std::shared_ptr<TlsClientContext>> make(const TlsClientPolicy& policy);
    ~TlsClientContext();
    // Handshake with SNI and host name verification, resuming an earlier session to `host`.
    // Fails: provider with the reason (certificate expired, name mismatch, ...), timeout.
    Task<base::Result<void>> handshake(Stream& stream, const std::string& host, Patience patience);

private:
    TlsClientContext() = default;
    struct State;
    std::unique_ptr<State> state_;
};

class TlsServerContext {
public:
    // TLS 1.3 (1.2 accepted unless `minimum_1_3`). Fails: invalid_request naming the file.
    static base::Result<std::shared_ptr<TlsServerContext>> make(const std::string& certificate_file,
                                                                const std::string& key_file,
                                                                bool minimum_1_3 = true);
    ~TlsServerContext();
    Task<base::Result<void>> handshake(Stream& stream, Patience patience);

private:
    TlsServerContext() = default;
    SSL_CTX* context_ = nullptr;
};

}  // namespace tollgate::net
