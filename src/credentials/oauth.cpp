#include "credentials/oauth.hpp"

#include <charconv>

#include "base/json.hpp"

namespace tollgate::credentials {
namespace {

constexpr std::chrono::seconds usual_life{3600};

// A whole number, spelled as a number or as a string; 0 when it is none.
std::int64_t figure(const json::Value& value) {
    const std::string text = value.is_string() ? value.text() : std::string(value.raw());
    std::int64_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    (void)end;
    return failed == std::errc() ? number : 0;
}

}  // namespace

base::Result<domain::Credential> parse_token(std::string_view text, const std::string& what,
                                             WallTime now) {
    json::Document document;
    auto root = document.parse(text);
    domain::Credential credential;
    if (root.ok()) credential.bearer = (*root)["access_token"].text();
    if (credential.bearer.empty()) {
        return base::Error{base::ErrorCode::provider, what + " gave no access_token"};
    }
    // A length of time does not depend on whose clock is right: it is preferred.
    constexpr std::int64_t longest = 10LL * 365 * 24 * 3600;
    const std::int64_t length = figure((*root)["expires_in"]);
    const std::int64_t end = figure((*root)["expires_on"]);
    credential.expires = now + usual_life;
    if (length > 0 && length < longest) {
        credential.expires = now + std::chrono::seconds(length);
    } else if (end > 0 && end < 100 * longest) {
        credential.expires = WallTime(std::chrono::seconds(end));
    }
    return credential;
}

}  // namespace tollgate::credentials
