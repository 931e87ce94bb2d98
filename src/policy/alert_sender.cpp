#include "policy/alert_sender.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "base/clock.hpp"
#include "net/connect.hpp"
#include "policy/address_range.hpp"
#include "policy/alert_message.hpp"

namespace tollgate::policy {
namespace {

using base::ErrorCode;
using base::Result;
using domain::AlertChannelKind;

constexpr std::size_t answer_bytes_max = 64 * 1024, quoted_bytes_max = 200;

struct Target {
    http::Origin origin;
    std::string path;
};

// A URL may hold a query (tokens of some receivers stand there), which an origin may not.
Result<Target> target_of(const domain::AlertChannel& channel) {
    const std::string& url = channel.target;
    const std::size_t scheme = url.find("://");
    const std::size_t slash = url.find_first_of("/?#", scheme == url.npos ? 0 : scheme + 3);
    auto origin = http::parse_origin(url.substr(0, slash));
    if (!origin.ok()) {
        return base::invalid("target: write a URL, https://host[:port]/path", "target");
    }
    Target target{std::move(origin).value(), slash == url.npos ? "/" : url.substr(slash)};
    const auto unfit = [](char c) {
        return static_cast<unsigned char>(c) <= ' ' || c == '\x7f' || c == '#';
    };
    if (target.path.front() == '?') target.path.insert(0, "/");
    if (std::any_of(target.path.begin(), target.path.end(), unfit)) {
        return base::invalid("target: the URL holds a space, a control character or a fragment",
                             "target");
    }
    if (channel.kind == AlertChannelKind::alertmanager &&
        !target.path.ends_with("/api/v2/alerts")) {
        while (target.path.ends_with('/')) target.path.pop_back();
        target.path += "/api/v2/alerts";
    }
    return target;
}

std::string body_for(const domain::Alert& alert, AlertChannelKind kind) {
    switch (kind) {
        case AlertChannelKind::slack: return slack_body(alert);
        case AlertChannelKind::alertmanager: return alertmanager_body(alert);
        default: return webhook_body(alert);
    }
}

std::string printable(std::string text) {
    text.resize(std::min(text.size(), quoted_bytes_max));
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
    }
    return text;
}

}  // namespace

AlertSender::AlertSender(net::Loop& loop, http::Client& client,
                         std::shared_ptr<net::TlsClientContext> tls, AlertSettings settings)
    : loop_(loop), client_(client), tls_(std::move(tls)), settings_(std::move(settings)) {}

net::Task<Result<void>> AlertSender::send(domain::Alert alert, domain::AlertChannel channel,
                                          net::CancelScope* scope) {
    if (channel.kind != AlertChannelKind::email) co_return co_await post(alert, channel, scope);
    CO_TRY(auto recipients, parse_mail_addresses(channel.target));
    Mail mail = alert_mail(alert, settings_.smtp.from, std::move(recipients));
    SmtpSettings smtp = settings_.smtp;
    co_return co_await send_mail(loop_, std::move(smtp), tls_, std::move(mail), scope);
}

// The client resolves the name again, and gets the answer that was checked here: the resolver
// keeps answers far longer than the moment between.
net::Task<Result<void>> AlertSender::check_address(const http::Origin& origin,
                                                   const domain::AlertChannel& channel,
                                                   net::Patience patience) {
    if (channel.tenant.empty() || settings_.tenants_reach_private) co_return Result<void>();
    CO_TRY(const auto addresses, co_await net::resolve(loop_, origin.host, origin.port, patience));
    for (const net::Address& address : addresses) {
        const auto ip = ip_of(address.storage);
        if (ip && is_public(*ip)) continue;
        co_return base::Error{ErrorCode::permission,
                              "target: " + origin.host + " is " + address.text() +
                                  ", no public address, where a tenant's alerts may not be sent",
                              "target"};
    }
    co_return Result<void>();
}

net::Task<Result<void>> AlertSender::post(const domain::Alert& alert,
                                          const domain::AlertChannel& channel,
                                          net::CancelScope* scope) {
    CO_TRY(Target target, target_of(channel));
    target.origin.tls_context = tls_;
    const net::Instant deadline = loop_.after(settings_.total);
    const net::Patience patience{deadline, scope};
    CO_TRY_VOID(co_await check_address(target.origin, channel, patience));
    const std::string body = body_for(alert, channel.kind);
    std::vector<http::Header> headers = {{"content-type", "application/json"},
                                         {"user-agent", "Tollgate"},
                                         {"x-tollgate-event", alert.event},
                                         {"x-tollgate-delivery", alert.id}};
    std::string signature;
    if (!channel.secret.empty()) {
        signature = webhook_signature(channel.secret, base::unix_seconds(), body);
        headers.push_back({"x-tollgate-signature", signature});
    }
    const std::string_view piece = body;
    http::OutgoingRequest request;
    request.target = target.path;
    request.headers = headers;
    request.body = std::span(&piece, 1);
    http::Deadlines deadlines;
    deadlines.headers = settings_.total;
    deadlines.total = deadline;
    http::CallFailure failure = http::CallFailure::none;
    auto call = co_await client_.send(target.origin, request, deadlines, scope, &failure);
    if (!call.ok()) co_return std::move(call).error();
    const int status = call->head().status;
    auto answer = co_await call->read_all(answer_bytes_max);
    if (status >= 200 && status < 300) co_return Result<void>();
    // The path may hold a token: only the host is told.
    std::string message = target.origin.authority + " answered " + std::to_string(status);
    if (status >= 300 && status < 400) message += " (redirects are not followed)";
    if (answer.ok() && !answer->empty()) message += ": " + printable(std::move(answer).value());
    co_return base::Error{ErrorCode::unavailable, std::move(message)};
}

Result<void> check_channel(const domain::AlertChannel& channel) {
    if (channel.kind == AlertChannelKind::email) {
        auto addresses = parse_mail_addresses(channel.target);
        if (!addresses.ok()) return base::invalid("target: " + addresses.error().message, "target");
        return {};
    }
    TRY([[maybe_unused]] const Target target, target_of(channel));
    return {};
}

domain::UnixMicros next_attempt(std::int64_t attempts, domain::UnixMicros now, double spread) {
    constexpr std::array<std::int64_t, 8> seconds = {10,    30,    120,    600,
                                                     1'800, 7'200, 21'600, 43'200};
    constexpr double micros_per_second = 1e6, spread_most = 0.2;
    if (attempts < 1) attempts = 1;
    if (attempts > static_cast<std::int64_t>(seconds.size())) return 0;
    const auto base = static_cast<double>(seconds[static_cast<std::size_t>(attempts - 1)]);
    const double wait = base * (1 + spread_most * std::clamp(spread, 0.0, 1.0));
    return now + static_cast<domain::UnixMicros>(wait * micros_per_second);
}

}  // namespace tollgate::policy
