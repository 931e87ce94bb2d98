// A gateway's administrative interface over HTTP. Blocking: runs a loop of its own, with a deadline
// on every step. One thread.
#pragma once
#include <memory>
#include <string>

#include "commands/administration.hpp"

namespace tollgate::commands {

struct RemoteOptions {
    std::string url;      // "https://gateway.example.com", with or without a path in front
    std::string key;      // sent as a bearer token
    std::string ca_file;  // "" : the system's certificates
    std::string shown_url;  // what url() says; "" : `url`
};

// Does not connect yet. Fails: invalid_request when the URL or the file is no good.
base::Result<std::unique_ptr<Administration>> remote_administration(const RemoteOptions& options);

// True when something accepts connections at `url` within a second.
bool answers(const std::string& url);

}  // namespace tollgate::commands
