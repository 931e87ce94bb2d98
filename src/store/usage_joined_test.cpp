// Sums that answer for several dimensions at a time, and the migration that makes them of others.
#include <map>
#include <random>
#include <set>

#include "store/usage_columns.hpp"
#include "store/usage_fixture_test.hpp"
#include "store/usage_queries.hpp"

namespace tollgate::store {
namespace {

using domain::UsageRecord;

class UsageJoined : public UsageFixture {
protected:
    // A hundred days over five months, a few requests on each, of two tenants.
    static std::vector<UsageRecord> hundred_days() {
        std::mt19937 random(11);
        std::vector<UsageRecord> records;
        for (int i = 0; i < 500; ++i) {
            const auto pick = [&](unsigned count) { return std::to_string(random() % count); };
            const std::int64_t at = usage_start + (i / 5 - 20) * usage_day +
                                    static_cast<std::int64_t>(random() % 86'400) * usage_second;
            UsageRecord r = request_at(at, "tenant-" + pick(2));
            r.rule = "rule-" + pick(2);
            r.provider = "provider-" + pick(3);
            r.model = (random() % 2 == 0 ? "gpt-" : "claude-") + pick(2);
            r.user = random() % 9 == 0 ? "" : "user-" + pick(5);
            r.key_id = "key-" + pick(4);
            r.cost = static_cast<std::int64_t>(random() % 1'000'000);
            r.total_us = static_cast<std::int64_t>(random() % 20'000'000);
            records.push_back(r);
        }
        return records;
    }
    // Every answer that comes from these sums, in words that two databases can be compared by.
    std::vector<std::string> answers() {
        std::vector<std::string> all;
        const auto add = [&](const UsageQuery& query) {
            for (const auto& point : series(query)) {
                std::string words = std::to_string(point.start);
                for (const auto& value : point.values) words += " " + value;
                sum_columns(point.sums, [&](std::string_view, std::int64_t value) {
                    words += " " + std::to_string(value);
                });
                all.push_back(words);
            }
        };
        for (std::size_t i = 1; i < usage_dimension_count; ++i) {
            add({{.from = usage_start, .to = usage_start + 7 * usage_day, .tenant = "tenant-1"},
                 UsageStep::hour,
                 {static_cast<UsageDimension>(i)}});
        }
        add({{}, UsageStep::hour, {}});
        for (const UsageStep step : {UsageStep::whole, UsageStep::day, UsageStep::month}) {
            add({{.to = usage_start + 31 * usage_day},
                 step,
                 {UsageDimension::provider, UsageDimension::rule}});
        }
        const UsageFilter range{.from = usage_start - 3 * usage_day, .to = 0};
        for (const auto& [provider, users] :
             made(in([&](Session& s) { return users_by_provider(s, platform, range); }))) {
            all.push_back(provider + " " + std::to_string(users));
        }
        const auto times = made(in([&](Session& s) {
            return usage_latency(s, platform, range, LatencyKind::total, true);
        }));
        for (const auto& row : times) {
            std::string words = row.provider + " " + row.model;
            for (const std::int64_t count : row.counts) words += " " + std::to_string(count);
            all.push_back(words);
        }
        return all;
    }
};

TEST_P(UsageJoined, SeveralDimensions_EqualTheRows_WithEveryFilter) {
    const auto records = hundred_days();
    insert({records.begin(), records.begin() + 200});
    insert({records.begin() + 200, records.end()});
    const std::int64_t from = usage_start - 3 * usage_day, to = usage_start + 70 * usage_day;
    const auto matches = [&](const UsageRecord& r, const UsageQuery& query) {
        const UsageFilter& f = query.filter;
        if (r.at < from || r.at >= to) return false;
        if (!f.tenant.empty() && r.tenant != f.tenant) return false;
        if (!f.provider.empty() && r.provider != f.provider) return false;
        if (!f.rule.empty() && r.rule != f.rule) return false;
        if (!f.user.empty() && r.user != f.user) return false;
        if (!f.key.empty() && r.key_id != f.key) return false;
        if (f.model == "gpt-*" && !r.model.starts_with("gpt-")) return false;
        if (f.model == "claude-1" && r.model != f.model) return false;
        return query.values.empty() || value_of(view_of(r), query.by[0]) == query.values[0];
    };
    const std::vector<UsageQuery> queries = {
        {{.from = from, .to = to}, UsageStep::whole,
         {UsageDimension::model, UsageDimension::rule, UsageDimension::provider}},
        {{.from = from, .to = to, .provider = "provider-1"}, UsageStep::day,
         {UsageDimension::model}},
        {{.from = from, .to = to, .tenant = "tenant-0", .model = "gpt-*"}, UsageStep::month,
         {UsageDimension::rule, UsageDimension::model}},
        {{.from = from, .to = to, .model = "claude-1", .rule = "rule-0"}, UsageStep::whole, {}},
        {{.from = from, .to = to, .rule = "rule-1"}, UsageStep::month,
         {UsageDimension::provider}, {"provider-2"}},
        // Of one member or key: from the rows by day, with the tenant and without.
        {{.from = from, .to = to, .tenant = "tenant-1", .user = "user-3"}, UsageStep::day,
         {UsageDimension::model}},
        {{.from = from, .to = to, .user = "user-3"}, UsageStep::month, {UsageDimension::model}},
        {{.from = from, .to = to, .tenant = "tenant-0", .key = "key-2"}, UsageStep::whole,
         {UsageDimension::user, UsageDimension::provider}}};
    for (const UsageQuery& query : queries) {
        std::map<std::pair<std::int64_t, std::vector<std::string>>, UsageSums> wanted;
        for (const auto& r : records) {
            if (!matches(r, query)) continue;
            std::vector<std::string> values;
            for (const auto dimension : query.by) values.push_back(value_of(view_of(r), dimension));
            const std::int64_t start = query.step == UsageStep::whole ? 0
                                       : query.step == UsageStep::day ? day_of(r.at)
                                                                      : month_of(r.at).first_at;
            wanted[{start, values}].add(sums_of(view_of(r)));
        }
        const auto points = series(query);
        EXPECT_EQ(points.size(), wanted.size());
        for (const auto& point : points) {
            EXPECT_EQ(point.sums, (wanted[{point.start, point.values}]));
        }
    }
}

TEST_P(UsageJoined, UsersByProvider_AreCountedOnce) {
    const auto records = hundred_days();
    insert(records);
    const std::int64_t from = usage_start - 3 * usage_day, to = usage_start + 3 * usage_day;
    const std::vector<UsageFilter> filters = {
        {.from = from, .to = to, .tenant = "tenant-1"},
        {.from = from, .to = to, .provider = "provider-0"},
        {.from = from, .to = to, .user = "user-2"},
        {.tenant = "tenant-0"},
        {.from = from, .to = to, .key = "key-1"}};
    for (const UsageFilter& filter : filters) {
        std::map<std::string, std::set<std::string>> wanted;
        for (const auto& r : records) {
            const bool inside = r.at >= filter.from && (filter.to == 0 || r.at < filter.to);
            if (!inside || r.user.empty()) continue;
            if (!filter.tenant.empty() && r.tenant != filter.tenant) continue;
            if (!filter.provider.empty() && r.provider != filter.provider) continue;
            if (!filter.user.empty() && r.user != filter.user) continue;
            if (!filter.key.empty() && r.key_id != filter.key) continue;
            wanted[r.provider].insert(r.user);
        }
        const auto found =
            made(in([&](Session& s) { return users_by_provider(s, platform, filter); }));
        EXPECT_EQ(found.size(), wanted.size());
        for (const auto& [provider, users] : wanted) {
            ASSERT_TRUE(found.contains(provider)) << provider;
            EXPECT_EQ(found.at(provider), static_cast<std::int64_t>(users.size()));
        }
    }
}

// A database of before the migration, made by taking away what it added.
TEST_P(UsageJoined, Migration_MakesWhatTheGatewayWouldHave) {
    insert(hundred_days());
    const auto before = answers();
    ASSERT_GT(before.size(), 100u);
    std::string_view sql;
    for (const Migration& migration : built_in_migrations()) {
        if (migration.name != "usage_by_hour") continue;
        sql = GetParam() == Dialect::sqlite ? migration.sqlite : migration.postgres;
    }
    ASSERT_FALSE(sql.empty());
    const auto done = db().write(Access::of_owner(), [&](Session& session) {
        auto taken = session.script(
            "DELETE FROM usage_by_dimension WHERE dimension LIKE 'hour:%' "
            "OR dimension LIKE '%+%';"
            "DELETE FROM usage_latency_daily WHERE kind LIKE 'month:%';"
            "DROP INDEX usage_daily_by_user; DROP INDEX usage_daily_by_key;");
        return taken.ok() ? session.script(sql) : taken;
    });
    ASSERT_TRUE(done.ok()) << done.error().message;
    EXPECT_EQ(answers(), before);
}

INSTANTIATE_TEST_SUITE_P(Stores, UsageJoined, both_stores(), store_name);

}  // namespace
}  // namespace tollgate::store
