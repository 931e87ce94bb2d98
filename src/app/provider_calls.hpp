// The calls that administration has made to providers: tests of connections and keys, lists of
// models. Any loop's thread.
#pragma once
#include <functional>
#include <memory>

#include "admin/provider_service.hpp"
#include "assembly/build_snapshot.hpp"

namespace tollgate::app {

class ProviderCalls final : public admin::ProviderService {
public:
    struct Parts {
        std::shared_ptr<const config::Catalog> catalog;
        std::shared_ptr<const providers::Registry> registry;
        assembly::Shared& shared;  // outlives the calls
        std::function<std::shared_ptr<const config::Config>()> config;
    };
    explicit ProviderCalls(Parts parts) : parts_(std::move(parts)) {}

    net::Task<domain::ProviderProbe> probe(net::Loop& loop, admin::ProviderTarget target,
                                           net::CancelScope* scope) override;
    net::Task<base::Result<std::vector<domain::OfferedModel>>> offered(
        net::Loop& loop, admin::ProviderTarget target, net::CancelScope* scope) override;
    base::Result<void> check(const domain::ProviderRow& provider) const override;
    std::string cheapest_model(std::string_view type) const override;

private:
    base::Result<gateway::EndpointPointer> endpoint(const admin::ProviderTarget& target) const;
    const Parts parts_;
};

}  // namespace tollgate::app
