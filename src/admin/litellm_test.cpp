// The calls of LiteLLM's administration as its documentation shows them.
#include "admin/admin_fixture_test.hpp"

namespace tollgate::admin {
namespace {

class LiteLlm : public AdminTest {};
INSTANTIATE_TEST_SUITE_P(Stores, LiteLlm, store::both_stores(), store::store_name);

TEST_P(LiteLlm, KeyGenerate_GivesAKeyThatWorks) {
    const auto made = ask("POST", "/key/generate", master_key,
                          R"({"models": ["gpt-4o", "claude-3"], "duration": "20m",)"
                          R"("aliases": {"mistral-7b": "gpt-4o"}, "max_budget": 10.5,)"
                          R"("budget_duration": "30d", "soft_budget": 5.25, "tpm_limit": 1000,)"
                          R"("rpm_limit": 10, "max_parallel_requests": 2,)"
                          R"("metadata": {"user": "ishaan@berri.ai"}, "user_id": "u-1",)"
                          R"("key_alias": "ci", "tags": ["a"], "send_invite_email": false})");
    ASSERT_EQ(made->status, 200) << made->body;
    const std::string key = (*made)["key"];
    EXPECT_TRUE(key.starts_with("sk-"));
    EXPECT_EQ((*made)["key_alias"], "ci");
    EXPECT_EQ((*made)["user_id"], "u-1");
    EXPECT_EQ((*made)["max_budget"], "10.5");
    EXPECT_EQ((*made)["soft_budget"], "5.25");
    EXPECT_EQ((*made)["budget_duration"], "30d");
    EXPECT_EQ((*made)["tpm_limit"], "1000");
    EXPECT_EQ((*made)["rpm_limit"], "10");
    EXPECT_EQ((*made)["max_parallel_requests"], "2");
    EXPECT_EQ((*made)["spend"], "0");
    EXPECT_NE((*made)["expires"], "null");
    EXPECT_EQ((*made)["metadata"].find("ishaan") == std::string::npos, false);
    EXPECT_EQ(made->headers["x-tollgate-ignored-fields"], "send_invite_email");
    // A second key of that user finds the same user.
    const auto second = ask("POST", "/key/generate", master_key, R"({"user_id":"u-1"})");
    EXPECT_EQ((*second)["user_id"], "u-1");
    EXPECT_EQ(ask("GET", "/user/list", master_key)->body.find("u-1"),
              ask("GET", "/user/list", master_key)->body.rfind("u-1"));
    const auto info = ask("GET", "/key/info?key=" + key, master_key);
    ASSERT_EQ(info->status, 200) << info->body;
    EXPECT_EQ((*info)["key"], key);
    EXPECT_EQ(Answer::text_of(info->json["info"]["key_alias"]), "ci");
    EXPECT_EQ(Answer::text_of(info->json["info"]["max_budget"]), "10.5");
    // Its holder may ask without naming it.
    const auto own = ask("GET", "/key/info", key);
    EXPECT_EQ(Answer::text_of(own->json["info"]["token"]), (*made)["token"]) << own->body;
}

TEST_P(LiteLlm, KeyUpdate_ChangesWhatItNames) {
    const auto made = ask("POST", "/key/generate", master_key,
                          R"({"max_budget":10,"budget_duration":"1d","models":["a"]})");
    const std::string key = (*made)["key"];
    const auto changed = ask("POST", "/key/update", master_key,
                             "{\"key\":\"" + key + R"(","models":["b","c"],"max_budget":20,)"
                             R"("rpm_limit":null,"metadata":{"k":"v"}})");
    ASSERT_EQ(changed->status, 200) << changed->body;
    EXPECT_EQ((*changed)["key"], key);
    EXPECT_EQ((*changed)["models"], R"(["b","c"])");
    EXPECT_EQ((*changed)["max_budget"], "20");
    EXPECT_EQ((*changed)["budget_duration"], "1d");
    const auto free = ask("POST", "/key/update", master_key,
                          "{\"key\":\"" + key + R"(","max_budget":null})");
    EXPECT_EQ((*free)["max_budget"], "null") << free->body;
    EXPECT_EQ(number("SELECT COUNT(*) FROM budgets"), 0);
}

TEST_P(LiteLlm, KeyDeleteBlockAndRegenerate) {
    const std::string key = (*ask("POST", "/key/generate", master_key,
                                  R"({"key_alias":"old"})"))["key"];
    EXPECT_EQ((*ask("POST", "/key/block", master_key, "{\"key\":\"" + key + "\"}"))["blocked"],
              "true");
    EXPECT_EQ(ask("GET", "/key/info", key)->status, 401);
    EXPECT_EQ((*ask("POST", "/key/unblock", master_key, "{\"key\":\"" + key + "\"}"))["blocked"],
              "false");
    const auto renewed = ask("POST", "/key/" + key + "/regenerate", master_key,
                             R"({"max_budget":3,"models":["x"]})");
    ASSERT_EQ(renewed->status, 200) << renewed->body;
    const std::string fresh = (*renewed)["key"];
    EXPECT_EQ((*renewed)["max_budget"], "3");
    EXPECT_EQ((*renewed)["models"], R"(["x"])");
    EXPECT_EQ(ask("GET", "/key/info", key)->status, 401);
    EXPECT_EQ(ask("GET", "/key/info", fresh)->status, 200);
    const auto gone = ask("POST", "/key/delete", master_key, "{\"keys\":[\"" + fresh + "\"]}");
    ASSERT_EQ(gone->status, 200) << gone->body;
    EXPECT_EQ((*gone)["deleted_keys"], "[\"" + fresh + "\"]");
    EXPECT_EQ(ask("GET", "/key/info", fresh)->status, 401);
    const auto unknown = ask("POST", "/key/delete", master_key, R"({"keys":["sk-nothing"]})");
    EXPECT_EQ(unknown->status, 404);
    EXPECT_EQ(unknown->error("code"), "404");
}

