// Which gateway a verb of administration talks to, and with whose key: options, then the
// environment (TOLLGATE_URL, TOLLGATE_CONTEXT, TOLLGATE_KEY, TOLLGATE_MASTER_KEY), then the context
// in use, then the gateway of this machine. Blocking file I/O; asks for a key on a terminal.
#pragma once
#include <string>

#include "base/result.hpp"
#include "commands/administration.hpp"
#include "commands/remote_administration.hpp"
#include "config/config.hpp"
#include "config/load.hpp"

namespace tollgate::commands {

struct Destination {
    bool local = true;
    RemoteOptions remote;  // unless local
    std::string key;       // given for the local gateway; "" : its master key
};

// A key is never sent to another place than it was given for: a context's file goes with its URL.
// Fails: not_found (no such context), invalid_request, authentication (no key and nobody to ask).
base::Result<Destination> choose_destination(const ConnectionArgs& args,
                                             const config::Environment& environment);

// "http://127.0.0.1:4000": how the gateway of this configuration is reached from here.
std::string local_url(const config::ServerConfig& server);

// The file's content, or of "-" standard input, without its final line break. Fails:
// invalid_request.
base::Result<std::string> read_secret(const std::string& path);
// All of a text file of at most a MiB, or of "-" standard input. Fails: invalid_request.
base::Result<std::string> read_object(const std::string& path);

}  // namespace tollgate::commands
