#include "commands/import_litellm.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <sstream>

#include "base/json.hpp"
#include "commands/import_litellm_money.hpp"
#include "commands/import_litellm_plan.hpp"
#include "commands/import_litellm_rows.hpp"
#include "crypto/digest.hpp"
#include "store/budgets.hpp"
#include "store/keys.hpp"
#include "store/stores_test.hpp"
#include "store/teams.hpp"
#include "store/tenants.hpp"
#include "store/usage.hpp"
#include "store/users.hpp"

namespace tollgate::commands {
namespace {

using domain::BudgetPeriod;
using domain::SubjectKind;
using store::Access;
using store::Session;
using ::testing::HasSubstr;

constexpr domain::NanoUsd usd = domain::nano_per_usd;

struct Told {
    int code = -1;
    std::string out, err;
    // "fate words" of the report's line about `subject`; "" : there is none.
    std::string about(const std::string& subject) const {
        json::Document document;
        const auto root = document.parse(out);
        if (!root.ok()) return "the output is no JSON: " + out;
        for (const json::Value line : (*root)["report"].elements()) {
            if (line["subject"].equals(subject)) {
                return line["fate"].text() + " " + line["words"].text();
            }
        }
        return "";
    }
};

class ImportLitellm : public store::OnBothStores {
protected:
    void SetUp() override {
        OnBothStores::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        if (store::PostgresServer::get() == nullptr) {
            GTEST_SKIP() << store::PostgresServer::why_missing();
        }
        litellm_ = server().make_database();
        std::ifstream file(std::string(TOLLGATE_SOURCE_DIR) +
                           "/tests/integration/fixtures/litellm.sql");
        const std::string sql((std::istreambuf_iterator<char>(file)), {});
        ASSERT_FALSE(sql.empty());
        server().run(sql, litellm_);
    }

    Told run(ImportLitellmArgs args = {}) {
        args.output = Output::json;
        if (args.source.empty()) args.source = server().url(litellm_);
        const ImportStores stores{
            [](const std::string& url) -> base::Result<std::unique_ptr<store::Db>> {
                return open_on_postgres(url);
            },
            [this](bool) -> base::Result<std::unique_ptr<store::Db>> { return open_again(); }};
        std::ostringstream out, err;
        Told told;
        told.code = run_import_litellm(args, environment_, stores, {out, err, false});
        told.out = out.str();
        told.err = err.str();
        return told;
    }
    domain::Key key(const std::string& secret) {
        domain::Key found;
        read([&](Session& session) -> base::Result<void> {
            TRY(found, store::key_by_hash(session, Access::everything(), hash(secret),
                                          store::now_micros()));
            return {};
        });
        return found;
    }
    static std::string hash(const std::string& secret) {
        return crypto::hex(crypto::sha256(secret));
    }
    domain::NanoUsd spent(SubjectKind kind, const std::string& tenant,
                          const std::string& subject) {
        domain::NanoUsd total = -1;
        read([&](Session& session) -> base::Result<void> {
            TRY(const auto found, store::spent_between(session, Access::everything(), kind, tenant,
                                                       subject, 0, 0));
            total = found.total();
            return {};
        });
        return total;
    }
    std::vector<domain::Budget> budgets(SubjectKind kind, const std::string& subject) {
        std::vector<domain::Budget> found;
        read([&](Session& session) -> base::Result<void> {
            store::BudgetFilter filter;
            filter.kind = kind;
            filter.subject = subject;
            TRY(auto page, store::list_budgets(session, Access::everything(), filter, {}));
            found = std::move(page.items);
            return {};
        });
        return found;
    }

