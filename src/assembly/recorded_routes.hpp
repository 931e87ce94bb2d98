// Where another configuration would send recorded requests: its rules, names, levels and strategies
// over what usage records tell. For `tollgate simulate`.
//
// A record has no words. Conditions that need them (prompt, thinking, tools, pictures, headers, the
// budget's standing) may hold or not: a rule all of whose other conditions hold makes the request
// unknown, one that fails at what is recorded is passed over as it would be.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "assembly/build_snapshot.hpp"
#include "assembly/directory_rows.hpp"
#include "base/result.hpp"
#include "config/config.hpp"
#include "domain/usage_record.hpp"
#include "routing/simulate.hpp"

namespace tollgate::assembly {

// One thread. Owns what the routes it gives point to.
class RecordedRoutes {
public:
    using Build = std::function<BuildResult(const config::Config& config)>;
    // `rows`: who the keys of the records are. `build` is called here only. Blocking (time zones).
    // Fails: invalid_request with the configuration's errors.
    static base::Result<RecordedRoutes> make(const config::Config& config,
                                             const DirectoryRows& rows, const Build& build);
    RecordedRoutes(RecordedRoutes&&) noexcept;
    RecordedRoutes& operator=(RecordedRoutes&&) noexcept;
    ~RecordedRoutes();

    // Takes turns as the gateway would; the oldest record first.
    routing::SimulatedRoute route(const domain::UsageRecord& record);
    routing::SimulationSettings settings() const;

private:
    struct State;
    explicit RecordedRoutes(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace tollgate::assembly
