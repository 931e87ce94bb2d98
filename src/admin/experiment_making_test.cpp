// Experiments that are made, changed and ended over the interface.
#include "admin/admin_fixture_test.hpp"
#include "base/ids.hpp"
#include "store/feedback.hpp"
#include "store/models.hpp"
#include "store/providers.hpp"
#include "store/usage.hpp"

namespace tollgate::admin {
namespace {

const std::string where = "/api/v1/experiments";
const std::string arms = R"("arms":[{"name":"now","model":"a","share":90},)"
                         R"({"name":"new","model":"b","share":10}])";
std::string body_of(const std::string& name, const std::string& rest = "") {
    return R"({"name":")" + name + R"(","models":["cheap"],)" + arms + rest + "}";
}

class ExperimentMaking : public AdminTest {
protected:
    void SetUp() override {
        AdminTest::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        serve_models({"a", "b", "cheap"}, {{"filed", "a", false}});
        auto of_file = experiment("quick");
        of_file.origin = "tollgate.yaml:7:5";
        snapshot().routing.experiments = {of_file};
        admin_ = key_of("acme/admin");
    }
    std::unique_ptr<Answer> make(const std::string& key, const std::string& name,
                                 const std::string& rest = "") {
        auto answer = ask("POST", where, key, body_of(name, rest));
        EXPECT_EQ(answer->status, 201) << answer->body;
        return answer;
    }
    // Requests of `arm` that people judged.
    void judge(const std::string& company, const std::string& name, const std::string& arm,
               const std::vector<double>& scores) {
        write([&](store::Session& session) -> base::Result<void> {
            for (const double score : scores) {
                domain::UsageRecord record;
                record.request_id = base::uuid7();
                record.at = store::now_micros();
                record.tenant = tenant_id(company);
                record.status = 200;
                record.experiment = name;
                record.arm = arm;
                TRY(const auto rows, store::insert_usage(session, std::span(&record, 1)));
                EXPECT_EQ(rows.rows, 1U);
                domain::Feedback feedback;
                feedback.tenant = record.tenant;
                feedback.request_id = record.request_id;
                feedback.score = score;
                feedback.at = record.at;
                TRY_VOID(store::put_feedback(session, store::Access::everything(), feedback));
            }
            return {};
        });
    }
    // A model of the database; its id.
    std::string add_model(const std::string& tenant, const std::string& name) {
        std::string id;
        write([&](store::Session& session) -> base::Result<void> {
            const store::Access access = store::Access::everything();
            domain::ProviderRow provider;
            provider.tenant = tenant;
            provider.name = "own-" + name;
            provider.type = "openai";
            provider.slug = store::provider_slug(provider.name, tenant);
            TRY(provider, store::insert_provider(session, access, provider));
            domain::ModelRow model;
            model.provider = provider.slug;
            model.name = name;
            TRY(model, store::insert_model(session, access, model));
            id = model.id;
            return {};
        });
        return id;
    }
    std::string admin_;
};
INSTANTIATE_TEST_SUITE_P(Stores, ExperimentMaking, store::both_stores(), store::store_name);

TEST_P(ExperimentMaking, IsMadeShownChangedAndDeleted) {
    const auto before = version();
    const auto made = make(admin_, "titles", R"(,"sticky":"user","ends":"2099-01-01")");
    EXPECT_EQ((*made)["tenant"], tenant_id("acme"));
    EXPECT_EQ((*made)["origin"], "database");
    EXPECT_EQ((*made)["running"], "true");
    EXPECT_EQ((*made)["sticky"], "user");
    EXPECT_EQ((*made)["ends"], "2099-01-01T00:00:00.000Z");
    EXPECT_EQ(made->headers["location"], where + "/titles");
    EXPECT_GT(version(), before);
    const auto shown = ask("GET", where + "/titles", key_of("acme/auditor"));
    ASSERT_EQ(shown->status, 200) << shown->body;
    EXPECT_EQ(shown->headers["etag"], "\"1\"");
    EXPECT_EQ(shown->json["results"]["verdict"].text(), "too_few_samples");
    const auto changed = ask("PATCH", where + "/titles", admin_, R"({"samples_min":7})",
                             "if-match: \"1\"\r\n");
    ASSERT_EQ(changed->status, 200) << changed->body;
    EXPECT_EQ((*changed)["samples_min"], "7");
    EXPECT_EQ((*changed)["sticky"], "user");
    const auto late = ask("PATCH", where + "/titles", admin_, R"({"samples_min":8})",
                          "if-match: \"1\"\r\n");
    EXPECT_EQ(late->status, 412);
    const auto put = ask("PUT", where + "/titles", admin_, body_of("titles"));
    ASSERT_EQ(put->status, 200) << put->body;
    EXPECT_EQ((*put)["sticky"], "session");
    EXPECT_EQ((*put)["ends"], "null");
    EXPECT_EQ(ask("DELETE", where + "/titles", admin_, "", "if-match: \"1\"\r\n")->status, 412);
    EXPECT_EQ(ask("DELETE", where + "/titles", admin_)->status, 200);
    EXPECT_EQ(ask("GET", where + "/titles", admin_)->status, 404);
    EXPECT_EQ(audit_rows("experiment.created"), 1);
    EXPECT_EQ(audit_rows("experiment.updated"), 2);
    EXPECT_EQ(audit_rows("experiment.deleted"), 1);
}

TEST_P(ExperimentMaking, WhatIsWrong_NamesFieldAndFix) {
    struct Wrong {
        std::string body;
        const char* says;
    };
    const std::string named = R"({"name":"x","models":["cheap"],)";
    for (const Wrong& wrong : std::vector<Wrong>{
             {R"({"models":["cheap"],)" + arms + "}", "name is required"},
             {body_of("a b"), "name must be of letters"},
             {R"({"name":"x",)" + arms + "}", "models must hold one name or more"},
             {named + R"("arms":[{"model":"a"}]})", "arms must be 2 to 20"},
             {named + R"("arms":[{"model":"a"},{"model":"a"}]})",
              "arms[1].name \\\"a\\\" is another arm's name already"},
             {named + R"("arms":[{"model":"a"},{"model":"b","share":0}]})",
              "arms[1].share must be a number above 0"},
             {named + R"("arms":[{"model":"a"},{"name":"b"}]})", "arms[1].model is required"},
             {named + R"("arms":[{"model":"a"},{"model":"bb"}]})",
              "arms[1].model: there is no model `bb`"},
             {body_of("x", R"(,"sticky":"week")"), "sticky must be"},
             {body_of("x", R"(,"metric":"beauty")"), "metric must be"},
             {body_of("x", R"(,"confidence":2)"), "confidence must be a number from 0.5"},
             {body_of("x", R"(,"samples_min":0)"), "samples_min must be"},
             {body_of("x", R"(,"starts":"2026-02-01","ends":"2026-01-01")"),
              "ends must be after starts"},
             {body_of("x", R"(,"colour":1)"), "colour"}}) {
        const auto answer = ask("POST", where, admin_, wrong.body);
        EXPECT_EQ(answer->status, 400) << wrong.body;
        EXPECT_NE(answer->body.find(wrong.says), std::string::npos) << answer->body;
    }
    make(admin_, "titles");
    const auto renamed = ask("PATCH", where + "/titles", admin_, R"({"name":"other"})");
    EXPECT_EQ(renamed->status, 400);
    EXPECT_NE(renamed->body.find("name cannot be changed"), std::string::npos) << renamed->body;
}

TEST_P(ExperimentMaking, NamesAreTakenByFilesAndByThePlatform) {
    const auto filed = ask("POST", where, admin_, body_of("quick"));
    EXPECT_EQ(filed->status, 409);
    EXPECT_NE(filed->body.find("tollgate.yaml:7:5"), std::string::npos) << filed->body;
    for (const auto& [method, rest] : {std::pair{"PATCH", ""}, {"DELETE", ""}, {"POST", "/stop"}}) {
        const auto changed = ask(method, where + "/quick" + rest, master_key);
        EXPECT_EQ(changed->status, 409) << method << rest << changed->body;
    }
    make(master_key, "all");
    EXPECT_EQ(ask("POST", where, admin_, body_of("all"))->status, 409);
    make(admin_, "mine");
    EXPECT_EQ(ask("POST", where, admin_, body_of("mine"))->status, 409);
    EXPECT_EQ(ask("POST", where, master_key, body_of("mine"))->status, 409);
    make(key_of("globex/admin"), "mine");  // of which acme hears nothing
    // The platform says whose it means.
    EXPECT_EQ(ask("GET", where + "/mine", master_key)->status, 409);
    const auto theirs = ask("GET", where + "/mine?tenant=globex", master_key);
    EXPECT_EQ((*theirs)["tenant"], tenant_id("globex")) << theirs->body;
    EXPECT_EQ(ask("DELETE", where + "/mine?tenant=globex", master_key)->status, 200);
    EXPECT_EQ((*ask("GET", where + "/mine", master_key))["tenant"], tenant_id("acme"));
}

TEST_P(ExperimentMaking, ListHoldsBoth_PageByPage) {
    make(master_key, "all");
    make(admin_, "mine");
    make(key_of("globex/admin"), "theirs");
    const auto names = [&](const std::string& key) {
        std::string all, cursor;
        do {
            const auto page = ask("GET", where + "?limit=1" + cursor, key);
            EXPECT_EQ(page->status, 200) << page->body;
            for (const json::Value one : page->json["data"].elements()) {
                all += one["name"].text() + "(" + one["origin"].text() + ") ";
            }
            const json::Value next = page->json["next_cursor"];
            cursor = next.is_string() ? "&cursor=" + next.text() : "";
        } while (!cursor.empty());
        return all;
    };
    EXPECT_EQ(names(admin_), "quick(tollgate.yaml:7:5) all(database) mine(database) ");
    EXPECT_NE(names(master_key).find("theirs(database)"), std::string::npos);
    const auto wrong = ask("PATCH", where + "/all", admin_, R"({"enabled":false})");
    EXPECT_EQ(wrong->status, 403) << wrong->body;
    EXPECT_EQ(ask("PATCH", where + "/theirs", admin_, R"({"enabled":false})")->status, 404);
    EXPECT_EQ(ask("POST", where + "/theirs/stop", admin_)->status, 404);
}

TEST_P(ExperimentMaking, StopEndsIt_AndAChangeMayStartItAgain) {
    make(admin_, "titles");
    const auto stopped = ask("POST", where + "/titles/stop", admin_);
    ASSERT_EQ(stopped->status, 200) << stopped->body;
    EXPECT_EQ((*stopped)["running"], "false");
    EXPECT_EQ((*stopped)["enabled"], "false");
    EXPECT_NE((*stopped)["ends"], "null");
    const auto again = ask("POST", where + "/titles/stop", admin_);
    EXPECT_EQ((*again)["etag"], (*stopped)["etag"]);
    EXPECT_EQ(audit_rows("experiment.stopped"), 1);
    const auto on = ask("PATCH", where + "/titles", admin_, R"({"enabled":true,"ends":null})");
    EXPECT_EQ((*on)["running"], "true") << on->body;
}

TEST_P(ExperimentMaking, PromotionLeadsTheNamesToTheArm) {
    make(admin_, "titles");
    const auto done = ask("POST", where + "/titles/promote", admin_, R"({"arm":"new"})");
    ASSERT_EQ(done->status, 200) << done->body;
    EXPECT_EQ(done->json["model_aliases"]["cheap"].text(), "b");
    EXPECT_EQ((*done)["aliases_of"], "tenant");
    EXPECT_EQ((*done)["quality"], "null");
    EXPECT_EQ(done->json["experiment"]["promoted"].text(), "new");
    EXPECT_EQ(done->json["experiment"]["running"].boolean(), false);
    const auto rules = ask("GET", "/api/v1/llm/routing/rules", admin_);
    EXPECT_EQ(rules->json["model_aliases"]["cheap"].text(), "b") << rules->body;
    // Nothing but the alias was set: candidates are ordered as before.
    EXPECT_EQ(number("SELECT COUNT(*) FROM llm_routing_rules WHERE strategy_set = FALSE"), 1);
    EXPECT_EQ(audit_rows("experiment.promoted"), 1);
    EXPECT_EQ(audit_rows("routing_rules.updated"), 1);
    const auto other = ask("POST", where + "/titles/promote", admin_, R"({"arm":"now"})");
    EXPECT_EQ(other->json["model_aliases"]["cheap"].text(), "a") << other->body;
    const auto nobody = ask("POST", where + "/titles/promote", admin_, R"({"arm":"third"})");
    EXPECT_EQ(nobody->status, 400);
    EXPECT_NE(nobody->body.find("it has now, new"), std::string::npos) << nobody->body;
}

TEST_P(ExperimentMaking, PromotionOfPatterns_NeedsNames_AndFilesAliasesStay) {
    const std::string rest = R"("arms":[{"name":"now","model":"a"},{"name":"new","model":"b"}]})";
    ASSERT_EQ(ask("POST", where, master_key, R"({"name":"globs","models":["che*"],)" + rest)->status,
              201);
    const auto vague = ask("POST", where + "/globs/promote", master_key, R"({"arm":"new"})");
    EXPECT_EQ(vague->status, 400);
    EXPECT_NE(vague->body.find("models is required"), std::string::npos) << vague->body;
    const auto strange = ask("POST", where + "/globs/promote", master_key,
                             R"({"arm":"new","models":["dear"]})");
    EXPECT_EQ(strange->status, 400) << strange->body;
    const auto done = ask("POST", where + "/globs/promote", master_key,
                          R"({"arm":"new","models":["cheap"]})");
    ASSERT_EQ(done->status, 200) << done->body;
    EXPECT_EQ((*done)["aliases_of"], "platform");
    ASSERT_EQ(ask("POST", where, master_key, R"({"name":"f","models":["filed"],)" + rest)->status,
              201);
    const auto filed = ask("POST", where + "/f/promote", master_key, R"({"arm":"new"})");
    EXPECT_EQ(filed->status, 409);
    EXPECT_NE(filed->body.find("an alias that a file defines"), std::string::npos) << filed->body;
    EXPECT_EQ((*ask("GET", where + "/f", master_key))["running"], "true") << "rolled back";
}

TEST_P(ExperimentMaking, AcceptedQuality_IsTheMeanOfWhatPeopleSaid) {
    const std::string id = add_model(tenant_id("acme"), "own");
    const std::string model = store::provider_slug("own-own", tenant_id("acme")) + "/own";
    const auto made = ask("POST", where, admin_,
                          R"({"name":"judged","models":["cheap"],"samples_min":3,"arms":[)"
                          R"({"name":"now","model":"a"},{"name":"new","model":")" +
                              model + R"("}]})");
    ASSERT_EQ(made->status, 201) << made->body;
    const auto promote = [&](const std::string& arm) {
        return ask("POST", where + "/judged/promote", admin_,
                   R"({"accept_quality":true,"arm":")" + arm + R"("})");
    };
    judge("acme", "judged", "new", {1, 1});
    judge("globex", "judged", "new", {-1, -1, -1});
    const auto few = promote("new");
    EXPECT_EQ(few->status, 409);
    EXPECT_NE(few->body.find("people judged 2 requests of arm new, and 3"), std::string::npos)
        << few->body;
    judge("acme", "judged", "new", {0.5, -1});
    const auto none = promote("now");
    EXPECT_EQ(none->status, 409);
    EXPECT_NE(none->body.find("none of the database"), std::string::npos) << none->body;
    const auto done = promote("new");
    ASSERT_EQ(done->status, 200) << done->body;
    EXPECT_NEAR(*done->json["quality"]["quality_score"].number(), 0.69, 1e-9);
    EXPECT_EQ(done->json["quality"]["samples"].integer(), 4);
    const auto shown = ask("GET", "/api/v1/llm/models/" + id, admin_);
    EXPECT_NEAR(*shown->json["quality_score"].number(), 0.69, 1e-9) << shown->body;
    EXPECT_EQ(audit_rows("model.updated"), 1);
}

