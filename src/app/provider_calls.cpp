#include "app/provider_calls.hpp"

#include <limits>

#include "app/configuration.hpp"
#include "assembly/database_models.hpp"
#include "assembly/provider_probe.hpp"
#include "base/nearest.hpp"
#include "net/blocking_pool.hpp"

namespace tollgate::app {
namespace {

// Making an endpoint may read key files and ask a cloud's metadata server.
net::Task<base::Result<gateway::EndpointPointer>> made_on_pool(
    net::Loop& loop, std::function<base::Result<gateway::EndpointPointer>()> make,
    net::CancelScope* scope) {
    using Made = base::Result<gateway::EndpointPointer>;
    const auto made = std::make_shared<Made>(
        base::Error{base::ErrorCode::cancelled, "the client has gone"});
    std::function<void()> work = [made, make] { *made = make(); };
    const net::Patience patience{net::Clock::now() + assembly::probe_time, scope};
    const net::Wake wake = co_await net::on_pool(loop, std::move(work), patience);
    if (wake == net::Wake::timeout) {
        co_return base::Error{base::ErrorCode::timeout, "its credential was not found in time"};
    }
    if (wake != net::Wake::ready) {
        co_return base::Error{base::ErrorCode::cancelled, "the client has gone"};
    }
    co_return std::move(*made);
}

}  // namespace

base::Result<gateway::EndpointPointer> ProviderCalls::endpoint(
    const admin::ProviderTarget& target) const {
    const auto config = parts_.config();
    const config::Environment environment = process_environment();
    const assembly::BuildInput input{*config,        parts_.catalog, environment, parts_.registry,
                                     parts_.shared, nullptr,        "probe",     1};
    const std::string model = target.model.empty() ? "x" : target.model;
    return assembly::endpoint_of(input, target.provider, target.api_key, model);
}

net::Task<domain::ProviderProbe> ProviderCalls::probe(net::Loop& loop,
                                                      admin::ProviderTarget target,
                                                      net::CancelScope* scope) {
    std::function<base::Result<gateway::EndpointPointer>()> make = [this, target] {
        return endpoint(target);
    };
    auto made = co_await made_on_pool(loop, std::move(make), scope);
    if (!made.ok()) {
        domain::ProviderProbe answer;
        // A credential that is missing is nothing that the provider said.
        answer.error_class = made.error().code == base::ErrorCode::permission
                                 ? domain::ErrorClass::credential
                                 : domain::ErrorClass::bad_request;
        answer.message = made.error().message;
        co_return answer;
    }
    gateway::EndpointPointer endpoint = std::move(made).value();
    co_return co_await assembly::probe(loop, std::move(endpoint), scope);
}

net::Task<base::Result<std::vector<domain::OfferedModel>>> ProviderCalls::offered(
    net::Loop& loop, admin::ProviderTarget target, net::CancelScope* scope) {
    std::function<base::Result<gateway::EndpointPointer>()> make = [this, target] {
        return endpoint(target);
    };
    CO_TRY(gateway::EndpointPointer endpoint,
           co_await made_on_pool(loop, std::move(make), scope));
    co_return co_await assembly::offered_models(loop, std::move(endpoint), scope);
}

base::Result<void> ProviderCalls::check(const domain::ProviderRow& provider) const {
    if (parts_.catalog->provider(provider.type) == nullptr) {
        std::vector<std::string> known;
        for (const domain::ProviderTraits& row : parts_.catalog->providers) {
            known.push_back(row.type);
        }
        std::string message = "the provider type '" + provider.type + "' is not known";
        constexpr std::size_t suggestions = 3;
        const auto near = base::nearest(provider.type, known, suggestions, false);
        for (const std::string& name : near) {
            message += (&name == near.data() ? ": did you mean " : ", ") + name;
        }
        return base::invalid(std::move(message), "type");
    }
    if (!provider.api_base_url.empty()) {
        const auto origin = http::parse_origin(provider.api_base_url);
        if (!origin.ok()) {
            return base::invalid("api_base_url: " + origin.error().message, "api_base_url");
        }
    }
    const auto account = assembly::account_of(provider, "");
    if (!account.ok()) return account.error();
    return {};
}

std::string ProviderCalls::cheapest_model(std::string_view type) const {
    const domain::ProviderTraits* row = parts_.catalog->provider(type);
    if (row == nullptr) return {};
    const std::string prefix = row->type + "/";
    const domain::ModelTraits* cheapest = nullptr;
    domain::PicoUsd least = std::numeric_limits<domain::PicoUsd>::max();
    for (const domain::ModelTraits& model : parts_.catalog->models) {
        const domain::TokenPrices& prices = model.prices;
        const bool chat = model.mode == domain::ModelMode::chat && !model.responses_only;
        const bool current = model.deprecated_for.empty() && model.retires.empty();
        if (!model.id.starts_with(prefix) || !chat || !current) continue;
        if (prices.input < 0 || prices.output < 0) continue;
        const domain::PicoUsd price = prices.input + prices.output;
        if (price >= least) continue;
        least = price;
        cheapest = &model;
    }
    return cheapest == nullptr ? std::string() : cheapest->id.substr(prefix.size());
}

}  // namespace tollgate::app
