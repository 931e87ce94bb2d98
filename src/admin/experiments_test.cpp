// Experiments with their results, and feedback.
#include "admin/admin_fixture_test.hpp"
#include "base/ids.hpp"
#include "store/usage.hpp"

namespace tollgate::admin {
namespace {

class Experiments : public AdminTest {
protected:
    domain::UsageRecord row(const std::string& company, const std::string& arm,
                            domain::NanoUsd cost) {
        domain::UsageRecord record;
        record.request_id = base::uuid7();
        record.at = store::now_micros();
        record.tenant = tenant_id(company);
        record.user = user_of(company + "/member");
        record.status = 200;
        record.experiment = "quick";
        record.arm = arm;
        record.cost = cost;
        record.total_us = 900'000;
        record.first_token_us = 100'000;
        record.usage.output = 10;
        record.route_trace = R"({"strategy":"cost","order":[{"name":"openai/a"}]})";
        return record;
    }
    void insert(const std::vector<domain::UsageRecord>& records) {
        write([&](store::Session& session) -> base::Result<void> {
            TRY(const auto done, store::insert_usage(session, records));
            EXPECT_EQ(done.rows, records.size());
            return {};
        });
    }
    // Costs of 1 and 2 thousandths of a dollar, a little apart from each other.
    void insert_clear_difference(std::size_t of_each) {
        std::vector<domain::UsageRecord> records;
        for (std::size_t i = 0; i < of_each; ++i) {
            const auto jitter = static_cast<domain::NanoUsd>(i % 7) * 10'000;
            records.push_back(row("acme", "now", 2'000'000 + jitter));
            records.push_back(row("acme", "new", 1'000'000 + jitter));
        }
        records.push_back(row("globex", "now", 9'000'000));
        auto failed = row("acme", "new", 0);
        failed.status = 502;
        failed.error_class = "provider_fault";
        records.push_back(failed);
        records.push_back(row("acme", "gone", 1));
        insert(records);
    }
};
INSTANTIATE_TEST_SUITE_P(Stores, Experiments, store::both_stores(), store::store_name);

TEST_P(Experiments, AClearDifference_IsDecidedWithItsFigures) {
    snapshot().routing.experiments = {experiment("quick")};
    insert_clear_difference(150);
    const auto answer = ask("GET", "/api/v1/experiments/quick", key_of("acme/admin"));
    ASSERT_EQ(answer->status, 200) << answer->body;
    const json::Value results = answer->json["results"];
    EXPECT_EQ(results["verdict"].text(), "decided");
    EXPECT_EQ(results["winner"].text(), "new");
    EXPECT_NE(results["line"].text().find("new is better than now"), std::string::npos);
    EXPECT_EQ(results["requests"].integer(), 302);  // of its own tenant alone
    const json::Value now = *results["arms"].elements().begin();
    EXPECT_EQ(now["requests"].integer(), 150);
    EXPECT_NEAR(*now["metrics"]["cost"]["value"].number(), 0.00203, 1e-5);
    EXPECT_LE(*now["metrics"]["cost"]["low"].number(), *now["metrics"]["cost"]["value"].number());
    EXPECT_NEAR(*now["metrics"]["latency"]["value"].number(), 900, 1e-6);
    EXPECT_NEAR(*now["metrics"]["first_token"]["value"].number(), 100, 1e-6);
    EXPECT_NEAR(*now["metrics"]["output_tokens"]["value"].number(), 10, 1e-6);
    EXPECT_EQ(now["metrics"]["feedback"].raw(), "null");
    auto arms = results["arms"].elements().begin();
    const json::Value fresh = *++arms;
    EXPECT_EQ(fresh["errors"].integer(), 1);
    EXPECT_EQ(fresh["metrics"]["error_rate"]["samples"].integer(), 151);
    EXPECT_EQ(fresh["metrics"]["cost"]["samples"].integer(), 150);
    const json::Value comparison = *results["comparisons"].elements().begin();
    EXPECT_EQ(comparison["arm"].text(), "new");
    EXPECT_EQ(comparison["better"].boolean(), true);
    EXPECT_NE(answer->body.find("of arms that the experiment has no more"), std::string::npos);
    // The platform counts every tenant's, or one's.
    const auto all = ask("GET", "/api/v1/experiments/quick", master_key);
    EXPECT_EQ(all->json["results"]["requests"].integer(), 303);
    const auto one = ask("GET", "/api/v1/experiments/quick?tenant=globex", master_key);
    EXPECT_EQ(one->json["results"]["requests"].integer(), 1);
    EXPECT_EQ(one->json["results"]["verdict"].text(), "too_few_samples");
}

TEST_P(Experiments, ThoseOfAnotherTenant_AreNotShown) {
    auto of_globex = experiment("theirs");
    of_globex.tenant = tenant_id("globex");
    of_globex.ends = 1;
    snapshot().routing.experiments = {experiment("quick"), of_globex};
    const auto mine = ask("GET", "/api/v1/experiments", key_of("acme/auditor"));
    ASSERT_EQ(mine->json["data"].size(), 1U) << mine->body;
    EXPECT_EQ((*mine->json["data"].elements().begin())["running"].boolean(), true);
    EXPECT_EQ(ask("GET", "/api/v1/experiments/theirs", key_of("acme/admin"))->status, 404);
    const auto theirs = ask("GET", "/api/v1/experiments/theirs", key_of("globex/admin"));
    ASSERT_EQ(theirs->status, 200) << theirs->body;
    EXPECT_EQ(theirs->json["running"].boolean(), false);
    EXPECT_EQ((*theirs)["ends"], "1970-01-01T00:00:01.000Z");
    EXPECT_EQ(ask("GET", "/api/v1/experiments", master_key)->json["data"].size(), 2U);
    const auto page = ask("GET", "/api/v1/experiments?limit=1", master_key);
    EXPECT_EQ(page->json["data"].size(), 1U);
    const auto rest = ask("GET", "/api/v1/experiments?limit=1&cursor=" + (*page)["next_cursor"],
                          master_key);
    ASSERT_EQ(rest->json["data"].size(), 1U) << rest->body;
    EXPECT_EQ((*rest->json["data"].elements().begin())["name"].text(), "theirs");
    EXPECT_EQ(rest->json["next_cursor"].raw(), "null");
}

TEST_P(Experiments, Feedback_CountsForItsArmAndIsShownWithTheRequest) {
    snapshot().routing.experiments = {experiment("quick")};
    const auto good = row("acme", "now", 1), bad = row("acme", "now", 1);
    insert({good, bad});
    const auto give = [&](const std::string& id, const std::string& rest) {
        return ask("POST", "/api/v1/feedback", key_of("acme/member"),
                   R"({"request_id":")" + id + "\"," + rest + "}");
    };
    EXPECT_EQ(give(good.request_id, R"("score":-1)")->status, 200);
    const auto given = give(good.request_id, R"("score":4,"scale":"stars","comment":"fine")");
    ASSERT_EQ(given->status, 200) << given->body;
    EXPECT_EQ((*given)["score"], "0.5");
    EXPECT_EQ(give(bad.request_id, R"("score":1,"scale":"stars")")->json["score"].number(), -1);

