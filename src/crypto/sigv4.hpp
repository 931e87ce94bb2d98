// AWS Signature Version 4 in the Authorization header: pure functions of their arguments, checked
// against the vectors AWS publishes. Any thread. The secret is used and forgotten: nothing is kept.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tollgate::crypto {

struct SigV4Credentials {
    std::string_view access_key_id, secret_access_key;
    std::string_view session_token;  // "" for long-term keys
};

struct SigV4Request {
    std::string_view method = "POST";
    std::string_view authority;  // what the Host header will say; always signed
    std::string_view target;     // path and query exactly as they will be sent
    // What is signed besides host and the x-amz headers added here; usually content-type alone.
    // A header that a proxy may change must not be here.
    std::span<const std::pair<std::string, std::string>> headers;
    std::string_view body_sha256;  // lower-case hexadecimal: hex(sha256(pieces))
};

enum class SigV4Path : std::uint8_t {
    encode,            // every service but S3: a %3A that is sent is %253A in what is signed
    encode_normalize,  // the same after "//", "/./" and "/../" are resolved
    as_sent,           // S3
};

struct SigV4Scope {
    std::string_view region, service;  // "us-east-1", "bedrock"
    std::int64_t unix_seconds = 0;     // AWS accepts five minutes of difference
    SigV4Path path = SigV4Path::encode;
    // Adds and signs x-amz-content-sha256. Off only where a published vector has none.
    bool content_sha256_header = true;
    // The session token is sent but not signed; STS-era services only.
    bool unsigned_session_token = false;
};

// The headers to add to the request, in lower case: x-amz-date, x-amz-content-sha256,
// x-amz-security-token (with a session token) and authorization.
std::vector<std::pair<std::string, std::string>> sigv4_sign(const SigV4Request& request,
                                                            const SigV4Credentials& credentials,
                                                            const SigV4Scope& scope);

// The two texts on the way, for tests and for telling why AWS disagrees. `headers` are all that are
// signed, the added ones among them; `signed_names` becomes "content-type;host;...".
std::string sigv4_canonical_request(
    const SigV4Request& request, std::span<const std::pair<std::string, std::string>> headers,
    SigV4Path path, std::string& signed_names);

// Percent-encodes what RFC 3986 does not call unreserved; '/' too unless `keep` holds it.
std::string percent_encode(std::string_view text, std::string_view keep = {});

}  // namespace tollgate::crypto
