// What the tests of usage share: records, and one call in a transaction of its own.
#pragma once
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/ids.hpp"
#include "store/partitions.hpp"
#include "store/repositories_test.hpp"
#include "store/usage.hpp"

namespace tollgate::store {

constexpr std::int64_t usage_second = 1'000'000;
constexpr std::int64_t usage_hour = 3600 * usage_second;
constexpr std::int64_t usage_day = 24 * usage_hour;
// Midnight of 2026-11-01, UTC.
constexpr std::int64_t usage_start = 1'793'491'200 * usage_second;

class UsageFixture : public Repositories {
protected:
    static domain::UsageRecord request_at(std::int64_t at, std::string tenant = "acme") {
        domain::UsageRecord r;
        r.request_id = base::uuid7();
        r.at = at;
        r.tenant = std::move(tenant);
        r.team = "red";
        r.user = "ada";
        r.key_id = "key-1";
        r.key_name = "ci";
        r.tags = {"batch", "night \"shift\""};
        r.project = "gate";
        r.protocol = "anthropic";
        r.alias = "fast";
        r.provider = "openai";
        r.provider_type = "openai";
        r.model = "gpt-5";
        r.power_level = "balanced";
        r.rule = "default";
        r.status = 200;
        r.usage.input = 100;
        r.usage.output = 20;
        r.usage.cache_read = 7;
        r.cost = 1'234'567;
        r.list_cost = 1'300'000;
        r.baseline_cost = 9'000'000;
        r.cache = "miss";
        r.attempts = 1;
        r.first_token_us = 420'000;
        r.total_us = 1'800'000;
        r.request_bytes = 900;
        r.response_bytes = 400;
        return r;
    }
    UsageInserted insert(const std::vector<domain::UsageRecord>& records) {
        return made(in([&](Session& s) { return insert_usage(s, records); }));
    }
    std::vector<UsagePoint> series(const UsageQuery& query,
                                   const Access& access = Access::everything()) {
        return made(in(access, [&](Session& s) { return usage_series(s, access, query); }));
    }
    Spent spent(domain::SubjectKind kind, std::string_view tenant, std::string_view subject,
                std::int64_t from, std::int64_t until) {
        return made(in([&](Session& s) {
            return spent_between(s, platform, kind, tenant, subject, from, until);
        }));
    }
};

}  // namespace tollgate::store
