// Brings alerts to their channels: signed webhooks, Slack's form, Alertmanager, mail. One attempt
// at a time; when to try again is a pure function, and what is due stands in the database
// (store/alerts.hpp), so that a crash loses nothing. One sender per loop; loop thread only.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "domain/tenancy.hpp"
#include "http/client.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "net/tls.hpp"
#include "policy/smtp_client.hpp"

namespace tollgate::policy {

struct AlertSettings {
    SmtpSettings smtp;
    // Channels of tenants may lead to loopback and private addresses too; the platform's always
    // may.
    bool tenants_reach_private = false;
    std::chrono::milliseconds total{15'000};  // of one webhook call
};

class AlertSender {
public:
    // `tls` for https and mail; borrowed `client` and `loop` outlive the sender.
    AlertSender(net::Loop& loop, http::Client& client, std::shared_ptr<net::TlsClientContext> tls,
                AlertSettings settings);
    // One attempt. Fails: invalid_request (the channel's target), permission (a private address of
    // a tenant's), unavailable with the receiver's status and words, timeout, cancelled. Redirects
    // are not followed. Secrets are in no message.
    net::Task<base::Result<void>> send(domain::Alert alert, domain::AlertChannel channel,
                                       net::CancelScope* scope);

private:
    net::Task<base::Result<void>> post(const domain::Alert& alert,
                                       const domain::AlertChannel& channel,
                                       net::CancelScope* scope);
    net::Task<base::Result<void>> check_address(const http::Origin& origin,
                                                const domain::AlertChannel& channel,
                                                net::Patience patience);
    net::Loop& loop_;
    http::Client& client_;
    std::shared_ptr<net::TlsClientContext> tls_;
    AlertSettings settings_;
};

// Whether a channel can be delivered to at all, when it is made: its URL or addresses.
// Fails: invalid_request with field "target".
base::Result<void> check_channel(const domain::AlertChannel& channel);

// When to try again after the `attempts`-th attempt has failed (1 for the first): 10 s, 30 s, 2 and
// 10 minutes, 30 minutes, 2, 6 and 12 hours, each up to a fifth later so that a receiver that comes
// back is not met by all at once (`spread` from 0 to 1). 0: given up.
domain::UnixMicros next_attempt(std::int64_t attempts, domain::UnixMicros now, double spread);

}  // namespace tollgate::policy
