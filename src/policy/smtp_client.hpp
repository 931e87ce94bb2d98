// Sends one mail by SMTP (RFC 5321) over a stream of ours, with STARTTLS (RFC 3207) or TLS from the
// start, and AUTH PLAIN or LOGIN (RFC 4954). Loop thread only.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "net/tls.hpp"
#include "policy/alert_message.hpp"

namespace tollgate::policy {

enum class SmtpSecurity : std::uint8_t {
    starttls,  // required: a server that does not offer it is refused
    tls,       // from the first byte (port 465)
    none,      // in clear: no user name is sent
};

struct SmtpSettings {
    std::string host;  // "" : no mail is sent
    std::uint16_t port = 587;
    SmtpSecurity security = SmtpSecurity::starttls;
    std::string user, password;              // "" : no sign-in
    std::string from;                        // "tollgate@example.com"
    std::string hello = "tollgate.invalid";  // what EHLO says
    std::chrono::milliseconds total{30'000};
};

// A mail is sent when the server took it for at least one recipient; those it refused are logged.
// Fails: invalid_request (settings), unavailable with the server's words, provider (TLS), timeout,
// cancelled. Passwords are in no message. `tls` may be null with security none.
net::Task<base::Result<void>> send_mail(net::Loop& loop, SmtpSettings settings,
                                        std::shared_ptr<net::TlsClientContext> tls, Mail mail,
                                        net::CancelScope* scope);

}  // namespace tollgate::policy
