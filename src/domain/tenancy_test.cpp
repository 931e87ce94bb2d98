#include "domain/tenancy.hpp"

#include <gtest/gtest.h>

#include <string>

namespace tollgate::domain {
namespace {

// Every enumerator of `count` has a word of its own, and the word leads back.
template <typename Enum, typename Read>
void expect_round_trip(int count, Read read) {
    for (int at = 0; at < count; ++at) {
        const auto value = static_cast<Enum>(at);
        const std::string word = to_string(value);
        EXPECT_NE(word, "unknown") << at;
        EXPECT_EQ(read(word), value) << word;
    }
    EXPECT_STREQ(to_string(static_cast<Enum>(count)), "unknown") << "a word too many";
    EXPECT_FALSE(read("unknown"));
    EXPECT_FALSE(read(""));
}

TEST(Tenancy, WordsOfEnumerationsLeadBack) {
    expect_round_trip<AccessRole>(4, access_role_of);
    expect_round_trip<SubjectKind>(8, subject_kind_of);
    expect_round_trip<BudgetPeriod>(5, budget_period_of);
    expect_round_trip<BudgetAction>(4, budget_action_of);
    expect_round_trip<CreditKind>(5, credit_kind_of);
    expect_round_trip<AlertChannelKind>(4, alert_channel_kind_of);
}

TEST(Tenancy, TheWordsAreThoseOfTheInterface) {
    EXPECT_STREQ(to_string(AccessRole::platform_admin), "platform_admin");
    EXPECT_STREQ(to_string(SubjectKind::deployment), "deployment");
    EXPECT_STREQ(to_string(BudgetPeriod::rolling), "rolling");
    EXPECT_STREQ(to_string(BudgetAction::downgrade), "downgrade");
    EXPECT_STREQ(to_string(CreditKind::fee), "fee");
    EXPECT_STREQ(to_string(AlertChannelKind::email), "email");
}

TEST(Tenancy, AnyLimitCounts) {
    EXPECT_FALSE(Limits{}.any());
    std::optional<std::int64_t> Limits::* members[] = {
        &Limits::requests_per_minute,     &Limits::requests_per_hour,
        &Limits::requests_per_day,        &Limits::tokens_per_minute,
        &Limits::input_tokens_per_minute, &Limits::output_tokens_per_minute,
        &Limits::concurrent_requests};
    for (const auto member : members) {
        Limits limits;
        limits.*member = 0;
        EXPECT_TRUE(limits.any());
    }
}

}  // namespace
}  // namespace tollgate::domain
