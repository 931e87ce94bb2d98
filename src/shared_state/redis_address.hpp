// Where Redis is and how to sign in: redis://[user:password@]host[:port][/database], with TLS as
// rediss://. User and password are percent-encoded where they hold `:@/%`. Pure.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace tollgate::shared_state {

struct RedisAddress {
    std::string host;
    std::uint16_t port = 6379;
    std::string user;      // "": the default user
    std::string password;  // "": none is sent
    int database = 0;
    bool tls = false;
    // For messages: "redis 127.0.0.1:6379". Never the password.
    std::string text() const { return "redis " + host + ":" + std::to_string(port); }
};

// Fails: invalid_request with the field stores.redis.
base::Result<RedisAddress> parse_redis_url(std::string_view url);

}  // namespace tollgate::shared_state