TEST_P(LiteLlm, TeamsWithMembersAndKeys) {
    const auto made = ask("POST", "/team/new", master_key,
                          R"({"team_alias": "my-new-team", "team_id": "team-7",)"
                          R"("members_with_roles": [{"role": "admin", "user_id": "user-1234"},)"
                          R"({"role": "user", "user_id": "user-2434"}], "max_budget": 100,)"
                          R"("models": ["all-proxy-models"], "rpm_limit": 99})");
    ASSERT_EQ(made->status, 200) << made->body;
    EXPECT_EQ((*made)["team_id"], "team-7");
    EXPECT_EQ(made->json["members_with_roles"].size(), 2U);
    EXPECT_EQ((*made)["models"], "[]");
    EXPECT_EQ((*made)["max_budget"], "100");
    const auto key = ask("POST", "/key/generate", master_key, R"({"team_id":"team-7"})");
    ASSERT_EQ(key->status, 200) << key->body;
    EXPECT_EQ((*key)["team_id"], "team-7");
    const auto info = ask("GET", "/team/info?team_id=team-7", master_key);
    EXPECT_EQ(Answer::text_of(info->json["team_info"]["team_alias"]), "my-new-team") << info->body;
    EXPECT_EQ(info->json["keys"].size(), 1U);
    const auto changed = ask("POST", "/team/update", master_key,
                             R"({"team_id":"team-7","team_alias":"renamed","max_budget":50})");
    EXPECT_EQ(Answer::text_of(changed->json["data"]["team_alias"]), "renamed") << changed->body;
    EXPECT_EQ(Answer::text_of(changed->json["data"]["max_budget"]), "50");
    EXPECT_NE(ask("GET", "/team/list", master_key)->body.find("renamed"), std::string::npos);
    EXPECT_EQ(ask("POST", "/team/delete", master_key, R"({"team_ids":["team-7"]})")->status, 200);
    EXPECT_EQ(ask("GET", "/team/info?team_id=team-7", master_key)->status, 404);
}

TEST_P(LiteLlm, UsersComeWithAKey) {
    const auto made = ask("POST", "/user/new", master_key,
                          R"({"user_email": "krrish@berri.ai", "user_role": "internal_user",)"
                          R"("user_id": "krrish", "max_budget": 0.5, "budget_duration": "1mo"})");
    ASSERT_EQ(made->status, 200) << made->body;
    EXPECT_EQ((*made)["user_id"], "krrish");
    EXPECT_EQ((*made)["max_budget"], "0.5");
    EXPECT_EQ((*made)["budget_duration"], "1mo");
    const std::string key = (*made)["key"];
    const auto own = ask("GET", "/user/info", key);
    ASSERT_EQ(own->status, 200) << own->body;
    EXPECT_EQ((*own)["user_id"], "krrish");
    EXPECT_EQ(own->json["keys"].size(), 1U);
    const auto changed = ask("POST", "/user/update", master_key,
                             R"({"user_id":"krrish","user_role":"proxy_admin_viewer"})");
    EXPECT_EQ(Answer::text_of(changed->json["data"]["user_role"]), "proxy_admin_viewer");
    const auto silent = ask("POST", "/user/new", master_key, R"({"auto_create_key":false})");
    EXPECT_FALSE(silent->json["key"].exists()) << silent->body;
    EXPECT_EQ(ask("POST", "/user/new", key_of("acme/admin"),
                  R"({"user_role":"proxy_admin"})")->status, 403);
}

TEST_P(LiteLlm, BudgetsAreTemplatesForKeys) {
    const auto made = ask("POST", "/budget/new", master_key,
                          R"({"budget_id": "gold", "max_budget": 7, "budget_duration": "7d",)"
                          R"("rpm_limit": 5})");
    ASSERT_EQ(made->status, 200) << made->body;
    EXPECT_EQ((*made)["budget_id"], "gold");
    EXPECT_EQ(made->headers["x-tollgate-ignored-fields"], "rpm_limit");
    const auto info = ask("POST", "/budget/info", master_key, R"({"budgets": ["gold"]})");
    ASSERT_EQ(info->json.size(), 1U) << info->body;
    EXPECT_EQ((*info->json.elements().begin())["max_budget"].raw(), "7");
    const auto key = ask("POST", "/key/generate", master_key, R"({"budget_id":"gold"})");
    EXPECT_EQ((*key)["max_budget"], "7") << key->body;
    EXPECT_EQ((*key)["budget_duration"], "7d");
}

TEST_P(LiteLlm, ErrorsAndListsHaveItsShape) {
    const auto wrong = ask("POST", "/key/generate", master_key, R"({"max_budget":"lots"})");
    EXPECT_EQ(wrong->status, 400);
    EXPECT_EQ(wrong->error("code"), "400");
    EXPECT_EQ(wrong->error("param"), "max_budget");
    EXPECT_EQ(ask("POST", "/key/generate", master_key, R"({"duration":"soon"})")->status, 400);
    EXPECT_EQ(ask("POST", "/key/generate", key_of("acme/member"), "{}")->status, 403);
    const auto list = ask("GET", "/key/list?page=1&size=3", master_key);
    EXPECT_EQ(list->json["keys"].size(), 3U) << list->body;
    EXPECT_EQ((*list)["total_count"], "8");
    EXPECT_EQ((*list)["total_pages"], "3");
    EXPECT_EQ((*ask("GET", "/health/services?service=database", master_key))["status"], "success");
    EXPECT_EQ((*ask("GET", "/global/spend", master_key))["spend"], "0");
}

}  // namespace
}  // namespace tollgate::admin
