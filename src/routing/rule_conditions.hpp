// The conditions of one rule, compiled. Const and thread-safe once built.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "domain/routing.hpp"
#include "routing/request_features.hpp"
#include "routing/task_detection.hpp"
#include "routing/text_pattern.hpp"

namespace tollgate::routing {

// Seconds east of UTC at a moment in Unix seconds.
using ZoneOffset = std::function<std::int64_t(std::int64_t)>;
// The zone of a name; fails: invalid_request when there is none. Called while rules are built.
using ZoneLoader = std::function<base::Result<ZoneOffset>(const std::string& name)>;

class RuleConditions {
public:
    RuleConditions() = default;  // hold for every request
    // Fails: invalid_request with the field ("match.prompt[0]").
    static base::Result<RuleConditions> make(const domain::RoutingMatch& match,
                                             const ZoneLoader& zones);

    // Cheapest first. `dateless` is the requested name without its date. `failed`, unless null, is
    // told the first condition that does not hold.
    bool hold(const RequestFeatures& features, std::string_view dateless,
              const TaskOfRequest& task, std::string* failed) const;

private:
    struct Window {
        domain::TimeWindow hours;
        ZoneOffset offset;  // empty: UTC
        bool covers(std::int64_t unix_seconds) const;
    };
    bool head_holds(const RequestFeatures& features, std::string_view dateless,
                    std::string* failed) const;
    bool principal_holds(const RequestFeatures& features, std::string* failed) const;
    bool body_holds(const RequestFeatures& features, std::string* failed) const;
    bool words_hold(const RequestFeatures& features, const TaskOfRequest& task,
                    std::string* failed) const;

    domain::RoutingMatch match_;
    std::vector<CompiledPattern> prompts_;
    std::vector<Window> windows_;
    bool asks_body_ = false;
};

}  // namespace tollgate::routing