    std::string litellm_;
    config::Environment environment_;
};

TEST_P(ImportLitellm, KeysAreKnownByTheirHash_WithBoundsAndBudget) {
    const Told told = run();
    EXPECT_EQ(told.code, exit_partly) << told.err;
    const domain::Key found = key("sk-litellm-research-0001");
    EXPECT_EQ(found.hash_kind, "sha256");
    EXPECT_EQ(found.name, "research-ci");
    EXPECT_EQ(found.last_four, "0001");
    EXPECT_EQ(found.tenant, "org-acme");
    EXPECT_EQ(found.team, "team-research");
    EXPECT_EQ(found.user, "u-ada");
    EXPECT_EQ(found.limits.requests_per_minute, 60);
    EXPECT_EQ(found.limits.tokens_per_minute, 1'000'000);
    EXPECT_EQ(found.limits.concurrent_requests, 8);
    EXPECT_EQ(found.tags, (std::vector<std::string>{"ci", "nightly"}));
    ASSERT_EQ(found.aliases.size(), 1u);
    EXPECT_EQ(found.aliases[0].second, "test-model");
    EXPECT_EQ(found.role, domain::AccessRole::member);
    // The one before its rotation, until LiteLLM would have ended it.
    EXPECT_EQ(key("sk-litellm-research-0000").id, found.id);
    const auto money = budgets(SubjectKind::key, found.id);
    ASSERT_EQ(money.size(), 1u);
    EXPECT_EQ(money[0].limit, 10 * usd);
    EXPECT_EQ(money[0].period, BudgetPeriod::monthly);
    EXPECT_TRUE(money[0].hard);
    EXPECT_EQ(money[0].name, "litellm 30d");
    EXPECT_EQ(told.about("key research-ci"), "imported ");
    EXPECT_EQ(told.about("budget of key research-ci"), "imported 10 USD per month");
}

TEST_P(ImportLitellm, WhatWasSpent_GoesOnWhereItStood) {
    ASSERT_EQ(run().code, exit_partly);
    const domain::Key research = key("sk-litellm-research-0001");
    EXPECT_EQ(spent(SubjectKind::key, "org-acme", research.id), 125 * usd / 100);
    // The team's other keys are gone: what they spent counts all the same.
    EXPECT_EQ(spent(SubjectKind::team, "org-acme", "team-research"), 1025 * usd / 100);
    EXPECT_EQ(spent(SubjectKind::tenant, "org-acme", "org-acme"), 125 * usd / 10);
    EXPECT_EQ(spent(SubjectKind::key, "default", key("sk-litellm-spent-0002").id), usd * 3 / 4);
    EXPECT_EQ(spent(SubjectKind::user, "default", "u-bob"), 4 * usd);
}

TEST_P(ImportLitellm, Again_ChangesNothing) {
    ASSERT_EQ(run().code, exit_partly);
    const domain::Key before = key("sk-litellm-research-0001");
    const Told again = run();
    EXPECT_EQ(again.about("key research-ci"), "unchanged ");
    EXPECT_EQ(again.about("team research"), "unchanged ");
    EXPECT_EQ(again.about("tenant Acme"), "unchanged ");
    EXPECT_EQ(again.about("user u-ada"), "unchanged ");
    EXPECT_EQ(again.about("budget of key research-ci"), "unchanged 10 USD per month");
    EXPECT_EQ(again.about("spend of key research-ci"), "unchanged 1.25 USD");
    EXPECT_THAT(again.out, HasSubstr("\"imported\": 0")) << again.out;
    EXPECT_EQ(key("sk-litellm-research-0001").etag, before.etag);
    EXPECT_EQ(spent(SubjectKind::tenant, "org-acme", "org-acme"), 125 * usd / 10);
}

TEST_P(ImportLitellm, LaterSpend_IsAddedOnce) {
    ASSERT_EQ(run().code, exit_partly);
    server().run("UPDATE \"LiteLLM_VerificationToken\" SET spend = 2, rpm_limit = 90 "
                 "WHERE key_alias = 'research-ci'",
                 litellm_);
    const Told again = run();
    EXPECT_EQ(again.about("spend of key research-ci"), "imported 2 USD");
    EXPECT_EQ(again.about("key research-ci"), "imported ");
    const domain::Key research = key("sk-litellm-research-0001");
    EXPECT_EQ(spent(SubjectKind::key, "org-acme", research.id), 2 * usd);
    EXPECT_EQ(research.limits.requests_per_minute, 90);
    // The team's sum did not grow in LiteLLM, and so not here.
    EXPECT_EQ(spent(SubjectKind::team, "org-acme", "team-research"), 1025 * usd / 100);
}

TEST_P(ImportLitellm, States_AreThoseOfTheKeys) {
    const Told told = run();
    EXPECT_FALSE(key("sk-litellm-blocked-0004").enabled);
    EXPECT_EQ(told.about("key blocked"), "imported blocked");
    EXPECT_LT(key("sk-litellm-expired-0003").expires, store::now_micros());
    EXPECT_EQ(told.about("key expired"), "imported expired");
    read([&](Session& session) -> base::Result<void> {
        TRY(const auto team, store::team_by_id(session, Access::everything(), "team-old"));
        EXPECT_FALSE(team.enabled);
        TRY(const auto research,
            store::team_by_id(session, Access::everything(), "team-research"));
        EXPECT_EQ(research.tenant, "org-acme");
        EXPECT_TRUE(research.allowed_models.empty());
        EXPECT_EQ(research.limits.requests_per_minute, 50);
        EXPECT_EQ(research.aliases.at(0).first, "fast");
        EXPECT_THAT(research.metadata, HasSubstr("cost_center"));
        TRY(const auto ada, store::user_by_id(session, Access::everything(), "u-ada"));
        EXPECT_EQ(ada.team, "team-research");
        EXPECT_EQ(ada.external_id, "u-ada");
        EXPECT_EQ(ada.role, domain::AccessRole::tenant_admin);
        return {};
    });
}

TEST_P(ImportLitellm, WhatDoesNotFit_IsReported) {
    const Told told = run();
    EXPECT_THAT(told.about("key plain"), HasSubstr("unsupported it is not kept as a SHA-256"));
    EXPECT_THAT(told.about("key sk-...0005: metadata.guardrails"), HasSubstr("unsupported"));
    EXPECT_THAT(told.about("key sk-...0005: metadata.model_rpm_limit"), HasSubstr("unsupported"));
    EXPECT_THAT(told.about("key sk-...0005: allowed_routes moon_routes"),
                HasSubstr("unsupported neither a path"));
    EXPECT_THAT(told.about("key sk-...0005: budget_duration"), HasSubstr("approximated"));
    EXPECT_THAT(told.about("member u-ada of team team-research: budget and limits"),
                HasSubstr("approximated"));
    EXPECT_THAT(told.about("table LiteLLM_EndUserTable: 1 rows"), HasSubstr("unsupported"));
    EXPECT_THAT(told.about("table LiteLLM_ProxyModelTable: 1 rows"), HasSubstr("model_list"));
    EXPECT_THAT(told.about("table LiteLLM_SpendLogs: 2 rows"), HasSubstr("approximated"));
    EXPECT_THAT(told.about("sessions of LiteLLM's UI"), HasSubstr("approximated 1 keys"));
    const domain::Key small = key("sk-litellm-small-0005");
    EXPECT_EQ(small.allowed_routes, (std::vector<std::string>{"openai_routes", "/made/up"}));
    EXPECT_EQ(small.limits.requests_per_minute, 7);  // of the budget it names
    const auto money = budgets(SubjectKind::key, small.id);
    ASSERT_EQ(money.size(), 1u);
    EXPECT_EQ(money[0].period, BudgetPeriod::daily);
    EXPECT_EQ(money[0].limit, 5 * usd);  // 2.5 in twelve hours
}

TEST_P(ImportLitellm, DryRun_WritesNothing) {
    ImportLitellmArgs args;
    args.dry_run = true;
    const Told told = run(args);
    EXPECT_EQ(told.code, exit_partly);
    EXPECT_EQ(told.about("key research-ci"), "imported ");
    EXPECT_THAT(told.err, HasSubstr("nothing was written"));
    EXPECT_EQ(number("SELECT COUNT(*) FROM api_keys"), 0);
    EXPECT_EQ(number("SELECT COUNT(*) FROM tenants"), 0);
    EXPECT_EQ(number("SELECT COUNT(*) FROM llm_usage_logs"), 0);
}

TEST_P(ImportLitellm, OneTenant_TakesEverything) {
    write([](Session& session) -> base::Result<void> {
        domain::Tenant tenant;
        tenant.id = "t-1";
        tenant.name = "Everybody";
        tenant.limits.requests_per_minute = 5;
        TRY(const auto made, store::insert_tenant(session, Access::everything(), tenant));
        (void)made;
        return {};
    });
    ImportLitellmArgs args;
    args.tenant = "Everybody";
    const Told told = run(args);
    EXPECT_EQ(told.code, exit_partly) << told.err;
    EXPECT_EQ(key("sk-litellm-research-0001").tenant, "t-1");
    EXPECT_EQ(key("sk-litellm-spent-0002").tenant, "t-1");
    EXPECT_THAT(told.about("organization Acme: budget and limits"), HasSubstr("unsupported"));
    EXPECT_EQ(number("SELECT COUNT(*) FROM tenants"), 1);
    read([&](Session& session) -> base::Result<void> {
        TRY(const auto tenant, store::tenant_by_id(session, Access::everything(), "t-1"));
        EXPECT_EQ(tenant.limits.requests_per_minute, 5);
        return {};
    });
}

TEST_P(ImportLitellm, SpendLogs_BecomeUsage_AndCountOnce) {
    ImportLitellmArgs args;
    args.spend_logs = true;
    const Told told = run(args);
    EXPECT_EQ(told.about("table LiteLLM_SpendLogs: 2 rows"),
              "imported 2 usage records that were not here yet");
    const domain::Key research = key("sk-litellm-research-0001");
    read([&](Session& session) -> base::Result<void> {
        TRY(const auto rows,
            store::usage_of_request(session, Access::everything(), "chatcmpl-1"));
        EXPECT_EQ(rows.size(), 1u);
        const domain::UsageRecord& row = rows.at(0);
        EXPECT_EQ(row.key_id, research.id);
        EXPECT_EQ(row.tenant, "org-acme");
        EXPECT_EQ(row.alias, "sonnet");
        EXPECT_EQ(row.usage.input, 40);
        EXPECT_EQ(row.usage.cache_read, 60);
        EXPECT_EQ(row.usage.output, 30);
        EXPECT_EQ(row.cost, usd);
        EXPECT_EQ(row.total_us, 2'000'000);
        TRY(const auto gone,
            store::usage_of_request(session, Access::everything(), "chatcmpl-2"));
        EXPECT_EQ(gone.at(0).status, 500);
        EXPECT_EQ(gone.at(0).team, "team-research");
        return {};
    });
    // The logged dollar is a part of the 1.25 that the key has spent.
    EXPECT_EQ(spent(SubjectKind::key, "org-acme", research.id), 125 * usd / 100);
    EXPECT_EQ(spent(SubjectKind::team, "org-acme", "team-research"), 1025 * usd / 100);
    EXPECT_THAT(run(args).about("table LiteLLM_SpendLogs: 2 rows"), HasSubstr("unchanged 0"));
}

TEST_P(ImportLitellm, SpendLogsAfterTheSums_CountOnceToo) {
    ASSERT_EQ(run().code, exit_partly);
    ImportLitellmArgs args;
    args.spend_logs = true;
    ASSERT_EQ(run(args).code, exit_partly);
    const domain::Key research = key("sk-litellm-research-0001");
    EXPECT_EQ(spent(SubjectKind::key, "org-acme", research.id), 125 * usd / 100);
    EXPECT_EQ(spent(SubjectKind::team, "org-acme", "team-research"), 1025 * usd / 100);
    EXPECT_EQ(spent(SubjectKind::tenant, "org-acme", "org-acme"), 125 * usd / 10);
}

TEST_P(ImportLitellm, AKeyRevokedHere_StaysRevoked) {
    ASSERT_EQ(run().code, exit_partly);
    const domain::Key research = key("sk-litellm-research-0001");
    write([&](Session& session) -> base::Result<void> {
        TRY(const auto revoked, store::revoke_key(session, Access::everything(), research.id,
                                                  store::now_micros()));
        (void)revoked;
        return {};
    });
    EXPECT_THAT(run().about("key research-ci"), HasSubstr("unchanged revoked here"));
    EXPECT_NE(key("sk-litellm-research-0001").revoked, 0);
}

TEST_P(ImportLitellm, NoDatabaseOfLitellm_IsRefused) {
    ImportLitellmArgs args;
    args.source = server().url(server().make_database());
    const Told told = run(args);
    EXPECT_EQ(told.code, exit_failed);
    EXPECT_THAT(told.err, HasSubstr("no table LiteLLM_VerificationToken"));
}

TEST_P(ImportLitellm, AReferenceToTheUrl_KeepsThePasswordOffTheCommandLine) {
    environment_.variables["LITELLM_DATABASE"] =
        server().url(litellm_) + "&connection_limit=5&schema=public";
    ImportLitellmArgs args;
    args.source = "os.environ/LITELLM_DATABASE";
    EXPECT_EQ(run(args).code, exit_partly);
    args.source = "os.environ/NOT_SET";
    const Told told = run(args);
    EXPECT_EQ(told.code, exit_failed);
    EXPECT_THAT(told.err, HasSubstr("NOT_SET is not set"));
}

INSTANTIATE_TEST_SUITE_P(Stores, ImportLitellm, store::both_stores(), store::store_name);

TEST(LitellmUrl, PrismasOwnParameters_AreNoneOfLibpq) {
    EXPECT_EQ(libpq_url("postgresql://u:p@h/db"), "postgresql://u:p@h/db");
    EXPECT_EQ(libpq_url("postgresql://u:p@h/db?connection_limit=10&sslmode=require"),
              "postgresql://u:p@h/db?sslmode=require");
    EXPECT_EQ(libpq_url("postgresql://h/db?schema=proxy"),
              "postgresql://h/db?options=-csearch_path%3Dproxy");
    EXPECT_EQ(libpq_url("postgresql://h/db?pgbouncer=true"), "postgresql://h/db");
}

TEST(LitellmMoney, Durations_AreThePeriodsThatResetWithThem) {
    using litellm::period_of_duration;
    EXPECT_EQ(period_of_duration("").period, BudgetPeriod::total);
    EXPECT_EQ(period_of_duration("1d").period, BudgetPeriod::daily);
    EXPECT_EQ(period_of_duration("7d").period, BudgetPeriod::weekly);
    EXPECT_EQ(period_of_duration("30d").period, BudgetPeriod::monthly);
    EXPECT_EQ(period_of_duration("1mo").period, BudgetPeriod::monthly);
    EXPECT_EQ(period_of_duration("1mo").approximation, "");
    EXPECT_EQ(period_of_duration("24h").period, BudgetPeriod::daily);
    EXPECT_NE(period_of_duration("24h").approximation, "");
    EXPECT_EQ(period_of_duration("90d").period, BudgetPeriod::rolling);
    EXPECT_EQ(period_of_duration("90d").rolling_days, 90);
    EXPECT_EQ(period_of_duration("1h").times, 24);
    EXPECT_NE(period_of_duration("soon").approximation, "");
}

TEST(LitellmMoney, AResetThatIsDue_HasHappened) {
    constexpr std::int64_t day = 86'400'000'000;
    const std::int64_t now = 20'000 * day + day / 2;
    litellm::Terms terms;
    terms.spend = 5 * usd;
    terms.duration = "30d";
    terms.reset = now - 1;
    EXPECT_EQ(litellm::carried_spend(terms, 0, now).spent, 0);
    terms.reset = now + day;
    EXPECT_EQ(litellm::carried_spend(terms, 0, now).spent, 5 * usd);
    // It leaves a rolling period when LiteLLM would have reset it.
    terms.duration = "90d";
    const auto rolling = litellm::carried_spend(terms, 0, now);
    EXPECT_EQ(rolling.at, std::max(now + day - 90 * day, 20'000 * day - 89 * day));
    terms.reset = now - 3 * day;
    EXPECT_EQ(litellm::carried_spend(terms, 0, now).since, now - 3 * day);
    // Of what is never reset, the day of the subject's making.
    terms.duration.clear();
    EXPECT_EQ(litellm::carried_spend(terms, 7 * day, now).at, 7 * day);
}

TEST(LitellmRows, Times_AreUtcUnlessTheySayOtherwise) {
    EXPECT_EQ(litellm::parse_time("1970-01-02T00:00:01.5"), 86'401'500'000);
    EXPECT_EQ(litellm::parse_time("1970-01-02T02:00:01+02:00"), 86'401'000'000);
    EXPECT_EQ(litellm::parse_time("1970-01-02 00:00:01"), 86'401'000'000);
    EXPECT_EQ(litellm::parse_time("yesterday"), 0);
    EXPECT_EQ(litellm::parse_time("2026-13-01T00:00:00"), 0);
}

}  // namespace
}  // namespace tollgate::commands
