#include "dialect/identity.hpp"

#include "base/json.hpp"
#include "base/sha256.hpp"

namespace tollgate::dialect {
namespace {

constexpr std::size_t identifier_bytes = 16;

std::string keyed(std::string_view key, std::string_view purpose, std::string_view text) {
    std::string input(purpose);
    input += text;
    return base::hex(base::hmac_sha256(key, input), identifier_bytes);
}

}  // namespace

std::string stable_user(std::string_view user_id) {
    if (user_id.starts_with('{')) {
        json::Document document;
        base::Result<json::Value> root = document.parse(user_id);
        if (root.ok() && root->is_object()) {
            std::string out;
            json::Value::Range range = root->members();
            for (auto it = range.begin(); !(it == range.end()); ++it) {
                if (it.key().equals("session_id")) continue;
                out += it.key().escaped().raw;
                out += '=';
                out += (*it).raw();
                out += ';';
            }
            return out;
        }
    }
    std::size_t session = user_id.rfind("_session_");
    return std::string(user_id.substr(0, session));
}

std::string user_identifier(std::string_view identity_key, std::string_view user_id) {
    return keyed(identity_key, "user:", stable_user(user_id));
}

std::string session_identifier(std::string_view identity_key, std::string_view session_id) {
    return keyed(identity_key, "session:", session_id);
}

}  // namespace tollgate::dialect
