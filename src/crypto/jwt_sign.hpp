// JSON Web Tokens that we sign ourselves (RS256, RFC 7515), to prove a service account. Any thread.
#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tollgate::crypto {

// "header.claims.signature"; `header` and `claims` are JSON texts, `private_key_pem` an RSA key in
// PEM (PKCS #8 or PKCS #1). Fails: invalid_request when the key cannot be used; its text is in no
// message.
base::Result<std::string> sign_jwt_rs256(std::string_view header, std::string_view claims,
                                         std::string_view private_key_pem);

}  // namespace tollgate::crypto
