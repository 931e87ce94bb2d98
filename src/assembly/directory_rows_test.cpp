#include "assembly/directory_rows.hpp"

#include <thread>

#include "store/changes.hpp"
#include "store/stores_test.hpp"

namespace tollgate::assembly {
namespace {

config::Config with_tenant(double alert_threshold) {
    config::TenantConfig tenant;
    tenant.id = tenant.name = "acme";
    tenant.origin.file = "tenants/acme.yaml";
    tenant.api_keys.push_back({"sk-acme-0123456789abcdef", "literal"});
    tenant.budget.monthly_limit = 25;
    tenant.budget.alert_threshold = alert_threshold;
    config::Config config;
    config.tenants.push_back(std::move(tenant));
    return config;
}

TEST(RowsOfFiles, ThresholdsAreRoundedToWholePercent) {
    std::vector<config::Problem> problems;
    for (const auto& [given, percent] : std::vector<std::pair<double, std::int64_t>>{
             {0.29, 29}, {0.57, 57}, {0.8, 80}, {75, 75}}) {
        const DirectoryRows rows = rows_of_files(with_tenant(given), nullptr, problems);
        ASSERT_EQ(rows.budgets.size(), 1u);
        EXPECT_EQ(rows.budgets.front().thresholds.front().percent, percent) << given;
    }
}

class SyncFiles : public store::OnBothStores {
protected:
    base::Result<void> sync(const config::Config& config) {
        std::vector<config::Problem> problems;
        const DirectoryRows files = rows_of_files(config, nullptr, problems);
        return db().write(store::Access::everything(), [&](store::Session& session) {
            return sync_files(session, files, config, problems);
        });
    }
    std::int64_t version() { return number("SELECT version FROM changes"); }
};
INSTANTIATE_TEST_SUITE_P(Stores, SyncFiles, store::both_stores(), store::store_name);

TEST_P(SyncFiles, InstancesThatStartTogether_MakeEachTenantOnce) {
    const config::Config config = with_tenant(0.8);
    std::vector<std::string> failures(4);
    std::vector<std::thread> instances;
    for (std::string& failure : failures) {
        instances.emplace_back([&] {
            const auto done = sync(config);
            if (!done.ok()) failure = done.error().message;
        });
    }
    for (std::thread& instance : instances) instance.join();
    for (const std::string& failure : failures) EXPECT_EQ(failure, "");
    EXPECT_EQ(number("SELECT COUNT(*) FROM tenants"), 1);
    EXPECT_EQ(number("SELECT COUNT(*) FROM api_keys"), 1);
}

TEST_P(SyncFiles, WhatFilesChange_IsToldToTheOtherInstances) {
    ASSERT_TRUE(sync(with_tenant(0.8)).ok());
    const std::int64_t made = version();
    EXPECT_GT(made, 0);
    ASSERT_TRUE(sync(with_tenant(0.8)).ok());
    EXPECT_EQ(version(), made);
    ASSERT_TRUE(sync(with_tenant(0.5)).ok());
    EXPECT_EQ(version(), made + 1);
    ASSERT_TRUE(sync(config::Config()).ok());
    EXPECT_EQ(version(), made + 2);
}

}  // namespace
}  // namespace tollgate::assembly
