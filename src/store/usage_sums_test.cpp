#include <map>
#include <random>

#include "store/usage_columns.hpp"
#include "store/usage_fixture_test.hpp"

namespace tollgate::store {
namespace {

using domain::SubjectKind;
using domain::UsageRecord;

class UsageSumsOnStores : public UsageFixture {
protected:
    // Three days of requests at random times, of several keys, models and states.
    std::vector<UsageRecord> three_days() {
        std::mt19937 random(42);
        std::vector<UsageRecord> records;
        for (int i = 0; i < 400; ++i) {
            const auto pick = [&](unsigned count) { return std::to_string(random() % count); };
            UsageRecord r = request_at(
                usage_start + static_cast<std::int64_t>(random() % (3 * 86'400)) * usage_second +
                    static_cast<std::int64_t>(random() % 1000),
                "tenant-" + pick(2));
            r.key_id = "key-" + pick(4);
            r.user = "user-" + pick(3);
            r.team = "team-" + pick(2);
            r.model = "model-" + pick(3);
            r.provider = "provider-" + pick(2);
            r.status = random() % 10 == 0 ? 503 : 200;
            r.error_class = r.status == 503 ? "unavailable" : "";
            r.byok = random() % 8 == 0;
            r.fee = r.byok ? 17 : 0;
            r.cost = static_cast<std::int64_t>(random() % 1'000'000);
            r.total_us = static_cast<std::int64_t>(random() % 20'000'000);
            r.tags = {"t" + pick(3)};
            records.push_back(r);
        }
        return records;
    }
    // What is asked of all subjects at once is what is asked of each.
    void expect_each(std::int64_t from, std::int64_t until) {
        for (const SubjectKind kind : {SubjectKind::tenant, SubjectKind::team, SubjectKind::user,
                                       SubjectKind::key, SubjectKind::provider}) {
            const auto all = made(in([&](Session& s) {
                return spent_of_each(s, platform, kind, from, until);
            }));
            for (const auto& [whose, each] : all) {
                const Spent one = spent(kind, whose.first, whose.second, from, until);
                EXPECT_EQ(each.cost, one.cost) << domain::to_string(kind) << " " << whose.second;
                EXPECT_EQ(each.fee, one.fee);
                EXPECT_EQ(each.requests, one.requests);
            }
            const Spent total = spent(SubjectKind::tenant, "", "", from, until);
            std::int64_t sum = 0;
            for (const auto& [whose, each] : all) sum += each.total();
            EXPECT_EQ(sum, total.total());
        }
    }
    template <typename Wanted>
    static UsageSums expected(const std::vector<UsageRecord>& records, Wanted wanted) {
        UsageSums sums;
        for (const auto& record : records) {
            if (wanted(record)) sums.add(sums_of(view_of(record)));
        }
        return sums;
    }
};

TEST_P(UsageSumsOnStores, Series_EqualTheRows_ByEveryDimensionAndStep) {
    const auto records = three_days();
    insert({records.begin(), records.begin() + 150});
    insert({records.begin() + 100, records.end()});
    for (std::size_t i = 1; i < usage_dimension_count; ++i) {
        const auto dimension = static_cast<UsageDimension>(i);
        for (const UsageStep step :
             {UsageStep::whole, UsageStep::hour, UsageStep::day, UsageStep::month}) {
            const auto points = series({{}, step, {dimension}});
            UsageSums all;
            for (const auto& point : points) {
                all.add(point.sums);
                const UsageSums wanted = expected(records, [&](const UsageRecord& r) {
                    const std::int64_t start = step == UsageStep::whole  ? 0
                                               : step == UsageStep::hour ? hour_of(r.at)
                                               : step == UsageStep::day  ? day_of(r.at)
                                                                         : usage_start;
                    return start == point.start &&
                           value_of(view_of(r), dimension) == point.values.at(0);
                });
                EXPECT_EQ(point.sums, wanted) << to_string(dimension) << " " << point.values[0];
            }
            EXPECT_EQ(all, expected(records, [](const UsageRecord&) { return true; }));
        }
    }
}

TEST_P(UsageSumsOnStores, Filters_AndSeveralDimensions_EqualTheRows) {
    const auto records = three_days();
    insert(records);
    const auto points = series({{.from = usage_start + usage_day, .to = usage_start + 2 * usage_day,
                                 .tenant = "tenant-1", .model = "model-*"},
                                UsageStep::day,
                                {UsageDimension::key, UsageDimension::status_class}});
    EXPECT_GE(points.size(), 4u);
    UsageSums all;
    for (const auto& point : points) {
        EXPECT_EQ(point.start, usage_start + usage_day);
        EXPECT_EQ(point.sums, expected(records, [&](const UsageRecord& r) {
                      return day_of(r.at) == point.start && r.tenant == "tenant-1" &&
                             r.key_id == point.values.at(0) &&
                             std::to_string(r.status / 100) == point.values.at(1);
                  }));
        all.add(point.sums);
    }
    EXPECT_EQ(all, expected(records, [](const UsageRecord& r) {
                  return r.tenant == "tenant-1" && day_of(r.at) == usage_start + usage_day;
              }));
    // One key alone, and by the filter's own dimension.
    for (const std::vector<UsageDimension>& by :
         {std::vector<UsageDimension>{}, {UsageDimension::key}}) {
        const auto one = series({{.key = "key-2"}, UsageStep::whole, by});
        ASSERT_EQ(one.size(), 1u);
        EXPECT_EQ(one[0].sums,
                  expected(records, [](const UsageRecord& r) { return r.key_id == "key-2"; }));
    }
    const Access tenant = Access::of_tenant("tenant-0");
    const auto mine = series({{}, UsageStep::whole, {UsageDimension::tenant}}, tenant);
    ASSERT_EQ(mine.size(), 1u);
    EXPECT_EQ(mine[0].values[0], "tenant-0");
    EXPECT_TRUE(series({{.tenant = "tenant-1"}, UsageStep::whole, {}}, tenant).empty());
}

// Whole months come from rows of months, the days at both ends from rows of days.
TEST_P(UsageSumsOnStores, RangesOverMonths_EqualTheRows_WhereverTheyBeginAndEnd) {
    std::vector<UsageRecord> records;
    for (int i = 0; i < 130; ++i) {
        records.push_back(request_at(usage_start - 20 * usage_day + i * usage_day + 7 * i));
        records.back().key_id = "key-" + std::to_string(i % 3);
    }
    insert(records);
    for (const auto& [first, last] : std::vector<std::pair<int, int>>{
             {-20, 110}, {0, 30}, {0, 61}, {-1, 31}, {5, 9}, {28, 35}, {-18, 30}, {12, 100}}) {
        const std::int64_t from = usage_start + first * usage_day;
        const std::int64_t to = usage_start + last * usage_day;
        for (const UsageStep step : {UsageStep::whole, UsageStep::month}) {
            const auto points = series({{.from = from, .to = to}, step, {UsageDimension::key}});
            UsageSums all;
            for (const auto& point : points) {
                all.add(point.sums);
                EXPECT_EQ(point.sums, expected(records, [&](const UsageRecord& r) {
                              return r.at >= from && r.at < to && r.key_id == point.values[0] &&
                                     (step == UsageStep::whole ||
                                      month_of(r.at).first_at == point.start);
                          })) << first << ".." << last;
            }
            EXPECT_EQ(all.requests, last - first) << first << ".." << last;
        }
        EXPECT_EQ(series({{.from = from}, UsageStep::whole, {}}).at(0).sums.requests, 110 - first);
        EXPECT_EQ(series({{.to = to}, UsageStep::whole, {}}).at(0).sums.requests, last + 20);
    }
}

TEST_P(UsageSumsOnStores, TopOfADimension_WithTheRest_AddsUpToAll) {
    auto records = three_days();
    for (auto& record : records) {
        if (record.key_id == "key-1") record.cost += 50'000'000;
        if (record.key_id == "key-3") record.cost += 90'000'000;
    }
    insert(records);
    for (const UsageStep step : {UsageStep::whole, UsageStep::hour, UsageStep::day}) {
        const UsageQuery query{{}, step, {UsageDimension::key}};
        const auto points = made(in([&](Session& s) {
            return usage_series_top(s, platform, query, 2);
        }));
        std::map<std::string, UsageSums> found;
        UsageSums all;
        for (const auto& point : points) {
            found[point.values.at(0)].add(point.sums);
            all.add(point.sums);
        }
        ASSERT_EQ(found.size(), 3u);
        EXPECT_EQ(all, expected(records, [](const UsageRecord&) { return true; }));
        for (const std::string key : {"key-1", "key-3"}) {
            EXPECT_EQ(found[key],
                      expected(records, [&](const UsageRecord& r) { return r.key_id == key; }));
        }
        EXPECT_EQ(found[std::string(usage_other)], expected(records, [](const UsageRecord& r) {
                      return r.key_id == "key-0" || r.key_id == "key-2";
                  }));
        const auto every = made(in([&](Session& s) {
            return usage_series_top(s, platform, query, 4);
        }));
        EXPECT_EQ(every.size(), series(query).size());
    }
    auto refused = in([](Session& s) { return usage_series_top(s, platform, {}, 3); });
    EXPECT_EQ(refused.error().field, "group_by");
}

TEST_P(UsageSumsOnStores, Questions_ThatSumsCannotAnswer_AreRefusedByField) {
    const auto refused = [&](const UsageQuery& query) {
        auto answer = in([&](Session& s) { return usage_series(s, platform, query); });
        return answer.ok() ? std::string("answered") : answer.error().field;
    };
    EXPECT_EQ(refused({{.tag = "x"}, UsageStep::day, {}}), "tag");
    EXPECT_EQ(refused({{.session_id = "x"}, UsageStep::day, {}}), "session_id");
    EXPECT_EQ(refused({{.errors_only = true}, UsageStep::day, {}}), "errors_only");
    EXPECT_EQ(refused({{}, UsageStep::day, {UsageDimension::none}}), "group_by");
    auto tags = in([&](Session& s) { return usage_by_tag(s, platform, {}, UsageStep::hour); });
    EXPECT_EQ(tags.error().field, "step");
    auto tier = in([&](Session& s) {
        return spent_between(s, platform, SubjectKind::tier, "", "x", 0, 0);
    });
    EXPECT_EQ(tier.error().field, "kind");
}

TEST_P(UsageSumsOnStores, CopiesOfRequests_ChargeNoBudgetAndStandInReports) {
    auto records = three_days();
    for (std::size_t i = 0; i < records.size(); i += 3) {
        records[i].strategy = UsageRecord::shadow_strategy;
    }
    insert(records);
    const auto ours = [](const UsageRecord& r) { return !r.is_shadow(); };
    // Whole days, whole hours, and what is left at both ends.
    const std::int64_t odd = 17 * usage_second + 5;
    for (const auto& [from, until] : std::vector<std::pair<std::int64_t, std::int64_t>>{
             {0, 0},
             {usage_start, usage_start + 2 * usage_day},
             {usage_start + 3 * usage_hour, usage_start + 9 * usage_hour},
             {usage_start + odd, usage_start + usage_day + 5 * usage_hour + odd}}) {
        const auto within = [&](const UsageRecord& r) {
            return r.at >= from && (until == 0 || r.at < until);
        };
        const auto check = [&](SubjectKind kind, const std::string& subject, auto of_subject) {
            const UsageSums wanted = expected(records, [&](const UsageRecord& r) {
                return ours(r) && within(r) && r.tenant == "tenant-1" && of_subject(r);
            });
            const Spent got = spent(kind, "tenant-1", subject, from, until);
            EXPECT_EQ(got.cost, wanted.cost) << domain::to_string(kind) << " " << from;
            EXPECT_EQ(got.fee, wanted.fee);
            EXPECT_EQ(got.requests, wanted.requests);
        };
        check(SubjectKind::tenant, "tenant-1", [](const UsageRecord&) { return true; });
        check(SubjectKind::team, "team-1", [](const auto& r) { return r.team == "team-1"; });
        check(SubjectKind::user, "user-2", [](const auto& r) { return r.user == "user-2"; });
        check(SubjectKind::key, "key-3", [](const auto& r) { return r.key_id == "key-3"; });
        check(SubjectKind::provider, "provider-0",
              [](const auto& r) { return r.provider == "provider-0"; });
        check(SubjectKind::model, "model-1", [](const auto& r) { return r.model == "model-1"; });
        expect_each(from, until);
    }
    const auto all = series({{}, UsageStep::whole, {}});
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].sums, expected(records, [](const UsageRecord&) { return true; }));
}

TEST_P(UsageSumsOnStores, Spent_IsExactForAnyRangeAndSubject) {
    const auto records = three_days();
    insert(records);
    std::mt19937 random(7);
    const auto some_time = [&] {
        return usage_start + static_cast<std::int64_t>(random() % (4 * 86'400)) * usage_second +
               static_cast<std::int64_t>(random() % 1'000'000);
    };
    for (int round = 0; round < 40; ++round) {
        std::int64_t from = some_time(), until = some_time();
        if (from > until) std::swap(from, until);
        if (round == 0) from = 0;
        if (round == 1) until = 0;
        const auto check = [&](SubjectKind kind, const std::string& tenant,
                               const std::string& subject, auto matches) {
            const UsageSums wanted = expected(records, [&](const UsageRecord& r) {
                return r.at >= from && (until == 0 || r.at < until) && matches(r) &&
                       (tenant.empty() || r.tenant == tenant);
            });
            const Spent got = spent(kind, tenant, subject, from, until);
            EXPECT_EQ(got.cost, wanted.cost) << from << ".." << until;
            EXPECT_EQ(got.fee, wanted.fee);
            EXPECT_EQ(got.requests, wanted.requests);
        };
        if (round % 4 < 2) expect_each(from, until);
        check(SubjectKind::tenant, "", "tenant-1",
              [](const UsageRecord& r) { return r.tenant == "tenant-1"; });
        check(SubjectKind::tenant, "", "", [](const UsageRecord&) { return true; });
        check(SubjectKind::key, "tenant-0", "key-3",
              [](const UsageRecord& r) { return r.key_id == "key-3"; });
        check(SubjectKind::user, "tenant-0", "user-1",
              [](const UsageRecord& r) { return r.user == "user-1"; });
        check(SubjectKind::team, "", "team-1",
              [](const UsageRecord& r) { return r.team == "team-1"; });
        check(SubjectKind::provider, "", "provider-0",
              [](const UsageRecord& r) { return r.provider == "provider-0"; });
        check(SubjectKind::model, "tenant-1", "model-2",
              [](const UsageRecord& r) { return r.model == "model-2"; });
    }
}

// openai failed at a cost, bedrock answered: each took its own part, whatever came in one batch.
TEST_P(UsageSumsOnStores, SpentOfAProvider_IsWhatItsAttemptsCost) {
    constexpr std::int64_t of_openai = 300, of_bedrock = 700;
    std::vector<UsageRecord> attempts, requests;
    for (const std::int64_t at : {usage_start + 5 * usage_second, usage_start + 30 * usage_hour}) {
        UsageRecord first = request_at(at);
        first.attempt = 1;
        first.cost = of_openai;
        UsageRecord second = first;
        second.attempt = 2;
        second.provider = "bedrock";
        second.cost = of_bedrock;
        UsageRecord request = second;
        request.attempt = 0;
        request.attempts = 2;
        request.cost = of_openai + of_bedrock;
        attempts.push_back(first);
        attempts.push_back(second);
        requests.push_back(request);
    }
    requests.push_back(request_at(usage_start + 31 * usage_hour));
    insert(attempts);
    insert(requests);
    insert(requests);
    const std::int64_t single = requests.back().cost;
    const auto cost = [&](std::string_view provider, std::int64_t from, std::int64_t until) {
        return spent(SubjectKind::provider, "", provider, from, until).cost;
    };
    EXPECT_EQ(cost("openai", 0, 0), 2 * of_openai + single);
    EXPECT_EQ(cost("bedrock", 0, 0), 2 * of_bedrock);
    // By hours, and by the rows of a part of an hour.
    EXPECT_EQ(cost("openai", usage_start, usage_start + 3 * usage_hour), of_openai);
    EXPECT_EQ(cost("bedrock", usage_start, usage_start + 3 * usage_hour), of_bedrock);
    EXPECT_EQ(cost("openai", usage_start, usage_start + 60 * usage_second), of_openai);
    EXPECT_EQ(cost("bedrock", usage_start, usage_start + 60 * usage_second), of_bedrock);
    EXPECT_EQ(spent(SubjectKind::provider, "acme", "bedrock", 0, 0).requests, 2);
    expect_each(0, 0);
    expect_each(usage_start, usage_start + 60 * usage_second);
    EXPECT_EQ(spent(SubjectKind::tenant, "", "acme", 0, 0).cost,
              2 * (of_openai + of_bedrock) + single);
}

TEST_P(UsageSumsOnStores, TagsAndTimes_AreSummed) {
    const auto records = three_days();
    insert(records);
    const auto tags = made(in([](Session& s) {
        return usage_by_tag(s, platform, {.tenant = "tenant-0"}, UsageStep::day);
    }));
    for (const auto& point : tags) {
        const UsageSums wanted = expected(records, [&](const UsageRecord& r) {
            return r.tenant == "tenant-0" && day_of(r.at) == point.start &&
                   r.tags[0] == point.values[0];
        });
        EXPECT_EQ(point.sums.requests, wanted.requests);
        EXPECT_EQ(point.sums.cost, wanted.cost);
        EXPECT_EQ(point.sums.errors, wanted.errors);
        EXPECT_EQ(point.sums.total_us, wanted.total_us);
    }
    EXPECT_EQ(tags.size(), 9u);
    const auto times = made(in([](Session& s) {
        return usage_latency(s, platform, {.provider = "provider-1"}, LatencyKind::total, true);
    }));
    EXPECT_EQ(times.size(), 3u);
    std::int64_t count = 0;
    for (const auto& row : times) {
        for (const std::int64_t some : row.counts) count += some;
    }
    EXPECT_EQ(count, expected(records, [](const UsageRecord& r) {
                         return r.provider == "provider-1";
                     }).requests);
    const auto first = made(in([](Session& s) {
        return usage_latency(s, platform, {}, LatencyKind::first_token, false);
    }));
    ASSERT_EQ(first.size(), 1u);
    const std::int64_t median = latency_percentile_us(first[0].counts, 50);
    EXPECT_GT(median, 400'000);
    EXPECT_LE(median, 600'000);
}

INSTANTIATE_TEST_SUITE_P(Stores, UsageSumsOnStores, both_stores(), store_name);

TEST(LatencyPercentile, LiesInItsBucketInProportion) {
    LatencyCounts counts{};
    EXPECT_EQ(latency_percentile_us(counts, 95), 0);
    counts[0] = 50;   // up to 10 ms
    counts[10] = 50;  // 800 ms to 1 s
    EXPECT_EQ(latency_percentile_us(counts, 25), 5'000);
    EXPECT_EQ(latency_percentile_us(counts, 75), 900'000);
    EXPECT_EQ(latency_percentile_us(counts, 100), 1'000'000);
    counts = {};
    counts.back() = 3;
    EXPECT_EQ(latency_percentile_us(counts, 50), 600'000'000);
}

}  // namespace
}  // namespace tollgate::store
