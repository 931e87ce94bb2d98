#include "policy/smtp_client.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/base64.hpp"
#include "base/log.hpp"
#include "net/connect.hpp"
#include "net/stream.hpp"

namespace tollgate::policy {
namespace {

using base::ErrorCode;
using base::Result;

constexpr std::size_t reply_bytes_max = 16 * 1024;
constexpr std::size_t quoted_bytes_max = 200;

struct Reply {
    int code = 0;
    std::string text;  // all lines, without codes, separated by line breaks
    bool good() const { return code / 100 == 2; }
};

bool offers(const std::string& text, std::string_view wanted) {
    std::string upper = "\n" + text;
    std::transform(upper.begin(), upper.end(), upper.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    for (std::size_t at = upper.find("\n" + std::string(wanted)); at != std::string::npos;
         at = upper.find("\n" + std::string(wanted), at + 1)) {
        const std::size_t end = at + 1 + wanted.size();
        if (end == upper.size() || upper[end] == '\n' || upper[end] == ' ' || upper[end] == '=') {
            return true;
        }
    }
    return false;
}

// "250 fine", "250-more follows", "250".
bool is_reply_line(const std::string& line) {
    return line.size() >= 3 &&
           std::all_of(line.begin(), line.begin() + 3,
                       [](char c) { return c >= '0' && c <= '9'; }) &&
           (line.size() == 3 || line[3] == ' ' || line[3] == '-');
}

// One conversation with a server.
class Session {
public:
    Session(std::unique_ptr<net::Stream> stream, const SmtpSettings& settings,
            net::Patience patience)
        : stream_(std::move(stream)), settings_(settings), patience_(patience) {}

    net::Task<Result<void>> secure(net::TlsClientContext& tls);
    net::Task<Result<Reply>> read_reply();
    net::Task<Result<Reply>> ask(std::string line);
    // The same, and fails unless the reply's code is of the class of `wanted`. `shown` is what the
    // error calls the line: never a secret.
    net::Task<Result<Reply>> demand(std::string line, const char* shown, int wanted);
    net::Task<Result<void>> greet(net::TlsClientContext* tls);
    net::Task<Result<void>> sign_in();
    net::Task<Result<void>> deliver(const Mail& mail);

private:
    net::Task<Result<void>> write(std::string bytes);
    base::Error refused(const char* shown, const Reply& reply) const;

    std::unique_ptr<net::Stream> stream_;
    const SmtpSettings& settings_;
    net::Patience patience_;
    std::string buffered_;      // read, not yet a whole line
    std::string capabilities_;  // of the last EHLO
};

base::Error Session::refused(const char* shown, const Reply& reply) const {
    std::string words = reply.text.substr(0, quoted_bytes_max);
    std::replace(words.begin(), words.end(), '\n', ' ');
    return {ErrorCode::unavailable, "the mail server " + settings_.host + " answered " + shown +
                                        " with " + std::to_string(reply.code) + " " + words};
}

net::Task<Result<void>> Session::write(std::string bytes) {
    iovec piece{bytes.data(), bytes.size()};
    co_return co_await stream_->write_all(std::span<const iovec>(&piece, 1), patience_);
}

net::Task<Result<Reply>> Session::read_reply() {
    const base::Error nonsense{ErrorCode::unavailable,
                               "the mail server " + settings_.host + " does not speak SMTP"};
    Reply reply;
    std::size_t taken = 0;
    while (true) {
        const std::size_t end = buffered_.find('\n');
        if (end == std::string::npos) {
            std::array<char, 2048> block{};
            CO_TRY(const std::size_t size,
                   co_await stream_->read_some(block.data(), block.size(), patience_));
            if (size == 0) {
                co_return base::Error{ErrorCode::unavailable, "the mail server " + settings_.host +
                                                                  " closed the connection"};
            }
            taken += size;
            if (taken > reply_bytes_max) co_return nonsense;
            buffered_.append(block.data(), size);
            continue;
        }
        std::string line = buffered_.substr(0, end);
        buffered_.erase(0, end + 1);
        if (line.ends_with('\r')) line.pop_back();
        if (!is_reply_line(line)) co_return nonsense;
        reply.code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
        if (!reply.text.empty()) reply.text += '\n';
        if (line.size() > 4) reply.text += line.substr(4);
        if (line.size() == 3 || line[3] != '-') co_return reply;
    }
}

net::Task<Result<Reply>> Session::ask(std::string line) {
    line += "\r\n";
    CO_TRY_VOID(co_await write(std::move(line)));
    co_return co_await read_reply();
}

net::Task<Result<Reply>> Session::demand(std::string line, const char* shown, int wanted) {
    CO_TRY(Reply reply, co_await ask(std::move(line)));
    if (reply.code / 100 != wanted / 100) co_return refused(shown, reply);
    co_return reply;
}

net::Task<Result<void>> Session::secure(net::TlsClientContext& tls) {
    co_return co_await tls.handshake(*stream_, settings_.host, patience_);
}

net::Task<Result<void>> Session::greet(net::TlsClientContext* tls) {
    CO_TRY(Reply greeting, co_await read_reply());
    if (!greeting.good()) co_return refused("the connection", greeting);
    CO_TRY(Reply hello, co_await demand("EHLO " + settings_.hello, "EHLO", 250));
    capabilities_ = hello.text;
    if (settings_.security != SmtpSecurity::starttls) co_return Result<void>();
    if (!offers(capabilities_, "STARTTLS")) {
        co_return base::Error{ErrorCode::unavailable,
                              "the mail server " + settings_.host +
                                  " offers no STARTTLS: set security to tls (port 465), or to none "
                                  "if the way to it is safe"};
    }
    CO_TRY(Reply ready, co_await demand("STARTTLS", "STARTTLS", 220));
    // What came in clear behind the reply would be taken for the server's words under TLS.
    if (!buffered_.empty()) {
        co_return base::Error{ErrorCode::provider,
                              "bytes in clear behind the STARTTLS of " + settings_.host};
    }
    CO_TRY_VOID(co_await secure(*tls));
    CO_TRY(Reply again, co_await demand("EHLO " + settings_.hello, "EHLO", 250));
    capabilities_ = again.text;
    co_return Result<void>();
}

net::Task<Result<void>> Session::sign_in() {
    if (settings_.user.empty()) co_return Result<void>();
    const std::size_t at = capabilities_.find("AUTH");
    std::string methods =
        at == std::string::npos ? "" : capabilities_.substr(at, capabilities_.find('\n', at) - at);
    std::replace(methods.begin(), methods.end(), ' ', '\n');
    if (offers(methods, "PLAIN")) {
        std::string secret(1, '\0');
        secret += settings_.user;
        secret += '\0';
        secret += settings_.password;
        std::string proof = "AUTH PLAIN " + base::base64_encode(secret);
        CO_TRY_VOID(co_await demand(std::move(proof), "AUTH PLAIN", 235));
        co_return Result<void>();
    }
    if (!offers(methods, "LOGIN")) {
        co_return base::Error{ErrorCode::unavailable, "the mail server " + settings_.host +
                                                          " takes neither AUTH PLAIN nor LOGIN"};
    }
    CO_TRY_VOID(co_await demand("AUTH LOGIN", "AUTH LOGIN", 334));
    CO_TRY_VOID(co_await demand(base::base64_encode(settings_.user), "the user name", 334));
    CO_TRY_VOID(co_await demand(base::base64_encode(settings_.password), "the password", 235));
    co_return Result<void>();
}

net::Task<Result<void>> Session::deliver(const Mail& mail) {
    CO_TRY_VOID(co_await demand("MAIL FROM:<" + mail.from + ">", "MAIL FROM", 250));
    std::size_t accepted = 0;
    Reply last;
    for (const std::string& recipient : mail.to) {
        CO_TRY(last, co_await ask("RCPT TO:<" + recipient + ">"));
        if (last.good()) {
            ++accepted;
        } else {
            base::log().warn("mail_recipient_refused",
                             {{"server", settings_.host}, {"code", last.code}});
        }
    }
    if (accepted == 0) co_return refused("RCPT TO", last);
    CO_TRY_VOID(co_await demand("DATA", "DATA", 354));
    CO_TRY_VOID(co_await demand(mail_text(mail) + ".", "the mail", 250));
    // It is delivered; how the server says goodbye changes nothing.
    auto goodbye = co_await ask("QUIT");
    (void)goodbye;
    co_return Result<void>();
}

Result<void> check(const SmtpSettings& settings, bool has_tls) {
    if (settings.host.empty()) return base::invalid("no mail server is configured", "host");
    if (auto from = parse_mail_addresses(settings.from); !from.ok()) {
        return base::invalid("from: " + from.error().message, "from");
    }
    if (settings.security == SmtpSecurity::none && !settings.user.empty()) {
        return base::invalid(
            "the mail server's password would travel in clear: set security to "
            "starttls or tls, or leave user and password out",
            "security");
    }
    if (settings.security != SmtpSecurity::none && !has_tls) {
        return base::invalid("no TLS context for the mail server", "security");
    }
    return {};
}

}  // namespace

net::Task<Result<void>> send_mail(net::Loop& loop, SmtpSettings settings,
                                  std::shared_ptr<net::TlsClientContext> tls, Mail mail,
                                  net::CancelScope* scope) {
    CO_TRY_VOID(check(settings, tls != nullptr));
    const net::Patience patience{loop.after(settings.total), scope};
    CO_TRY(auto addresses, co_await net::resolve(loop, settings.host, settings.port, patience));
    CO_TRY(auto stream, co_await net::connect(loop, std::move(addresses), patience));
    Session session(std::move(stream), settings, patience);
    if (settings.security == SmtpSecurity::tls) CO_TRY_VOID(co_await session.secure(*tls));
    CO_TRY_VOID(co_await session.greet(tls.get()));
    CO_TRY_VOID(co_await session.sign_in());
    co_return co_await session.deliver(mail);
}

}  // namespace tollgate::policy
