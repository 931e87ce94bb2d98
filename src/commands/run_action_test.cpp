#include "commands/run_action.hpp"

#include <gtest/gtest.h>

#include <set>

#include "commands/fake_administration_test.hpp"

namespace tollgate::commands {
namespace {

const std::string refused = R"({"error":{"message":"there is no tenant acme","code":"x"}})";

TEST(RunAction, List_FollowsEveryPage) {
    const Ran ran = run({"teams", "list", "", {{"--tenant", "acme & co"}}},
                        {AdminReply{200, R"({"data":[{"name":"a","id":"1"}],"next_cursor":"c/1"})"},
                         AdminReply{200, R"({"data":[{"name":"b","id":"2"}],"next_cursor":null})"}});
    EXPECT_EQ(ran.code, exit_done);
    ASSERT_EQ(ran.asked.size(), 2U);
    EXPECT_EQ(ran.asked[0].target, "/api/v1/teams?tenant=acme%20%26%20co&limit=500");
    EXPECT_EQ(ran.asked[1].target, "/api/v1/teams?tenant=acme%20%26%20co&limit=500&cursor=c%2F1");
    EXPECT_EQ(ran.out,
              "NAME  TENANT  ENABLED  MODELS  ID\n"
              "a     -       -        -       1\n"
              "b     -       -        -       2\n");
    EXPECT_EQ(ran.err, "");
}

TEST(RunAction, ATablesTenants_AreNamed) {
    const std::string id = "01a1fef9-8b6f-7b81-a616-3b2628430a52";
    const std::string rows = R"({"data":[{"id":"k1","name":"ci","tenant":")" + id +
                             R"("},{"id":"k2","name":"web","tenant":"from-file"}]})";
    const std::string tenants = R"({"data":[{"id":")" + id + R"(","name":"Acme \"Ltd\""}]})";
    const Ran ran = run({"keys", "list", ""}, {AdminReply{200, rows}, AdminReply{200, tenants}});
    ASSERT_EQ(ran.code, exit_done) << ran.err;
    ASSERT_EQ(ran.asked.size(), 2u);
    EXPECT_TRUE(ran.asked[1].target.starts_with("/api/v1/tenants?")) << ran.asked[1].target;
    EXPECT_NE(ran.out.find("Acme \"Ltd\""), std::string::npos) << ran.out;
    EXPECT_NE(ran.out.find("from-file"), std::string::npos);
    EXPECT_EQ(ran.out.find(id), std::string::npos);
    // Who may not see tenants, and who reads JSON, sees ids.
    const Ran hidden = run({"keys", "list", ""}, {AdminReply{200, rows}, AdminReply{403, "{}"}});
    EXPECT_EQ(hidden.code, exit_done);
    EXPECT_NE(hidden.out.find(id), std::string::npos);
    const Ran json = run({"keys", "list", "", {}, Output::json}, {AdminReply{200, rows}});
    EXPECT_EQ(json.asked.size(), 1u);
}

TEST(RunAction, ListOfSoManyRows_AsksForNoMoreAndSaysThatThereAreSome) {
    const Ran ran = run({"audit", "list", "", {}, Output::csv, 1},
                        {AdminReply{200, R"({"data":[{"actor":"a"}],"next_cursor":"more"})"}});
    ASSERT_EQ(ran.asked.size(), 1U);
    EXPECT_EQ(ran.asked[0].target, "/api/v1/audit?limit=1");
    EXPECT_NE(ran.err.find("--rows 0 all"), ran.err.npos);
}

TEST(RunAction, PageThatLeadsToItself_Ends) {
    const Ran ran = run({"teams", "list", ""},
                        {AdminReply{200, R"({"data":[],"next_cursor":"same"})"},
                         AdminReply{200, R"({"data":[],"next_cursor":"same"})"}});
    EXPECT_EQ(ran.code, exit_done);
    EXPECT_EQ(ran.asked.size(), 2U);
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(ran.err, "none\n");
}

TEST(RunAction, EmptyListAsJson_IsAnEmptyList) {
    const Ran ran = run({"teams", "list", "", {}, Output::json},
                        {AdminReply{200, R"({"data":[],"next_cursor":null})"}});
    EXPECT_EQ(ran.out, "[]\n");
    EXPECT_EQ(ran.err, "");
}

TEST(RunAction, ExitCodes_AreThoseOfTheTable) {
    const auto code = [](base::Result<AdminReply> reply) {
        return run({"tenants", "get", "acme"}, {std::move(reply)}).code;
    };
    EXPECT_EQ(code(AdminReply{200, "{}"}), exit_done);
    EXPECT_EQ(code(AdminReply{400, refused}), exit_failed);
    EXPECT_EQ(code(AdminReply{401, refused}), exit_not_authorised);
    EXPECT_EQ(code(AdminReply{403, refused}), exit_not_authorised);
    EXPECT_EQ(code(AdminReply{404, refused}), exit_not_found);
    EXPECT_EQ(code(AdminReply{409, refused}), exit_not_found);
    EXPECT_EQ(code(AdminReply{412, refused}), exit_not_found);
    EXPECT_EQ(code(AdminReply{503, refused}), exit_unreachable);
    EXPECT_EQ(code(AdminReply{500, "<html>oops</html>"}), exit_failed);
    EXPECT_EQ(code(base::Error{base::ErrorCode::unavailable, "nobody there"}), exit_unreachable);
    EXPECT_EQ(code(base::Error{base::ErrorCode::timeout, "late"}), exit_unreachable);
}

