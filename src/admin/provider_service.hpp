// What administration asks of the world outside: does a provider answer, and which models has it.
// Made by app; any loop's thread.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "domain/providers.hpp"
#include "http/exchange.hpp"

namespace tollgate::admin {

// A provider with its credential in the clear: for one call, never kept.
struct ProviderTarget {
    domain::ProviderRow provider;
    std::string api_key;  // "" : none
    std::string model;    // as the provider knows it
};

class ProviderService {
public:
    virtual ~ProviderService() = default;
    // A real call of at most 5 output tokens. Never fails: what went wrong is in the answer.
    virtual net::Task<domain::ProviderProbe> probe(net::Loop& loop, ProviderTarget target,
                                                   net::CancelScope* scope) = 0;
    // The provider's own list. Fails: provider, unavailable, timeout, in the provider's words.
    virtual net::Task<base::Result<std::vector<domain::OfferedModel>>> offered(
        net::Loop& loop, ProviderTarget target, net::CancelScope* scope) = 0;
    // Whether type, address and settings mean something. Fails: invalid_request, `field` naming
    // type, api_base_url or config. Pure.
    virtual base::Result<void> check(const domain::ProviderRow& provider) const = 0;
    // What to test a credential of that type with: the cheapest chat model of the catalog, "" when
    // it has none there. Pure.
    virtual std::string cheapest_model(std::string_view type) const = 0;
};

}  // namespace tollgate::admin
