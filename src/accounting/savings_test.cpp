#include "accounting/savings.hpp"

#include "accounting/reports_fixture_test.hpp"

namespace tollgate::accounting {
namespace {

using ::testing::HasSubstr;

class Savings : public Reports {};
INSTANTIATE_TEST_SUITE_P(Stores, Savings, store::both_stores(), store::store_name);

// 3 for input, 0.30 to read from the cache, 3.75 and 6 to write to it.
domain::TokenPrices sonnet() {
    domain::TokenPrices prices;
    prices.input = 3'000'000, prices.output = 15'000'000, prices.cache_read = 300'000;
    prices.cache_write_5m = 3'750'000, prices.cache_write_1h = 6'000'000;
    return prices;
}

TEST(SavingsFigures, TheCacheIsWorthWhatReadingSavesLessWhatWritingCosts) {
    store::UsageSums sums;
    sums.cache_read_tokens = 1'000;
    EXPECT_EQ(provider_cache_savings(sums, sonnet()), 1'000 * 2'700);
    sums.cache_write_5m_tokens = 100;
    sums.cache_write_1h_tokens = 10;
    // 2'700'000 - 100 * 750 - 10 * 3000
    EXPECT_EQ(provider_cache_savings(sums, sonnet()), 2'595'000);
    sums.cache_read_tokens = 0;
    EXPECT_EQ(provider_cache_savings(sums, sonnet()), -105'000);
    domain::TokenPrices silent;
    silent.input = 3'000'000;
    EXPECT_EQ(provider_cache_savings(sums, silent), 0);
}

// Of each kind one, with figures by hand (nano-dollars).
std::vector<domain::UsageRecord> one_of_each(
    const std::function<domain::UsageRecord(std::int64_t)>& request) {
    // Routed to a cheaper model: baseline 10'000'000, cost 3'000'000, 1000 tokens read.
    domain::UsageRecord routed = request(november);
    // The response cache answered: list 3'000'000, nothing billed.
    domain::UsageRecord hit = request(november + 1);
    hit.cache = "hit", hit.cost = 0, hit.usage.cache_read = 0;
    // A key of the user's own: list 3'000'000, fee 300'000.
    domain::UsageRecord own = request(november + 2);
    own.byok = true, own.cost = 0, own.fee = 300'000, own.usage.cache_read = 0;
    own.rule = "own keys";
    // The provider states less than its list: 2'500'000; no baseline.
    domain::UsageRecord stated = request(november + 3);
    stated.provider = "openrouter", stated.model = "x", stated.cost = 2'500'000;
    stated.baseline_cost = 0, stated.rule = "", stated.priced = false;
    return {routed, hit, own, stated};
}

TEST_P(Savings, TheParts_AddUpToTheDifference) {
    insert(one_of_each([](std::int64_t at) { return request_at(at); }));
    const domain::TokenPrices prices = sonnet();
    SavingsReport report;
    read([&](store::Session& session) -> base::Result<void> {
        TRY(report, savings_report(session, everything, november_of(),
                                   [&](std::string_view provider, std::string_view) {
                                       return provider == "anthropic" ? &prices : nullptr;
                                   }));
        return {};
    });
    const SavingsLine& total = report.total;
    EXPECT_EQ(total.requests, 4);
    EXPECT_EQ(total.spent, 3'000'000 + 300'000 + 2'500'000);
    EXPECT_EQ(total.routing, 3 * 7'000'000);
    EXPECT_EQ(total.provider_cache, 2'700'000);
    EXPECT_EQ(total.response_cache, 3'000'000);
    EXPECT_EQ(total.byok, 2'700'000);
    EXPECT_EQ(total.other, 500'000);
    // Without the gateway: three baselines, the list price of the fourth, and the fresh tokens.
    EXPECT_EQ(total.without(), 3 * 10'000'000 + 3'000'000 + 2'700'000);
    EXPECT_EQ(total.without() - total.spent, total.saved());
    EXPECT_EQ(report.requests_without_baseline, 1);
    EXPECT_EQ(report.unpriced_requests, 1);
    EXPECT_EQ(report.models_without_price, std::vector<std::string>{"openrouter/x"});
    EXPECT_EQ(report.assumptions.size(), 8u);
}

TEST_P(Savings, ByRuleAndModel_MostSavedFirst) {
    insert(one_of_each([](std::int64_t at) { return request_at(at); }));
    const std::string text =
        text_of([&](std::string& out, store::Session& session) -> base::Result<void> {
            TRY(const SavingsReport report,
                savings_report(session, everything, november_of(), nullptr));
            EXPECT_EQ(report.by_rule.size(), 3u);
            EXPECT_EQ(report.by_rule.at(0).name, "cheap");
            EXPECT_EQ(report.by_rule.at(1).name, "own keys");
            EXPECT_EQ(report.by_rule.at(2).saved(), 500'000);
            EXPECT_EQ(report.by_model.size(), 2u);
            EXPECT_EQ(report.by_model.at(0).name, "anthropic/claude-sonnet-5-5");
            EXPECT_EQ(report.by_model.at(0).provider_cache, 0);  // its price is not known
            append_json(out, report);
            return {};
        });
    EXPECT_THAT(text, HasSubstr(R"("by_rule":[{"rule":"cheap","requests":2,"baseline":0.02,)"
                                R"("spent":0.003,"saved":0.017,"saved_share":0.85,)"
                                R"("from":{"routing":0.014,"provider_cache":0,)"
                                R"("response_cache":0.003,"byok":0,"other":0}})"));
    EXPECT_THAT(text, HasSubstr("Another model may have needed more or fewer tokens"));
}

TEST_P(Savings, ADearerModelIsALoss) {
    domain::UsageRecord dear = request_at(november);
    dear.cost = dear.list_cost = 25'000'000;
    insert({dear});
    read([&](store::Session& session) -> base::Result<void> {
        const auto report = savings_report(session, everything, november_of(), nullptr);
        EXPECT_EQ(report.value().total.saved(), -15'000'000);
        return {};
    });
}

}  // namespace
}  // namespace tollgate::accounting
