#include "accounting/reports.hpp"

#include "accounting/reports_fixture_test.hpp"
#include "base/json.hpp"

namespace tollgate::accounting {
namespace {

using store::Session;
using store::UsageDimension;
using store::UsageStep;
using ::testing::HasSubstr;
using ::testing::Not;

INSTANTIATE_TEST_SUITE_P(Stores, Reports, store::both_stores(), store::store_name);

UsageReport report_of(Session& session, const UsageReportQuery& query,
                      const store::Access& access = store::Access::everything()) {
    auto report = usage_report(session, access, query);
    EXPECT_TRUE(report.ok()) << report.error().message;
    return report.ok() ? std::move(report).value() : UsageReport{};
}

// Two requests of ada on the first, one of bob with another model, that failed and fell back, on
// the third; one of another tenant.
std::vector<domain::UsageRecord> three_days(
    const std::function<domain::UsageRecord(std::int64_t, std::string)>& request) {
    domain::UsageRecord other = request(november + 2 * micros_per_day, "acme");
    other.user = "bob", other.team = "blue", other.key_id = "key-2", other.tags = {"chat", "x"};
    other.provider = "openai", other.model = "gpt-5.4";
    other.cost = other.list_cost = 9'000'000;
    other.status = 502, other.error_class = "provider_fault";
    other.fallback_reason = "overloaded", other.attempts = 2;
    other.total_us = 30'000'000, other.first_token_us = -1;
    return {request(november + an_hour, "acme"), request(november + 2 * an_hour, "acme"), other,
            request(november, "other")};
}

TEST_P(Reports, SumsCourseGroupsTopAndRates) {
    insert(three_days(request_at));
    read([&](Session& session) -> base::Result<void> {
        UsageReportQuery query;
        query.filter = november_of();
        query.by = {UsageDimension::model};
        const UsageReport report = report_of(session, query);
        EXPECT_EQ(report.total.requests, 3);
        EXPECT_EQ(report.total.cost, 15'000'000);
        EXPECT_EQ(report.total.errors, 1);
        EXPECT_EQ(report.total.fallbacks, 1);
        EXPECT_EQ(report.series.size(), 2u);  // days without usage have no point
        if (report.series.size() != 2) return {};
        EXPECT_EQ(report.series[0].start, november);
        EXPECT_EQ(report.series[0].sums.requests, 2);
        EXPECT_EQ(report.series[1].start, november + 2 * micros_per_day);
        EXPECT_EQ(report.groups.size(), 2u);
        EXPECT_EQ(report.groups.at(0).values.at(0), "gpt-5.4");  // the dearest first
        EXPECT_EQ(report.groups.at(1).sums.cost, 6'000'000);
        EXPECT_EQ(report.top_models.at(0).name, "gpt-5.4");
        EXPECT_EQ(report.top_users.at(0).name, "bob");
        EXPECT_EQ(report.top_keys.at(1).name, "key-1");
        EXPECT_EQ(report.top_providers.size(), 2u);
        EXPECT_EQ(report.top_tags.size(), 3u);
        EXPECT_EQ(report.latency.size(), 3u);  // of all, of two models
        EXPECT_EQ(report.latency.at(0).total.requests, 3);
        EXPECT_EQ(report.latency.at(0).first_token.requests, 2);
        EXPECT_GT(report.latency.at(0).total.p50_us, 1'500'000);
        EXPECT_LE(report.latency.at(0).total.p50_us, 2'000'000);
        EXPECT_GT(report.latency.at(0).total.p99_us, 20'000'000);
        std::string text;
        append_json(text, report);
        EXPECT_THAT(text, HasSubstr(R"("error_rate":0.333333)"));
        EXPECT_THAT(text, HasSubstr(R"("fallback_rate":0.333333)"));
        EXPECT_THAT(text, HasSubstr(R"("series":[{"start":"2026-11-01T00:00:00.000Z","model":)"));
        EXPECT_THAT(text, HasSubstr(R"("cost":0.015,)"));
        return {};
    });
}

TEST_P(Reports, TopListsAreAsLongAsAskedFor) {
    insert(three_days(request_at));
    read([&](Session& session) -> base::Result<void> {
        UsageReportQuery query;
        query.filter = november_of();
        query.top = 1;
        const UsageReport report = report_of(session, query);
        EXPECT_EQ(report.top_models.size(), 1u);
        EXPECT_EQ(report.top_tags.size(), 1u);
        EXPECT_TRUE(report.groups.empty());
        return {};
    });
}

TEST_P(Reports, TagsCountEachRequestThatHasThem) {
    insert(three_days(request_at));
    read([&](Session& session) -> base::Result<void> {
        UsageReportQuery query;
        query.filter = november_of();
        query.by_tag = true;
        query.step = UsageStep::month;
        const UsageReport report = report_of(session, query);
        EXPECT_EQ(report.groups.size(), 3u);
        EXPECT_EQ(report.groups.at(0).values.at(0), "chat");
        EXPECT_EQ(report.groups.at(2).sums.requests, 2);
        query.filter.user = "ada";
        EXPECT_EQ(usage_report(session, everything, query).error().field, "by");
        return {};
    });
}

TEST_P(Reports, AnotherTenantsUsageIsNotSeen) {
    insert(three_days(request_at));
    read(
        [&](Session& session) -> base::Result<void> {
            const store::Access other = store::Access::of_tenant("other");
            UsageReportQuery query;
            query.filter = november_of("");
            const UsageReport report = report_of(session, query, other);
            EXPECT_EQ(report.total.requests, 1);
            EXPECT_EQ(report.top_models.size(), 1u);
            EXPECT_EQ(report.latency.at(0).total.requests, 1);
            query.filter = november_of("acme");
            EXPECT_EQ(report_of(session, query, other).total.requests, 0);
            const auto overview = usage_overview(session, other, november_of(""), "day");
            EXPECT_EQ(overview.value().total.requests, 1);
            EXPECT_EQ(overview.value().providers.at(0).unique_users, 1);
            return {};
        },
        store::Access::of_tenant("other"));
}

TEST_P(Reports, ARangeIsNeeded) {
    read([&](Session& session) -> base::Result<void> {
        const auto report = usage_report(session, everything, {});
        EXPECT_FALSE(report.ok());
        EXPECT_EQ(report.error().field, "from");
        return {};
    });
}

TEST_P(Reports, TheOverviewIsWhatTheInterfaceAnswers) {
    auto records = three_days(request_at);
    records[1].user = "eve";
    insert(records);
    const std::string text = text_of([&](std::string& out, Session& session) -> base::Result<void> {
        TRY(const UsageOverview overview,
            usage_overview(session, everything, november_of(), "model"));
        append_json(out, overview);
        return {};
    });
    // 3 * (100 + 20 + 1000) tokens; 0.03 - 0.015 saved
    EXPECT_EQ(text, R"({"total_requests":3,"total_tokens":3360,"total_cost":0.015,)"
                    R"("avg_cost_per_request":0.005,"baseline_cost":0.03,"savings":0.015,)"
                    R"("providers":[{"provider_id":"openai","provider_name":"openai","requests":1,)"
                    R"("tokens":1120,"cost":0.009,"avg_latency_ms":30000,"unique_users":1},)"
                    R"({"provider_id":"anthropic","provider_name":"anthropic","requests":2,)"
                    R"("tokens":2240,"cost":0.006,"avg_latency_ms":1800,"unique_users":2}],)"
                    R"("series":[{"date":"2026-11-01","requests":2,"tokens":2240,"cost":0.006},)"
                    R"({"date":"2026-11-03","requests":1,"tokens":1120,"cost":0.009}],)"
                    R"("groups":[{"model":"gpt-5.4","requests":1,"tokens":1120,"cost":0.009},)"
                    R"({"model":"claude-sonnet-5-5","requests":2,"tokens":2240,"cost":0.006}],)"
                    R"("period_days":30})");
}

TEST_P(Reports, AChart_HasTheDearestAndTheRestAsOne) {
    insert(three_days(request_at));
    read([&](Session& session) -> base::Result<void> {
        UsageReportQuery query;
        query.filter = november_of("");
        query.by = {UsageDimension::key};
        query.series_top = 1;
        const UsageReport report = report_of(session, query);
        EXPECT_EQ(report.series.size(), 2u);
        EXPECT_EQ(report.groups.size(), 2u);
        if (report.groups.size() != 2) return {};
        // key-1 has 9,000,000 too, of three requests.
        EXPECT_EQ(report.groups[0].values[0], "key-1");
        EXPECT_EQ(report.groups[1].values[0], store::usage_other);
        EXPECT_EQ(report.groups[1].sums.cost, 9'000'000);
        query.by.clear();
        EXPECT_EQ(usage_report(session, everything, query).error().field, "series_top");
        query.by_tag = true;
        query.filter.tenant = "acme";
        const UsageReport tags = report_of(session, query);
        EXPECT_EQ(tags.groups.size(), 2u);
        if (tags.groups.size() != 2) return {};
        EXPECT_EQ(tags.groups[0].values[0], "chat");
        EXPECT_EQ(tags.groups[1].sums.requests, 3);  // of x and of batch
        return {};
    });
}

TEST_P(Reports, TheOverviewsChart_AddsUpToItsGroups) {
    insert(three_days(request_at));
    const std::string text = text_of([&](std::string& out, Session& session) -> base::Result<void> {
        TRY(const UsageOverview overview,
            usage_overview(session, everything, november_of(), "user", 1));
        append_json(out, overview);
        EXPECT_EQ(usage_overview(session, everything, november_of(), "day", 1).error().field,
                  "top");
        return {};
    });
    EXPECT_THAT(text, HasSubstr(R"("groups":[{"user":"bob","requests":1,"tokens":1120,"cost":)"
                                R"(0.009},{"user":"__other__","requests":2,"tokens":2240,"cost":)"
                                R"(0.006}],"group_series":[{"date":"2026-11-01","user":)"
                                R"("__other__","requests":2,"tokens":2240,"cost":0.006},)"
                                R"({"date":"2026-11-03","user":"bob","requests":1,"tokens":1120,)"
                                R"("cost":0.009}],"period_days":30})"));
}

TEST_P(Reports, AnUnknownGroupIsNamed) {
    read([&](Session& session) -> base::Result<void> {
        const auto overview = usage_overview(session, everything, november_of(), "colour");
        EXPECT_EQ(overview.error().field, "group_by");
        return {};
    });
}

TEST(ReportText, DaysMonthsAndShares) {
    EXPECT_EQ(day_text(november - 1), "2026-10-31");
    EXPECT_EQ(month_text(november), "2026-11");
    EXPECT_EQ(month_start(november + 5 * micros_per_day), november);
    EXPECT_EQ(month_start(november, 1), november + 30 * micros_per_day);
    EXPECT_EQ(day_text(month_start(november, 2)), "2027-01-01");
    EXPECT_EQ(day_text(month_start(november, -11)), "2025-12-01");
    EXPECT_EQ(share_text(1, 3), "0.333333");
    EXPECT_EQ(share_text(0, 0), "0");
    EXPECT_EQ(share_text(-1, 2), "-0.5");
}

}  // namespace
}  // namespace tollgate::accounting
