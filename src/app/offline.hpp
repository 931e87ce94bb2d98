// A configuration looked at without serving it: for `config check`, `doctor`, `init`, `keys
// snippet`. Blocking file I/O; main thread.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "app/dialects.hpp"
#include "app/provider_calls.hpp"
#include "assembly/build_snapshot.hpp"
#include "config/catalog.hpp"
#include "config/load.hpp"
#include "credentials/machine.hpp"

namespace tollgate::app {

class Offline {
public:
    Offline();
    // Fails when the catalog inside the binary is broken, which a test excludes.
    base::Result<void> ready() const { return ready_; }
    const config::Catalog& catalog() const { return *catalog_; }
    const config::Environment& environment() const { return environment_; }
    // `file`, or the default places, or what the environment offers.
    config::LoadResult load(const std::string& file) const;
    // The same of a text.
    config::LoadResult load_text(std::string_view yaml) const;
    // For calls that administration makes; `config` and this outlive it.
    ProviderCalls provider_calls(const config::Config& config);
    // What a snapshot of it would be; problems of meaning with it.
    assembly::BuildResult build(const config::Config& config);

private:
    Dialects dialects_;
    config::Environment environment_;
    std::shared_ptr<const config::Catalog> catalog_;
    std::shared_ptr<const providers::Registry> registry_;
    assembly::Shared shared_{credentials::read_machine()};
    base::Result<void> ready_;
};

}  // namespace tollgate::app