TEST_P(ExperimentMaking, ATenantsQuality_IsNotWrittenIntoThePlatformsModel) {
    add_model("", "shared");
    ASSERT_EQ(ask("POST", where, admin_,
                  R"({"name":"judged","models":["cheap"],"samples_min":1,"arms":[)"
                  R"({"name":"now","model":"a"},{"name":"new","model":"shared"}]})")
                  ->status,
              201);
    judge("acme", "judged", "new", {1});
    const auto refused = ask("POST", where + "/judged/promote", admin_,
                             R"({"accept_quality":true,"arm":"new"})");
    EXPECT_EQ(refused->status, 403) << refused->body;
    EXPECT_EQ((*ask("GET", where + "/judged", admin_))["promoted"], "null");
}

TEST_P(ExperimentMaking, WhatTheTenantMayNotUse_IsNoArm) {
    const auto tenant = ask("PATCH", "/api/v1/tenants/" + tenant_id("acme"), master_key,
                            R"({"allowed_models":["cheap","a"]})");
    ASSERT_EQ(tenant->status, 200) << tenant->body;
    const auto refused = ask("POST", where, admin_, body_of("titles"));
    EXPECT_EQ(refused->status, 400);
    EXPECT_NE(refused->body.find("arms[1].model: the tenant acme may not use b"),
              std::string::npos)
        << refused->body;
}

}  // namespace
}  // namespace tollgate::admin
