// PostgreSQL's own guard between tenants, tried with raw SQL that has no predicate of its own.
#include <gtest/gtest.h>

#include "store/partitions.hpp"
#include "store/stores_test.hpp"

namespace tollgate::store {
namespace {

using base::ErrorCode;
using base::Result;

class RowSecurity : public OnBothStores {
protected:
    void SetUp() override {
        OnBothStores::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        for (const char* tenant : {"acme", "other"}) {
            const Parameter id[] = {std::string_view(tenant)};
            for (const char* sql :
                 {"INSERT INTO tenants (id, name, created, updated) VALUES ($1, $1, 1, 1)",
                  "INSERT INTO teams (tenant_id, id, name, created, updated) "
                  "VALUES ($1, $1, 'team', 1, 1)",
                  "INSERT INTO users (tenant_id, id, created, updated) VALUES ($1, $1, 1, 1)",
                  "INSERT INTO api_keys (tenant_id, id, secret_hash, created, updated) "
                  "VALUES ($1, $1, $1, 1, 1)",
                  "INSERT INTO limits (tenant_id, id, kind, subject, created, updated) "
                  "VALUES ($1, $1, 'model', 'm', 1, 1)",
                  "INSERT INTO budgets (tenant_id, id, kind, subject, limit_nano, period, created, "
                  "updated) VALUES ($1, $1, 'tenant', $1, 1, 'monthly', 1, 1)",
                  "INSERT INTO budget_events (tenant_id, budget_id, period_start, percent, action, "
                  "spent_nano, limit_nano, at) VALUES ($1, $1, 1, 50, 'notify', 1, 1, 1)",
                  "INSERT INTO credit_movements (tenant_id, id, kind, amount_nano, reference, at) "
                  "VALUES ($1, $1, 'grant', 1, 'r', 1)",
                  "INSERT INTO user_llm_settings (tenant_id, user_id) VALUES ($1, $1::text)",
                  "INSERT INTO audit_log (tenant_id, id, at, actor_type, action, outcome) "
                  "VALUES ($1, $1, 1, 'key', 'a', 'success')",
                  "INSERT INTO alert_channels (tenant_id, id, name, kind, created, updated) "
                  "VALUES ($1, $1, 'n', 'webhook', 1, 1)",
                  "INSERT INTO alerts (tenant_id, id, event, unique_key, at) "
                  "VALUES ($1, $1, 'e', 'u', 1)",
                  "INSERT INTO alert_deliveries (tenant_id, id, alert_id, channel_id) "
                  "VALUES ($1, $1, $1, $1)",
                  "INSERT INTO llm_providers (tenant_id, slug, name, type, created, updated) "
                  "VALUES ($1, $1, $1::text, 'openai', 1, 1)",
                  "INSERT INTO llm_models (tenant_id, id, provider, name, created, updated) "
                  "VALUES ($1, gen_random_uuid(), $1, 'm', 1, 1)",
                  "INSERT INTO llm_routing_rules (tenant_id, id, created, updated) "
                  "VALUES ($1, gen_random_uuid(), 1, 1)",
                  "INSERT INTO user_provider_keys (tenant_id, id, user_id, provider, "
                  "api_key_encrypted, created, updated) "
                  "VALUES ($1, gen_random_uuid(), 'ann', 'openai', 'x', 1, 1)",
                  "INSERT INTO llm_usage_logs (tenant_id, at, request_id) VALUES ($1, 1, $1)",
                  "INSERT INTO usage_attempts (tenant_id, at, request_id, attempt) "
                  "VALUES ($1, 1, $1, 1)",
                  "INSERT INTO usage_hourly (tenant_id, hour) VALUES ($1, 0)",
                  "INSERT INTO usage_daily (tenant_id, day) VALUES ($1, 0)",
                  "INSERT INTO usage_tag_daily (tenant_id, day, tag) VALUES ($1, 0, 'tag')",
                  "INSERT INTO usage_latency_daily (tenant_id, day, kind, bucket) "
                  "VALUES ($1, 0, 'total', 1)",
                  "INSERT INTO usage_by_dimension (tenant_id, dimension, day) "
                  "VALUES ($1, 'none', 0)",
                  "INSERT INTO experiments (tenant_id, id, name, created, updated) "
                  "VALUES ($1, gen_random_uuid(), 'e', 1, 1)",
                  "INSERT INTO feedback (tenant_id, request_id, score, at) "
                  "VALUES ($1, 'r', 1, 0)"}) {
                const auto done = execute(sql, id);
                ASSERT_TRUE(done.ok()) << sql << ": " << done.error().message;
            }
        }
    }
    std::vector<std::string> guarded_tables() {
        std::vector<std::string> names;
        read([&](Session& session) {
            names.clear();
            return session.each(
                "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition "
                "AND relnamespace = current_schema()::regnamespace AND relname NOT IN "
                "('installation', 'changes', 'tiers', 'schema_migrations') ORDER BY relname",
                {}, [&](const Row& row) -> Result<void> {
                    names.push_back(row.string(0));
                    return {};
                });
        });
        return names;
    }
    static Access acme() { return Access::of_user("acme", "ann"); }
};
INSTANTIATE_TEST_SUITE_P(Stores, RowSecurity, ::testing::Values(Dialect::postgres), store_name);

TEST_P(RowSecurity, IsForcedOnEveryTableOfTenants) {
    EXPECT_GE(guarded_tables().size(), 25U);
    EXPECT_EQ(number("SELECT COUNT(*) FROM pg_class WHERE relkind IN ('r', 'p') AND NOT "
                     "relispartition AND relnamespace = current_schema()::regnamespace AND "
                     "relname NOT IN ('installation', 'changes', 'tiers', 'schema_migrations') "
                     "AND NOT (relrowsecurity AND relforcerowsecurity)"),
              0);
}

TEST_P(RowSecurity, EveryTable_ShowsItsTenantOnly) {
    for (const std::string& table : guarded_tables()) {
        const std::string all = "SELECT COUNT(*) FROM " + table;
        EXPECT_EQ(number(all), 2) << table;
        EXPECT_EQ(number(all, {}, acme()), 1) << table;
        EXPECT_EQ(number(all, {}, Access::of_user("nobody", "ann")), 0) << table;
        EXPECT_EQ(number(all, {}, Access{}), 0) << table;
    }
}

TEST_P(RowSecurity, WrongTenant_ChangesAndDeletesNothing) {
    const Access nobody = Access::of_tenant("nobody");
    for (const std::string& table : guarded_tables()) {
        if (table == "credit_movements" || table == "audit_log") continue;
        const auto deleted = execute("DELETE FROM " + table, {}, nobody);
        ASSERT_TRUE(deleted.ok()) << table << ": " << deleted.error().message;
        EXPECT_EQ(*deleted, 0) << table;
        EXPECT_EQ(number("SELECT COUNT(*) FROM " + table), 2) << table;
    }
    EXPECT_EQ(*execute("UPDATE tenants SET enabled = FALSE", {}, nobody), 0);
    EXPECT_EQ(*execute("UPDATE tenants SET enabled = FALSE", {}, acme()), 1);
}

TEST_P(RowSecurity, RowOfAnotherTenant_CannotBeWritten) {
    const auto inserted = execute(
        "INSERT INTO teams (tenant_id, id, name, created, updated) "
        "VALUES ('other', 'x', 'x', 1, 1)",
        {}, acme());
    ASSERT_FALSE(inserted.ok());
    EXPECT_EQ(inserted.error().code, ErrorCode::permission);
    const auto moved = execute("UPDATE llm_usage_logs SET tenant_id = 'other'", {}, acme());
    ASSERT_FALSE(moved.ok());
    EXPECT_EQ(moved.error().code, ErrorCode::permission);
}

TEST_P(RowSecurity, ProviderKeys_AreTheirOwnersNotTheTenants) {
    constexpr auto all = "SELECT COUNT(*) FROM user_provider_keys";
    EXPECT_EQ(number(all, {}, acme()), 1);
    EXPECT_EQ(number(all, {}, Access::of_user("acme", "bob")), 0);
    EXPECT_EQ(number(all, {}, Access::of_tenant("acme")), 0);
    // The tenant's admins say that they are, and see those of their tenant.
    Access admin = Access::of_user("acme", "boss");
    admin.users_keys = true;
    EXPECT_EQ(number(all, {}, admin), 1);
    EXPECT_EQ(*execute("UPDATE user_provider_keys SET enabled = FALSE", {}, admin), 1);
    admin.tenant = "nobody";
    EXPECT_EQ(number(all, {}, admin), 0);
    EXPECT_EQ(*execute("DELETE FROM user_provider_keys", {}, admin), 0);
    admin.tenant.clear();
    EXPECT_EQ(number(all, {}, admin), 0);
}

TEST_P(RowSecurity, WhatIsThePlatforms_IsReadByTenantsAndWrittenByThePlatformAlone) {
    for (const char* sql :
         {"INSERT INTO llm_providers (slug, name, type, created, updated) "
          "VALUES ('shared', 'shared', 'openai', 1, 1)",
          "INSERT INTO llm_models (id, provider, name, created, updated) "
          "VALUES (gen_random_uuid(), 'shared', 'm', 1, 1)",
          "INSERT INTO llm_routing_rules (id, created, updated) "
          "VALUES (gen_random_uuid(), 1, 1)",
          "INSERT INTO experiments (id, name, created, updated) "
          "VALUES (gen_random_uuid(), 'shared', 1, 1)"}) {
        ASSERT_TRUE(execute(sql).ok()) << sql;
    }
    // Models go with their provider, so they come first.
    for (const std::string table :
         {"llm_models", "llm_providers", "llm_routing_rules", "experiments"}) {
        EXPECT_EQ(number("SELECT COUNT(*) FROM " + table, {}, acme()), 2) << table;
        EXPECT_EQ(number("SELECT COUNT(*) FROM " + table, {}, Access{}), 0) << table;
        EXPECT_EQ(*execute("UPDATE " + table + " SET updated = 2", {}, acme()), 1) << table;
        EXPECT_EQ(*execute("DELETE FROM " + table, {}, acme()), 1) << table;
        EXPECT_EQ(number("SELECT COUNT(*) FROM " + table), 2) << table;
    }
    const auto planted = execute("INSERT INTO llm_providers (slug, name, type, created, updated) "
                                 "VALUES ('x', 'x', 'openai', 1, 1)",
                                 {}, acme());
    ASSERT_FALSE(planted.ok());
    EXPECT_EQ(planted.error().code, ErrorCode::permission);
}

TEST_P(RowSecurity, Views_AskForTheCaller) {
    EXPECT_EQ(number("SELECT COUNT(*) FROM usage_records"), 4);
    EXPECT_EQ(number("SELECT COUNT(*) FROM usage_records", {}, acme()), 2);
}

TEST_P(RowSecurity, Partitions_AreOutOfReach) {
    write([](Session& session) -> Result<void> {
        TRY_VOID(ensure_partitions(session, 1'795'000'000'000'000));
        return {};
    });
    for (const char* partition : {"llm_usage_logs_default", "llm_usage_logs_2026_11",
                                  "usage_attempts_default", "usage_attempts_2026_11"}) {
        const auto got = db().read(acme(), [&](Session& session) {
            return session.each(std::string("SELECT * FROM ") + partition, {},
                                [](const Row&) { return Result<void>(); });
        });
        ASSERT_FALSE(got.ok()) << partition;
        EXPECT_EQ(got.error().code, ErrorCode::permission) << partition;
    }
}

TEST_P(RowSecurity, LedgerAndAudit_AreOnlyEverAddedTo) {
    for (const char* sql : {"DELETE FROM credit_movements", "UPDATE credit_movements SET note = ''",
                            "DELETE FROM audit_log", "UPDATE audit_log SET outcome = 'denied'"}) {
        const auto done = execute(sql);
        ASSERT_FALSE(done.ok()) << sql;
        EXPECT_EQ(done.error().code, ErrorCode::permission) << sql;
    }
}

TEST_P(RowSecurity, SettingsOfOneTransaction_DoNotReachTheNext) {
    EXPECT_EQ(number("SELECT COUNT(*) FROM teams", {}, Access::everything()), 2);
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(number("SELECT COUNT(*) FROM teams", {}, Access{}), 0);
        EXPECT_EQ(number("SELECT COUNT(*) FROM teams", {}, acme()), 1);
    }
}

TEST_P(RowSecurity, OwnerWhoIsNoSuperuser_MigratesAndIsBoundToo) {
    server().run("CREATE ROLE plain_owner LOGIN NOSUPERUSER NOBYPASSRLS CREATEDB");
    const std::string name = server().make_database();
    server().run("ALTER DATABASE " + name + " OWNER TO plain_owner");
    auto plain = open_on_postgres(server().url(name, "plain_owner"));
    const auto migrated = migrate(*plain);
    ASSERT_TRUE(migrated.ok()) << migrated.error().message;
    std::int64_t seen = -1;
    const auto work = [&](Session& session) {
        return session.each("SELECT COUNT(*) FROM tenants", {},
                            [&](const Row& row) -> Result<void> {
                                seen = row.integer(0);
                                return {};
                            });
    };
    ASSERT_TRUE(plain
                    ->write(Access::everything(),
                            [](Session& session) -> Result<void> {
                                TRY_VOID(session.execute(
                                    "INSERT INTO tenants (id, name, created, updated) "
                                    "VALUES ('a', 'a', 1, 1)"));
                                TRY_VOID(ensure_partitions(session, 1'795'000'000'000'000));
                                return {};
                            })
                    .ok());
    ASSERT_TRUE(plain->read(Access::of_tenant("b"), work).ok());
    EXPECT_EQ(seen, 0);
    ASSERT_TRUE(plain->read(Access::of_tenant("a"), work).ok());
    EXPECT_EQ(seen, 1);
    plain.reset();
    server().run("DROP DATABASE " + name);
    server().run("DROP ROLE plain_owner");
}

}  // namespace
}  // namespace tollgate::store
