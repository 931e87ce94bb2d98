// The administrative interface as the command line's verbs see it: a gateway over HTTP, or this
// process itself over the gateway's database. Blocking; one thread.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace tollgate::commands {

struct AdminReply {
    int status = 0;
    std::string body;
    bool ok() const { return status >= 200 && status < 300; }
};

class Administration {
public:
    virtual ~Administration() = default;
    // `target` is path and query, `body` JSON or "". Any answer is a reply, refusals too.
    // Fails: unavailable or timeout when nobody answers, provider when the answer is no HTTP or TLS
    // does not work out, authentication when there is no key to ask with.
    virtual base::Result<AdminReply> call(std::string_view method, const std::string& target,
                                          std::string_view body = {}) = 0;
    // GET whose good answer goes to `use` as it arrives; a refusal is the reply's body. An error of
    // `use` ends it.
    using Use = std::function<base::Result<void>(std::string_view)>;
    virtual base::Result<AdminReply> stream(const std::string& target, const Use& use) = 0;
    // Where the gateway's clients find it: "http://127.0.0.1:4000".
    virtual const std::string& url() const = 0;
};

// Which gateway, and with whose key. Empty: not given.
struct ConnectionArgs {
    std::string url;       // --url
    std::string key_file;  // --key-file; "-" : standard input
    std::string context;   // --context
    std::string ca_file;   // --ca-file
    std::string config_file, data_dir;  // where the local gateway is found
};
using OpenAdministration =
    std::function<base::Result<std::unique_ptr<Administration>>(const ConnectionArgs&)>;

// A query, percent-encoded: "?limit=500&tenant=acme"; pairs with empty values are left out.
using Pairs = std::vector<std::pair<std::string, std::string>>;
std::string query_of(const Pairs& pairs);
// One segment of a path.
std::string segment(std::string_view text);

// A refusal as an error: its message, and a code that exit_code_of() knows. REQUIRES: !reply.ok().
base::Error refusal(const AdminReply& reply);
// Calls, and gives the body of a good answer.
base::Result<std::string> ask(Administration& administration, std::string_view method,
                              const std::string& target, std::string_view body = {});
// An answer that ended after `bytes` of it had been passed on.
base::Error cut_short(const base::Error& why, std::size_t bytes);
// Exit code of a failure: 4 not authorised, 5 unreachable, 6 not found or conflict, 7 cut_short(),
// else 1.
int exit_code_of(const base::Error& error);

}  // namespace tollgate::commands