TEST(RunAction, Refusal_IsToldInTheGatewaysWords) {
    const Ran ran = run({"tenants", "get", "acme"}, {AdminReply{404, refused}});
    EXPECT_EQ(ran.err, "tollgate: there is no tenant acme\n");
    EXPECT_EQ(ran.out, "");
}

TEST(RunAction, ValueThatIsNone_IsAUsageErrorAndNothingIsAsked) {
    const Ran ran =
        run({"tenants", "create", "acme", {{"--requests-per-minute", "many"}}}, {});
    EXPECT_EQ(ran.code, exit_usage);
    EXPECT_TRUE(ran.asked.empty());
    EXPECT_EQ(ran.err,
              "tollgate: --requests-per-minute: 'many' is not a whole number, or none\n");
}

TEST(RunAction, NewTenant_IsShownWithItsKeyAndTheLinesForClaudeCode) {
    const Ran ran = run(
        {"tenants", "create", "acme", {{"--budget", "12.5"}, {"--key,!--no-key", ""}}},
        {AdminReply{201, R"({"id":"t1","name":"acme","budget":{"limit":12.5,"period":"monthly"},)"
                         R"("key":{"key":"sk-tg-abc"}})"}});
    EXPECT_EQ(ran.code, exit_done);
    ASSERT_EQ(ran.asked.size(), 1U);
    EXPECT_EQ(ran.asked[0].method, "POST");
    EXPECT_EQ(ran.asked[0].body,
              R"({"name":"acme","budget":{"limit":12.5},"key":{"name":"default"}})");
    EXPECT_EQ(ran.out,
              "tenant  acme  (t1)\n"
              "budget  12.5 USD, monthly\n"
              "key     sk-tg-abc\n\n"
              "export ANTHROPIC_BASE_URL=https://gateway.example.com\n"
              "export ANTHROPIC_AUTH_TOKEN=sk-tg-abc\n"
              "export CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY=1\n");
    EXPECT_NE(ran.err.find("shown this once"), ran.err.npos);
}

TEST(RunAction, RotatedKey_ShowsTheSecretAndWhenTheFormerEnds) {
    const Ran ran = run({"keys", "rotate", "ci", {{"--tenant", "acme"}, {"--grace", "1h"}}},
                        {AdminReply{200, R"({"id":"k1","name":"ci","key":"sk-new",)"
                                         R"("previous_secret_until":"2026-11-21T06:00:00Z"})"}});
    ASSERT_EQ(ran.asked.size(), 1U);
    EXPECT_EQ(ran.asked[0].target, "/api/v1/keys/ci/rotate?tenant=acme");
    EXPECT_EQ(ran.asked[0].body, R"({"grace":"1h"})");
    EXPECT_EQ(ran.out, "name  ci\nid    k1\nkey   sk-new\n");
    EXPECT_NE(ran.err.find("2026-11-21T06:00:00Z"), ran.err.npos);
}

TEST(RunAction, Sessions_AreSummedOverAllPagesToTheNanoDollar) {
    const Ran ran = run(
        {"usage", "session", "", {}, Output::csv},
        {AdminReply{200, R"({"data":[)"
                         R"({"session_id":"s","at":"2026-11-21T03:00:00Z","status":500,)"
                         R"("tokens":{"input":1,"output":null},"cost":0.000000001},)"
                         R"({"session_id":"","at":"2026-11-21T02:00:00Z","status":200,)"
                         R"("tokens":{"input":5,"output":6},"cost":1}],"next_cursor":"n"})"},
         AdminReply{200, R"({"data":[)"
                         R"({"session_id":"s","project":"p","at":"2026-11-21T01:00:00Z",)"
                         R"("status":200,"tokens":{"input":2,"output":3,"cache_read":10},)"
                         R"("cost":0.1}],"next_cursor":null})"}});
    EXPECT_EQ(ran.out,
              "session,project,first,last,requests,errors,input_tokens,output_tokens,cost\n"
              "s,p,2026-11-21T01:00:00Z,2026-11-21T03:00:00Z,2,1,13,3,0.100000001\n"
              ",,2026-11-21T02:00:00Z,2026-11-21T02:00:00Z,1,0,5,6,1\n");
}

