#include "commands/administration.hpp"

#include "commands/console.hpp"
#include "crypto/sigv4.hpp"

namespace tollgate::commands {
namespace {

constexpr std::string_view conflict = "conflict";  // Error::field of a 409 or 412
constexpr std::string_view partly = "partly";      // Error::field of cut_short()
constexpr std::size_t foreign_text_max = 200;      // shown of an answer that is not ours

base::ErrorCode code_of(int status) {
    switch (status) {
        case 401: return base::ErrorCode::authentication;
        case 403: return base::ErrorCode::permission;
        case 404: return base::ErrorCode::not_found;
        case 503: return base::ErrorCode::unavailable;
        case 504: return base::ErrorCode::timeout;
        default: return status < 500 ? base::ErrorCode::invalid_request
                                     : base::ErrorCode::internal;
    }
}

}  // namespace

std::string query_of(const Pairs& pairs) {
    std::string text;
    for (const auto& [name, value] : pairs) {
        if (value.empty()) continue;
        text += text.empty() ? '?' : '&';
        text += name + "=" + crypto::percent_encode(value);
    }
    return text;
}

std::string segment(std::string_view text) { return crypto::percent_encode(text); }

base::Error refusal(const AdminReply& reply) {
    base::Error error;
    error.code = code_of(reply.status);
    if (reply.status == 409 || reply.status == 412) error.field = conflict;
    json::Document document;
    const auto root = document.parse(reply.body);
    if (root.ok()) error.message = root.value()["error"]["message"].text();
    if (error.message.empty()) {
        error.message = "the gateway answered " + std::to_string(reply.status);
        const std::string seen = reply.body.substr(0, foreign_text_max);
        if (!seen.empty()) error.message += ": " + seen;
    }
    return error;
}

base::Result<std::string> ask(Administration& administration, std::string_view method,
                              const std::string& target, std::string_view body) {
    TRY(AdminReply reply, administration.call(method, target, body));
    if (!reply.ok()) return refusal(reply);
    return std::move(reply.body);
}

base::Error cut_short(const base::Error& why, std::size_t bytes) {
    base::Error error = why;
    error.message = "only a part was written, " + std::to_string(bytes) + " bytes: " + why.message;
    error.field = partly;
    return error;
}

int exit_code_of(const base::Error& error) {
    if (error.field == partly) return exit_partly;
    switch (error.code) {
        case base::ErrorCode::authentication:
        case base::ErrorCode::permission: return exit_not_authorised;
        case base::ErrorCode::unavailable:
        case base::ErrorCode::timeout:
        case base::ErrorCode::provider: return exit_unreachable;
        case base::ErrorCode::not_found: return exit_not_found;
        case base::ErrorCode::cancelled: return exit_cancelled;
        default: return error.field == conflict ? exit_not_found : exit_failed;
    }
}

}  // namespace tollgate::commands
