// What the tests of reports share: a database of either kind with usage of three days.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "accounting/report_text.hpp"
#include "base/ids.hpp"
#include "store/partitions.hpp"
#include "store/stores_test.hpp"
#include "store/usage.hpp"

namespace tollgate::accounting {

// Midnight of 2026-11-01, UTC, and an hour.
constexpr std::int64_t november = 1'793'491'200 * micros_per_second;
constexpr std::int64_t an_hour = 3'600 * micros_per_second;

class Reports : public store::OnBothStores {
protected:
    static domain::UsageRecord request_at(std::int64_t at, std::string tenant = "acme") {
        domain::UsageRecord r;
        r.request_id = base::uuid7();
        r.at = at;
        r.tenant = std::move(tenant);
        r.team = "red", r.user = "ada", r.key_id = "key-1", r.key_name = "ci";
        r.tags = {"batch"};
        r.protocol = "anthropic", r.alias = "claude-opus-5-5";
        r.provider = "anthropic", r.provider_type = "anthropic", r.model = "claude-sonnet-5-5";
        r.rule = "cheap", r.power_level = "balanced";
        r.status = 200;
        r.usage.input = 100, r.usage.output = 20, r.usage.cache_read = 1'000;
        r.cost = 3'000'000, r.list_cost = 3'000'000, r.baseline_cost = 10'000'000;
        r.cache = "miss";
        r.attempts = 1;
        r.first_token_us = 420'000, r.total_us = 1'800'000;
        return r;
    }
    void insert(const std::vector<domain::UsageRecord>& records) {
        write([&](store::Session& session) -> base::Result<void> {
            TRY(const store::UsageInserted made, store::insert_usage(session, records));
            EXPECT_EQ(made.rows, records.size());
            return {};
        });
    }
    // The text that `work` appends.
    std::string text_of(
        const std::function<base::Result<void>(std::string&, store::Session&)>& work,
        const store::Access& access = store::Access::everything()) {
        std::string text;
        read(
            [&](store::Session& session) {
                text.clear();
                return work(text, session);
            },
            access);
        return text;
    }
    static store::UsageFilter november_of(std::string tenant = "acme") {
        store::UsageFilter filter;
        filter.from = november;
        filter.to = november + 30 * micros_per_day;
        filter.tenant = std::move(tenant);
        return filter;
    }
    const store::Access everything = store::Access::everything();
};

}  // namespace tollgate::accounting
