#include "net/tls.hpp"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <unordered_map>

namespace tollgate::net {
namespace {

constexpr std::size_t sessions_max = 256;          // remembered per context
constexpr std::size_t record_bytes = 16 * 1024;    // small pieces are joined up to one record

std::string openssl_error(const char* otherwise) {
    std::string text;
    while (unsigned long code = ERR_get_error()) {
        const char* reason = ERR_reason_error_string(code);
        if (reason != nullptr && text.empty()) text = reason;
    }
    return text.empty() ? otherwise : text;
}

bool is_address(const std::string& host) {
    unsigned char bytes[16];
    return inet_pton(AF_INET, host.c_str(), bytes) == 1 ||
           inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

}  // namespace

struct TlsClientContext::State {
    SSL_CTX* context = nullptr;
    bool verify = true;
    std::mutex mutex;
    std::unordered_map<std::string, SSL_SESSION*> sessions;

    ~State() {
        for (auto& [host, session] : sessions) SSL_SESSION_free(session);
        SSL_CTX_free(context);
    }
    static int host_index() {
        static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
        return index;
    }
    static int state_index() {
        static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
        return index;
    }
    // Called by OpenSSL with a ticket; returning 1 keeps the session.
    static int remember(SSL* ssl, SSL_SESSION* session) {
        auto* state = static_cast<State*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), state_index()));
        const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
        if (state == nullptr || name == nullptr) return 0;
        std::lock_guard lock(state->mutex);
        if (state->sessions.size() >= sessions_max && !state->sessions.contains(name)) return 0;
        SSL_SESSION*& slot = state->sessions[name];
        if (slot != nullptr) SSL_SESSION_free(slot);
        slot = session;
        return 1;
    }
    void resume(SSL* ssl, const std::string& host) {
        std::lock_guard lock(mutex);
        auto found = sessions.find(host);
        if (found != sessions.end()) SSL_set_session(ssl, found->second);
    }
};

