#include "policy/alert_message.hpp"

#include <algorithm>
#include <array>

#include "base/base64.hpp"
#include "base/clock.hpp"
#include "base/json.hpp"
#include "crypto/digest.hpp"

namespace tollgate::policy {
namespace {

constexpr std::size_t recipients_max = 50, address_bytes_max = 254, subject_bytes_max = 200;

std::string time_text(domain::UnixMicros when) { return base::rfc3339_of_micros(when); }

std::string whose(const domain::Alert& alert) {
    return alert.tenant.empty() ? std::string("the platform") : "tenant " + alert.tenant;
}

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// Stricter than the standard: what stands in an envelope must not be able to end it.
bool is_address(std::string_view text) {
    const auto fits = [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte > ' ' && byte < 0x7f &&
               std::string_view("<>()[]\\,;:\"").find(c) == std::string_view::npos;
    };
    const std::size_t at = text.find('@');
    return text.size() <= address_bytes_max && at != 0 && at != std::string_view::npos &&
           at + 1 < text.size() && text.find('@', at + 1) == std::string_view::npos &&
           std::all_of(text.begin(), text.end(), fits);
}

// RFC 2047; one line whatever stands in it.
std::string subject_line(std::string_view text) {
    std::string plain(text.substr(0, subject_bytes_max));
    // Not in the middle of a character.
    while (plain.size() < text.size() && !plain.empty() &&
           (static_cast<unsigned char>(text[plain.size()]) & 0xC0) == 0x80) {
        plain.pop_back();
    }
    for (char& c : plain) {
        if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
    }
    const bool ascii = std::all_of(plain.begin(), plain.end(),
                                   [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    if (ascii) return plain;
    std::string line;
    constexpr std::size_t word_bytes = 42;  // 77 characters with the first line's "Subject: "
    for (std::size_t at = 0; at < plain.size();) {
        std::size_t size = std::min(word_bytes, plain.size() - at);
        while (at + size < plain.size() &&
               (static_cast<unsigned char>(plain[at + size]) & 0xC0) == 0x80) {
            --size;
        }
        if (!line.empty()) line += "\r\n ";
        line += "=?utf-8?B?" + base::base64_encode(plain.substr(at, size)) + "?=";
        at += size;
    }
    return line;
}

std::string date_line(std::int64_t unix_seconds) {
    const std::time_t when = unix_seconds;
    std::tm utc{};
    ::gmtime_r(&when, &utc);
    constexpr std::array<const char*, 7> days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array<const char*, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::array<char, 32> rest{};
    const std::size_t size = std::strftime(rest.data(), rest.size(), " %Y %H:%M:%S +0000", &utc);
    return std::string(days.at(static_cast<std::size_t>(utc.tm_wday))) + ", " +
           std::to_string(utc.tm_mday) + " " + months.at(static_cast<std::size_t>(utc.tm_mon)) +
           std::string(rest.data(), size);
}

}  // namespace

std::string webhook_body(const domain::Alert& alert) {
    std::string body;
    json::Writer writer(body);
    writer.begin_object().string("id", alert.id).string("type", alert.event);
    writer.string("timestamp", time_text(alert.at));
    writer.string("tenant", alert.tenant).string("subject", alert.subject);
    writer.string("message", alert.message);
    writer.raw("data", json::Raw{alert.details.empty() ? "{}" : alert.details}).end_object();
    return body;
}

std::string webhook_signature(std::string_view secret, std::int64_t unix_seconds,
                              std::string_view body) {
    const std::string time = std::to_string(unix_seconds);
    return "t=" + time +
           ",v1=" + crypto::hex(crypto::hmac_sha256(secret, time + "." + std::string(body)));
}

std::string slack_body(const domain::Alert& alert) {
    std::string text = "*" + alert.event + "* (" + whose(alert) + "): " + alert.message;
    // The three that have a meaning in Slack's markup.
    std::string escaped;
    for (const char c : text) {
        switch (c) {
            case '&': escaped += "&amp;"; break;
            case '<': escaped += "&lt;"; break;
            case '>': escaped += "&gt;"; break;
            default: escaped += c;
        }
    }
    std::string body;
    json::Writer writer(body);
    writer.begin_object().string("text", escaped).end_object();
    return body;
}

std::string alertmanager_body(const domain::Alert& alert) {
    std::string body, name = "tollgate_" + alert.event;
    std::replace(name.begin(), name.end(), '.', '_');
    json::Writer writer(body);
    writer.begin_array().begin_object();
    writer.key("labels").begin_object().string("alertname", name);
    writer.string("tenant", alert.tenant).string("subject", alert.subject);
    writer.string("severity", "warning").end_object();
    writer.key("annotations").begin_object().string("summary", alert.message);
    writer.string("details", alert.details).end_object();
    writer.string("startsAt", time_text(alert.at)).end_object().end_array();
    return body;
}

base::Result<std::vector<std::string>> parse_mail_addresses(std::string_view text) {
    std::vector<std::string> addresses;
    while (!text.empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        const std::string_view one = trimmed(text.substr(0, comma));
        text.remove_prefix(std::min(comma + 1, text.size()));
        if (one.empty()) continue;
        if (!is_address(one)) {
            return base::invalid("'" + std::string(one) +
                                 "' is no mail address: write ann@example.com, several with "
                                 "commas");
        }
        addresses.emplace_back(one);
    }
    if (addresses.empty()) return base::invalid("no mail address: write ann@example.com");
    if (addresses.size() > recipients_max) {
        return base::invalid("more than " + std::to_string(recipients_max) +
                             " mail addresses: use a list of your mail server");
    }
    return addresses;
}

Mail alert_mail(const domain::Alert& alert, std::string from, std::vector<std::string> to) {
    constexpr std::int64_t micros_per_second = 1'000'000;
    Mail mail;
    mail.from = std::move(from);
    mail.to = std::move(to);
    mail.subject = "[Tollgate] " + alert.message;
    mail.text = alert.message + "\n\nEvent: " + alert.event + "\nOf: " + whose(alert) +
                "\nSubject: " + alert.subject + "\nAt: " + time_text(alert.at) +
                "\nDetails: " + alert.details + "\n";
    mail.unix_seconds = alert.at / micros_per_second;
    mail.id = alert.id;
    return mail;
}

std::string mail_text(const Mail& mail) {
    constexpr std::size_t line_characters = 76;
    std::string recipients;
    for (const std::string& each : mail.to) {
        recipients += (recipients.empty() ? "" : ",\r\n ") + each;
    }
    std::string text = "From: " + mail.from + "\r\nTo: " + recipients +
                       "\r\nSubject: " + subject_line(mail.subject) +
                       "\r\nDate: " + date_line(mail.unix_seconds) + "\r\nMessage-ID: <" + mail.id +
                       mail.from.substr(std::min(mail.from.find('@'), mail.from.size())) +
                       ">\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                       "Content-Transfer-Encoding: base64\r\nAuto-Submitted: auto-generated\r\n"
                       "\r\n";
    const std::string body = base::base64_encode(mail.text);
    for (std::size_t at = 0; at < body.size(); at += line_characters) {
        text += body.substr(at, line_characters) + "\r\n";
    }
    return text;
}

}  // namespace tollgate::policy
