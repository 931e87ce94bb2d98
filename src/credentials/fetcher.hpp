// One way of obtaining a credential, asked by CachedSource whenever it needs a new one. Fetchers
// are const and hold settings only: files, variables and servers are looked at in each fetch().
// Threading: fetch() may run on several loops at once.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "domain/credential.hpp"
#include "http/client.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "net/tls.hpp"

namespace tollgate::credentials {

// What one fetch may use. Borrows; all of it outlives the fetch.
struct FetchContext {
    http::Client& client;
    net::CancelScope* scope = nullptr;
    net::Instant deadline = net::Instant::max();  // of the whole fetch
};

class Fetcher {
public:
    virtual ~Fetcher() = default;
    // Fails: unavailable or provider, in words for whoever runs the gateway and without any secret;
    // cancelled when the scope is.
    virtual net::Task<base::Result<domain::Credential>> fetch(const FetchContext& context)
        const = 0;
    virtual std::string describe() const = 0;  // as Source::describe
};

// Variables of the environment, copied when the source was made.
using Variables = std::map<std::string, std::string, std::less<>>;
// "" when it is not set.
std::string variable(const Variables& variables, std::string_view name);

// For https addresses of token services; http ones need none.
using TlsContext = std::shared_ptr<net::TlsClientContext>;

}  // namespace tollgate::credentials