    const auto shown = ask("GET", "/api/v1/requests/" + good.request_id, key_of("acme/member"));
    EXPECT_EQ(shown->json["feedback"]["comment"].text(), "fine") << shown->body;
    EXPECT_EQ(shown->json["routing"]["strategy"].text(), "cost");
    EXPECT_EQ(shown->json["request"]["experiment"].text(), "quick");
    EXPECT_EQ(shown->json["request"]["arm"].text(), "now");
    const auto results = ask("GET", "/api/v1/experiments/quick", key_of("acme/admin"));
    const json::Value arm = *results->json["results"]["arms"].elements().begin();
    EXPECT_EQ(arm["metrics"]["feedback"]["samples"].integer(), 2) << results->body;
    EXPECT_EQ(arm["metrics"]["feedback"]["value"].number(), 0.5);
    EXPECT_EQ(audit_rows("feedback.given"), 3);
}

TEST_P(Experiments, FeedbackThatIsWrong_NamesItsFieldAndTheFix) {
    const auto record = row("acme", "now", 1);
    insert({record});
    const std::string& key = key_of("acme/member");
    const std::string id = R"({"request_id":")" + record.request_id + "\"";
    const auto stars = ask("POST", "/api/v1/feedback", key, id + ",\"score\":5}");
    EXPECT_EQ(stars->status, 400);
    EXPECT_NE(stars->error("message").find("\"scale\": \"stars\""), std::string::npos)
        << stars->body;
    for (const std::string& rest :
         {std::string("}"), std::string(",\"score\":\"good\"}"),
          std::string(",\"score\":0,\"scale\":\"stars\"}"),
          std::string(",\"score\":1,\"scale\":\"percent\"}"), std::string(",\"score\":1,\"x\":1}"),
          ",\"score\":1,\"comment\":\"" + std::string(2001, 'x') + "\"}"}) {
        EXPECT_EQ(ask("POST", "/api/v1/feedback", key, id + rest)->status, 400) << rest;
    }
    EXPECT_EQ(ask("POST", "/api/v1/feedback", key, R"({"request_id":"none","score":1})")->status,
              404);
    // Of somebody else's request nobody but those who may see it hears anything.
    EXPECT_EQ(ask("POST", "/api/v1/feedback", key_of("acme/other"), id + ",\"score\":1}")->status,
              404);
}

}  // namespace
}  // namespace tollgate::admin
