// A mail server for tests on a free loopback port: keeps what it was told, with STARTTLS under a
// certificate of its own. Threads and blocking sockets, bounded to a few seconds.
#pragma once
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <csignal>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "http/scripted_server_test.hpp"

namespace tollgate::policy {

struct SmtpManners {
    bool starttls = true;
    std::string auth = "PLAIN LOGIN";  // "" : offers none
    std::string refused_recipient;
    std::string greeting = "220 mail.test ready\r\n";
    bool inject_after_starttls = false;
};

class FakeSmtp {
public:
    explicit FakeSmtp(SmtpManners manners)
        : manners_(std::move(manners)), server_([this](http::Peer& peer) { serve(peer); }) {
        // OpenSSL writes to a socket that the other side may have closed; the gateway ignores it
        // too.
        std::signal(SIGPIPE, SIG_IGN);
        context_ = SSL_CTX_new(TLS_server_method());
        EVP_PKEY* key = EVP_EC_gen("P-256");
        X509* certificate = X509_new();
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
        X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
        X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
        X509_set_pubkey(certificate, key);
        X509_sign(certificate, key, EVP_sha256());
        SSL_CTX_use_certificate(context_, certificate);
        SSL_CTX_use_PrivateKey(context_, key);
        X509_free(certificate);
        EVP_PKEY_free(key);
    }
    ~FakeSmtp() {
        server_.stop();
        SSL_CTX_free(context_);
    }
    FakeSmtp(const FakeSmtp&) = delete;
    FakeSmtp& operator=(const FakeSmtp&) = delete;

    std::uint16_t port() const { return server_.port(); }
    // Every line it was sent, mails included, those under TLS with "tls: " before them.
    std::vector<std::string> lines() {
        server_.stop();
        return lines_;
    }

private:
    struct Wire {
        http::Peer& peer;
        SSL* tls = nullptr;
        std::string read_line() const {
            std::string line;
            char c = 0;
            while (line.size() < 100'000) {
                if (tls != nullptr) {
                    if (SSL_read(tls, &c, 1) != 1) return "";
                } else {
                    const std::string one = peer.read_bytes(1);
                    if (one.empty()) return "";
                    c = one.front();
                }
                if (c == '\n') break;
                if (c != '\r') line += c;
            }
            return line;
        }
        void write(const std::string& text) const {
            if (tls != nullptr) {
                SSL_write(tls, text.data(), static_cast<int>(text.size()));
            } else {
                peer.write(text);
            }
        }
    };

    void serve(http::Peer& peer) {
        Wire wire{peer};
        wire.write(manners_.greeting);
        while (true) {
            const std::string line = wire.read_line();
            if (line.empty()) break;
            lines_.push_back((wire.tls != nullptr ? "tls: " : "") + line);
            if (line == "QUIT") {
                wire.write("221 bye\r\n");
                break;
            }
            if (line == "STARTTLS") {
                wire.write(manners_.inject_after_starttls ? "220 go\r\n250 injected\r\n"
                                                          : "220 go\r\n");
                wire.tls = SSL_new(context_);
                SSL_set_fd(wire.tls, peer.fd());
                if (SSL_accept(wire.tls) != 1) break;
                continue;
            }
            answer(wire, line);
        }
        if (wire.tls != nullptr) SSL_free(wire.tls);
    }

    void answer(const Wire& wire, const std::string& line) {
        if (line.starts_with("EHLO")) {
            std::string text = "250-mail.test\r\n250-SIZE 1000000\r\n";
            if (manners_.starttls && wire.tls == nullptr) text += "250-STARTTLS\r\n";
            if (!manners_.auth.empty()) text += "250-AUTH " + manners_.auth + "\r\n";
            wire.write(text + "250 8BITMIME\r\n");
        } else if (line.starts_with("AUTH PLAIN")) {
            const bool right = line == "AUTH PLAIN AGFubgBzM2NyM3Q=";  // \0ann\0s3cr3t
            wire.write(right ? "235 welcome\r\n" : "535 wrong user or password\r\n");
        } else if (line == "AUTH LOGIN") {
            wire.write("334 VXNlcm5hbWU6\r\n");
            lines_.push_back("user " + wire.read_line());
            wire.write("334 UGFzc3dvcmQ6\r\n");
            lines_.push_back("password " + wire.read_line());
            wire.write("235 welcome\r\n");
        } else if (line.starts_with("RCPT TO:") && !manners_.refused_recipient.empty() &&
                   line.find(manners_.refused_recipient) != std::string::npos) {
            wire.write("550 no such user\r\n");
        } else if (line == "DATA") {
            wire.write("354 go on\r\n");
            for (std::string each = wire.read_line(); each != "."; each = wire.read_line()) {
                lines_.push_back(each);
                if (lines_.size() > 1000) break;
            }
            wire.write("250 queued\r\n");
        } else {
            wire.write("250 fine\r\n");
        }
    }

    SmtpManners manners_;
    SSL_CTX* context_ = nullptr;
    std::vector<std::string> lines_;
    http::ScriptedServer server_;
};

}  // namespace tollgate::policy