TEST(RunAction, Request_IsShownWithEachOfItsAttempts) {
    const Ran ran = run(
        {"requests", "show", "r"},
        {AdminReply{200, R"({"request":{"request_id":"r","tokens":{"input":1}},"attempts":[)"
                         R"({"attempt":1,"provider":"a","status":529},)"
                         R"({"attempt":2,"provider":"b","status":200}]})"}});
    EXPECT_EQ(ran.out.rfind("request_id    r\ntokens.input  1\n\nATTEMPT  PROVIDER", 0), 0U)
        << ran.out;
    EXPECT_NE(ran.out.find("\n2        b         -      200"), ran.out.npos) << ran.out;
}

TEST(RunAction, Report_HasATotalAndOnlyTheDimensionsThatWereAskedFor) {
    const Ran ran = run(
        {"usage", "daily", "", {{"--from", "1d"}, {"--group-by", "model"}}},
        {AdminReply{200,
                    R"({"total":{"requests":3,"tokens":9,"cost":1.5},"series":[)"
                    R"({"start":"2026-11-20T00:00:00Z","model":"m","requests":3,"cost":1.5}]})"}});
    ASSERT_EQ(ran.asked.size(), 1U);
    EXPECT_EQ(ran.asked[0].target,
              "/api/v1/reports/usage?step=day&from=2026-11-20T05%3A00%3A00.000Z&group_by=model");
    EXPECT_EQ(ran.out,
              "DAY         MODEL  REQUESTS  ERRORS  INPUT  OUTPUT  CACHE READ  TOKENS  COST USD\n"
              "2026-11-20  m      3         -       -      -       -           -       1.5\n"
              "TOTAL       -      3         -       -      -       -           9       1.5\n");
}

TEST(RunAction, Savings_StateTheirAssumptions) {
    const Ran ran =
        run({"savings", "", ""},
            {AdminReply{200, R"({"total":{"requests":2,"saved":3},"by_model":[)"
                             R"({"model":"m","requests":2,"saved":3,"from":{"routing":3}}],)"
                             R"("assumptions":["the baseline is the model asked for"]})"}});
    EXPECT_NE(ran.out.find("\n- the baseline is the model asked for\n"), ran.out.npos) << ran.out;
    EXPECT_NE(ran.out.find("TOTAL"), ran.out.npos);
}

TEST(RunAction, Export_IsPassedOnAsItComes) {
    const Ran ran = run({"usage", "export", "", {{"--format", "jsonl"}}},
                        {AdminReply{200, "{\"a\":1}\n{\"a\":2}\n"}});
    EXPECT_EQ(ran.code, exit_done);
    EXPECT_EQ(ran.asked[0].target, "/api/v1/llm/usage/export?format=jsonl");
    EXPECT_EQ(ran.out, "{\"a\":1}\n{\"a\":2}\n");
    EXPECT_EQ(run({"usage", "export", ""}, {AdminReply{403, refused}}).code, exit_not_authorised);
}

TEST(RunAction, ExportThatBreaksOff_IsPartlyDoneAndSaysSo) {
    const Ran ran = run({"usage", "export", ""},
                        {AdminReply{200, "at,request_id\n1,a\n2,b\nthe connection breaks here"}});
    EXPECT_EQ(ran.code, exit_partly);
    EXPECT_TRUE(ran.out.starts_with("at,request_id\n")) << ran.out;
    EXPECT_NE(ran.err.find("only a part was written"), ran.err.npos) << ran.err;
    // Nothing came at all: that is a gateway that does not answer.
    EXPECT_EQ(run({"usage", "export", ""},
                  {base::Error{base::ErrorCode::unavailable, "nobody there"}}).code,
              exit_unreachable);
}

TEST(RunAction, TenantWithAWeakChosenKey_WarnsOfIt) {
    const Ran ran = run({"tenants", "create", "acme"},
                        {AdminReply{201, R"({"id":"t1","name":"acme","key":)"
                                         R"({"key":"sk-1234567","warning":"it is short"}})"}});
    EXPECT_NE(ran.err.find("warning: it is short"), ran.err.npos) << ran.err;
}

TEST(ResourceTable, EveryVerb_HasAnExampleThatCallsItAndOptionsOnce) {
    for (const Noun& noun : nouns()) {
        for (const Action& action : noun.actions) {
            std::string line = "tollgate " + std::string(noun.name);
            if (!action.verb.empty()) line += " " + std::string(action.verb);
            EXPECT_NE(action.examples.find(line), action.examples.npos) << line;
            std::set<std::string_view> flags;
            for (const Field& field : action.fields) {
                EXPECT_TRUE(flags.insert(field.flag).second) << line << " " << field.flag;
                EXPECT_FALSE(field.help.empty()) << line << " " << field.flag;
            }
            const bool has_hole = action.path.find("{}") != action.path.npos;
            EXPECT_EQ(has_hole, !action.positional.empty() && action.positional_path.empty())
                << line;
        }
    }
}

}  // namespace
}  // namespace tollgate::commands