base::Result<std::shared_ptr<TlsClientContext>> TlsClientContext::make(
    const TlsClientPolicy& policy) {
    std::shared_ptr<TlsClientContext> made(new TlsClientContext);
    made->state_ = std::make_unique<State>();
    State& state = *made->state_;
    state.context = SSL_CTX_new(TLS_client_method());
    state.verify = policy.verify;
    SSL_CTX_set_min_proto_version(state.context, TLS1_2_VERSION);
    SSL_CTX_set_mode(state.context, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                        SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(state.context,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(state.context, &State::remember);
    SSL_CTX_set_ex_data(state.context, State::state_index(), &state);
    SSL_CTX_set_verify(state.context, policy.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    if (policy.verify) {
        const int loaded = policy.ca_file.empty()
                               ? SSL_CTX_set_default_verify_paths(state.context)
                               : SSL_CTX_load_verify_locations(state.context,
                                                               policy.ca_file.c_str(), nullptr);
        if (loaded != 1) {
            return base::invalid("cannot load the certificate authorities from '" +
                                 policy.ca_file + "': " + openssl_error("unknown"));
        }
    }
    return made;
}

TlsClientContext::~TlsClientContext() = default;

Task<base::Result<void>> TlsClientContext::handshake(Stream& stream, const std::string& host,
                                                     Patience patience) {
    SSL* ssl = SSL_new(state_->context);
    SSL_set_fd(ssl, stream.fd());
    SSL_set_connect_state(ssl);
    stream.attach_tls(ssl);
    if (is_address(host)) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str());
    } else {
        SSL_set_tlsext_host_name(ssl, host.c_str());
        SSL_set1_host(ssl, host.c_str());
    }
    state_->resume(ssl, host);
    auto done = co_await stream.handshake(patience);
    if (!done.ok() && done.error().code == base::ErrorCode::provider) {
        const long verdict = SSL_get_verify_result(ssl);
        std::string why = verdict != X509_V_OK && state_->verify
                              ? X509_verify_cert_error_string(verdict)
                              : done.error().message;
        co_return base::Error{base::ErrorCode::provider, "TLS with " + host + " failed: " + why};
    }
    co_return done;
}

base::Result<std::shared_ptr<TlsServerContext>> TlsServerContext::make(
    const std::string& certificate_file, const std::string& key_file, bool minimum_1_3) {
    std::shared_ptr<TlsServerContext> made(new TlsServerContext);
    made->context_ = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_min_proto_version(made->context_, minimum_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
    SSL_CTX_set_mode(made->context_, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                         SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                         SSL_MODE_RELEASE_BUFFERS);
    if (SSL_CTX_use_certificate_chain_file(made->context_, certificate_file.c_str()) != 1) {
        return base::invalid("cannot use the certificate '" + certificate_file +
                             "': " + openssl_error("unreadable"), "server.tls.cert");
    }
    if (SSL_CTX_use_PrivateKey_file(made->context_, key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(made->context_) != 1) {
        return base::invalid("cannot use the private key '" + key_file +
                             "': " + openssl_error("unreadable"), "server.tls.key");
    }
    return made;
}

TlsServerContext::~TlsServerContext() {
    if (context_ != nullptr) SSL_CTX_free(context_);
}

Task<base::Result<void>> TlsServerContext::handshake(Stream& stream, Patience patience) {
    SSL* ssl = SSL_new(context_);
    SSL_set_fd(ssl, stream.fd());
    SSL_set_accept_state(ssl);
    stream.attach_tls(ssl);
    co_return co_await stream.handshake(patience);
}

// --- the TLS half of Stream ------------------------------------------------------------------

void Stream::release_tls() {
    if (ssl_ == nullptr) return;
    // Without this mark OpenSSL would throw the session away as cut short.
    SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(ssl_);
    ssl_ = nullptr;
}

void Stream::end_tls() {
    // Once: our close_notify, if there is room for it. The peer's is not waited for.
    if (SSL_is_init_finished(ssl_) == 1) SSL_shutdown(ssl_);
    ERR_clear_error();
}

// Session tickets that came after the handshake are no sign of an answer: OpenSSL takes them in
// passing. Anything else before a request is none of its answer.
bool Stream::tls_looks_idle() {
    ERR_clear_error();
    errno = 0;
    char byte;
    const int count = SSL_peek(ssl_, &byte, 1);
    if (count > 0) return false;
    const bool idle = tls_outcome(count).status == IoStatus::would_block;
    if (idle && SSL_want_read(ssl_) != 0) readable_ = false;
    return idle;
}

IoResult Stream::tls_outcome(int result) {
    switch (SSL_get_error(ssl_, result)) {
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE: return {IoStatus::would_block, 0, 0};
        case SSL_ERROR_ZERO_RETURN: return {IoStatus::end, 0, 0};
        case SSL_ERROR_SYSCALL:
            if (errno != 0) return {IoStatus::failed, 0, errno};
            return {IoStatus::end, 0, 0};
        default: {
            // A peer that closes without close_notify: framing above notices what is missing.
            const unsigned long code = ERR_peek_error();
            if (ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
                ERR_clear_error();
                return {IoStatus::end, 0, 0};
            }
            tls_error_ = openssl_error("TLS failure");
            return {IoStatus::failed, 0, 0};
        }
    }
}

IoResult Stream::tls_read(char* data, std::size_t size) {
    ERR_clear_error();
    errno = 0;
    const int count = SSL_read(ssl_, data, static_cast<int>(std::min<std::size_t>(size, 1 << 30)));
    if (count > 0) {
        read_wants_write_ = false;
        return {IoStatus::ok, static_cast<std::size_t>(count), 0};
    }
    const IoResult outcome = tls_outcome(count);
    if (outcome.status == IoStatus::would_block) {
        read_wants_write_ = SSL_want_write(ssl_) != 0;
        (read_wants_write_ ? writable_ : readable_) = false;
    }
    return outcome;
}

IoResult Stream::tls_write(std::span<const iovec> pieces) {
    static thread_local char joined[record_bytes];
    const char* data = nullptr;
    std::size_t size = 0;
    if (pieces.size() == 1 || pieces[0].iov_len >= record_bytes) {
        data = static_cast<const char*>(pieces[0].iov_base);
        size = pieces[0].iov_len;
    } else {
        for (const iovec& piece : pieces) {
            const std::size_t take = std::min(piece.iov_len, record_bytes - size);
            std::memcpy(joined + size, piece.iov_base, take);
            size += take;
            if (size == record_bytes) break;
        }
        data = joined;
    }
    ERR_clear_error();
    errno = 0;
    const int count = SSL_write(ssl_, data, static_cast<int>(std::min<std::size_t>(size, 1 << 30)));
    if (count > 0) {
        write_wants_read_ = false;
        return {IoStatus::ok, static_cast<std::size_t>(count), 0};
    }
    const IoResult outcome = tls_outcome(count);
    if (outcome.status == IoStatus::would_block) {
        write_wants_read_ = SSL_want_read(ssl_) != 0;
        (write_wants_read_ ? readable_ : writable_) = false;
    }
    return outcome;
}

Task<base::Result<void>> Stream::handshake(Patience patience) {
    while (true) {
        ERR_clear_error();
        errno = 0;
        const int result = SSL_do_handshake(ssl_);
        if (result == 1) co_return base::Result<void>();
        const IoResult outcome = tls_outcome(result);
        if (outcome.status != IoStatus::would_block) {
            const std::string why = outcome.status == IoStatus::end
                                        ? "the peer closed the connection during the handshake"
                                        : (outcome.error_number != 0
                                               ? std::strerror(outcome.error_number)
                                               : tls_error_);
            co_return base::Error{base::ErrorCode::provider, why};
        }
        const bool writing = SSL_want_write(ssl_) != 0;
        (writing ? writable_ : readable_) = false;
        Wake wake;
        if (writing) {
            wake = co_await wait_writable(patience);
        } else {
            wake = co_await wait_readable(patience);
        }
        if (wake == Wake::timeout) {
            co_return base::Error{base::ErrorCode::timeout, "the TLS handshake timed out"};
        }
        if (wake == Wake::cancelled) {
            co_return base::Error{base::ErrorCode::cancelled, "cancelled in the TLS handshake"};
        }
    }
}

}  // namespace tollgate::net
