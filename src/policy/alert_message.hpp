// Alerts as their receivers read them. Pure; any thread.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "domain/tenancy.hpp"

namespace tollgate::policy {

// {"id","type","timestamp","tenant","subject","message","data":{..}}
std::string webhook_body(const domain::Alert& alert);
// "t=1795262400,v1=<hex>": HMAC-SHA256 under the channel's secret of "<t>.<body>". Receivers check
// that t is recent, so that an old body cannot be sent again.
std::string webhook_signature(std::string_view secret, std::int64_t unix_seconds,
                              std::string_view body);
// {"text": ".."}: what Slack and those that took over its form read.
std::string slack_body(const domain::Alert& alert);
// [{"labels":{..},"annotations":{..},"startsAt":".."}] for POST /api/v2/alerts.
std::string alertmanager_body(const domain::Alert& alert);

struct Mail {
    std::string from;
    std::vector<std::string> to;
    std::string subject, text;
    std::int64_t unix_seconds = 0;
    std::string id;  // of its Message-ID, before the @
};
// "ann@example.com, bob@example.com". Fails: invalid_request quoting what is no address; also when
// there is none, or more than 50.
base::Result<std::vector<std::string>> parse_mail_addresses(std::string_view text);
Mail alert_mail(const domain::Alert& alert, std::string from, std::vector<std::string> to);
// Head and body with CRLF, base64 inside, so that no line begins with a dot and none is long.
std::string mail_text(const Mail& mail);

}  // namespace tollgate::policy
