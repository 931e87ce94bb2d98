#include "policy/authenticate.hpp"

#include <array>
#include <string>

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

}  // namespace

base::Result<const domain::Principal*> authenticate(const KeyIndex& keys,
                                                    const http::Headers& headers) {
    const std::array<Offered, 4> offered = {{
        {"Authorization", bearer(headers.get("authorization"))},
        {"x-api-key", headers.get("x-api-key")},
        {"api-key", headers.get("api-key")},
        {"x-goog-api-key", headers.get("x-goog-api-key")},
    }};
    const domain::Principal* found = nullptr;
    const char* found_in = nullptr;
    const Offered* login_token = nullptr;
    const Offered* wrong = nullptr;
    for (const Offered& offer : offered) {
        if (offer.key.empty()) continue;
        if (offer.key.starts_with("sk-ant-oat")) login_token = &offer;
        const domain::Principal* principal = keys.find(offer.key);
        if (principal == nullptr) {
            if (wrong == nullptr) wrong = &offer;
        } else if (found == nullptr) {
            found = principal;
            found_in = offer.header;
        } else if (!(*found == *principal)) {
            return refused(std::string("the keys in ") + found_in + " and " + offer.header +
                           " belong to different owners: send only one of them");
        }
    }
    if (found != nullptr) return found;
    if (login_token != nullptr) {
        return refused(
            "this is a claude.ai login token (sk-ant-oat...), not a key of this gateway: "
            "set ANTHROPIC_AUTH_TOKEN to your gateway key (and log out of claude.ai, or "
            "start with a fresh configuration folder)");
    }
    if (wrong != nullptr) {
        return refused(std::string("the key in ") + wrong->header +
                       " is unknown, expired or revoked: check it for missing characters, or ask "
                       "your administrator for a new one");
    }
    return refused("no key: send it as 'Authorization: Bearer KEY', 'x-api-key: KEY' or "
                   "'api-key: KEY' (Claude Code: set ANTHROPIC_AUTH_TOKEN)");
}

}  // namespace tollgate::policy
