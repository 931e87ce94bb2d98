#include "routing/rule_conditions.hpp"

#include <algorithm>

namespace tollgate::routing {
namespace {

constexpr std::int64_t seconds_per_day = 86'400, seconds_per_minute = 60, days_per_week = 7;
constexpr std::int64_t first_weekday = 3;  // 1970-01-01 was a Thursday; Monday is 0

std::string joined(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
    return out;
}

// Tells what failed, if anybody asks, and is false.
template <typename Why>
bool fails(std::string* failed, const Why& why) {
    if (failed != nullptr) *failed = why();
    return false;
}

bool any_glob(const std::vector<std::string>& patterns, std::string_view text) {
    return !text.empty() && std::any_of(patterns.begin(), patterns.end(), [&](const auto& pattern) {
        return glob_match_folded(pattern, text);
    });
}

template <typename Range, typename Number>
bool within(const Range& range, Number value) {
    return (!range.at_least || value >= *range.at_least) &&
           (!range.at_most || value <= *range.at_most);
}

bool flag_holds(const std::optional<bool>& wanted, bool found, const char* name,
                std::string* failed) {
    if (!wanted || *wanted == found) return true;
    return fails(failed, [&] { return std::string(name) + ": is " + (found ? "true" : "false"); });
}

bool named(const std::vector<std::string>& wanted, const char* what, std::string_view id,
           std::string_view name, std::string* failed) {
    if (wanted.empty() || any_glob(wanted, id) || any_glob(wanted, name)) return true;
    return fails(failed, [&] {
        const std::string_view shown = name.empty() ? id : name;
        return std::string(what) + ": " + (shown.empty() ? "none" : std::string(shown)) +
               " is not of " + joined(wanted);
    });
}

}  // namespace

base::Result<RuleConditions> RuleConditions::make(const domain::RoutingMatch& match,
                                                  const ZoneLoader& zones) {
    RuleConditions out;
    out.match_ = match;
    for (std::size_t i = 0; i < match.prompts.size(); ++i) {
        auto compiled = CompiledPattern::make(match.prompts[i]);
        if (!compiled) {
            compiled.error().field = "match.prompt[" + std::to_string(i) + "]";
            return std::move(compiled).error();
        }
        out.prompts_.push_back(std::move(compiled).value());
    }
    for (std::size_t i = 0; i < match.times.size(); ++i) {
        Window window{match.times[i], {}};
        if (!window.hours.zone.empty() && window.hours.zone != "UTC") {
            auto offset = zones ? zones(window.hours.zone)
                                : base::Result<ZoneOffset>(base::invalid("time zones are unknown"));
            if (!offset) {
                offset.error().field = "match.time[" + std::to_string(i) + "].zone";
                return std::move(offset).error();
            }
            window.offset = std::move(offset).value();
        }
        out.windows_.push_back(std::move(window));
    }
    out.asks_body_ = match.thinking || match.has_images || match.has_tools ||
                     !match.tokens.empty() || !match.prompts.empty() || !match.tasks.empty();
    return out;
}

bool RuleConditions::Window::covers(std::int64_t unix_seconds) const {
    const std::int64_t local = unix_seconds + (offset ? offset(unix_seconds) : 0);
    const std::int64_t day = local >= 0 ? local / seconds_per_day
                                        : (local - seconds_per_day + 1) / seconds_per_day;
    const std::int64_t minute = (local - day * seconds_per_day) / seconds_per_minute;
    const auto has_day = [&](std::int64_t which) {
        const std::int64_t weekday =
            ((which + first_weekday) % days_per_week + days_per_week) % days_per_week;
        return ((hours.days >> weekday) & 1) != 0;
    };
    if (hours.from_minute < hours.to_minute) {
        return has_day(day) && minute >= hours.from_minute && minute < hours.to_minute;
    }
    if (hours.from_minute == hours.to_minute) return has_day(day);
    return (has_day(day) && minute >= hours.from_minute) ||
           (has_day(day - 1) && minute < hours.to_minute);
}

bool RuleConditions::hold(const RequestFeatures& features, std::string_view dateless,
                          const TaskOfRequest& task, std::string* failed) const {
    if (!head_holds(features, dateless, failed) || !principal_holds(features, failed)) return false;
    if (!asks_body_) return true;
    return body_holds(features, failed) && words_hold(features, task, failed);
}

bool RuleConditions::head_holds(const RequestFeatures& features, std::string_view dateless,
                                std::string* failed) const {
    const std::string_view requested = features.requested;
    if (!match_.models.empty() && !any_glob(match_.models, requested) &&
        (features.name == requested || !any_glob(match_.models, features.name)) &&
        (dateless == requested || !any_glob(match_.models, dateless))) {
        return fails(failed, [&] {
            return "model: " + std::string(features.requested) + " is not of " +
                   joined(match_.models);
        });
    }
    if (!match_.power_levels.empty() &&
        std::find(match_.power_levels.begin(), match_.power_levels.end(), features.power_level) ==
            match_.power_levels.end()) {
        return fails(failed, [&] {
            return "power_level: is " + std::string(domain::to_string(features.power_level));
        });
    }
    for (const domain::HeaderMatch& header : match_.headers) {
        const auto value = features.header_value(header.name);
        if (value && glob_match_folded(header.value, *value)) continue;
        return fails(failed, [&] {
            return "header: " + header.name + (value ? " is not " + header.value : " is missing");
        });
    }
    return true;
}

bool RuleConditions::principal_holds(const RequestFeatures& features, std::string* failed) const {
    if (!named(match_.tenants, "tenant", features.tenant, features.tenant_name, failed) ||
        !named(match_.teams, "team", features.team, features.team_name, failed) ||
        !named(match_.users, "user", features.user, features.user_name, failed)) {
        return false;
    }
    if (!match_.tags.empty() &&
        std::none_of(features.tags.begin(), features.tags.end(),
                     [&](const std::string& tag) { return any_glob(match_.tags, tag); })) {
        return fails(failed, [&] { return "tag: none of " + joined(match_.tags); });
    }
    if (!windows_.empty() && std::none_of(windows_.begin(), windows_.end(), [&](const Window& w) {
            return w.covers(features.now);
        })) {
        return fails(failed, [] { return std::string("time: outside the hours"); });
    }
    const double used = features.budget_used_percent.value_or(0);
    if (match_.budget_used && !within(*match_.budget_used, used)) {
        return fails(failed, [&] {
            return "budget_used: is " + std::to_string(static_cast<std::int64_t>(used)) + " %";
        });
    }
    return true;
}

bool RuleConditions::body_holds(const RequestFeatures& features, std::string* failed) const {
    const BodyFeatures& body = features.body();
    if (!flag_holds(match_.thinking, body.thinking, "thinking", failed) ||
        !flag_holds(match_.has_images, body.has_images, "has_images", failed) ||
        !flag_holds(match_.has_tools, body.has_tools, "has_tools", failed)) {
        return false;
    }
    if (match_.tokens.empty()) return true;
    const bool inside =
        std::any_of(match_.tokens.begin(), match_.tokens.end(), [&](const domain::TokenRange& r) {
            return within(r, body.input_tokens);
        });
    if (inside) return true;
    return fails(failed, [&] { return "tokens: are " + std::to_string(body.input_tokens); });
}

bool RuleConditions::words_hold(const RequestFeatures& features, const TaskOfRequest& task,
                                std::string* failed) const {
    if (!prompts_.empty()) {
        const std::string_view words = features.body().last_user_text;
        if (std::none_of(prompts_.begin(), prompts_.end(),
                         [&](const CompiledPattern& pattern) { return pattern.matches(words); })) {
            return fails(failed, [] { return std::string("prompt: does not match"); });
        }
    }
    if (match_.tasks.empty()) return true;
    const TaskVerdict& verdict = task.get();
    if (std::any_of(match_.tasks.begin(), match_.tasks.end(),
                    [&](const std::string& name) { return verdict.is(name); })) {
        return true;
    }
    return fails(failed, [&] {
        return "task: is " + std::string(verdict.task) + ", not " + joined(match_.tasks);
    });
}

}  // namespace tollgate::routing
