#include "accounting/reports_litellm.hpp"

#include "accounting/reports_fixture_test.hpp"
#include "store/teams.hpp"
#include "store/tenants.hpp"

namespace tollgate::accounting {
namespace {

using store::Session;
using ::testing::HasSubstr;

class LiteLlmSpend : public Reports {
protected:
    void SetUp() override {
        Reports::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        domain::UsageRecord first = request_at(november + an_hour);
        first.request_id = "01934f00-0000-7000-8000-000000000001";
        domain::UsageRecord second = request_at(november + micros_per_day);
        second.request_id = "01934f00-0000-7000-8000-000000000002";
        second.user = "bob", second.team = "blue", second.key_id = "key-2";
        second.model = "gpt-5.4", second.provider = "openai";
        second.cost = 9'000'000, second.fee = 1'000'000, second.tags = {"batch", "chat"};
        insert({first, second});
    }
};
INSTANTIATE_TEST_SUITE_P(Stores, LiteLlmSpend, store::both_stores(), store::store_name);

TEST_P(LiteLlmSpend, LogsAreRowsNewestFirst) {
    const std::string text = text_of([&](std::string& out, Session& session) {
        return append_spend_logs(out, session, everything, november_of());
    });
    EXPECT_THAT(text,
                ::testing::StartsWith(
                    R"([{"request_id":"01934f00-0000-7000-8000-000000000002",)"
                    R"("call_type":"anthropic_messages","api_key":"key-2","spend":0.01,)"
                    R"("total_tokens":1120,"prompt_tokens":1100,"completion_tokens":20,)"
                    R"("startTime":"2026-11-02T00:00:00.000Z",)"
                    R"("endTime":"2026-11-02T00:00:01.800Z",)"
                    R"("completionStartTime":"2026-11-02T00:00:00.420Z","model":"gpt-5.4",)"));
    EXPECT_THAT(text, HasSubstr(R"("request_tags":["batch","chat"])"));
    EXPECT_THAT(text, HasSubstr(R"("cache_hit":"False")"));
    EXPECT_THAT(text, HasSubstr("000000000001"));
    const std::string one = text_of([&](std::string& out, Session& session) {
        return append_spend_logs(out, session, everything, november_of(), 1);
    });
    EXPECT_EQ(one.find("000000000001"), std::string::npos);
}

TEST_P(LiteLlmSpend, OneLogByItsRequest) {
    const std::string text = text_of([&](std::string& out, Session& session) {
        return append_spend_log(out, session, everything, "01934f00-0000-7000-8000-000000000001");
    });
    EXPECT_THAT(text, HasSubstr(R"("spend":0.003)"));
    const std::string none = text_of(
        [&](std::string& out, Session& session) {
            return append_spend_log(out, session, store::Access::of_tenant("other"),
                                    "01934f00-0000-7000-8000-000000000001");
        },
        store::Access::of_tenant("other"));
    EXPECT_EQ(none, "[]");
}

TEST_P(LiteLlmSpend, ByDayWithUsersAndModels) {
    const std::string text = text_of([&](std::string& out, Session& session) {
        return append_spend_by_day(out, session, everything, november_of());
    });
    EXPECT_EQ(text, R"([{"startTime":"2026-11-01","spend":0.003,"users":{"ada":0.003},)"
                    R"("models":{"claude-sonnet-5-5":0.003}},)"
                    R"({"startTime":"2026-11-02","spend":0.01,"users":{"bob":0.01},)"
                    R"("models":{"gpt-5.4":0.01}}])");
}

TEST_P(LiteLlmSpend, TagsAndTheWhole) {
    const std::string tags = text_of([&](std::string& out, Session& session) {
        return append_spend_tags(out, session, everything, november_of());
    });
    EXPECT_EQ(tags, R"([{"individual_request_tag":"batch","log_count":2,"total_spend":0.012},)"
                    R"({"individual_request_tag":"chat","log_count":1,"total_spend":0.009}])");
    const std::string whole = text_of([&](std::string& out, Session& session) {
        return append_global_spend(out, session, everything, november_of(), std::nullopt);
    });
    EXPECT_EQ(whole, R"({"spend":0.013,"max_budget":null})");
    const std::string capped = text_of([&](std::string& out, Session& session) {
        return append_global_spend(out, session, everything, november_of("none"),
                                   25 * domain::nano_per_usd);
    });
    EXPECT_EQ(capped, R"({"spend":0,"max_budget":25})");
}

TEST_P(LiteLlmSpend, TheReportByTeamCustomerAndKey) {
    const auto report = [&](std::string_view group) {
        return text_of([&](std::string& out, Session& session) {
            return append_spend_report(out, session, everything, november_of(),
                                       spend_group_of(group).value());
        });
    };
    EXPECT_EQ(report("team"),
              R"([{"group_by_day":"2026-11-01T00:00:00+00:00","teams":[{"team_name":"red",)"
              R"("total_spend":0.003,"metadata":[{"model":"claude-sonnet-5-5","spend":0.003,)"
              R"("total_tokens":1120,"api_key":"key-1"}]}]},)"
              R"({"group_by_day":"2026-11-02T00:00:00+00:00","teams":[{"team_name":"blue",)"
              R"("total_spend":0.01,"metadata":[{"model":"gpt-5.4","spend":0.01,)"
              R"("total_tokens":1120,"api_key":"key-2"}]}]}])");
    EXPECT_THAT(report("customer"), HasSubstr(R"("customers":[{"customer":"ada","total_spend":)"));
    EXPECT_EQ(report("api_key"),
              R"([{"api_key":"key-1","total_cost":0.003,"total_input_tokens":1100,)"
              R"("total_output_tokens":20,"model_details":[{"model":"claude-sonnet-5-5",)"
              R"("total_cost":0.003,"total_input_tokens":1100,"total_output_tokens":20}]},)"
              R"({"api_key":"key-2","total_cost":0.01,"total_input_tokens":1100,)"
              R"("total_output_tokens":20,"model_details":[{"model":"gpt-5.4",)"
              R"("total_cost":0.01,"total_input_tokens":1100,"total_output_tokens":20}]}])");
    EXPECT_FALSE(spend_group_of("planet"));
}

}  // namespace
}  // namespace tollgate::accounting
