// A credential that was obtained, not configured: it expires. A plain value; never logged.
#pragma once
#include <chrono>
#include <string>

namespace tollgate::domain {

struct Credential {
    std::string bearer;  // OAuth access token; "" where requests are signed
    // AWS; session_token is "" for long-term keys.
    std::string access_key_id, secret_access_key, session_token;
    std::string quota_project;  // Google: who is billed, where the token's owner is a person
    // When it stops working; max() when it does not.
    std::chrono::system_clock::time_point expires = std::chrono::system_clock::time_point::max();
};

}  // namespace tollgate::domain
