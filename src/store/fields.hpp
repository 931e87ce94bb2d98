// Values of the domain as texts of columns and back: lists, aliases, limits and thresholds as JSON,
// enumerations as words. What is written here is compact and in one order, so that equal values
// have equal texts. Pure functions, thread-safe.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "domain/routing.hpp"
#include "domain/tenancy.hpp"

namespace tollgate::store {

using Aliases = std::vector<std::pair<std::string, std::string>>;

// ["gpt-*","claude-*"]; {"fast":"gpt-4o-mini"} sorted by alias, of two alike the first;
// {"requests_per_minute":10}; [{"percent":80,"action":"notify"}].
std::string json_of(std::span<const std::string> list);
std::string json_of(const Aliases& aliases);
std::string json_of(const domain::Limits& limits);
std::string json_of(const std::vector<domain::BudgetThreshold>& thresholds);
// [{"name":"now","model":"openai/gpt-4o-mini","share":90}]
std::string json_of(const std::vector<domain::ExperimentArm>& arms);

// Fails: internal, for texts that were not written by json_of.
base::Result<void> from_json(std::string_view json, std::vector<std::string>& list);
base::Result<void> from_json(std::string_view json, Aliases& aliases);
base::Result<void> from_json(std::string_view json, domain::Limits& limits);
base::Result<void> from_json(std::string_view json, std::vector<domain::BudgetThreshold>& found);
base::Result<void> from_json(std::string_view json, std::vector<domain::ExperimentArm>& arms);

// `json` without white space between its tokens; "" becomes "{}". Fails: internal when it is no
// JSON object (who fills such a field has checked it).
base::Result<std::string> compact_object(std::string_view json);

// The word that domain::to_string gives for it. Fails: internal.
base::Result<void> from_word(std::string_view word, domain::AccessRole& value);
base::Result<void> from_word(std::string_view word, domain::SubjectKind& value);
base::Result<void> from_word(std::string_view word, domain::BudgetPeriod& value);
base::Result<void> from_word(std::string_view word, domain::BudgetAction& value);
base::Result<void> from_word(std::string_view word, domain::CreditKind& value);
base::Result<void> from_word(std::string_view word, domain::AlertChannelKind& value);
base::Result<void> from_word(std::string_view word, domain::Sticky& value);
base::Result<void> from_word(std::string_view word, domain::Metric& value);

}  // namespace tollgate::store
