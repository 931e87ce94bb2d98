#include "app/offline.hpp"

#include "app/configuration.hpp"
#include "base/clock.hpp"
#include "config/zero_config.hpp"

namespace tollgate::app {

Offline::Offline() : environment_(process_environment()) {
    auto catalog = config::load_catalog(embedded_catalog());
    if (!catalog.ok()) {
        ready_ = catalog.error();
        return;
    }
    catalog_ = std::make_shared<const config::Catalog>(std::move(catalog).value());
    registry_ = std::make_shared<providers::Registry>(dialects_.sides(), providers::BetaFilter());
}

config::LoadResult Offline::load(const std::string& file) const {
    const std::string path = file.empty() ? config::default_path() : file;
    if (!path.empty()) return config::load(path, environment_);
    config::LoadResult result;
    result.config = config::zero_config(environment_, *catalog_);
    return result;
}

config::LoadResult Offline::load_text(std::string_view yaml) const {
    return config::load_text(yaml, "text", environment_);
}

ProviderCalls Offline::provider_calls(const config::Config& config) {
    // Not owned: it outlives the calls.
    return ProviderCalls({catalog_, registry_, shared_, [&config] {
        return std::shared_ptr<const config::Config>(std::shared_ptr<void>(), &config);
    }});
}

assembly::BuildResult Offline::build(const config::Config& config) {
    assembly::BuildInput input{config,  catalog_, environment_, registry_,
                               shared_, nullptr,  "unused",     1};
    input.unix_now = base::unix_seconds();
    return assembly::build_snapshot(input);
}

}  // namespace tollgate::app
