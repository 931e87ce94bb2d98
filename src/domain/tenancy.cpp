#include "domain/tenancy.hpp"

#include <array>

namespace tollgate::domain {
namespace {

// The words of an enumeration, in its order: what the database, JSON and YAML hold.
constexpr std::array<const char*, 4> roles{"member", "tenant_auditor", "tenant_admin",
                                           "platform_admin"};
constexpr std::array<const char*, 8> subjects{"tenant", "team",  "user",     "key",
                                              "tier",   "model", "provider", "deployment"};
constexpr std::array<const char*, 5> periods{"daily", "weekly", "monthly", "rolling", "total"};
constexpr std::array<const char*, 4> actions{"notify", "throttle", "downgrade", "block"};
constexpr std::array<const char*, 5> movements{"grant", "purchase", "usage", "refund", "fee"};
constexpr std::array<const char*, 4> channels{"webhook", "slack", "email", "alertmanager"};

template <typename Enum, std::size_t count>
const char* word(const std::array<const char*, count>& words, Enum value) {
    const auto at = static_cast<std::size_t>(value);
    return at < count ? words[at] : "unknown";
}

template <typename Enum, std::size_t count>
std::optional<Enum> value_of(const std::array<const char*, count>& words, std::string_view text) {
    for (std::size_t at = 0; at < count; ++at) {
        if (text == words[at]) return static_cast<Enum>(at);
    }
    return std::nullopt;
}

}  // namespace

bool Limits::any() const {
    return requests_per_minute || requests_per_hour || requests_per_day || tokens_per_minute ||
           input_tokens_per_minute || output_tokens_per_minute || concurrent_requests;
}

const char* to_string(AccessRole role) { return word(roles, role); }
const char* to_string(SubjectKind kind) { return word(subjects, kind); }
const char* to_string(BudgetPeriod period) { return word(periods, period); }
const char* to_string(BudgetAction action) { return word(actions, action); }
const char* to_string(CreditKind kind) { return word(movements, kind); }
const char* to_string(AlertChannelKind kind) { return word(channels, kind); }

std::optional<AccessRole> access_role_of(std::string_view text) {
    return value_of<AccessRole>(roles, text);
}
std::optional<SubjectKind> subject_kind_of(std::string_view text) {
    return value_of<SubjectKind>(subjects, text);
}
std::optional<BudgetPeriod> budget_period_of(std::string_view text) {
    return value_of<BudgetPeriod>(periods, text);
}
std::optional<BudgetAction> budget_action_of(std::string_view text) {
    return value_of<BudgetAction>(actions, text);
}
std::optional<CreditKind> credit_kind_of(std::string_view text) {
    return value_of<CreditKind>(movements, text);
}
std::optional<AlertChannelKind> alert_channel_kind_of(std::string_view text) {
    return value_of<AlertChannelKind>(channels, text);
}

}  // namespace tollgate::domain
