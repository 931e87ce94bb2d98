#include "policy/authenticate.hpp"

#include <array>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "policy/key_format.hpp"

namespace tollgate::policy {
namespace {

struct Offered {
    const char* header;
    std::string_view key;
};

// The AWS SDKs sign instead of sending a key. Their access key id travels in clear, as a bearer key
// does: it is the gateway's key, and the signature beside it proves nothing more.
std::string_view access_key_id(std::string_view value) {
    constexpr std::string_view scheme = "AWS4-HMAC-SHA256 ", field = "Credential=";
    if (!value.starts_with(scheme)) return {};
    const std::size_t at = value.find(field, scheme.size());
    if (at == std::string_view::npos) return {};
    value.remove_prefix(at + field.size());
    return value.substr(0, value.find('/'));
}

std::string_view bearer(std::string_view value) {
    if (const std::string_view key = access_key_id(value); !key.empty()) return key;
    constexpr std::string_view scheme = "bearer ";
    if (value.size() <= scheme.size() || !http::iequals(value.substr(0, scheme.size()), scheme)) {
        return {};
    }
    value.remove_prefix(scheme.size());
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    return value;
}

base::Error refused(std::string message) {
    return {base::ErrorCode::authentication, std::move(message)};
}

// "2026-11-21T05:00:00.000Z".
std::string time_text(domain::UnixMicros when) { return base::rfc3339_of_micros(when); }

// Why a key that is known does not let its holder in, and what to do.
std::string why_not(const KeyTerms& terms, domain::UnixMicros now) {
    switch (terms.state) {
        case KeyState::revoked: return "was revoked: ask your administrator for a new one";
        case KeyState::blocked:
            return "is blocked: ask your administrator to unblock it or for a new one";
        case KeyState::tenant_disabled:
            return "belongs to a tenant that is disabled: ask your administrator to enable it";
        case KeyState::team_disabled:
            return "belongs to a team that is disabled: ask your administrator to enable it";
        case KeyState::user_disabled:
            return "belongs to a user who is disabled: ask your administrator to enable them";
        case KeyState::active: break;
    }
    if (terms.replaced_until != 0 && now >= terms.replaced_until) {
        return "was replaced by a rotation, and its time of grace ended at " +
               time_text(terms.replaced_until) + ": use the new secret";
    }
    return "expired at " + time_text(terms.expires) + ": ask your administrator for a new one";
}

struct Refused {
    const Offered* offer = nullptr;
    std::optional<KnownKey> known;
};

base::Error refusal_of(const Refused& wrong, domain::UnixMicros now) {
    const std::string start = std::string("the key in ") + wrong.offer->header + " ";
    if (wrong.known) return refused(start + why_not(wrong.known->terms, now));
    if (form_of(wrong.offer->key) == KeyForm::mistyped) {
        return refused(start + "is mistyped: a key of this gateway has " +
                       std::to_string(key_characters) +
                       " characters, of which the last 6 check the others, and this one has " +
                       std::to_string(wrong.offer->key.size()) +
                       ": copy it again as it was shown when it was made");
    }
    return refused(start +
                   "is unknown: check it for missing characters and that it was made by "
                   "this gateway, or ask your administrator for a new one");
}

}  // namespace

base::Result<const domain::Principal*> authenticate(const KeyIndex& keys,
                                                    const http::Headers& headers) {
    return authenticate(keys, headers, base::coarse_unix_micros());
}

base::Result<const domain::Principal*> authenticate(const KeyIndex& keys,
                                                    const http::Headers& headers,
                                                    domain::UnixMicros now) {
    const std::array<Offered, 4> offered = {{
        {"Authorization", bearer(headers.get("authorization"))},
        {"x-api-key", headers.get("x-api-key")},
        {"api-key", headers.get("api-key")},
        {"x-goog-api-key", headers.get("x-goog-api-key")},
    }};
    const domain::Principal* found = nullptr;
    const char* found_in = nullptr;
    const Offered* login_token = nullptr;
    Refused wrong;
    for (const Offered& offer : offered) {
        if (offer.key.empty()) continue;
        if (offer.key.starts_with("sk-ant-oat")) login_token = &offer;
        auto known = keys.look_up(offer.key);
        if (!known || !known->in_force(now)) {
            // What is known to be revoked explains more than a placeholder in another header.
            if (wrong.offer == nullptr || (known && !wrong.known)) wrong = {&offer, known};
        } else if (found == nullptr) {
            found = known->principal;
            found_in = offer.header;
        } else if (!(*found == *known->principal)) {
            return refused(std::string("the keys in ") + found_in + " and " + offer.header +
                           " belong to different owners: send only one of them");
        }
    }
    if (found != nullptr) return found;
    if (login_token != nullptr && !wrong.known) {
        return refused(
            "this is a claude.ai login token (sk-ant-oat...), not a key of this gateway: "
            "set ANTHROPIC_AUTH_TOKEN to your gateway key (and log out of claude.ai, or "
            "start with a fresh configuration folder)");
    }
    if (wrong.offer != nullptr) return refusal_of(wrong, now);
    return refused(
        "no key: send it as 'Authorization: Bearer KEY', 'x-api-key: KEY', "
        "'api-key: KEY' or 'x-goog-api-key: KEY' (Claude Code: set "
        "ANTHROPIC_AUTH_TOKEN)");
}

}  // namespace tollgate::policy
